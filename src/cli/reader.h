/* SPDX-License-Identifier: Apache-2.0
 *
 * The program pawl-read, asked by a person's own command: it locks itself in and reads for us.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* `argv` is "pawl-read", its mode and its words, NULL.  With "image" the whole file is read, which
 * takes its time.  What it answered is JSON that nobody looked at yet; nothing where it died. */
int reader_ask(int image, const char *const argv[], char **ret, size_t *ret_length, Error *err);
