/* SPDX-License-Identifier: Apache-2.0
 *
 * Definition: an interface's file (docs/interfaces.md) → checked JSON, the wire form that
 * interface/kind-load.h takes.  The one judge of such files: of the built-in ones when they are
 * built in, of those in /etc when the daemon starts, and of any with `pawl interface --check`.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"

/* `name` is the file's without ".yaml".  Messages begin with "line N: " and say what is wrong where
 * and what may stand there; the file is the caller's to name.
 *
 *     {"format": 1, "name": …, "policy": {"plug": …, "slot": …}, "kind": {the file's keys}}
 *
 * in which `policy` has what the short keys stand for, `sockets` are [name, family, protocol] and
 * `capabilities` is a number, a bit each. */
int definition_read(const char *name, const char *bytes, size_t length, json_t **ret, Error *err);
