/* SPDX-License-Identifier: Apache-2.0 */
#include "front/refusal.h"

#include <string.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/text.h"
#include "front/watch.h"
#include "wire/envelope.h"
#include "wire/frame.h"

struct Refusal {
        RefusalList *list;
        size_t index;
        int fd;
        Watch *watch;
};

static void end_refusal(Refusal *refusal) {
        refusal->list->refusals[refusal->index] = NULL;
        refusal->watch = watch_free(refusal->watch);
        frame_close_stranger(take_fd(refusal->fd));
        free(refusal);
}

/* Closing a socket with unread bytes is an error at the other end, which then may not look for an
 * answer: so the request is waited for and thrown away once. */
static void on_event(void *context, int events) {
        (void)events;
        end_refusal(context);
}

static void write_answer(int client, const Error *why) {
        autojson envelope = envelope_new_error_with_status(why, 503);
        autofree char *body = json_format(envelope);
        autofree char *text = string_format("HTTP/1.1 503 Service Unavailable\r\n"
                                            "Content-Type: application/json\r\n"
                                            "Content-Length: %zu\r\n"
                                            "Connection: close\r\n\r\n%s",
                                            strlen(body), body);

        /* Fits the empty buffer of a new socket. */
        (void)send(client, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)shutdown(client, SHUT_WR);
}

void refusal_send(RefusalList *list, int owned_client, const Error *why) {
        Refusal *refusal = memory_new(sizeof(*refusal));
        size_t index = list->next++ % REFUSAL_COUNT_MAX;
        Error err = ERROR_INIT;

        if (list->refusals[index])
                end_refusal(list->refusals[index]);
        *refusal = (Refusal){ .list = list, .index = index, .fd = owned_client };
        list->refusals[index] = refusal;
        write_answer(owned_client, why);
        if (watch_new(list->loop, owned_client, &refusal->watch, &err) < 0 ||
            watch_start(refusal->watch, UV_READABLE | UV_DISCONNECT, on_event, refusal, &err) < 0)
                end_refusal(refusal);
}

void refusal_list_done(RefusalList *list) {
        for (size_t i = 0; i < REFUSAL_COUNT_MAX; i++)
                if (list->refusals[i])
                        end_refusal(list->refusals[i]);
}
