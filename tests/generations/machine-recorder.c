/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorder: what runs inside the machine of run-machine for as long as it is up, and writes down
 * what it sees, one line with one write, in files that outlive a power cut (DIRECTORY is the
 * host's).  Words are separated by tabs; each line begins with the boot's id; times are those of
 * the boot's clock.
 *
 *     watch DIRECTORY                    turns: BOOT EARLIEST LATEST DIGEST, whenever
 *                                        /run/pawl/generation is another
 *     loop DIRECTORY KIND UID WORDS...   KIND: BOOT BEGAN ENDED STATUS LAUNCHER OUTPUT, for ever;
 *                                        the launchers of all generations in turns, with WORDS
 *     begin NAME, end DIRECTORY NAME     before and after a unit: NAME: BOOT BEGAN ENDED RESULT
 * unit OUTPUT, the last from /var/snap/gen/x1/NAME
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORD_MAX 16
#define PAUSE_US 5000
#define DATA     "/var/snap/gen/x1"
#define BEGUN    "/run/gen-begun-"
#define STOPPING "/run/gen-stopping" /* units are stopped from here on */

static const char *const LAUNCHERS[] = { "/opt/gen-A/pawl-run", "/opt/gen-B/pawl-run",
                                         "/opt/gen-C/pawl-run", "/usr/lib/pawl/pawl-run" };

static char boot[48];

static int64_t get_time(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_BOOTTIME, &now);
        return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static size_t read_text(const char *path, char *ret, size_t size) {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = file < 0 ? -1 : read(file, ret, size - 1);

        ret[length > 0 ? length : 0] = '\0';
        if (file >= 0)
                (void)close(file);
        return strlen(ret);
}

static void make_one_line(char *text) {
        size_t length = strlen(text);

        while (length > 0 && text[length - 1] == '\n')
                text[--length] = '\0';
        for (; *text; text++)
                if (*text == '\n' || *text == '\t')
                        *text = '|';
}

static void write_line(const char *directory, const char *name, const char *line) {
        char path[256];

        (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
        int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (file < 0 || write(file, line, strlen(line)) < 0)
                (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (file >= 0)
                (void)close(file);
}

/* ── who runs ── */

static _Noreturn void watch(const char *directory) {
        char last[80] = "", digest[80], line[256];
        int64_t before = 0;

        for (;;) {
                (void)read_text("/run/pawl/generation", digest, sizeof(digest));
                int64_t now = get_time();
                make_one_line(digest);
                if (*digest && strcmp(digest, last) != 0) {
                        (void)snprintf(line, sizeof(line), "%s\t%" PRId64 "\t%" PRId64 "\t%s\n",
                                       boot, before, now, digest);
                        write_line(directory, "turns", line);
                        memcpy(last, digest, sizeof(last));
                }
                before = now;
                (void)usleep(PAUSE_US);
        }
}

/* ── launches ── */

static _Noreturn void become(int output, unsigned uid, char *const words[]) {
        (void)setenv("HOME", uid ? "/home/u" : "/root", 1);
        (void)dup2(output, STDOUT_FILENO);
        (void)dup2(output, STDERR_FILENO);
        if (uid && (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0))
                _exit(126);
        (void)execv(words[0], words);
        _exit(127);
}

static int run(unsigned uid, char *const words[], char *ret, size_t size) {
        size_t length = 0;
        ssize_t count = 0;
        int ends[2], status = 0;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -1;
        pid_t pid = fork();
        if (pid == 0)
                become(ends[1], uid, words);
        (void)close(ends[1]);
        while (length < size - 1 && (count = read(ends[0], ret + length, size - 1 - length)) > 0)
                length += (size_t)count;
        ret[length] = '\0';
        (void)close(ends[0]);
        (void)waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static _Noreturn void loop(const char *directory, const char *kind, unsigned uid, char *rest[]) {
        char output[2048], line[2600];

        for (size_t turn = strlen(kind);; turn++) {
                const char *launcher = LAUNCHERS[turn % (sizeof(LAUNCHERS) / sizeof(*LAUNCHERS))];
                char *words[WORD_MAX] = { (char *)(uintptr_t)launcher };
                for (size_t i = 0; rest[i] && i + 2 < WORD_MAX; i++)
                        words[i + 1] = rest[i];
                int64_t began = get_time();
                int status = run(uid, words, output, sizeof(output));
                int64_t ended = get_time();
                make_one_line(output);
                (void)snprintf(line, sizeof(line), "%s\t%" PRId64 "\t%" PRId64 "\t%d\t%s\t%s\n",
                               boot, began, ended, status, launcher, output);
                write_line(directory, kind, line);
                (void)usleep(status == 0 ? PAUSE_US : 100 * PAUSE_US);
        }
}

/* ── units ── */

static void begin(const char *name) {
        char path[256], text[32];

        (void)snprintf(path, sizeof(path), DATA "/%s", name);
        (void)unlink(path);
        (void)snprintf(path, sizeof(path), BEGUN "%s", name);
        (void)unlink(path);
        (void)snprintf(text, sizeof(text), "%" PRId64, get_time());
        write_line("/", path + 1, text);
}

/* One that is stopped before its program was started succeeds and has said nothing. */
static const char *choose_result(const char *result, const char *status, const char *output) {
        if (strcmp(status, "TERM") == 0 || strcmp(status, "143") == 0 ||
            (!*output && access(STOPPING, F_OK) == 0))
                return "stopped";
        return strcmp(result, "success") == 0 ? "0" : result;
}

static void end(const char *directory, const char *name) {
        char path[256], began[32], output[2048], line[2600];
        const char *result = getenv("SERVICE_RESULT"), *status = getenv("EXIT_STATUS");

        (void)snprintf(path, sizeof(path), BEGUN "%s", name);
        (void)read_text(path, began, sizeof(began));
        (void)snprintf(path, sizeof(path), DATA "/%s", name);
        (void)read_text(path, output, sizeof(output));
        make_one_line(output);
        (void)snprintf(line, sizeof(line), "%s\t%s\t%" PRId64 "\t%s\tunit\t%s\n", boot,
                       *began ? began : "0", get_time(),
                       choose_result(result ? result : "?", status ? status : "", output), output);
        write_line(directory, name, line);
}

int main(int argc, char *argv[]) {
        (void)read_text("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
        make_one_line(boot);
        if (argc == 3 && strcmp(argv[1], "watch") == 0)
                watch(argv[2]);
        if (argc > 5 && strcmp(argv[1], "loop") == 0)
                loop(argv[2], argv[3], (unsigned)strtoul(argv[4], NULL, 10), argv + 5);
        if (argc == 3 && strcmp(argv[1], "begin") == 0)
                begin(argv[2]);
        else if (argc == 4 && strcmp(argv[1], "end") == 0)
                end(argv[2], argv[3]);
        else
                return 64;
        return 0;
}
