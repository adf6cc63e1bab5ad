/*
 * bcryptprimitives.dll for tests under wine 8, which has none: Rust's programs, Deno among them, take their random numbers from its one
 * function. wine has the same numbers under an older name.
 */
#include <windows.h>

#define RtlGenRandom SystemFunction036
BOOLEAN NTAPI RtlGenRandom(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T length) {
    const SIZE_T most = 65536;
    while (length > 0) {
        ULONG part = (ULONG)(length < most ? length : most);
        if (!RtlGenRandom(bytes, part)) return FALSE;
        bytes += part;
        length -= part;
    }
    return TRUE;
}
