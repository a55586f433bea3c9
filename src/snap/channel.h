/* SPDX-License-Identifier: Apache-2.0
 *
 * Channel: [track/]risk[/branch], or a track alone; in the state always in full: "latest/stable".
 */
#pragma once

/* In full; what names no track stays on the one of `tracking` (in full, or ""). */
char *channel_resolve(const char *channel, const char *tracking);
