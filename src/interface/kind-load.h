/* SPDX-License-Identifier: Apache-2.0
 *
 * From the wire form of an interface's file (reader/definition.h) to an InterfaceKind.  Who checked
 * the file is not trusted with memory: another shape than the wire form's is an error, whatever it
 * means.  What it means was judged there.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "interface/interface-kind.h"

/* `origin` is the file's path for people, NULL for what is built in. */
int kind_load(const json_t *wire, const char *origin, InterfaceKind **ret, Error *err);
/* NULL is accepted.  Of kind_load's results alone. */
InterfaceKind *kind_free(InterfaceKind *kind);

#define KIND_AUTO_COUNT (INTERFACE_AUTO_SAME_PUBLISHER + 1)

/* The word in files and in the reference. */
extern const char *const KIND_TYPE_NAMES[ATTRIBUTE_TYPE_COUNT];
extern const char *const KIND_AUTO_NAMES[KIND_AUTO_COUNT];
