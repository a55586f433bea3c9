/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/image.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "sandbox/helper.h"
#include "snap/report-check.h"

static const char *const MODE_NAMES[] = {
        [IMAGE_MODE_MANIFEST] = "manifest",
        [IMAGE_MODE_IMAGE] = "image",
};

/* The child and the end of the pipe that its answer comes out of; also closes both. */
typedef struct Reading {
        Helper helper;
        int pipe;
        Text text;
} Reading;

static void reading_done(Reading *reading) {
        helper_done(&reading->helper);
        own_close_(&reading->pipe);
        reading->pipe = -1;
        text_done(&reading->text);
}

/* A directory that can be read, whose file system is not to be asked again here: it is read by
 * name, so no offset is shared. */
static bool is_readable_directory(int fd) {
        int flags = fcntl(fd, F_GETFL);

        return flags >= 0 && (flags & O_DIRECTORY) && !(flags & O_PATH) &&
               (flags & O_ACCMODE) == O_RDONLY;
}

/* An offset of its own: the child must not share ours, nor be able to write. */
static int reopen_read_only(int fd, Error *err) {
        if (is_readable_directory(fd)) {
                int same = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                return same >= 0 ? same : error_set_errno(err, errno, "cannot keep the directory");
        }
        autofree char *path = string_format("/proc/self/fd/%d", fd);
        int fresh = open(path, O_RDONLY | O_CLOEXEC);

        return fresh >= 0 ? fresh : error_set_errno(err, errno, "cannot open the image again");
}

static int reading_start(Reading *reading, int image, const char *const argv[], Error *err) {
        autofd int copy = reopen_read_only(image, err);
        int ends[2];

        if (copy < 0)
                return -1;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set_errno(err, errno, "cannot make a pipe");
        reading->pipe = ends[0];
        autofd int writer = ends[1];
        if (fcntl(reading->pipe, F_SETFL, O_NONBLOCK) < 0)
                return error_set_errno(err, errno, "cannot set up a pipe");
        return helper_spawn(HELPER_READ, argv, (const int[]){ copy, writer }, 2, &reading->helper,
                            err);
}

/* 1 the answer is complete, 0 more may come. */
static int reading_continue(Reading *reading, Error *err) {
        char buffer[16384];

        for (;;) {
                ssize_t count = read(reading->pipe, buffer, sizeof(buffer));
                if (count < 0 && errno == EINTR)
                        continue;
                if (count < 0 && errno == EAGAIN)
                        return 0;
                if (count < 0)
                        return error_set_errno(err, errno, "cannot read what pawl-read found");
                if (count == 0)
                        return 1;
                if (reading->text.length + (size_t)count > CANONICAL_JSON_SIZE_MAX)
                        return error_set(err, ERROR_TOO_LARGE,
                                         "pawl-read says more than %d bytes about one image",
                                         CANONICAL_JSON_SIZE_MAX);
                text_append_bytes(&reading->text, buffer, (size_t)count);
        }
}

static ErrorKind find_kind(const char *name) {
        for (int i = 0; i < ERROR_KIND_COUNT; i++)
                if (string_equal(error_kind_get_info((ErrorKind)i)->name, name))
                        return (ErrorKind)i;
        return ERROR_FAILED;
}

/* What pawl-read says is still only a claim: a shape that others rely on is checked once, here. */
static int check_report(const json_t *report, ImageMode mode, Error *err) {
        const json_t *manifest = json_object_get(report, "manifest");
        const char *digest = json_get_string(report, "sha3-384", "");

        if (json_get_int(report, "format", 0) != 1 || json_get_int(report, "size", -1) < 0 ||
            !json_is_object(manifest) || !json_get_string(report, "raw", NULL) ||
            !json_get_string(manifest, "name", NULL) || !json_get_string(manifest, "version", NULL))
                return error_set(err, ERROR_CORRUPT, "pawl-read gave an answer of another shape");
        if (mode == IMAGE_MODE_IMAGE && (strlen(digest) != DIGEST_SHA3_384_HEX_SIZE - 1 ||
                                         digest[strspn(digest, "0123456789abcdef")]))
                return error_set(err, ERROR_CORRUPT, "pawl-read gave no digest of the image");
        return report_check(report, err);
}

int image_parse_answer(const char *bytes, size_t length, json_t **ret, Error *err) {
        autojson report = NULL;

        if (length == 0)
                return error_set(err, ERROR_LOST,
                                 "cannot read the file: pawl-read ended without an answer");
        if (json_parse(bytes, length, &report, err) < 0)
                return error_prefix(err, "cannot understand pawl-read");
        const json_t *refusal = json_object_get(report, "error");
        if (refusal)
                return error_set(err, find_kind(json_get_string(refusal, "kind", "")), "%s",
                                 json_get_string(refusal, "message", "cannot read the file"));
        *ret = take(report);
        return 0;
}

static int reading_finish(const Reading *reading, ImageMode mode, json_t **ret, Error *err) {
        autojson report = NULL;

        if (image_parse_answer(reading->text.bytes, reading->text.length, &report, err) < 0 ||
            check_report(report, mode, err) < 0)
                return -1;
        *ret = take(report);
        return 0;
}

static int reading_await(Reading *reading, int64_t limit_ms, Error *err) {
        int64_t deadline = clock_get_boot() / 1000000 + limit_ms;
        int complete = 0;

        while (complete == 0) {
                struct pollfd wait = { .fd = reading->pipe, .events = POLLIN };
                int64_t left = deadline - clock_get_boot() / 1000000;
                if (left <= 0)
                        return error_set(err, ERROR_LOST, "cannot read the file within %d s",
                                         (int)(limit_ms / 1000));
                if (poll(&wait, 1, (int)left) < 0 && errno != EINTR)
                        return error_set_errno(err, errno, "cannot wait for pawl-read");
                complete = reading_continue(reading, err);
        }
        return complete < 0 ? -1 : 0;
}

int image_read(int image, ImageMode mode, json_t **ret, Error *err) {
        __attribute__((cleanup(reading_done)))
        Reading reading = { .helper = HELPER_INIT, .pipe = -1 };
        const char *const argv[] = { "pawl-read", MODE_NAMES[mode], NULL };
        int64_t limit_ms = mode == IMAGE_MODE_IMAGE ? IMAGE_WALK_LIMIT_MS : IMAGE_MANIFEST_LIMIT_MS;

        if (reading_start(&reading, image, argv, err) < 0 ||
            reading_await(&reading, limit_ms, err) < 0)
                return -1;
        return reading_finish(&reading, mode, ret, err);
}

int image_copy_file(int image, const char *path, int target, Error *err) {
        const char *const argv[] = { "pawl-read", "file", path, NULL };
        autofd int copy = reopen_read_only(image, err);
        Helper helper = HELPER_INIT;
        int status = 0;

        if (copy < 0 ||
            helper_spawn(HELPER_READ, argv, (const int[]){ copy, target }, 2, &helper, err) < 0 ||
            helper_wait(&helper, &status, err) < 0)
                return -1;
        if (status != 0)
                return error_set(err, ERROR_FAILED, "the package carries no usable %s", path);
        return 0;
}

/* --- without blocking --- */

struct ImageRead {
        Reading reading;
        uv_poll_t poll;
        uv_timer_t timer;
        int open_handles; /* freed when libuv has let go of both */
        ImageReadDone done;
        void *context;
};

static void forget_handle(uv_handle_t *handle) {
        ImageRead *read = handle->data;

        if (--read->open_handles == 0)
                free(read);
}

/* The descriptor may be closed only after uv_close took it out of the loop. */
void image_read_cancel(ImageRead *read) {
        if (!read)
                return;
        uv_close((uv_handle_t *)&read->poll, forget_handle);
        uv_close((uv_handle_t *)&read->timer, forget_handle);
        reading_done(&read->reading);
}

static void finish_read(ImageRead *read, int outcome, Error *err) {
        ImageReadDone done = read->done;
        void *context = read->context;
        autojson report = NULL;

        if (outcome >= 0)
                (void)reading_finish(&read->reading, IMAGE_MODE_MANIFEST, &report, err);
        image_read_cancel(read);
        done(context, report, err);
}

static void read_more(uv_poll_t *poll, int status, int events) {
        ImageRead *read = poll->data;
        Error err = ERROR_INIT;

        (void)events;
        int outcome = status < 0 ? error_set_errno(&err, -status, "cannot wait for pawl-read")
                                 : reading_continue(&read->reading, &err);
        if (outcome != 0)
                finish_read(read, outcome, &err);
}

static void give_up(uv_timer_t *timer) {
        Error err = ERROR_INIT;

        finish_read(timer->data,
                    error_set(&err, ERROR_LOST, "cannot read the package within %d s",
                              IMAGE_MANIFEST_LIMIT_MS / 1000),
                    &err);
}

int image_read_start(uv_loop_t *loop, int image, ImageReadDone done, void *context, ImageRead **ret,
                     Error *err) {
        const char *const argv[] = { "pawl-read", MODE_NAMES[IMAGE_MODE_MANIFEST], NULL };
        autofree ImageRead *read = memory_new(sizeof(*read));

        read->reading = (Reading){ .helper = HELPER_INIT, .pipe = -1 };
        read->done = done;
        read->context = context;
        if (reading_start(&read->reading, image, argv, err) < 0) {
                reading_done(&read->reading);
                return -1;
        }
        int failure = uv_poll_init(loop, &read->poll, read->reading.pipe);
        if (failure < 0) {
                reading_done(&read->reading);
                return error_set_errno(err, -failure, "cannot wait for pawl-read");
        }
        (void)uv_timer_init(loop, &read->timer);
        read->poll.data = read->timer.data = read;
        read->open_handles = 2;
        (void)uv_poll_start(&read->poll, UV_READABLE | UV_DISCONNECT, read_more);
        (void)uv_timer_start(&read->timer, give_up, IMAGE_MANIFEST_LIMIT_MS, 0);
        *ret = take(read);
        return 0;
}

/* --- uploads --- */

int image_new_upload(const Places *places, Error *err) {
        int fd = openat(places->incoming, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        return fd >= 0 ? fd : error_set_errno(err, errno, "cannot make a file for the upload");
}

int image_open_upload_writer(int upload, Error *err) {
        autofree char *path = string_format("/proc/self/fd/%d", upload);
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        return fd >= 0 ? fd : error_set_errno(err, errno, "cannot open the upload");
}

int image_keep_upload(const Places *places, int upload, char **ret_name, Error *err) {
        autofree char *path = string_format("/proc/self/fd/%d", upload);
        uint64_t salt = 0;

        if (fd_sync(upload, "the upload", err) < 0)
                return -1;
        if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
                return error_set_errno(err, errno, "cannot get random bytes");
        autofree char *name = string_format("upload-%016llx", (unsigned long long)salt);
        if (linkat(AT_FDCWD, path, places->incoming, name, AT_SYMLINK_FOLLOW) < 0)
                return error_set_errno(err, errno, "cannot keep the upload");
        if (fd_sync(places->incoming, "incoming", err) < 0) {
                (void)unlinkat(places->incoming, name, 0);
                return -1;
        }
        *ret_name = take(name);
        return 0;
}

void image_drop_upload(const Places *places, const char *name) {
        (void)unlinkat(places->incoming, name, 0);
}
