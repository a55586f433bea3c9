/* SPDX-License-Identifier: Apache-2.0
 *
 * What libFuzzer and replay.c call.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
