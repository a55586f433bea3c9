/* SPDX-License-Identifier: Apache-2.0
 *
 * Paragraphs filled to a width, as even as can be rather than as full as can be.
 */
#pragma once

#include <stddef.h>

/* `text` as paragraphs (separated by empty lines) of at most `width` characters a line; the first
 * line gets no indent, the others `indent` blanks.  Ends without a line end. */
char *fill_text(const char *text, size_t width, size_t indent);
/* Characters, not bytes; every code point counts as one. */
size_t fill_count(const char *text, size_t length);
