/* SPDX-License-Identifier: Apache-2.0
 *
 * Answer: the one object that every JSON answer is.  Clients compare its key order, so it is built
 * here and nowhere else.
 */
#pragma once

#include "base/error.h"
#include "base/json.h"

typedef struct Answer {
        int status;            /* HTTP: 200 sync, 202 async, else error */
        bool is_error;         /* an error whatever the status */
        json_t *result;        /* owned; NULL is shown as null */
        const char *change;    /* async only */
        json_t *sources;       /* owned; NULL = left out */
        int64_t warning_count; /* pending warnings; left out of errors */
        int64_t warning_at;    /* the newest of them, wall time */
        const char *stop_kind; /* "daemon-restart" while one is pending, else NULL */
} Answer;

/* Takes what the answer owns. */
json_t *answer_format(Answer *answer);
/* `value` is taken, NULL = left out. */
json_t *answer_format_error_result(const Error *error, json_t *owned_value);
