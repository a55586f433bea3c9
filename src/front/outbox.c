/* SPDX-License-Identifier: Apache-2.0 */
#include "front/outbox.h"

#include "wire/frame.h"

static void remove_first(Outbox *outbox) {
        OutboxFrame *frame = &outbox->frames[outbox->first];

        free(take(frame->bytes));
        own_close_(&frame->fd);
        outbox->first = (outbox->first + 1) % OUTBOX_COUNT_MAX;
        outbox->count--;
}

void outbox_done(Outbox *outbox) {
        while (outbox->count > 0)
                remove_first(outbox);
}

int outbox_add(Outbox *outbox, char *owned_bytes, size_t length, int owned_fd, Error *err) {
        if (outbox->count == OUTBOX_COUNT_MAX) {
                free(owned_bytes);
                own_close_(&owned_fd);
                return error_set(err, ERROR_BUSY, "it does not read what it is sent");
        }
        size_t last = (outbox->first + outbox->count++) % OUTBOX_COUNT_MAX;
        outbox->frames[last] =
                (OutboxFrame){ .bytes = owned_bytes, .length = length, .fd = owned_fd };
        return 0;
}

int outbox_flush(Outbox *outbox, int socket, Error *err) {
        while (outbox->count > 0) {
                const OutboxFrame *frame = &outbox->frames[outbox->first];
                int sent = frame_send(socket, frame->bytes, frame->length, &frame->fd,
                                      frame->fd >= 0 ? 1 : 0, err);
                if (sent != 0)
                        return sent;
                remove_first(outbox);
        }
        return 0;
}
