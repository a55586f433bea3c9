/* SPDX-License-Identifier: Apache-2.0
 *
 * An interface's file before it is anywhere: judged by pawl-read, as pawld has it judged.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"

/* Its wire form (reader/definition.h); what is wrong is the error, "line N: …". */
int interface_check_read(const char *path, json_t **ret, Error *err);
