/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiled policy by content: R/var/lib/pawl/policy/<sha256 of all inputs>.  An object
 * carries its name and a digest of itself, checked whenever it is opened; one that is wrong, short
 * or absent is simply not there.  So nothing is flushed to the disk: what a power cut takes is made
 * again.  Objects never change; several generations stand side by side.
 */
#pragma once

#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "policy/seccomp.h"

/* A sealed memory file of raw instructions, ready for a launcher. */
typedef struct PolicyObject {
        int file; /* owned */
        uint32_t count;
} PolicyObject;

#define POLICY_OBJECT_INIT ((PolicyObject){ .file = -1 })

void policy_object_done(PolicyObject *object);

/* The name of what these rules compile to, on this machine, with this build. */
void policy_digest(const char *rules, char ret_digest[DIGEST_SHA256_HEX_SIZE]);
/* `directory` is policy/.  1 found and right, 0 not there (or wrong, which is the same). */
int policy_find(int directory, const char *digest, PolicyObject *ret, Error *err);
/* Writes what was compiled to it, raw instructions, and opens it; may be killed at any point. */
int policy_write(int directory, const char *name, const void *instructions, size_t length,
                 PolicyObject *ret, Error *err);
/* Compiles and writes it, here. */
int policy_compile(int directory, const char *rules, Error *err);
/* Removes what a killed compiler left; before the first one is started. */
int policy_sweep(int directory, Error *err);
