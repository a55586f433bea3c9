/* SPDX-License-Identifier: Apache-2.0 */
#include "state/database.h"

#include <assert.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "state/ballast.h"
#include "state/engine.h"
#include "state/migrate.h"
#include "state/sound.h"
#include "state/verify.h"

#define LOCK_FILE    "lock"
#define LOCK_TRY_NS  20000000L
#define LOCK_LIVE_NS 100000000L  /* how long a holder that lives may take to go */
#define LOCK_DEAD_NS 5000000000L /* and what a dead one had just forked */

/* Order matters: an exclusive lock that is set before WAL needs no shared-memory file.  The cache
 * holds what changes touch again and again; what is read once in a while the kernel has. */
static const char *const PRAGMAS = "PRAGMA locking_mode = EXCLUSIVE;"
                                   "PRAGMA journal_mode = WAL;"
                                   "PRAGMA synchronous = FULL;"
                                   "PRAGMA foreign_keys = ON;"
                                   "PRAGMA wal_autocheckpoint = 1000;"
                                   "PRAGMA journal_size_limit = 4194304;"
                                   "PRAGMA temp_store = MEMORY;"
                                   "PRAGMA cache_size = -512;"
                                   "PRAGMA cell_size_check = ON;";

static int sync_parent(const char *directory, Error *err) {
        autofree char *copy = string_copy(directory);
        autofd int fd = directory_open(dirname(copy), err);

        return fd < 0 ? -1 : fd_sync(fd, "the parent of the state directory", err);
}

static int open_directory(const char *directory, Error *err) {
        if (mkdir(directory, 0700) == 0) {
                if (sync_parent(directory, err) < 0)
                        return -1;
        } else if (errno != EEXIST) {
                return error_set_errno(err, errno, "cannot make directory %s", directory);
        }
        return directory_open(directory, err);
}

/* What the holder wrote when it took the lock: its process number, or "". */
static void read_holder(int lock, char holder[static 24]) {
        ssize_t length = pread(lock, holder, 23, 0);

        holder[length > 0 ? length : 0] = '\0';
        holder[strcspn(holder, "\n")] = '\0';
}

static int explain_holder(int lock, const char *directory, Error *err) {
        char holder[24];

        read_holder(lock, holder);
        return error_set(err, ERROR_BUSY, "another pawld (pid %s) holds %s",
                         *holder ? holder : "unknown", directory);
}

static bool holder_lives(int lock) {
        char holder[24];

        read_holder(lock, holder);
        long pid = strtol(holder, NULL, 10);
        return pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

/* A worker that a killed daemon had just forked holds the lock until it has closed its copies: on a
 * busy machine that takes its time, and ends by itself, as the one who could go on is dead. */
static int try_lock(int fd) {
        const struct timespec pause = { .tv_nsec = LOCK_TRY_NS };
        int64_t begun = clock_get_boot();

        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return -1;
                int64_t limit = holder_lives(fd) ? LOCK_LIVE_NS : LOCK_DEAD_NS;
                if (clock_get_boot() - begun > limit) {
                        errno = EWOULDBLOCK;
                        return -1;
                }
                (void)nanosleep(&pause, NULL);
        }
        return 0;
}

static int take_lock(Database *database, Error *err) {
        autofd int fd = openat(database->directory_fd, LOCK_FILE,
                               O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return error_set_errno(err, errno, "cannot open %s/%s", database->directory,
                                       LOCK_FILE);
        if (try_lock(fd) < 0)
                return errno == EWOULDBLOCK
                               ? explain_holder(fd, database->directory, err)
                               : error_set_errno(err, errno, "cannot lock %s", database->directory);
        autofree char *holder = string_format("%d\n", (int)getpid());
        /* Only for the message above; on a full disk it is better to start without it. */
        if (ftruncate(fd, 0) == 0)
                (void)!pwrite(fd, holder, strlen(holder), 0);
        database->lock_fd = take_fd(fd);
        return 0;
}

/* Made by us so that its mode is right from the first moment; the -wal takes over that mode.  Only
 * before SQLite opens it: closing a descriptor of ours later would drop SQLite's lock. */
static int make_file(Database *database, Error *err) {
        autofd int fd = openat(database->directory_fd, DATABASE_FILE,
                               O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0)
                return errno == EEXIST ? 0
                                       : error_set_errno(err, errno, "cannot make %s/%s",
                                                         database->directory, DATABASE_FILE);
        if (fd_sync(fd, DATABASE_FILE, err) < 0)
                return -1;
        return fd_sync(database->directory_fd, database->directory, err);
}

static int connect_sqlite(Database *database, Error *err) {
        autofree char *path = string_format("%s/%s", database->directory, DATABASE_FILE);
        int code = sqlite3_open_v2(path, &database->sqlite,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                           SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW,
                                   NULL);

        if (code != SQLITE_OK)
                return engine_fail(database, code, path, err);
        /* Until it is known that this file is ours to use, closing it changes nothing. */
        (void)sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        return engine_execute(database, PRAGMAS, err);
}

static void close_sqlite(Database *database) {
        statements_done(database);
        int code = sqlite3_close(database->sqlite);
        assert(code == SQLITE_OK);
        database->sqlite = NULL;
}

static int copy_file(int directory, const char *from, const char *to, Error *err) {
        autofd int source = openat(directory, from, O_RDONLY | O_CLOEXEC);
        autofd int target =
                openat(directory, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        ssize_t copied;

        if (source < 0 || target < 0)
                return error_set_errno(err, errno, "cannot copy %s", from);
        do
                copied = copy_file_range(source, NULL, target, NULL, 1 << 30, 0);
        while (copied > 0);
        if (copied < 0)
                return error_set_errno(err, errno, "cannot copy %s", from);
        return fd_sync(target, to, err);
}

/* Keeps what a damaged state looked like when it was found: the first time only, or a restart loop
 * would fill the disk. */
static int set_aside(Database *database, Error *err) {
        static const char *const COPIES[][2] = {
                { DATABASE_FILE "-wal", "damaged-" DATABASE_FILE "-wal" },
                { DATABASE_FILE, "damaged-" DATABASE_FILE },
        };
        Error reason = *err, ignored;

        close_sqlite(database);
        if (faccessat(database->directory_fd, COPIES[1][1], F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                for (size_t i = 0; i < ARRAY_COUNT(COPIES); i++)
                        (void)copy_file(database->directory_fd, COPIES[i][0], COPIES[i][1],
                                        &ignored);
        return error_set(err, ERROR_CORRUPT,
                         "the state %s/" DATABASE_FILE " is damaged (%.200s); nothing was changed, "
                         "a copy is in %s; restore a backup in its place",
                         database->directory, reason.message, COPIES[1][1]);
}

static int open_file(Database *database, Error *err) {
        if (connect_sqlite(database, err) < 0)
                return -1;
        return database->is_believed ? 0 : state_verify_file(database, err);
}

/* Said, not refused: a device must not stay off because of one odd row. */
static void check_rows(Database *database, bool is_migrated) {
        Error *complaint = &database->contradiction;

        database->is_contrary = (database->is_believed && !is_migrated
                                         ? state_verify_cheap(database, complaint)
                                         : state_verify_rows(database, complaint)) < 0;
        if (database->is_contrary)
                log_error("%s: %s", database->directory, complaint->message);
        if (!database->is_believed)
                database->checked_at = clock_get_wall();
}

static int open_parts(Database *database, const SchemaSet *schemas, Error *err) {
        Error complaint;

        if (take_lock(database, err) < 0 || make_file(database, err) < 0)
                return -1;
        database->checked_at = sound_take(database->directory_fd);
        database->is_believed = database->checked_at > 0;
        if (open_file(database, err) < 0)
                return err->kind == ERROR_CORRUPT ? set_aside(database, err) : -1;
        int is_migrated = schema_migrate(database, schemas, err);
        if (is_migrated < 0)
                return err->kind == ERROR_CORRUPT ? set_aside(database, err) : -1;
        check_rows(database, is_migrated > 0);
        if (ballast_make(database->directory_fd, &complaint) < 0) {
                database->is_full = true;
                log_error("%s: %s", database->directory, complaint.message);
        }
        (void)sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
        database->is_opened = true;
        return 0;
}

/* One thread uses SQLite, and nobody asks what its memory comes to: neither locks nor sums. */
static void configure_sqlite(void) {
        static bool is_configured;

        if (!is_configured) {
                (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
                (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        }
        is_configured = true;
}

int database_open_with(const char *directory, const SchemaSet *schemas, Database **ret,
                       Error *err) {
        int directory_fd = open_directory(directory, err);

        if (directory_fd < 0)
                return -1;
        autoptr(Database) database = memory_new(sizeof(*database));
        *database = (Database){
                .directory = string_copy(directory),
                .directory_fd = directory_fd,
                .lock_fd = -1,
        };
        configure_sqlite();
        if (open_parts(database, schemas, err) < 0)
                return -1;
        *ret = take(database);
        return 0;
}

int database_open(const char *directory, Database **ret, Error *err) {
        return database_open_with(directory, &schema_builtin, ret, err);
}

Database *database_close(Database *database) {
        if (!database)
                return NULL;
        assert(!database->is_in_transaction);
        bool is_sound = database->is_opened && !database->is_broken && !database->is_contrary;
        close_sqlite(database);
        if (is_sound)
                sound_leave(database->directory_fd, database->checked_at);
        own_close_(&database->directory_fd);
        own_close_(&database->lock_fd);
        free(database->directory);
        free(database);
        return NULL;
}

int database_require_sound(const Database *database, Error *err) {
        if (!database->is_contrary)
                return 0;
        *err = database->contradiction;
        return -1;
}

bool database_ended_in_order(const Database *database) {
        return database->is_believed;
}

int database_check(Database *database, Error *err) {
        if (!database->is_believed || database->is_broken)
                return 0;
        database->is_believed = false;
        if (state_verify(database, err) < 0) {
                /* The next process reads everything before it says a word. */
                database->is_broken = true;
                return -1;
        }
        database->checked_at = clock_get_wall();
        return 0;
}

bool database_is_full(Database *database) {
        Error ignored;

        if (database->is_full && ballast_make(database->directory_fd, &ignored) == 0)
                database->is_full = false;
        return database->is_full;
}

void database_make_room_for_removal(Database *database) {
        if (database->is_full)
                ballast_release_for_removal(database->directory_fd);
}

bool database_is_broken(const Database *database) {
        return database->is_broken;
}

int database_checkpoint(Database *database, Error *err) {
        assert(!database->is_in_transaction);
        if (engine_check(database, err) < 0)
                return -1;
        /* PASSIVE is enough: nobody else reads, so all of it is written back and the next commit
         * starts the log again. */
        int code = sqlite3_wal_checkpoint_v2(database->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                             NULL, NULL);
        return code == SQLITE_OK ? 0 : engine_fail(database, code, "checkpoint", err);
}

void database_give_back(Database *database) {
        statements_give_back(database);
        (void)sqlite3_db_release_memory(database->sqlite);
}
