/* SPDX-License-Identifier: Apache-2.0
 *
 * Scratch: an empty directory of one test, in TMPDIR or /tmp; short enough that a socket in it has
 * a path that the kernel takes.
 */
#pragma once

#define SCRATCH_SIZE 64

/* Fails the test where there can be none. */
void scratch_make(char ret[SCRATCH_SIZE]);
/* With all that is in it: 0, or -1. */
int scratch_remove(const char *path);

/* As setup and teardown of a test whose *state is the path. */
int scratch_set_up(void **state);
int scratch_tear_down(void **state);
