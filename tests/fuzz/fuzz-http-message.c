/* SPDX-License-Identifier: Apache-2.0
 *
 * A frame from a `pawl-http` as the daemon reads it.  The first byte says what descriptor came with
 * it: none, a sealed memory file with the rest of the frame, an unsealed one.
 */
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/text.h"
#include "front/message.h"
#include "fuzz.h"

static int open_attachment(uint8_t kind, const Frame *frame) {
        Error err = ERROR_INIT;
        const char *newline = memchr(frame->bytes, '\n', frame->length);
        const char *text = newline ? newline + 1 : frame->bytes;

        if (kind % 3 == 1)
                return memfd_new_sealed("fuzz", text, frame->length - (size_t)(text - frame->bytes),
                                        &err);
        return kind % 3 == 2 ? memfd_create("fuzz", MFD_CLOEXEC) : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autoframe frame = FRAME_INIT;
        automessage message = MESSAGE_INIT;
        Error err = ERROR_INIT;

        if (length < 2)
                return 0;
        frame.length = length - 1;
        frame.bytes = memory_new(length);
        memcpy(frame.bytes, bytes + 1, frame.length);
        frame.fds[0] = open_attachment(bytes[0], &frame);
        frame.fd_count = frame.fds[0] >= 0 ? 1 : 0;
        /* With the body in a memory file, the frame is the head alone. */
        char *newline = memchr(frame.bytes, '\n', frame.length);
        if (bytes[0] % 3 == 1 && newline) {
                frame.length = (size_t)(newline - frame.bytes);
                *newline = '\0';
        }
        if (message_parse(&frame, &message, &err) < 0 && err.message[0] == '\0')
                abort();
        return 0;
}
