/* SPDX-License-Identifier: Apache-2.0
 *
 * Accounts of the machine by name, read from /etc/passwd and /etc/group alone: a filter must not
 * depend on whether a directory server answers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Small letters, digits, "_" and "-", at most 32, no digit or dash first. */
bool account_name_is_right(const char *name);
/* 1 found, 0 there is none. */
int account_find_user(const char *name, uint32_t *ret, Error *err);
int account_find_group(const char *name, uint32_t *ret, Error *err);

/* In a process that opens no files: from here on there are the accounts of these rows alone, "user
 * NAME NUMBER\n" and "group NAME NUMBER\n" (borrowed); ACCOUNT_NONE is one that there is not. */
#define ACCOUNT_NONE UINT32_MAX
void account_use_rows(const char *rows);
