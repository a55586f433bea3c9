/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/definition-reading.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "sandbox/helper.h"
#include "snap/image.h"
#include "wire/frame.h"

/* With the reader at once, so that it need not wait for us. */
#define SENT_COUNT_MAX 8
/* The second time it has a reader of its own: what an earlier file left behind is not its fault. */
#define TRY_COUNT_MAX 2

typedef struct Reading {
        DefinitionFile **files; /* borrowed; those that can be read, in the order of asking */
        size_t count, sent_count, done_count;
        size_t first;       /* that the reader was given */
        unsigned try_count; /* of the first that is not done */
        const DefinitionLimits *limits;
        int64_t file_end_ms;
        Helper helper;
        int requests, answers; /* owned; -1 while there is no reader */
        Text text;             /* of answers that are not complete */
} Reading;

static int64_t get_ms(void) {
        return clock_get_boot() / 1000000;
}

/* ── the reader ── */

static void end_reader(Reading *reading) {
        helper_done(&reading->helper);
        own_close_(&reading->requests);
        own_close_(&reading->answers);
        reading->requests = reading->answers = -1;
        text_done(&reading->text);
        reading->text = TEXT_INIT;
}

static int start_reader(Reading *reading, Error *err) {
        static const char *const argv[] = { "pawl-read", "interfaces", NULL };
        int pair[2], ends[2];

        if (frame_open_pair(pair, err) < 0)
                return -1;
        reading->requests = pair[0];
        autofd int theirs = pair[1];
        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set_errno(err, errno, "cannot make a pipe");
        reading->answers = ends[0];
        autofd int writer = ends[1];
        if (fcntl(reading->requests, F_SETFL, O_NONBLOCK) < 0 ||
            fcntl(reading->answers, F_SETFL, O_NONBLOCK) < 0)
                return error_set_errno(err, errno, "cannot set up a pipe");
        reading->first = reading->sent_count = reading->done_count;
        reading->file_end_ms = get_ms() + reading->limits->file_ms;
        return helper_spawn(HELPER_READ, argv, (const int[]){ theirs, writer }, 2, &reading->helper,
                            err);
}

/* A reader that is gone is noticed where it is read from. */
static void send_more(Reading *reading) {
        Error unused = ERROR_INIT;

        while (reading->sent_count < reading->count &&
               reading->sent_count - reading->done_count < SENT_COUNT_MAX) {
                const DefinitionFile *file = reading->files[reading->sent_count];
                /* One that died may have read some of it. */
                (void)lseek(file->fd, 0, SEEK_SET);
                if (frame_send(reading->requests, file->name, strlen(file->name), &file->fd, 1,
                               &unused) != 0)
                        return;
                reading->sent_count++;
        }
}

/* ── answers: "NUMBER LENGTH\n", the first of a reader being 0, and so many bytes ── */

#define HEAD_SIZE_MAX 24

static void finish(Reading *reading, const Error *failure) {
        if (failure)
                reading->files[reading->done_count]->failure = *failure;
        reading->done_count++;
        reading->try_count = 0;
        reading->file_end_ms = get_ms() + reading->limits->file_ms;
}

/* 1 a whole one, with where its bytes are; 0 not yet; negative: not an answer to what was asked. */
static int find_answer(const Reading *reading, size_t *ret_head, size_t *ret_length, Error *err) {
        const Text *text = &reading->text;
        const char *end = text->length > 0 ? memchr(text->bytes, '\n', text->length) : NULL;
        autofree char *number = string_format("%zu ", reading->done_count - reading->first);
        uint64_t length = 0;

        if (!end && text->length < HEAD_SIZE_MAX)
                return 0;
        size_t head = end ? (size_t)(end + 1 - text->bytes) : HEAD_SIZE_MAX;
        autofree char *line = string_copy_length(text->bytes, head - 1);
        if (head >= HEAD_SIZE_MAX || reading->done_count == reading->sent_count ||
            !string_has_prefix(line, number) ||
            string_parse_u64(line + strlen(number), CANONICAL_JSON_SIZE_MAX, &length, err) < 0)
                return error_set(err, ERROR_CORRUPT, "pawl-read gave an answer of another shape");
        *ret_head = head;
        *ret_length = length;
        return text->length - head >= length;
}

static int take_answer(Reading *reading, Error *err) {
        Text *text = &reading->text;
        size_t head = 0, length = 0;
        Error failure = ERROR_INIT;
        int found = find_answer(reading, &head, &length, err);

        if (found <= 0)
                return found;
        int outcome = image_parse_answer(text->bytes + head, length,
                                         &reading->files[reading->done_count]->wire, &failure);
        finish(reading, outcome < 0 ? &failure : NULL);
        text->length -= head + length;
        memmove(text->bytes, text->bytes + head + length, text->length + 1);
        return 1;
}

/* What is there, as far as it is there; negative when there will be no more. */
static int read_answers(Reading *reading, Error *err) {
        char buffer[16384];
        int taken = 1;
        ssize_t count = read(reading->answers, buffer, sizeof(buffer));

        if (count < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (count <= 0)
                return error_set(err, ERROR_LOST,
                                 "pawl-read died over it; report this, with the file");
        text_append_bytes(&reading->text, buffer, (size_t)count);
        while (taken > 0)
                taken = take_answer(reading, err);
        return taken;
}

/* ── all of them ── */

static int await_answers(Reading *reading, Error *err) {
        struct pollfd wait = { .fd = reading->answers, .events = POLLIN };
        int64_t left = reading->file_end_ms - get_ms();

        if (left <= 0) {
                reading->try_count = TRY_COUNT_MAX; /* it would take as long again */
                return error_set(err, ERROR_LOST, "cannot read the file within %d s",
                                 (int)(reading->limits->file_ms / 1000));
        }
        if (poll(&wait, 1, (int)left) < 0 && errno != EINTR)
                return error_set_errno(err, errno, "cannot wait for pawl-read");
        return wait.revents ? read_answers(reading, err) : 0;
}

/* One step: some more are done, or a reader has failed. */
static void read_some(Reading *reading) {
        Error err = ERROR_INIT;
        bool is_there = reading->answers >= 0 || start_reader(reading, &err) >= 0;

        if (is_there) {
                send_more(reading);
                if (await_answers(reading, &err) >= 0)
                        return;
        }
        end_reader(reading);
        if (++reading->try_count >= TRY_COUNT_MAX)
                finish(reading, &err);
}

static void read_all(Reading *reading) {
        Error late = ERROR_INIT;

        while (reading->done_count < reading->count && get_ms() <= reading->limits->end_ms)
                read_some(reading);
        end_reader(reading);
        (void)error_set(&late, ERROR_LOST,
                        "all files together took longer than %d s; restart pawld once the machine "
                        "is quieter",
                        INTERFACE_READ_ALL_LIMIT_MS / 1000);
        while (reading->done_count < reading->count)
                finish(reading, &late);
}

void definition_files_read(DefinitionFile *files, size_t count, const DefinitionLimits *limits) {
        autofree DefinitionFile **readable = memory_new((count + 1) * sizeof(*readable));
        Reading reading = { .files = readable,
                            .limits = limits,
                            .helper = HELPER_INIT,
                            .requests = -1,
                            .answers = -1 };

        for (size_t i = 0; i < count; i++)
                if (files[i].fd >= 0)
                        readable[reading.count++] = &files[i];
        read_all(&reading);
}
