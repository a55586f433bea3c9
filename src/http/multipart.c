/* SPDX-License-Identifier: Apache-2.0 */
#include "http/multipart.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

static const char *skip_blanks(const char *at) {
        while (*at == ' ' || *at == '\t')
                at++;
        return at;
}

/* Reads a quoted string or a token at `*at` and moves behind it; NULL when it never ends. */
static char *read_value(const char **at) {
        autotext value = TEXT_INIT;
        const char *c = *at;

        if (*c != '"') {
                size_t length = strcspn(c, "; \t");
                *at = c + length;
                return string_copy_length(c, length);
        }
        for (c++; *c && *c != '"'; c++) {
                if (c[0] == '\\' && (c[1] == '"' || c[1] == '\\'))
                        c++;
                text_append_bytes(&value, c, 1);
        }
        if (*c != '"')
                return NULL;
        *at = c + 1;
        return text_take(&value);
}

/* Finds a parameter of a header's value ("form-data; name=x; filename=y"): 1 found, 0 not there. */
static int find_parameter(const char *value, const char *name, char **ret, Error *err) {
        const char *at = value + strcspn(value, ";");

        while (*at == ';') {
                at = skip_blanks(at + 1);
                size_t length = strcspn(at, "=; \t");
                bool is_it = length == strlen(name) && strncasecmp(at, name, length) == 0;
                at = skip_blanks(at + length);
                if (*at != '=')
                        continue;
                at = skip_blanks(at + 1);
                autofree char *found = read_value(&at);
                if (!found)
                        return error_set(err, ERROR_BAD_REQUEST, "multipart: unfinished quotation");
                if (is_it) {
                        *ret = take(found);
                        return 1;
                }
                at = skip_blanks(at);
        }
        return 0;
}

/* CR and LF cannot be part of a boundary: a search that fails may go on at the next CR. */
static bool is_usable_boundary(const char *boundary) {
        size_t length = strlen(boundary);

        if (length == 0 || length > MULTIPART_BOUNDARY_MAX)
                return false;
        for (size_t i = 0; i < length; i++)
                if ((unsigned char)boundary[i] < 0x20 || (unsigned char)boundary[i] > 0x7e)
                        return false;
        return true;
}

int multipart_init(Multipart *multipart, const char *content_type, Error *err) {
        autofree char *boundary = NULL;
        int found = find_parameter(content_type, "boundary", &boundary, err);

        if (found < 0)
                return -1;
        if (found == 0 || !is_usable_boundary(boundary))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "multipart: Content-Type without a usable boundary");
        *multipart = (Multipart){ .state = MULTIPART_STATE_PREAMBLE };
        size_t length = strlen(boundary);
        memcpy(multipart->delimiter, "\r\n--", 4);
        memcpy(multipart->delimiter + 4, boundary, length);
        multipart->delimiter_length = 4 + length;
        /* The first boundary may open the body, without a line before it. */
        multipart->matched = 2;
        return 0;
}

static void forget_part(Multipart *multipart) {
        free(take(multipart->name));
        free(take(multipart->filename));
        multipart->header_count = 0;
        multipart->line_length = 0;
}

void multipart_done(Multipart *multipart) {
        forget_part(multipart);
}

/* 1 = the delimiter is complete, 0 = `bytes` may hold content or the input is used up. */
static int find_delimiter(Multipart *m, const char **input, size_t *left) {
        m->length = 0;
        while (*left > 0 && m->matched < m->delimiter_length) {
                if (m->matched == 0 || **input != m->delimiter[m->matched])
                        break;
                m->matched++;
                (*input)++;
                (*left)--;
        }
        if (m->matched == m->delimiter_length) {
                m->matched = 0;
                return 1;
        }
        if (*left == 0)
                return 0;
        if (m->matched > 0) {
                /* What looked like a delimiter was content. */
                m->bytes = m->delimiter;
                m->length = m->matched;
                m->matched = 0;
                return 0;
        }
        const char *end = *input + *left;
        const char *cr = *input;
        size_t match = 0;
        for (; (cr = memchr(cr, '\r', (size_t)(end - cr))); cr++) {
                match = (size_t)(end - cr);
                if (match > m->delimiter_length)
                        match = m->delimiter_length;
                if (memcmp(cr, m->delimiter, match) == 0)
                        break;
        }
        m->bytes = *input;
        m->length = (size_t)((cr ? cr : end) - *input);
        *input += m->length;
        *left -= m->length;
        if (cr) {
                /* Counted now, so that the next call does not take the CR for content. */
                m->matched = 1;
                (*input)++;
                (*left)--;
        }
        return 0;
}

/* Collects a line without its CRLF: 1 complete, 0 needs more. */
static int read_line(Multipart *m, const char **input, size_t *left, Error *err) {
        while (*left > 0) {
                char c = **input;
                (*input)++;
                (*left)--;
                if (m->line_length + 1 >= sizeof(m->line) || c == '\0')
                        return error_set(err, ERROR_BAD_REQUEST, "multipart: bad header line");
                m->line[m->line_length++] = c;
                if (c != '\n')
                        continue;
                if (m->line_length < 2 || m->line[m->line_length - 2] != '\r')
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "multipart: a line does not end in CR LF");
                m->line[m->line_length - 2] = '\0';
                m->line_length = 0;
                return 1;
        }
        return 0;
}

static int read_boundary_rest(Multipart *m, const char **input, size_t *left, Error *err) {
        /* The closing boundary needs no line end behind it. */
        while (*left > 0 && m->line_length < 2 && **input == '-') {
                m->line[m->line_length++] = '-';
                (*input)++;
                (*left)--;
        }
        if (m->line_length == 2 && memcmp(m->line, "--", 2) == 0) {
                m->state = MULTIPART_STATE_EPILOGUE;
                return MULTIPART_END;
        }
        int complete = read_line(m, input, left, err);
        if (complete <= 0)
                return complete;
        if (*skip_blanks(m->line))
                return error_set(err, ERROR_BAD_REQUEST, "multipart: text behind a boundary");
        forget_part(m);
        m->state = MULTIPART_STATE_HEADERS;
        return MULTIPART_NEEDS_MORE;
}

static int take_disposition(Multipart *m, const char *value, Error *err) {
        static const char TYPE[] = "form-data";

        if (m->name)
                return error_set(err, ERROR_BAD_REQUEST, "multipart: a part with two dispositions");
        if (strncasecmp(value, TYPE, sizeof(TYPE) - 1) != 0)
                return error_set(err, ERROR_BAD_REQUEST, "multipart: a part is not form-data");
        if (find_parameter(value, "name", &m->name, err) < 0 ||
            find_parameter(value, "filename", &m->filename, err) < 0)
                return -1;
        if (!m->name)
                return error_set(err, ERROR_BAD_REQUEST, "multipart: a part without a name");
        if (!string_is_clean_utf8(m->name, strlen(m->name)) ||
            (m->filename && !string_is_clean_utf8(m->filename, strlen(m->filename))))
                return error_set(err, ERROR_BAD_REQUEST, "multipart: a name is not UTF-8 text");
        return 0;
}

static int read_header(Multipart *m, const char **input, size_t *left, Error *err) {
        static const char DISPOSITION[] = "content-disposition:";
        int complete = read_line(m, input, left, err);

        if (complete <= 0)
                return complete;
        if (m->line[0] == '\0') {
                if (!m->name)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "multipart: a part without Content-Disposition");
                m->state = MULTIPART_STATE_BODY;
                return MULTIPART_PART;
        }
        if (++m->header_count > MULTIPART_HEADER_COUNT_MAX)
                return error_set(err, ERROR_BAD_REQUEST, "multipart: too many headers in a part");
        if (strncasecmp(m->line, DISPOSITION, sizeof(DISPOSITION) - 1) != 0)
                return MULTIPART_NEEDS_MORE;
        return take_disposition(m, skip_blanks(m->line + sizeof(DISPOSITION) - 1), err);
}

/* One step: an event, or MULTIPART_NEEDS_MORE, which only counts once the input is used up. */
static int step(Multipart *m, const char **input, size_t *left, Error *err) {
        switch (m->state) {
        case MULTIPART_STATE_PREAMBLE:
                if (find_delimiter(m, input, left) == 1)
                        m->state = MULTIPART_STATE_BOUNDARY;
                return MULTIPART_NEEDS_MORE;
        case MULTIPART_STATE_BOUNDARY:
                return read_boundary_rest(m, input, left, err);
        case MULTIPART_STATE_HEADERS:
                return read_header(m, input, left, err);
        case MULTIPART_STATE_BODY:
                if (find_delimiter(m, input, left) == 1) {
                        m->state = MULTIPART_STATE_BOUNDARY;
                        return MULTIPART_PART_END;
                }
                return m->length > 0 ? MULTIPART_BYTES : MULTIPART_NEEDS_MORE;
        case MULTIPART_STATE_EPILOGUE:
                *input += *left;
                *left = 0;
                return MULTIPART_NEEDS_MORE;
        }
        abort();
}

int multipart_next(Multipart *multipart, const char **input, size_t *left, Error *err) {
        int event = MULTIPART_NEEDS_MORE;

        while (*left > 0 && event == MULTIPART_NEEDS_MORE)
                event = step(multipart, input, left, err);
        return event;
}
