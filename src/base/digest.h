/* SPDX-License-Identifier: Apache-2.0
 *
 * Digests by nettle: SHA3-384 names images (as assertions do), SHA-256 names compiled policy.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DIGEST_SHA3_384_HEX_SIZE 97
#define DIGEST_SHA256_HEX_SIZE   65

/* Reads from the current offset to the end; lower-case hex. */
int digest_sha3_384_fd(int fd, char ret_hex[DIGEST_SHA3_384_HEX_SIZE], uint64_t *ret_size,
                       Error *err);
void digest_sha3_384(const void *bytes, size_t length, char ret_hex[DIGEST_SHA3_384_HEX_SIZE]);
void digest_sha256(const void *bytes, size_t length, char ret_hex[DIGEST_SHA256_HEX_SIZE]);
