/* SPDX-License-Identifier: Apache-2.0
 *
 * The first byte says how large the pieces are, the first line is the Content-Type, the rest is the
 * body.  Whatever the pieces, the outcome must be the same.
 */
#include <fcntl.h>
#include <string.h>

#include "base/json.h"
#include "fuzz.h"
#include "http/form.h"

typedef struct Outcome {
        int result;
        char *fields;
        char *files;
} Outcome;

static int feed_piece(Form *form, const char *bytes, size_t left, Error *err) {
        int outcome = FORM_WANTS_FILE;
        uint64_t upload = 0;

        while (outcome == FORM_WANTS_FILE) {
                outcome = form_feed(form, &bytes, &left, err);
                if (outcome == FORM_WANTS_FILE)
                        form_give_file(form, open("/dev/null", O_WRONLY | O_CLOEXEC), ++upload);
        }
        return outcome;
}

static Outcome read_form(const char *type, const uint8_t *body, size_t length, size_t step) {
        Outcome outcome = { 0 };
        Form form = FORM_INIT;
        Error err = ERROR_INIT;

        outcome.result = form_init(&form, type, &err);
        for (size_t at = 0; at < length && outcome.result >= 0; at += step) {
                size_t left = length - at < step ? length - at : step;
                /* Of exact size, so that a read beyond it is seen. */
                autofree char *piece = memory_new(left);
                memcpy(piece, body + at, left);
                outcome.result = feed_piece(&form, piece, left, &err);
        }
        if (outcome.result >= 0) {
                outcome.fields = json_format(form.fields);
                json_t *file;
                size_t i;
                /* Numbered per piece here: not part of the outcome. */
                json_array_foreach(form.files, i, file)(void) json_object_del(file, "upload");
                outcome.files = json_format(form.files);
        }
        form_done(&form);
        return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        const uint8_t *newline = length > 1 ? memchr(bytes + 1, '\n', length - 1) : NULL;

        if (!newline)
                return 0;
        size_t rest = length - (size_t)(newline + 1 - bytes);
        autofree char *type =
                string_copy_length((const char *)bytes + 1, (size_t)(newline - bytes) - 1);
        Outcome whole = read_form(type, newline + 1, rest, rest + 1);
        Outcome pieces = read_form(type, newline + 1, rest, (size_t)(bytes[0] % 32) + 1);
        if (whole.result != pieces.result ||
            (whole.result >= 0 && (!string_equal(whole.fields, pieces.fields) ||
                                   !string_equal(whole.files, pieces.files))))
                abort();
        free(whole.fields);
        free(whole.files);
        free(pieces.fields);
        free(pieces.files);
        return 0;
}
