/* What OpenSSL takes of Apple's interface; the function is in libSystem. */
#ifndef ULTRA_COMMON_CRYPTO_ERROR_H
#define ULTRA_COMMON_CRYPTO_ERROR_H
#include <stdint.h>
enum { kCCSuccess = 0 };
typedef int32_t CCCryptorStatus;
typedef int32_t CCRNGStatus;
#endif
