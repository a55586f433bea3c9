/* SPDX-License-Identifier: Apache-2.0
 *
 * Answer: what pawl-read says about an image, as ARCHITECTURE.md describes it.
 */
#pragma once

#include <jansson.h>

typedef enum AnswerMode {
        ANSWER_MANIFEST, /* the manifest only: some hundred kilobytes are read at most */
        ANSWER_IMAGE,    /* every entry looked at, and the digest */
} AnswerMode;

/* Never NULL: {"error":{"kind","message"[,"details":[…]]}} where something is wrong. */
json_t *answer_new(int image_fd, AnswerMode mode);
