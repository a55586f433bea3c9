/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>

#define CHUNK (64 * 1024)

static void format_hex(const uint8_t *bytes, size_t length, char *ret_hex) {
        static const char DIGITS[] = "0123456789abcdef";

        for (size_t i = 0; i < length; i++) {
                ret_hex[2 * i] = DIGITS[bytes[i] >> 4];
                ret_hex[2 * i + 1] = DIGITS[bytes[i] & 15];
        }
        ret_hex[2 * length] = '\0';
}

int digest_sha3_384_fd(int fd, char ret_hex[DIGEST_SHA3_384_HEX_SIZE], uint64_t *ret_size,
                       Error *err) {
        static uint8_t buffer[CHUNK];
        uint8_t digest[SHA3_384_DIGEST_SIZE];
        struct sha3_384_ctx context;
        uint64_t size = 0;

        sha3_384_init(&context);
        for (;;) {
                ssize_t count = read(fd, buffer, sizeof(buffer));
                if (count < 0 && errno == EINTR)
                        continue;
                if (count < 0)
                        return error_set_errno(err, errno, "cannot read what is to be hashed");
                if (count == 0)
                        break;
                sha3_384_update(&context, (size_t)count, buffer);
                size += (uint64_t)count;
        }
        sha3_384_digest(&context, sizeof(digest), digest);
        format_hex(digest, sizeof(digest), ret_hex);
        if (ret_size)
                *ret_size = size;
        return 0;
}

void digest_sha3_384(const void *bytes, size_t length, char ret_hex[DIGEST_SHA3_384_HEX_SIZE]) {
        uint8_t digest[SHA3_384_DIGEST_SIZE];
        struct sha3_384_ctx context;

        sha3_384_init(&context);
        sha3_384_update(&context, length, bytes);
        sha3_384_digest(&context, sizeof(digest), digest);
        format_hex(digest, sizeof(digest), ret_hex);
}

void digest_sha256(const void *bytes, size_t length, char ret_hex[DIGEST_SHA256_HEX_SIZE]) {
        uint8_t digest[SHA256_DIGEST_SIZE];
        struct sha256_ctx context;

        sha256_init(&context);
        sha256_update(&context, length, bytes);
        sha256_digest(&context, sizeof(digest), digest);
        format_hex(digest, sizeof(digest), ret_hex);
}
