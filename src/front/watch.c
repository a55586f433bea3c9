/* SPDX-License-Identifier: Apache-2.0 */
#include "front/watch.h"

#include "base/text.h"

struct Watch {
        uv_poll_t poll; /* first: libuv gives it back */
        WatchCallback on_event;
        void *context;
};

static void on_poll(uv_poll_t *poll, int status, int events) {
        Watch *watch = (Watch *)(void *)poll;

        /* An error on the descriptor is found by whoever reads it. */
        watch->on_event(watch->context, status < 0 ? UV_READABLE : events);
}

static void on_closed(uv_handle_t *poll) {
        free((void *)poll);
}

int watch_new(uv_loop_t *loop, int fd, Watch **ret, Error *err) {
        Watch *watch = memory_new(sizeof(*watch));
        int status = uv_poll_init(loop, &watch->poll, fd);

        if (status < 0) {
                free(watch);
                return error_set_errno(err, -status, "cannot watch a descriptor");
        }
        *ret = watch;
        return 0;
}

int watch_start(Watch *watch, int events, WatchCallback on_event, void *context, Error *err) {
        watch->on_event = on_event;
        watch->context = context;
        int status = uv_poll_start(&watch->poll, events, on_poll);
        return status < 0 ? error_set_errno(err, -status, "cannot watch a descriptor") : 0;
}

Watch *watch_free(Watch *watch) {
        if (watch)
                uv_close((uv_handle_t *)&watch->poll, on_closed);
        return NULL;
}
