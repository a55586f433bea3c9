/* SPDX-License-Identifier: Apache-2.0
 *
 * Place: an empty directory for the state of one test; its path is what cmocka hands to the test.
 */
#pragma once

int place_make(void **state);
int place_remove(void **state);
