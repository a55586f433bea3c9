/* SPDX-License-Identifier: Apache-2.0
 *
 * Tab stops that stretch: a cell is what a tab ends, and the cells of a column that stand under
 * each other without a gap get the same width.  Scripts cut these columns up, so what is printed
 * here never depends on a terminal.
 */
#pragma once

#include <stddef.h>

/* Each cell at least `width_min` wide and `padding` wider than its longest text (code points;
 * terminal escapes count, so give all cells of a column the same ones). */
char *columns_align(const char *text, size_t width_min, size_t padding);
