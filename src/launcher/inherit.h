/* SPDX-License-Identifier: Apache-2.0
 *
 * Inherit: a user's data of an older revision, copied when he is the first to start the new one.
 * The daemon does that while it refreshes; here it is made up for where a home was locked, remote
 * or unknown then.
 */
#pragma once

/* LAUNCH_OP_USER_DATA; dies with a line for a person. */
void inherit_user_data(const char *directory, const char *revision, const char *older);
