/* SPDX-License-Identifier: Apache-2.0 */
#include "api/authority.h"

static void ask_nobody(const AuthorityQuestion *question, AuthorityAnswer *answer, void *context) {
        (void)question;
        answer(context, AUTHORITY_NO);
}

const Authority authority_absent = { .ask = ask_nobody };
