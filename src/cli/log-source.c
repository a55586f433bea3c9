/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log-source.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "denial/denial.h"

#define AUDIT_FILE     "/var/log/audit/audit.log"
#define LINE_COUNT_MAX 2000000 /* of one source */
#define KMSG_SIZE      8192    /* a record is never longer */

/* Longer lines than a denial can be are passed over piece by piece. */
static int read_stream(const LogSource *source, FILE *stream) {
        char line[DENIAL_LINE_MAX + 2];
        bool is_rest = false;

        for (size_t count = 0; count < LINE_COUNT_MAX && fgets(line, sizeof(line), stream);
             count++) {
                char *end = strchr(line, '\n');
                if (end && !is_rest) {
                        *end = '\0';
                        source->line(source->context, line);
                }
                is_rest = !end;
        }
        return 1;
}

static int read_file(const LogSource *source, const char *path, bool must_be, Error *err) {
        FILE *stream = fopen(path, "re");

        if (!stream && must_be)
                return error_set_errno(err, errno, "cannot read %s", path);
        if (!stream)
                return 0;
        int read = read_stream(source, stream);
        (void)fclose(stream);
        return read;
}

static int read_audit_file(const LogSource *source, Error *err) {
        return read_file(source, AUDIT_FILE, false, err);
}

/* ── the journal ── */

/* What the program prints; NULL where it cannot be started. */
static FILE *start(const char *const words[], pid_t *ret_child) {
        posix_spawn_file_actions_t actions;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return NULL;
        (void)posix_spawn_file_actions_init(&actions);
        (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        int number = posix_spawnp(ret_child, words[0], &actions, NULL,
                                  (char *const *)(uintptr_t)words, environ);
        (void)posix_spawn_file_actions_destroy(&actions);
        (void)close(ends[1]);
        FILE *stream = number == 0 ? fdopen(ends[0], "r") : NULL;
        if (!stream)
                (void)close(ends[0]);
        return stream;
}

static int read_journal(const LogSource *source, Error *err) {
        autofree char *since = string_format("--since=@%lld", (long long)source->since);
        const char *const words[] = {
                "journalctl",        "--quiet", "--output=cat",     "--no-pager", since,
                "_TRANSPORT=kernel", "+",       "_TRANSPORT=audit", NULL
        };
        pid_t child = 0;
        int status = 0;

        (void)err;
        FILE *stream = start(words, &child);
        if (!stream)
                return 0;
        int found = read_stream(source, stream);
        (void)fclose(stream);
        (void)waitpid(child, &status, 0);
        return found && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ── the ring ── */

/* "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT": facility 0 is the kernel, anybody's own messages have
 * another. */
static void take_record(const LogSource *source, char *record) {
        char *text = strchr(record, ';');

        if (!text || strtoul(record, NULL, 10) >> 3 != 0)
                return;
        text++;
        text[strcspn(text, "\n")] = '\0';
        source->line(source->context, text);
}

static int read_ring(const LogSource *source, Error *err) {
        autofd int ring = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        char record[KMSG_SIZE + 1];

        (void)err;
        if (ring < 0)
                return 0;
        for (size_t count = 0; count < LINE_COUNT_MAX; count++) {
                ssize_t length = read(ring, record, KMSG_SIZE);
                if (length < 0 && errno == EPIPE) /* what came next was overwritten */
                        continue;
                if (length <= 0)
                        break;
                record[length] = '\0';
                take_record(source, record);
        }
        return 1;
}

static const struct {
        const char *name;
        int (*read)(const LogSource *source, Error *err);
} PLACES[] = {
        { AUDIT_FILE, read_audit_file },
        { "the journal", read_journal },
        { "the kernel's log", read_ring },
};

/* A journal that exists and has no message of the kernel (no daemon feeds it) is no reason not to
 * look further; what is in both is the same event and counted once. */
int log_source_read(const LogSource *source, const char **ret_name, Error *err) {
        int found = 0;

        *ret_name = source->file;
        if (source->file)
                return read_file(source, source->file, true, err);
        for (size_t i = 0; i < ARRAY_COUNT(PLACES); i++)
                if (PLACES[i].read(source, err) > 0) {
                        *ret_name = found ? "the machine's logs" : PLACES[i].name;
                        found = 1;
                }
        return found;
}
