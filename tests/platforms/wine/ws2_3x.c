/*
 * Stands before ws2_32.dll in tests under wine, and hands on everything but two calls (ws2_3x.def is made by the tests). wine lacks what
 * msquic asks for to listen, and what is of no use there:
 *
 * - IP_ECN, IPV6_ECN: whether datagrams passed a router that is full. Not known to wine: taken for set.
 * - SIO_CPU_AFFINITY: several sockets at one port, one for each core. Not known to wine: they share the port by SO_REUSEADDR instead.
 */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#ifndef SIO_CPU_AFFINITY
#define SIO_CPU_AFFINITY _WSAIOW(IOC_VENDOR, 21)
#endif

static FARPROC real(const char *name) {
    return GetProcAddress(LoadLibraryA("ws2_32.dll"), name);
}

typedef int(WSAAPI *set_option)(SOCKET, int, int, const char *, int);
typedef int(WSAAPI *control)(SOCKET, DWORD, LPVOID, DWORD, LPVOID, DWORD, LPDWORD, LPWSAOVERLAPPED, LPWSAOVERLAPPED_COMPLETION_ROUTINE);

int WSAAPI shim_setsockopt(SOCKET socket, int level, int name, const char *value, int length) {
    int result = ((set_option)real("setsockopt"))(socket, level, name, value, length);
    /* (The last error of sockets is the thread's last error.) */
    if (result != 0 && (level == IPPROTO_IP || level == IPPROTO_IPV6) && GetLastError() == WSAENOPROTOOPT) {
        SetLastError(0);
        return 0;
    }
    return result;
}

int WSAAPI shim_WSAIoctl(SOCKET socket, DWORD code, LPVOID in, DWORD in_length, LPVOID out, DWORD out_length, LPDWORD got,
                         LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE done) {
    if (code == SIO_CPU_AFFINITY) {
        BOOL yes = TRUE;
        return ((set_option)real("setsockopt"))(socket, SOL_SOCKET, SO_REUSEADDR, (const char *)&yes, sizeof(yes));
    }
    return ((control)real("WSAIoctl"))(socket, code, in, in_length, out, out_length, got, overlapped, done);
}
