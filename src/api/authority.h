/* SPDX-License-Identifier: Apache-2.0
 *
 * Authority: whoever may say that a peer other than root may administer this machine (polkit where
 * there is one).  A seam: the absent one says no to everybody.
 */
#pragma once

#include "front/request.h"

typedef enum AuthorityVerdict {
        AUTHORITY_NO,
        AUTHORITY_YES,
        AUTHORITY_CANCELLED, /* the person closed the dialog */
} AuthorityVerdict;

typedef struct AuthorityQuestion {
        const Peer *peer;   /* valid until the answer */
        const char *action; /* "io.snapcraft.snapd.manage" */
        bool may_interact;
} AuthorityQuestion;

typedef void AuthorityAnswer(void *context, AuthorityVerdict verdict);

typedef struct Authority {
        /* Calls `answer` exactly once, before it returns or later from the loop. */
        void (*ask)(const AuthorityQuestion *question, AuthorityAnswer *answer, void *context);
} Authority;

extern const Authority authority_absent;
