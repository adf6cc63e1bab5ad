/*
 * Included before each of msquic's files when it is compiled for Windows with MinGW: what the files take from Microsoft's SDK and
 * mingw-w64 10 lacks. The names and values are the SDK's.
 */
#ifndef ULTRA_MINGW_H
#define ULTRA_MINGW_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#ifndef NTDDI_VERSION
#define NTDDI_VERSION 0x0A000010
#endif

/* msquic's own order, which its headers assume. */
#include <winsock2.h>
#include <windows.h>
#include <ws2tcpip.h>
#include <ws2ipdef.h>
#include <mswsock.h>
#include <iphlpapi.h>

/* Annotations for Microsoft's checkers: msquic has a header that makes nothing of most of them. */
#include "quic_sal_stub.h"
#ifndef _Interlocked_operand_
#define _Interlocked_operand_
#endif
#ifndef DECLSPEC_ALLOCATOR
#define DECLSPEC_ALLOCATOR
#endif
#ifndef __kernel_entry
#define __kernel_entry
#endif
#ifndef __analysis_assert
#define __analysis_assert(X) ((void)0)
#endif
/* MinGW's assigns the parameter to itself, which a constant one forbids. */
#undef UNREFERENCED_PARAMETER
#define UNREFERENCED_PARAMETER(P) ((void)(P))
/* <assert.h> of mingw-w64 10 has it for C++ alone. */
#ifndef static_assert
#define static_assert _Static_assert
#endif

/* Constants. */
#ifndef FAST_FAIL_INVALID_REFERENCE_COUNT
#define FAST_FAIL_INVALID_REFERENCE_COUNT 14
#endif
#ifndef GAA_FLAG_SKIP_DNS_INFO
#define GAA_FLAG_SKIP_DNS_INFO 0x0800
#endif
#ifndef PASSIVE_LEVEL
#define PASSIVE_LEVEL 0
#define DISPATCH_LEVEL 2
#endif
#ifndef E_NOT_VALID_STATE
#define E_NOT_VALID_STATE ((HRESULT)0x8007139FL) /* HRESULT_FROM_WIN32(ERROR_INVALID_STATE) */
#endif
#ifndef WSA_SECURE_HOST_NOT_FOUND
#define WSA_SECURE_HOST_NOT_FOUND 11032L
#endif

/* Sockets. */
#ifndef SIO_QUERY_RSS_SCALABILITY_INFO
#define SIO_QUERY_RSS_SCALABILITY_INFO _WSAIOR(IOC_VENDOR, 210)
typedef struct _RSS_SCALABILITY_INFO { BOOLEAN RssEnabled; } RSS_SCALABILITY_INFO, *PRSS_SCALABILITY_INFO;
#endif
#ifndef SIO_QUERY_RSS_PROCESSOR_INFO
#define SIO_QUERY_RSS_PROCESSOR_INFO _WSAIOR(IOC_WS2, 37)
typedef struct _SOCKET_PROCESSOR_AFFINITY {
    PROCESSOR_NUMBER Processor;
    USHORT NumaNodeId;
    USHORT Reserved;
} SOCKET_PROCESSOR_AFFINITY, *PSOCKET_PROCESSOR_AFFINITY;
#endif
typedef IN_PKTINFO *PIN_PKTINFO;
typedef IN6_PKTINFO *PIN6_PKTINFO;
#ifndef CMSG_FIRSTHDR
#define CMSG_FIRSTHDR WSA_CMSG_FIRSTHDR
#define CMSG_NXTHDR WSA_CMSG_NXTHDR
#endif

/* Network compartments: this process stays in the one in which it was started. */
#define GetCurrentThreadCompartmentId() 0
#define SetCurrentThreadCompartmentId(Id) ((void)(Id), NO_ERROR)

/* Those with a full fence keep more order than is asked for, and on x86-64 cost the same. */
#ifndef InterlockedIncrementNoFence64
#define InterlockedIncrementNoFence64 InterlockedIncrement64
#define InterlockedDecrementRelease64 InterlockedDecrement64
#define InterlockedCompareExchangeNoFence64 InterlockedCompareExchange64
#endif
#ifndef ReadNoFence64
#define ReadNoFence64(P) (*(LONG64 const volatile *)(P))
#endif
#ifndef ReadPointerNoFence
#define ReadPointerNoFence(P) (*(PVOID const volatile *)(P))
#endif

/* <mstcpip.h>: addresses. */
NTSYSAPI NTSTATUS NTAPI RtlIpv6StringToAddressA(PCSTR Text, PCSTR *Terminator, struct in6_addr *Address);

static inline BOOLEAN IN4_IS_ADDR_LOOPBACK(const IN_ADDR *Address) {
    return *(const UCHAR *)Address == 127;
}

static inline BOOLEAN IN6ADDR_ISV4MAPPED(const SOCKADDR_IN6 *Address) {
    return IN6_IS_ADDR_V4MAPPED(&Address->sin6_addr);
}

static inline const UCHAR *IN6_GET_ADDR_V4MAPPED(const IN6_ADDR *Address) {
    return Address->s6_addr + 12;
}

/* From and To may be the same memory. */
static inline void IN6ADDR_SETV4MAPPED(SOCKADDR_IN6 *To, const IN_ADDR *From, SCOPE_ID Scope, USHORT Port) {
    IN_ADDR V4 = *From;
    memset(To, 0, sizeof(*To));
    To->sin6_family = AF_INET6;
    To->sin6_port = Port;
    To->sin6_addr.s6_addr[10] = To->sin6_addr.s6_addr[11] = 0xff;
    memcpy(To->sin6_addr.s6_addr + 12, &V4, sizeof(V4));
    To->sin6_scope_struct = Scope;
}

#endif
