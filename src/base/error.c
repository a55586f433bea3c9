/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const ErrorKindInfo KINDS[ERROR_KIND_COUNT] = {
        [ERROR_FAILED] = { "failed", NULL, 500 },
        [ERROR_BAD_REQUEST] = { "bad-request", NULL, 400 },
        [ERROR_ACCESS_DENIED] = { "access-denied", "login-required", 401 },
        [ERROR_FORBIDDEN] = { "forbidden", "login-required", 403 },
        [ERROR_NOT_FOUND] = { "not-found", NULL, 404 },
        [ERROR_METHOD] = { "method", NULL, 405 },
        [ERROR_CONFLICT] = { "conflict", "snap-change-conflict", 409 },
        [ERROR_SNAP_NOT_FOUND] = { "snap-not-found", "snap-not-found", 404 },
        [ERROR_APP_NOT_FOUND] = { "app-not-found", "app-not-found", 404 },
        [ERROR_SNAP_NOT_INSTALLED] = { "snap-not-installed", "snap-not-installed", 400 },
        [ERROR_SNAP_ALREADY_INSTALLED] = { "snap-already-installed", "snap-already-installed",
                                           400 },
        [ERROR_SNAP_LOCAL] = { "snap-local", "snap-local", 400 },
        [ERROR_SNAP_NEEDS_DEVMODE] = { "snap-needs-devmode", "snap-needs-devmode", 400 },
        [ERROR_SNAP_NEEDS_CLASSIC] = { "snap-needs-classic", "snap-needs-classic", 400 },
        [ERROR_SNAP_NOT_CLASSIC] = { "snap-not-classic", "snap-not-classic", 400 },
        [ERROR_SNAP_NO_UPDATE] = { "snap-no-update", "snap-no-update-available", 400 },
        [ERROR_SNAP_REVISION] = { "snap-revision", "snap-revision-not-available", 404 },
        [ERROR_SNAP_NOT_A_SNAP] = { "snap-not-a-snap", "snap-not-a-snap", 400 },
        [ERROR_ASSERTION_NOT_FOUND] = { "assertion-not-found", "assertion-not-found", 404 },
        [ERROR_OPTION_NOT_FOUND] = { "option-not-found", "option-not-found", 400 },
        [ERROR_INTERFACES_UNCHANGED] = { "interfaces-unchanged", "interfaces-unchanged", 400 },
        [ERROR_DISK_SPACE] = { "disk-space", "insufficient-disk-space", 507 },
        [ERROR_TOO_LARGE] = { "too-large", NULL, 400 },
        [ERROR_BUSY] = { "busy", "busy", 409 },
        [ERROR_NOT_IMPLEMENTED] = { "not-implemented", NULL, 501 },
        [ERROR_CORRUPT] = { "corrupt", NULL, 500 },
        [ERROR_LOST] = { "lost", NULL, 500 },
};

const ErrorKindInfo *error_kind_get_info(ErrorKind kind) {
        if ((unsigned)kind >= ERROR_KIND_COUNT)
                kind = ERROR_FAILED;
        return &KINDS[kind];
}

void error_fill_(Error *err, ErrorKind kind, const char *format, ...) {
        va_list args;

        *err = (Error){ .kind = kind };
        va_start(args, format);
        (void)vsnprintf(err->message, sizeof(err->message), format, args);
        va_end(args);
}

void error_fill_errno_(Error *err, int number, const char *format, ...) {
        ErrorKind kind = number == ENOSPC || number == EDQUOT ? ERROR_DISK_SPACE : ERROR_FAILED;
        va_list args;

        *err = (Error){ .kind = kind, .number = number };
        va_start(args, format);
        (void)vsnprintf(err->message, sizeof(err->message), format, args);
        va_end(args);

        size_t used = strlen(err->message);
        const char *reason = strerrordesc_np(number);
        (void)snprintf(err->message + used, sizeof(err->message) - used, ": %s",
                       reason ? reason : "unknown error");
}

void error_put_context_(Error *err, const char *format, ...) {
        char context[ERROR_MESSAGE_MAX];
        char whole[ERROR_MESSAGE_MAX * 2 + 3];
        va_list args;

        va_start(args, format);
        (void)vsnprintf(context, sizeof(context), format, args);
        va_end(args);
        (void)snprintf(whole, sizeof(whole), "%s: %s", context, err->message);
        whole[ERROR_MESSAGE_MAX - 1] = '\0';
        memcpy(err->message, whole, strlen(whole) + 1);
}
