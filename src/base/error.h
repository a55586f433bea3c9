/* SPDX-License-Identifier: Apache-2.0
 *
 * Error: one explained failure, a fixed-size value that owns nothing, so it may cross a pipe or be
 * stored in a row.  A function that can fail takes `Error *err` last, returns a negative value and
 * fills it; `err` may never be NULL.
 */
#pragma once

#include <stdarg.h>

#include "base/own.h"

#define ERROR_MESSAGE_MAX 480

/* What kind of failure: decides the name and status that a client of the API sees. */
typedef enum ErrorKind {
        ERROR_FAILED,         /* the world said no: I/O, kernel, a helper */
        ERROR_BAD_REQUEST,    /* the caller's input is wrong */
        ERROR_ACCESS_DENIED,  /* login-required */
        ERROR_FORBIDDEN,      /* known who you are; no */
        ERROR_NOT_FOUND,      /* without a more precise kind */
        ERROR_METHOD,         /* method not allowed */
        ERROR_CONFLICT,       /* snap-change-conflict */
        ERROR_SNAP_NOT_FOUND, /* snap-not-found */
        ERROR_APP_NOT_FOUND,
        ERROR_SNAP_NOT_INSTALLED,
        ERROR_SNAP_ALREADY_INSTALLED,
        ERROR_SNAP_LOCAL,
        ERROR_SNAP_NEEDS_DEVMODE,
        ERROR_SNAP_NEEDS_CLASSIC,
        ERROR_SNAP_NOT_CLASSIC,
        ERROR_SNAP_NO_UPDATE,
        ERROR_SNAP_REVISION, /* snap-revision-not-available */
        ERROR_SNAP_NOT_A_SNAP,
        ERROR_ASSERTION_NOT_FOUND,
        ERROR_OPTION_NOT_FOUND,
        ERROR_INTERFACES_UNCHANGED, /* nothing to disconnect */
        ERROR_DISK_SPACE,           /* insufficient-disk-space */
        ERROR_TOO_LARGE,            /* a limit of base/limits.h */
        ERROR_BUSY,
        ERROR_NOT_IMPLEMENTED,
        ERROR_CORRUPT, /* stored state or image contradicts itself */
        ERROR_LOST,    /* the peer or helper went away */
        ERROR_KIND_COUNT,
} ErrorKind;

typedef struct Error {
        ErrorKind kind;
        int number; /* errno, 0 when none applies */
        char message[ERROR_MESSAGE_MAX];
} Error;

#define ERROR_INIT ((Error){ 0 })

typedef struct ErrorKindInfo {
        const char *name;     /* our stable name, for logs and rows */
        const char *api_kind; /* `kind` in the API's error result, NULL when it has none */
        int http_status;
} ErrorKindInfo;

/* Never NULL; an unknown kind is shown as ERROR_FAILED. */
const ErrorKindInfo *error_kind_get_info(ErrorKind kind);

/* Fills `err` and returns -1, so that raise-and-return is one statement. */
#define error_set(err, ...) error_returned_(error_fill_(err, __VA_ARGS__))

/* As error_set, with `number` (an errno value) kept and ": <strerror>" appended. */
#define error_set_errno(err, ...) error_returned_(error_fill_errno_(err, __VA_ARGS__))

/* Puts "<context>: " before the message; returns -1. */
#define error_prefix(err, ...) error_returned_(error_put_context_(err, __VA_ARGS__))

/* Macros, so that a compiler that analyses one file knows what they return. */
#define error_returned_(call)       \
        __extension__({             \
                call;               \
                error_minus_one_(); \
        })
static inline int error_minus_one_(void) {
        return -1;
}
void error_fill_(Error *err, ErrorKind kind, const char *format, ...) printf_like(3, 4);
void error_fill_errno_(Error *err, int number, const char *format, ...) printf_like(3, 4);
void error_put_context_(Error *err, const char *format, ...) printf_like(2, 3);
