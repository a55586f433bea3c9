/* SPDX-License-Identifier: Apache-2.0
 *
 * Signals: what a process of ours does before it becomes another program or somebody's worker.
 */
#pragma once

/* Every signal does what it does by itself, and none is blocked. Neither allocates nor locks: may
 * be called between fork and exec. What a signal that waited does, it does now. */
void signals_reset(void);
