/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/running-end.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "snap/running.h"

#define GRACE_NS          5000000000LL
#define KILL_NS           5000000000LL
#define PAUSE_NS          50000000L
#define LOOK_NS           500000000LL
#define PROCESS_COUNT_MAX 65536
#define SHOWN_BYTES_MAX   300

typedef struct Process {
        pid_t pid, parent;
        uint64_t started;
        bool is_launcher; /* holds the package's lease */
        bool is_of_it;    /* that, or descends from one */
} Process;

typedef struct Table {
        Process *rows; /* by pid, as /proc lists them */
        size_t count;
} Table;

/* --- what /proc says --- */

static int read_file(pid_t pid, const char *name, char **ret) {
        autofree char *path = string_format("/proc/%d/%s", (int)pid, name);
        autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
        Error ignored = ERROR_INIT;

        return fd < 0 ? -1 : file_read_all(fd, 16384, ret, NULL, &ignored);
}

static bool read_process(pid_t pid, Process *ret) {
        autofree char *text = NULL;
        unsigned long long started = 0;
        int parent = 0;

        if (read_file(pid, "stat", &text) < 0)
                return false;
        /* The name may hold anything: what comes after the last bracket is numbers. */
        const char *rest = strrchr(text, ')');
        /* NOLINTNEXTLINE(cert-err34-c): what the kernel printed */
        if (!rest || sscanf(rest,
                            ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
                            "%*d %*d %llu",
                            &parent, &started) != 2)
                return false;
        *ret = (Process){ .pid = pid, .parent = parent, .started = started };
        return true;
}

static bool has_uid(pid_t pid, unsigned long uid) {
        autofree char *text = NULL;

        if (read_file(pid, "status", &text) < 0)
                return false;
        const char *line = strstr(text, "\nUid:\t");
        return line && strtoul(line + 6, NULL, 10) == uid;
}

/* Root's descriptors can have been passed to anybody's daemon that runs as root too. */
static bool is_our_program(pid_t pid) {
        autofree char *link = string_format("/proc/%d/exe", (int)pid);
        char target[512];
        ssize_t length = readlink(link, target, sizeof(target) - 1);

        if (length < 0)
                return false;
        target[length] = '\0';
        const char *name = strrchr(target, '/');
        return name &&
               (string_equal(name, "/pawl-run") || string_equal(name, "/pawl-run (deleted)"));
}

/* The lease that came first: a plan names that of the program's package first. */
static bool find_first_lease(const Places *places, pid_t pid, char *ret, size_t size) {
        autofree char *path = string_format("/proc/%d/fd", (int)pid);
        DIR *entries = opendir(path);
        unsigned long first = ~0UL;

        for (struct dirent *entry; entries && (entry = readdir(entries));) {
                char lease[512];
                unsigned long number = strtoul(entry->d_name, NULL, 10);

                if (number >= first || !running_find_lease(places, dirfd(entries), entry->d_name,
                                                           lease, sizeof(lease)))
                        continue;
                first = number;
                (void)snprintf(ret, size, "%s", lease);
        }
        if (entries)
                (void)closedir(entries);
        return first != ~0UL;
}

/* `own` ends in "/": "hello/". */
static bool is_launcher(const Places *places, pid_t pid, const char *own) {
        char lease[512];

        if (pid == getpid() || !find_first_lease(places, pid, lease, sizeof(lease)) ||
            !string_has_prefix(lease, own))
                return false;
        const char *name = strrchr(lease, '/');
        unsigned long uid = strtoul(name + 1, NULL, 10);
        return has_uid(pid, uid) && (uid != 0 || is_our_program(pid));
}

/* --- who is of the package --- */

static void table_done(Table *table) {
        free(table->rows);
}

static void table_grow(Table *table) {
        if (table->count & (table->count - 1))
                return;
        table->rows = realloc(table->rows, (table->count ? table->count * 2 : 1) * sizeof(Process));
        if (!table->rows)
                abort();
}

static bool is_child(const Table *table, const Process *process) {
        for (size_t i = 0; i < table->count; i++)
                if (table->rows[i].is_of_it && table->rows[i].pid == process->parent)
                        return true;
        return false;
}

/* A launcher reaps what loses its parent, so that nothing gets out of its tree. */
static void mark_descendants(Table *table) {
        for (bool has_more = true; has_more;) {
                has_more = false;
                for (size_t i = 0; i < table->count; i++) {
                        Process *process = &table->rows[i];
                        if (process->is_of_it || !is_child(table, process))
                                continue;
                        process->is_of_it = true;
                        has_more = true;
                }
        }
}

/* Whether there is anybody. */
static bool table_fill(Table *table, const Places *places, const char *own) {
        DIR *all = opendir("/proc");
        bool is_any = false;

        for (struct dirent *entry; all && (entry = readdir(all));) {
                Process process;
                pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

                if (pid <= 0 || table->count == PROCESS_COUNT_MAX || !read_process(pid, &process))
                        continue;
                process.is_launcher = is_launcher(places, pid, own);
                process.is_of_it = process.is_launcher;
                is_any |= process.is_launcher;
                table_grow(table);
                table->rows[table->count++] = process;
        }
        if (all)
                (void)closedir(all);
        if (is_any)
                mark_descendants(table);
        return is_any;
}

/* --- the end --- */

/* The number may be another's by now: the descriptor is not, once the process is the same. */
static bool send_signal(const Process *process, int number) {
        autofd int pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
        Process now;

        return pidfd >= 0 && read_process(process->pid, &now) && now.started == process->started &&
               syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) == 0;
}

static void note(Text *list, pid_t pid) {
        autofree char *name = NULL, *status = NULL;

        if (list->length > SHOWN_BYTES_MAX) {
                if (!string_has_suffix(list->bytes, "…"))
                        text_append_format(list, ", …");
                return;
        }
        const char *uid = read_file(pid, "status", &status) < 0 ? NULL : strstr(status, "\nUid:\t");
        if (read_file(pid, "comm", &name) < 0 || !uid)
                return;
        name[strcspn(name, "\n")] = '\0';
        bool is_plain = string_is_clean_utf8(name, strlen(name));
        text_append_format(list, "%s%d (uid %lu, %s)", list->length ? ", " : "", (int)pid,
                           strtoul(uid + 6, NULL, 10), is_plain ? name : "?");
}

/* A launcher goes by itself after its last program, and tells the shell; where it has none, or is
 * killed, what is in its namespace goes with it. */
static void signal_all(const Table *table, int number, Text *list) {
        bool is_any = false;

        for (size_t i = 0; i < table->count; i++) {
                const Process *process = &table->rows[i];
                if (!process->is_of_it || process->is_launcher)
                        continue;
                is_any = true;
                if (list)
                        note(list, process->pid);
                (void)send_signal(process, number);
        }
        for (size_t i = 0; !is_any && number == SIGKILL && i < table->count; i++)
                if (table->rows[i].is_launcher)
                        (void)send_signal(&table->rows[i], number);
}

/* True when nobody is left. */
static bool signal_once(const Places *places, const char *own, int number, Text *list) {
        __attribute__((cleanup(table_done))) Table table = { 0 };

        if (!table_fill(&table, places, own))
                return true;
        signal_all(&table, number, list);
        return false;
}

static bool is_over(const Places *places, const char *own) {
        __attribute__((cleanup(table_done))) Table table = { 0 };

        return !table_fill(&table, places, own);
}

static void rest(void) {
        (void)nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
}

/* A look at everybody's descriptors is long where many run, a look at the locks is not: that one
 * says when the other is worth it, and the other who is left.  Now and then it is due also while a
 * lock is held, as those that hold it may not be the package's own. */
static bool await_end(const Places *places, const char *own) {
        autofree char *instance = string_copy_length(own, strlen(own) - 1);
        int64_t limit = clock_get_boot() + GRACE_NS, due = clock_get_boot() + LOOK_NS;

        for (int64_t now = clock_get_boot(); now < limit; now = clock_get_boot()) {
                if (now >= due || !places_has_lease(places, instance, NULL)) {
                        if (is_over(places, own))
                                return true;
                        due = clock_get_boot() + LOOK_NS;
                }
                rest();
        }
        return false;
}

static void end_all(const Places *places, const char *own, EndReport *report) {
        if (signal_once(places, own, SIGTERM, &report->asked))
                return;
        if (await_end(places, own))
                return;
        if (signal_once(places, own, SIGKILL, &report->killed))
                return;
        /* Again and again: one that forks on and on is not there when it is looked for. */
        for (int64_t limit = clock_get_boot() + KILL_NS; clock_get_boot() < limit; rest())
                if (signal_once(places, own, SIGKILL, NULL))
                        return;
}

void running_end(const Places *places, const char *instance, EndReport *ret) {
        autofree char *own = string_format("%s/", instance);

        *ret = (EndReport){ .asked = TEXT_INIT, .killed = TEXT_INIT };
        end_all(places, own, ret);
}

void end_report_done(EndReport *report) {
        text_done(&report->asked);
        text_done(&report->killed);
}
