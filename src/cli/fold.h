/* SPDX-License-Identifier: Apache-2.0
 *
 * Text of a package on pages that scripts read: each of its lines is cut where it is too long, as
 * full as can be, and goes on under its own beginning.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

/* How wide such a page is on a terminal of so many columns. */
size_t fold_get_width(size_t columns);
/* Appends every line of `text`, `indent` blanks and its own before it, at most `width` wide. */
void fold_append_lines(Text *out, const char *text, size_t indent, size_t width);
/* Appends "NAME:\tVALUE\n" for a value of one line, further lines indented by two. */
void fold_append_row(Text *out, const char *name, const char *value, size_t width);
/* In double quotes, whatever it is. */
char *fold_quote_always(const char *value);
/* A value without blanks around it as YAML reads it back: quoted where its bare text would be
 * something else than a word. */
char *fold_quote(const char *value);
