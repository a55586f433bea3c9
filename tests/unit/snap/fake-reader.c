/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of `pawl-read interfaces`: does over a file what its name says, and answers the
 * others.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/text.h"
#include "wire/frame.h"

#define REQUEST_FD 3
#define ANSWER_FD  4

static void say(const char *text) {
        Error unused = ERROR_INIT;

        if (fd_write_all(ANSWER_FD, text, strlen(text), &unused) < 0)
                _exit(1);
}

static void die(void) {
        (void)kill(getpid(), SIGKILL);
}

/* As a reader does, from where the file stands. */
static bool is_first_time(int file) {
        char seen = 0;

        if (read(file, &seen, 1) != 1)
                _exit(2);
        (void)!pwrite(file, "x", 1, 0);
        return seen != 'x';
}

/* Besides the answer, or in its place. */
static void misbehave(const char *name, size_t number, bool is_first) {
        autofree char *broken = string_format("%zu 1\n{", number);
        autofree char *other = string_format("%zu 16\n{\"name\":\"other\"}", number);
        autofree char *half = string_format("%zu 100\n{\"name\":", number);
        autofree char *much = string_format("%zu 99999999\n{}", number);
        const struct {
                const char *what, *says;
                bool dies;
        } ways[] = {
                { "die-always", "", true },
                { "die-once", "", is_first },
                { "word", "no number\n{}", false },
                { "much", much, false },
                { "endless", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", false },
                { "broken", broken, false },
                { "half", half, true },
                { "twice", other, false },
        };

        for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
                if (!string_has_prefix(name, ways[i].what))
                        continue;
                say(ways[i].says);
                if (ways[i].dies)
                        die();
        }
        if (string_has_prefix(name, "sleep"))
                (void)pause();
}

static void answer(const char *name, size_t number, int file) {
        autofree char *json =
                string_has_prefix(name, "refuse")
                        ? string_format("{\"error\":{\"kind\":\"bad-request\",\"message\":\"%s\"}}",
                                        name)
                        : string_format("{\"name\":\"%s\"}", name);
        autofree char *framed = string_format("%zu %zu\n%s", number, strlen(json), json);

        misbehave(name, number, is_first_time(file));
        say(framed);
}

int main(void) {
        Error err = ERROR_INIT;

        for (size_t number = 0;; number++) {
                autoframe request = FRAME_INIT;

                if (frame_receive(REQUEST_FD, &request, &err) <= 0)
                        return 0;
                autofd int file = frame_take_fd(&request, 0);
                answer(request.bytes, number, file);
        }
}
