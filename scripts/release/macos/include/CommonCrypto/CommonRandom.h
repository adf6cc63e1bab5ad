/* What OpenSSL takes of Apple's interface; the function is in libSystem. */
#ifndef ULTRA_COMMON_RANDOM_H
#define ULTRA_COMMON_RANDOM_H
#include <stddef.h>
#include <CommonCrypto/CommonCryptoError.h>
extern CCRNGStatus CCRandomGenerateBytes(void *bytes, size_t count);
#endif
