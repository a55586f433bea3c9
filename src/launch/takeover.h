/* SPDX-License-Identifier: Apache-2.0
 *
 * Takeover: the moment from which on this daemon's policy is the one that programs start under.
 * R/run/pawl/generation holds a line, the digest of everything of this daemon that decides policy:
 * the code that writes it, the interfaces (built in and of /etc/pawl), the seccomp template,
 * libseccomp, machine and kernel. Two daemons with the same digest write the same policy for the
 * same state.
 */
#pragma once

#include "base/digest.h"
#include "base/error.h"

/* `rules` is the template of this build. */
void takeover_get_generation(const char *rules, char ret_digest[DIGEST_SHA256_HEX_SIZE]);
/* To be called by the one daemon of this root, before it hears any launch.  Where another
 * generation ran before, its last launches are waited for (launch/going.h), with a bound.  1 = it
 * was another. */
int takeover_begin(const char *root, const char digest[DIGEST_SHA256_HEX_SIZE], Error *err);
