/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that an idle daemon does not need: what requests freed, and the code that only the start
 * and the last change ran.
 */
#pragma once

/* Before anything is allocated: one thread, one arena, and freed blocks go back early. */
void memory_init(void);
/* When idle.  Costs a page fault for each piece of code that is needed again; its pages stay in the
 * page cache, shared with whoever else uses the libraries. */
void memory_give_back(void);
