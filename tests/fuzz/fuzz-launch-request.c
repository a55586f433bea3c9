/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon's side of wire/launch.h: a request of anybody.  What is accepted must survive being
 * written and read again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/launch.h"

static bool text_equal(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autofree char *copy = malloc(length + 1);
        autotext text = TEXT_INIT;
        Error err = ERROR_INIT;
        LaunchRequest request, again;

        if (!copy)
                return 0;
        memcpy(copy, bytes, length);
        if (launch_request_parse(copy, length, &request, &err) != 0)
                return 0;
        if (launch_request_get_version(&request) == 0)
                abort();
        launch_request_format(&request, &text);
        if (launch_request_parse(text.bytes, text.length, &again, &err) != 0)
                abort();
        if (!text_equal(request.command, again.command) || !text_equal(request.hook, again.hook) ||
            !text_equal(request.instance, again.instance) ||
            !text_equal(request.home, again.home) || request.wants_shell != again.wants_shell ||
            request.version != again.version || request.oldest != again.oldest ||
            request.landlock_abi != again.landlock_abi)
                abort();
        return 0;
}
