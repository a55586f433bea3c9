/* SPDX-License-Identifier: Apache-2.0
 *
 * The build id that the linker wrote into this very program.
 */
#pragma once

#define BUILD_ID_TEXT_SIZE 72

/* Hexadecimal, or "unknown"; returns `buffer`. */
char *build_id_get(char buffer[BUILD_ID_TEXT_SIZE]);
