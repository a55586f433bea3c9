/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/trial-check.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/text.h"
#include "sandbox/helper.h"
#include "snap/image.h"

#define ANSWER_LIMIT_MS 10000

/* An empty file is no package: it has to say so. */
static int check_reader(Error *err) {
        autofd int image = memfd_create("empty", MFD_CLOEXEC);
        autojson report = NULL;
        Error refusal = ERROR_INIT;

        if (image < 0)
                return error_set_errno(err, errno, "cannot make a file");
        if (image_read(image, IMAGE_MODE_MANIFEST, &report, &refusal) == 0 ||
            refusal.kind == ERROR_LOST || refusal.kind == ERROR_CORRUPT)
                return error_set(err, ERROR_FAILED, "pawl-read does not do its work: %.300s",
                                 report ? "an empty file is a package to it" : refusal.message);
        return 0;
}

/* Without clients it says at once that it is idle: by then it is locked in. */
static int check_front(Error *err) {
        autofree char *uid = string_format("%u", HELPER_UID_HTTP);
        const char *const argv[] = { helper_get_name(HELPER_HTTP), uid, "0", NULL };
        __attribute__((cleanup(helper_done))) Helper helper = HELPER_INIT;
        char first;
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return error_set_errno(err, errno, "cannot make a socket");
        autofd int ours = ends[0];
        int theirs = ends[1];
        int r = helper_spawn(HELPER_HTTP, argv, &theirs, 1, &helper, err);
        (void)close(theirs);
        if (r < 0)
                return -1;
        struct pollfd wait = { .fd = ours, .events = POLLIN };
        if (poll(&wait, 1, ANSWER_LIMIT_MS) <= 0 || recv(ours, &first, 1, MSG_DONTWAIT) <= 0)
                return error_set(err, ERROR_FAILED, "pawl-http does not answer");
        return 0;
}

/* Without its pawl-run nothing starts, but a package that mends it can come. */
int trial_check(Error *err) {
        return check_reader(err) < 0 || check_front(err) < 0 ? -1 : 0;
}
