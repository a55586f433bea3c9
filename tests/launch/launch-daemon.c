/* SPDX-License-Identifier: Apache-2.0
 *
 * A daemon that only launches, for the tests of launching: packages come from a file instead of
 * from installs, and lines on stdin change the state under a launch's feet.
 *
 *   launch-daemon ROOT PACKAGES [IDLE_MS]
 *
 * A line of PACKAGES: INSTANCE NAME TYPE REVISION FILE BASE CONFINEMENT MANIFEST APPS HOOKS, where
 * FILE lies in ROOT/var/lib/pawl/images, MANIFEST is a JSON file and the last two are comma lists
 * ("-" = none).  It prints "ready" when it listens.  Stdin: "pause X", "resume X", "bump X",
 * "disable X", "enable X", "lease X REVISION" (prints held or free), "mounts" (prints how many
 * images the daemon has mounted); the end of stdin ends it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "interface/repository.h"
#include "launch/launching.h"
#include "launch/lease.h"
#include "state/database.h"

#define COLUMN_COUNT 10

typedef struct Harness {
        const char *root;
        Database *database;
        Launch *launch;
        uv_loop_t loop;
        uv_poll_t input;
        char line[512];
        size_t length;
} Harness;

static _Noreturn void give_up(const Error *err) {
        log_error("%s", err->message);
        exit(1);
}

static int add_names(Database *database, char **columns, char *names, bool is_hook, Error *err) {
        char *rest = NULL;

        for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
                if (string_equal(name, "-"))
                        continue;
                int added =
                        is_hook ? database_run(database, err, "INSERT INTO hook VALUES (?, ?, ?)",
                                               "sss", columns[0], columns[3], name)
                                : database_run(database, err,
                                               "INSERT INTO app VALUES (?, ?, ?, 'x', NULL)", "sss",
                                               columns[0], columns[3], name);
                if (added < 0)
                        return -1;
        }
        return 0;
}

static int add_package(Database *database, char **columns, Error *err) {
        autofree char *manifest = NULL;
        size_t length = 0;
        autofd int file = open(columns[7], O_RDONLY | O_CLOEXEC);

        if (file < 0 || file_read_all(file, 1 << 20, &manifest, &length, err) < 0)
                return error_set_errno(err, errno, "cannot read %s", columns[7]);
        if (database_run(database, err,
                         "INSERT INTO snap (instance, name, type, current) VALUES (?, ?, ?, ?)",
                         "ssss", columns[0], columns[1], columns[2], columns[3]) < 0)
                return -1;
        if (database_run(database, err,
                         "INSERT INTO revision (instance, revision, position, file, size, "
                         "sha3_384, version, base, confinement, manifest, raw_manifest, "
                         "installed_at) VALUES (?, ?, 1, ?, 1, printf('%096d', 0), '1.0', ?, ?, ?, "
                         "'', 0)",
                         "ssssss", columns[0], columns[3], columns[4],
                         string_equal(columns[5], "-") ? "" : columns[5], columns[6], manifest) < 0)
                return -1;
        return add_names(database, columns, columns[8], false, err) < 0 ||
                               add_names(database, columns, columns[9], true, err) < 0
                       ? -1
                       : 0;
}

static int add_packages(Database *database, const char *path, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        autofree char *text = NULL;
        char *rest = NULL;
        size_t length = 0;
        autofd int file = open(path, O_RDONLY | O_CLOEXEC);

        if (file < 0 || file_read_all(file, 1 << 20, &text, &length, err) < 0)
                return error_set_errno(err, errno, "cannot read %s", path);
        if (transaction_begin(database, &transaction, err) < 0)
                return -1;
        if (database_run(
                    database, err,
                    "INSERT INTO change (id, kind, summary, spawned_at) VALUES (1, 'x', 'x', 0)",
                    "") < 0)
                return -1;
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                char *columns[COLUMN_COUNT] = { 0 };
                char *inner = NULL;

                for (size_t i = 0; i < COLUMN_COUNT; i++)
                        if (!(columns[i] = strtok_r(i == 0 ? line : NULL, " ", &inner)))
                                return error_set(err, ERROR_BAD_REQUEST, "a short line");
                if (add_package(database, columns, err) < 0)
                        return -1;
        }
        return transaction_commit(&transaction, err);
}

static const struct {
        const char *word;
        const char *sql;
} UPDATES[] = {
        { "pause", "UPDATE snap SET paused_by = 1, epoch = epoch + 1 WHERE instance = ?" },
        { "resume", "UPDATE snap SET paused_by = NULL, epoch = epoch + 1 WHERE instance = ?" },
        { "bump", "UPDATE snap SET epoch = epoch + 1 WHERE instance = ?" },
        { "disable", "UPDATE snap SET is_active = 0 WHERE instance = ?" },
        { "enable", "UPDATE snap SET is_active = 1 WHERE instance = ?" },
};

static void update(Harness *harness, const char *sql, const char *instance) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err = ERROR_INIT;

        if (transaction_begin(harness->database, &transaction, &err) < 0 ||
            database_run(harness->database, &err, sql, "s", instance) < 0 ||
            transaction_commit(&transaction, &err) < 0)
                give_up(&err);
        launch_wake(harness->launch);
        (void)printf("done\n");
}

static void print_mounts(void) {
        char line[1024];
        unsigned count = 0;
        FILE *mounts = fopen("/proc/self/mounts", "re");

        while (mounts && fgets(line, sizeof(line), mounts))
                count += strstr(line, " squashfs ") != NULL;
        if (mounts)
                (void)fclose(mounts);
        (void)printf("%u\n", count);
}

static void run_line(Harness *harness, char *line) {
        char *rest = NULL;
        const char *word = strtok_r(line, " ", &rest);
        const char *instance = strtok_r(NULL, " ", &rest);
        const char *revision = strtok_r(NULL, " ", &rest);

        for (size_t i = 0; word && instance && i < ARRAY_COUNT(UPDATES); i++)
                if (string_equal(UPDATES[i].word, word))
                        update(harness, UPDATES[i].sql, instance);
        if (word && string_equal(word, "mounts"))
                print_mounts();
        if (word && revision && string_equal(word, "lease"))
                (void)printf("%s\n",
                             lease_is_held(harness->root, instance, revision) ? "held" : "free");
        (void)fflush(stdout);
}

static void on_input(uv_poll_t *poll, int status, int events) {
        Harness *harness = poll->data;

        (void)events;
        ssize_t count = status < 0 ? 0
                                   : read(0, harness->line + harness->length,
                                          sizeof(harness->line) - 1 - harness->length);
        if (count <= 0) {
                uv_stop(&harness->loop);
                return;
        }
        harness->length += (size_t)count;
        char *newline;
        while ((newline = memchr(harness->line, '\n', harness->length))) {
                *newline = '\0';
                size_t used = (size_t)(newline + 1 - harness->line);
                run_line(harness, harness->line);
                memmove(harness->line, harness->line + used, harness->length - used);
                harness->length -= used;
        }
}

static int open_database(Harness *harness, Error *err) {
        autofree char *top = string_format("%s/", harness->root);
        autofree char *state = string_format("%s/var/lib/pawl/state", harness->root);
        autofd int root = directory_open(top, err);

        if (root < 0)
                return -1;
        autofd int made = directory_make_beneath(root, "var/lib/pawl/state", 0700, err);
        if (made < 0 || database_open(state, &harness->database, err) < 0)
                return -1;
        return repository_open(harness->database, true, err);
}

static int open_socket(const char *root, const char *name, mode_t mode, Error *err) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        autofree char *path = string_format("%s/run/pawl/%s.socket", root, name);
        autofree char *fresh = string_format("%s.new", path);
        autofd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return error_set_errno(err, errno, "cannot make a socket");
        if (strlen(fresh) >= sizeof(address.sun_path))
                return error_set(err, ERROR_BAD_REQUEST, "the path %s is too long for a socket",
                                 path);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", fresh);
        (void)unlink(fresh);
        /* The name never vanishes: a launcher that finds it waits for who answers there. */
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(fresh, mode) < 0 ||
            listen(fd, 64) < 0 || rename(fresh, path) < 0)
                return error_set_errno(err, errno, "cannot listen on %s", path);
        return take_fd(fd);
}

/* Binds and listens on R/run/pawl/{launch,service}.socket, replacing what a dead daemon left. */
static int open_sockets(const char *root, int *ret_user, int *ret_service, Error *err) {
        autofree char *top = string_format("%s/", root);
        autofd int root_directory = directory_open(top, err);

        if (root_directory < 0)
                return -1;
        autofd int made = directory_make_beneath(root_directory, "run/pawl", 0755, err);
        if (made < 0)
                return -1;
        autofd int user = open_socket(root, "launch", 0666, err);
        autofd int service = user < 0 ? -1 : open_socket(root, "service", 0600, err);
        if (user < 0 || service < 0)
                return -1;
        *ret_user = take_fd(user);
        *ret_service = take_fd(service);
        return 0;
}

int main(int argc, char **argv) {
        Harness harness = { 0 };
        Error err = ERROR_INIT;

        log_init("launch-daemon");
        if (argc < 3 || argc > 4)
                return 64;
        harness.root = argv[1];
        (void)umask(022);
        (void)signal(SIGPIPE, SIG_IGN);
        LaunchConfig config = { .loop = &harness.loop, .root = argv[1] };
        if (launch_prepare_namespace(&err) < 0 || open_database(&harness, &err) < 0)
                give_up(&err);
        if (!string_equal(argv[2], "-") && add_packages(harness.database, argv[2], &err) < 0)
                give_up(&err);
        config.database = harness.database;
        config.idle_ms = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
        (void)uv_loop_init(&harness.loop);
        if (open_sockets(argv[1], &config.user_listener, &config.service_listener, &err) < 0 ||
            launch_new(&config, &harness.launch, &err) < 0)
                give_up(&err);
        (void)uv_poll_init(&harness.loop, &harness.input, 0);
        harness.input.data = &harness;
        (void)uv_poll_start(&harness.input, UV_READABLE, on_input);
        (void)printf("ready\n");
        (void)fflush(stdout);
        (void)uv_run(&harness.loop, UV_RUN_DEFAULT);
        harness.launch = launch_free(harness.launch);
        uv_close((uv_handle_t *)&harness.input, NULL);
        (void)uv_run(&harness.loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&harness.loop);
        (void)database_close(harness.database);
        return 0;
}
