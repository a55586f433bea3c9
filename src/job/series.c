/* SPDX-License-Identifier: Apache-2.0 */
#include "job/series.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/log.h"
#include "job/job.h"
#include "wire/frame.h"

/* In the child's hands: enough that it need not wait for us, few enough for one in haste. */
#define SENT_COUNT_MAX 8
#define TRY_COUNT_MAX  2

#define INPUT_SIZE_MAX (4 << 20)

typedef enum AnswerKind {
        ANSWER_RESULT = 'r', /* and the result */
        ANSWER_ERROR = 'e',  /* and "KIND MESSAGE" */
} AnswerKind;

typedef struct Item {
        void *item;
        unsigned death_count; /* of children over it */
        bool is_hasty;
        struct Item *next;
} Item;

/* What the loop has of it, while there are items. */
typedef struct Watch {
        uv_poll_t poll;
        uv_timer_t timer;
        int open_handles; /* freed when libuv has let go of both */
} Watch;

struct Series {
        uv_loop_t *loop;
        const SeriesKind *kind;
        void *context;
        Item *first;       /* in the order in which they are done */
        size_t sent_count; /* so many of the first are with the child */
        int socket;        /* owned; -1 while there is no child */
        pid_t pid;
        Watch *watch; /* NULL while there are no items */
};

/* --- the child --- */

static int answer(AnswerKind kind, const Text *text, Error *err) {
        autotext frame = TEXT_INIT;

        text_append_bytes(&frame, (const char[]){ (char)kind }, 1);
        text_append_bytes(&frame, text->bytes ? text->bytes : "", text->length);
        return frame_send(SERIES_SOCKET, frame.bytes, frame.length, NULL, 0, err);
}

static int answer_error(const Error *failure, Error *err) {
        autotext text = TEXT_INIT;

        text_append_format(&text, "%d %s", (int)failure->kind, failure->message);
        return answer(ANSWER_ERROR, &text, err);
}

/* In the frame itself, or in a sealed file where it is too large for one. */
static int find_input(Frame *frame, char **ret, size_t *ret_length, Error *err) {
        autofd int file = frame_take_fd(frame, 0);

        if (file >= 0)
                return memfd_read_sealed(file, INPUT_SIZE_MAX, ret, ret_length, err);
        *ret = take(frame->bytes);
        *ret_length = frame->length;
        return 0;
}

static int work_on_one(const SeriesKind *kind, Error *err) {
        autofree char *input = NULL;
        autoframe frame = FRAME_INIT;
        autotext result = TEXT_INIT;
        Error failure = ERROR_INIT;
        size_t length = 0;

        if (frame_receive(SERIES_SOCKET, &frame, err) <= 0)
                return -1;
        if (find_input(&frame, &input, &length, &failure) < 0 ||
            kind->work(input, length, &result, &failure) < 0)
                return answer_error(&failure, err);
        return answer(ANSWER_RESULT, &result, err);
}

/* An answer is always to something: it waits to be asked. */
static _Noreturn void answer_once(const Error *failure) {
        autoframe frame = FRAME_INIT;
        Error unused = ERROR_INIT;

        if (frame_receive(SERIES_SOCKET, &frame, &unused) > 0)
                (void)answer_error(failure, &unused);
        _exit(1);
}

static _Noreturn void run_child(const SeriesKind *kind, int socket) {
        Error err = ERROR_INIT;

        job_become_child(socket);
        if (socket != SERIES_SOCKET && dup3(socket, SERIES_SOCKET, O_CLOEXEC) < 0)
                _exit(1);
        if (socket != SERIES_SOCKET)
                (void)close(socket);
        if (kind->enter(&err) < 0)
                answer_once(&err);
        while (work_on_one(kind, &err) >= 0)
                ;
        _exit(0); /* the daemon has closed its end */
}

static int start_child(Series *series, Error *err) {
        int pair[2];
        pid_t pid = 0;

        if (frame_open_pair(pair, err) < 0)
                return -1;
        int is_child = job_fork(&pid, err);
        if (is_child > 0)
                run_child(series->kind, pair[1]);
        (void)close(pair[1]);
        if (is_child < 0) {
                (void)close(pair[0]);
                return -1;
        }
        (void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
        series->socket = pair[0];
        series->pid = pid;
        return 0;
}

/* --- what the loop has of it --- */

static void free_watch(uv_handle_t *handle) {
        Watch *watch = handle->data;

        if (--watch->open_handles == 0)
                free(watch);
}

static void close_watch(Series *series) {
        Watch *watch = take(series->watch);

        if (!watch)
                return;
        watch->poll.data = watch->timer.data = watch;
        (void)uv_poll_stop(&watch->poll);
        uv_close((uv_handle_t *)&watch->poll, free_watch);
        uv_close((uv_handle_t *)&watch->timer, free_watch);
}

static void on_readable(uv_poll_t *poll, int status, int events);
static void on_late(uv_timer_t *timer);

static void open_watch(Series *series) {
        Watch *watch = memory_new(sizeof(*watch));

        watch->open_handles = 2;
        (void)uv_poll_init(series->loop, &watch->poll, series->socket);
        (void)uv_timer_init(series->loop, &watch->timer);
        watch->poll.data = watch->timer.data = series;
        (void)uv_poll_start(&watch->poll, UV_READABLE, on_readable);
        (void)uv_timer_start(&watch->timer, on_late, series->kind->limit_ms,
                             series->kind->limit_ms);
        series->watch = watch;
}

/* It is locked in and sleeps in no file system: it ends at once. */
static void end_child(Series *series) {
        close_watch(series);
        series->sent_count = 0;
        if (series->socket < 0)
                return;
        (void)close(series->socket);
        (void)kill(series->pid, SIGKILL);
        while (waitpid(series->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        series->socket = -1;
}

/* --- items --- */

static int send_one(const Series *series, const Item *item, Error *err) {
        autotext input = TEXT_INIT;

        series->kind->describe(item->item, &input);
        if (input.length <= FRAME_INLINE_MAX)
                return frame_send(series->socket, input.bytes, input.length, NULL, 0, err);
        autofd int file = memfd_new_sealed("input", input.bytes, input.length, err);
        return file < 0 ? -1 : frame_send(series->socket, "m", 1, &file, 1, err);
}

/* A child that is gone is noticed where it is read from. */
static void send_more(Series *series) {
        Error unused = ERROR_INIT;
        const Item *item = series->first;

        for (size_t i = 0; item && i < series->sent_count; i++)
                item = item->next;
        for (; item && series->sent_count < SENT_COUNT_MAX; item = item->next) {
                if (send_one(series, item, &unused) != 0)
                        return;
                series->sent_count++;
        }
}

/* The first is done. */
static void finish(Series *series, const Text *result, const Error *err) {
        Item *item = series->first;
        void *subject = item->item;

        series->first = item->next;
        series->sent_count -= series->sent_count > 0;
        free(item);
        series->kind->done(series->context, subject, result, err);
}

static void finish_all(Series *series, const Error *err) {
        while (series->first)
                finish(series, NULL, err);
}

/* Child and watch are there while there are items. */
static int go_on(Series *series, Error *err) {
        if (!series->first) {
                close_watch(series);
                return 0;
        }
        if (series->socket < 0 && start_child(series, err) < 0)
                return -1;
        if (!series->watch)
                open_watch(series);
        send_more(series);
        return 0;
}

static void go_on_or_fail(Series *series) {
        Error err = ERROR_INIT;

        if (go_on(series, &err) < 0)
                finish_all(series, &err);
        series->kind->rested(series->context);
}

/* "KIND MESSAGE", of a child of this very program. */
static void read_failure(const char *text, Error *ret) {
        char *message = NULL;
        unsigned long kind = strtoul(text, &message, 10);

        (void)error_set(ret, kind < ERROR_KIND_COUNT ? (ErrorKind)kind : ERROR_FAILED, "%s",
                        *message ? message + 1 : "");
}

static void take_answer(Series *series, const Frame *frame) {
        const Text result = { .bytes = frame->bytes + 1, .length = frame->length - 1 };
        Error failure = ERROR_INIT;

        if (*frame->bytes == ANSWER_RESULT) {
                finish(series, &result, NULL);
                return;
        }
        read_failure(result.bytes, &failure);
        finish(series, NULL, &failure);
}

/* Over the first of the items, which had two tries. */
static void bury_child(Series *series) {
        Error err = ERROR_INIT;

        end_child(series);
        if (!series->first || ++series->first->death_count < TRY_COUNT_MAX)
                return;
        (void)error_set(&err, ERROR_FAILED, "a worker of the launcher died");
        finish(series, NULL, &err);
}

/* 1 an answer was taken, 0 there is none, negative: the child is gone, or says what nobody asked.
 */
static int receive_one(Series *series) {
        autoframe frame = FRAME_INIT;
        Error err = ERROR_INIT;
        int received = frame_receive(series->socket, &frame, &err);

        /* Where it left inputs unread, that is told first, and what it has answered only then. */
        if (received < 0)
                received = frame_receive(series->socket, &frame, &err);
        if (received <= 0)
                return received;
        if (series->sent_count == 0)
                return -1;
        take_answer(series, &frame);
        return 1;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
        Series *series = poll->data;
        int received;

        (void)status;
        (void)events;
        while ((received = receive_one(series)) > 0)
                ;
        if (received < 0)
                bury_child(series);
        else if (series->watch && series->first)
                (void)uv_timer_again(&series->watch->timer);
        go_on_or_fail(series);
}

static void on_late(uv_timer_t *timer) {
        Series *series = timer->data;
        Error err = ERROR_INIT;

        end_child(series);
        (void)error_set(&err, ERROR_LOST, "no answer within %d s",
                        (int)(series->kind->limit_ms / 1000));
        if (series->first)
                finish(series, NULL, &err);
        go_on_or_fail(series);
}

/* --- from outside --- */

/* Behind what the child has, and behind what is in as much haste. */
static void insert(Series *series, Item *item) {
        Item **at = &series->first;
        size_t sent = series->sent_count;

        while (*at && (sent > 0 || !item->is_hasty || (*at)->is_hasty)) {
                sent -= sent > 0;
                at = &(*at)->next;
        }
        item->next = *at;
        *at = item;
}

static Item *remove_from(Series *series, const void *subject) {
        Item **at = &series->first;

        while (*at && (*at)->item != subject)
                at = &(*at)->next;
        Item *item = *at;
        if (item)
                *at = item->next;
        return item;
}

int series_add(Series *series, void *item, bool is_hasty, Error *err) {
        Item *added = memory_new(sizeof(*added));

        *added = (Item){ .item = item, .is_hasty = is_hasty };
        insert(series, added);
        if (go_on(series, err) >= 0)
                return 0;
        free(remove_from(series, item));
        return -1;
}

void series_hasten(Series *series, const void *item) {
        const Item *sent = series->first;

        for (size_t i = 0; i < series->sent_count && sent; i++, sent = sent->next)
                if (sent->item == item)
                        return;
        Item *found = remove_from(series, item);
        if (!found)
                return;
        found->is_hasty = true;
        insert(series, found);
}

void series_rest(Series *series) {
        if (!series->first)
                end_child(series);
}

void series_stop(Series *series) {
        end_child(series);
        while (series->first)
                free(remove_from(series, series->first->item));
}

Series *series_new(uv_loop_t *loop, const SeriesKind *kind, void *context) {
        Series *series = memory_new(sizeof(*series));

        *series = (Series){ .loop = loop, .kind = kind, .context = context, .socket = -1 };
        return series;
}

Series *series_free(Series *series) {
        if (series)
                series_stop(series);
        free(series);
        return NULL;
}
