/* SPDX-License-Identifier: Apache-2.0 */
#include "world/reconciler.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "backend/apparmor-load.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "job/job.h"
#include "state/warning.h"
#include "world/package-grants.h"
#include "world/world.h"

/* Given to one worker. */
#define ROUND_COUNT_MAX 16
/* Compiled in one turn of the loop, whatever comes of it, so that clients are heard meanwhile. */
#define TURN_COUNT_MAX 8
/* Before the next turn: others of the machine start too. */
#define TURN_PAUSE_MS 1
/* A failure is not tried again before, whoever asks; then it is, also when nobody asks. */
#define FAILURE_MS 5000
#define MARK_SIZE  192
/* What is in use, or is kept for programs that run, is looked at again. */
#define LATER_MS 15000

/*   DIRTY ── compiled ──► AT_WORK ── worker ended ──► SETTLED ── commit ──► DIRTY
 *     └─ as before ────────────────────────────────────►┘   └ or FAILED, tried again later  */
typedef enum EntryState {
        ENTRY_DIRTY,   /* what it should have may be another than what it has */
        ENTRY_AT_WORK, /* a worker is at it; a commit meanwhile makes it dirty again */
        ENTRY_SETTLED, /* it has what its `epoch` wants */
        ENTRY_FAILED,  /* tried again after FAILURE_MS: a disk that was full may have room again */
} EntryState;

typedef struct Entry {
        char *instance; /* owned */
        EntryState state;
        int64_t epoch;                       /* of what it has, or is to be given */
        char digest[DIGEST_SHA256_HEX_SIZE]; /* likewise */
        bool has_digest;                     /* what it has was seen by this daemon */
        bool has_row;
        bool is_wider; /* has what programs of other revisions need, as long as they run */
        bool is_later; /* something of it is in use, and goes when it is looked at again */
        bool in_round; /* what the worker says of it is not stored yet */
        int64_t failed_at;
        Error failure; /* the last one; none since it was right */
        struct Entry *next;
} Entry;

struct Reconciler {
        ReconcilerConfig config;
        bool has_labels;
        bool has_swept, is_sweeping;
        int64_t sweep_failed_at; /* 0: it has not */
        bool is_working;
        uv_timer_t turn; /* runs while there is more to compile than one turn of the loop may take,
                          * or something failed that is to be tried again */
        int64_t answered_at; /* by the clock on the wall: when the worker last said something */
        char *boot;          /* owned */
        Entry *entries;
};

/* ── entries ── */

static Entry *find_entry(const Reconciler *reconciler, const char *instance) {
        for (Entry *entry = reconciler->entries; entry; entry = entry->next)
                if (string_equal(entry->instance, instance))
                        return entry;
        return NULL;
}

static Entry *add_new_entry(Reconciler *reconciler, const char *instance) {
        Entry *entry = memory_new(sizeof(*entry));

        entry->instance = string_copy(instance);
        entry->next = reconciler->entries;
        reconciler->entries = entry;
        return entry;
}

static Entry *require_entry(Reconciler *reconciler, const char *instance) {
        Entry *entry = find_entry(reconciler, instance);

        return entry ? entry : add_new_entry(reconciler, instance);
}

static void unlink_entry(Reconciler *reconciler, const Entry *entry) {
        for (Entry **link = &reconciler->entries; *link; link = &(*link)->next)
                if (*link == entry) {
                        *link = entry->next;
                        break;
                }
}

/* Somebody waits for it: it is the next to be compiled. */
static void put_first(Reconciler *reconciler, Entry *entry) {
        unlink_entry(reconciler, entry);
        entry->next = reconciler->entries;
        reconciler->entries = entry;
}

static void drop_entry(Reconciler *reconciler, Entry *entry) {
        unlink_entry(reconciler, entry);
        free(entry->instance);
        free(entry);
}

static bool is_due(int64_t failed_at) {
        return clock_get_boot() - failed_at >= FAILURE_MS * INT64_C(1000000);
}

static bool is_empty(const char *digest) {
        char nothing[DIGEST_SHA256_HEX_SIZE];

        digest_sha256("", 0, nothing);
        return string_equal(digest, nothing);
}

static void fail_entry(Entry *entry, const Error *err) {
        if (!string_equal(entry->failure.message, err->message))
                log_warning("what snap \"%s\" is granted cannot be put into force: %s",
                            entry->instance, err->message);
        entry->state = ENTRY_FAILED;
        entry->failure = *err;
        entry->failed_at = clock_get_boot();
        entry->has_digest = false;
}

/* ── rows ── */

static void format_mark(const Reconciler *reconciler, int64_t epoch, char ret[MARK_SIZE]) {
        (void)snprintf(ret, MARK_SIZE, "%s %s %d %lld", reconciler->boot,
                       reconciler->config.generation, reconciler->has_labels, (long long)epoch);
}

typedef struct Row {
        bool is_there, is_stale;
        char digest[DIGEST_SHA256_HEX_SIZE];
        char mark[MARK_SIZE];
} Row;

static int load_row(const Reconciler *reconciler, const char *instance, Row *ret, Error *err) {
        autoquery query = QUERY_INIT;

        *ret = (Row){ 0 };
        if (query_open(reconciler->config.database, &query, err,
                       "SELECT is_stale, digest, coalesce(boot, '') FROM artefact WHERE kind = "
                       "'backend' AND name = ?",
                       "s", instance) < 0)
                return -1;
        int found = query_next(&query, err);
        if (found <= 0)
                return found;
        ret->is_there = true;
        ret->is_stale = query_get_int(&query, 0) != 0;
        (void)snprintf(ret->digest, sizeof(ret->digest), "%s", query_get_text(&query, 1));
        (void)snprintf(ret->mark, sizeof(ret->mark), "%s", query_get_text(&query, 2));
        return 1;
}

static int write_row(const Reconciler *reconciler, Entry *entry, bool is_stale, Error *err) {
        char mark[MARK_SIZE];

        format_mark(reconciler, entry->epoch, mark);
        entry->has_row = true;
        return database_run(reconciler->config.database, err,
                            "INSERT INTO artefact (kind, name, instance, digest, is_stale, boot) "
                            "VALUES ('backend', ?1, ?1, ?2, ?3, ?4) ON CONFLICT (kind, name) DO "
                            "UPDATE SET digest = excluded.digest, is_stale = excluded.is_stale, "
                            "boot = excluded.boot",
                            "ssis", entry->instance, entry->digest, (int64_t)is_stale, mark);
}

static int delete_row(const Reconciler *reconciler, Entry *entry, Error *err) {
        entry->has_row = false;
        return database_run(reconciler->config.database, err,
                            "DELETE FROM artefact WHERE kind = 'backend' AND name = ?", "s",
                            entry->instance);
}

/* ── what commits have touched ── */

#define SQL_TOUCH(which)                               \
        "BEGIN INSERT INTO touched_snap SELECT " which \
        ".instance WHERE NOT EXISTS (SELECT 1 FROM "   \
        "touched_snap WHERE instance = " which ".instance); END"
#define SQL_TOUCH_ALL                                                                         \
        "INSERT INTO touched_snap SELECT instance FROM snap UNION SELECT name FROM artefact " \
        "WHERE kind = 'backend'"

static const char *const TOUCHED[] = {
        "CREATE TEMP TABLE touched_snap (instance TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
        ("CREATE TEMP TRIGGER touch_changed AFTER UPDATE OF epoch, current, is_active ON main.snap " SQL_TOUCH(
                "new")),
        "CREATE TEMP TRIGGER touch_gone AFTER DELETE ON main.snap " SQL_TOUCH("old"),
        SQL_TOUCH_ALL,
};

static int watch_commits(Database *database, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (transaction_begin(database, &transaction, err) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_COUNT(TOUCHED); i++)
                if (database_run(database, err, TOUCHED[i], "") < 0)
                        return -1;
        return transaction_commit(&transaction, err);
}

static int list_touched(Reconciler *reconciler, Error *err) {
        /* At start all are new, each is there once: with many of them the search is what costs. */
        Entry *(*const require)(Reconciler *, const char *) =
                reconciler->entries ? require_entry : add_new_entry;
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(reconciler->config.database, &query, err,
                       "SELECT instance FROM touched_snap", "") < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                require(reconciler, query_get_text(&query, 0))->state = ENTRY_DIRTY;
        return more;
}

static int take_touched(Reconciler *reconciler, Error *err) {
        Database *database = reconciler->config.database;
        autotransaction transaction = TRANSACTION_INIT;
        int64_t one = 0;
        int is_touched =
                database_find_int(database, &one, err, "SELECT 1 FROM touched_snap LIMIT 1", "");

        if (is_touched <= 0)
                return is_touched;
        if (list_touched(reconciler, err) < 0 ||
            transaction_begin(database, &transaction, err) < 0 ||
            database_run(database, err, "DELETE FROM touched_snap", "") < 0)
                return -1;
        return transaction_commit(&transaction, err) < 0 ? -1 : 1;
}

/* ── a round ── */

typedef struct Round {
        WorldPackage packages[ROUND_COUNT_MAX];
        size_t count;
        bool needs_rows; /* one of them is to be noted as begun */
} Round;

static void round_done(Round *round) {
        for (size_t i = 0; i < round->count; i++)
                world_package_done(&round->packages[i]);
}

/* Nothing changed since it was right: whether it still is, the worker sees. */
static bool is_known(const Reconciler *reconciler, const Row *row, int64_t epoch) {
        char mark[MARK_SIZE];

        format_mark(reconciler, epoch, mark);
        return row->is_there && !row->is_stale && string_equal(row->mark, mark);
}

static int find_epoch(const Reconciler *reconciler, const char *instance, int64_t *ret,
                      Error *err) {
        *ret = 0;
        return database_find_int(reconciler->config.database, ret, err,
                                 "SELECT epoch FROM snap WHERE instance = ?", "s", instance);
}

/* 1 a worker has something to do for it, 0 not. */
static int compile_entry(Reconciler *reconciler, Entry *entry, Row *row, WorldPackage *package,
                         Error *err) {
        int64_t epoch = 0;

        if (find_epoch(reconciler, entry->instance, &epoch, err) < 0)
                return -1;
        if (!entry->has_digest && !entry->is_later && is_known(reconciler, row, epoch)) {
                package->is_known = true;
                memcpy(package->digest, row->digest, sizeof(row->digest));
                entry->epoch = epoch;
                memcpy(entry->digest, row->digest, sizeof(row->digest));
                return 1;
        }
        const PackageGrantsSource source = {
                .database = reconciler->config.database,
                .root = reconciler->config.root,
                .is_running = reconciler->has_labels ? reconciler->config.is_running : NULL,
        };
        if (package_grants_compile(&source, package, &epoch, err) < 0)
                return -1;
        entry->is_wider = package->is_wider;
        bool is_same = entry->has_digest && !entry->is_later &&
                       string_equal(entry->digest, package->digest);
        bool is_nothing = !row->is_there && world_package_is_empty(package);
        entry->epoch = epoch;
        memcpy(entry->digest, package->digest, sizeof(package->digest));
        package->is_begun = row->is_stale;
        return !is_same && !is_nothing;
}

static int add_entry(Reconciler *reconciler, Entry *entry, Round *round, Error *err) {
        WorldPackage *package = &round->packages[round->count];
        Row row;

        if (load_row(reconciler, entry->instance, &row, err) < 0)
                return -1;
        entry->has_row = row.is_there;
        package->instance = string_copy(entry->instance);
        int is_needed = compile_entry(reconciler, entry, &row, package, err);
        if (is_needed <= 0) {
                world_package_done(package);
                entry->state = ENTRY_SETTLED;
                entry->has_digest = true;
                return is_needed;
        }
        entry->state = ENTRY_AT_WORK;
        entry->in_round = true;
        round->count++;
        /* Before files change the state says that they may have. */
        round->needs_rows |= !package->is_known && !row.is_stale &&
                             !(row.is_there && string_equal(row.digest, package->digest));
        return 1;
}

/* What cannot be compiled (too many rules) is that package's own trouble. */
static void gather(Reconciler *reconciler, Round *round) {
        Error err = ERROR_INIT;
        int compiled = 0;

        for (Entry *entry = reconciler->entries, *next;
             entry && round->count < ROUND_COUNT_MAX && compiled < TURN_COUNT_MAX; entry = next) {
                next = entry->next;
                if (entry->state != ENTRY_DIRTY)
                        continue;
                compiled++;
                if (add_entry(reconciler, entry, round, &err) < 0)
                        fail_entry(entry, &err);
                else if (entry->state == ENTRY_SETTLED && entry->epoch == 0)
                        drop_entry(reconciler, entry);
        }
}

static int note_begun(Reconciler *reconciler, const Round *round, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (!round->needs_rows)
                return 0;
        if (transaction_begin(reconciler->config.database, &transaction, err) < 0)
                return -1;
        for (size_t i = 0; i < round->count; i++) {
                Entry *entry = find_entry(reconciler, round->packages[i].instance);
                if (!round->packages[i].is_known && write_row(reconciler, entry, true, err) < 0)
                        return -1;
        }
        return transaction_commit(&transaction, err);
}

/* Once, when all that should be there is known. */
static char *list_known(const Reconciler *reconciler) {
        autotext text = TEXT_INIT;

        if (reconciler->has_swept ||
            (reconciler->sweep_failed_at && !is_due(reconciler->sweep_failed_at)))
                return NULL;
        text_append(&text, "\n");
        for (const Entry *entry = reconciler->entries; entry; entry = entry->next) {
                if (entry->state == ENTRY_DIRTY)
                        return NULL;
                if (entry->state != ENTRY_SETTLED || !is_empty(entry->digest))
                        text_append_format(&text, "%s\n", entry->instance);
        }
        return text_take(&text);
}

static void on_worked(void *context, Text *result, const Error *err);

static int start_worker(Reconciler *reconciler, Round *round, Error *err) {
        autofree char *known = list_known(reconciler);
        World world = { .root = reconciler->config.root,
                        .packages = round->packages,
                        .count = round->count,
                        .known = known };

        reconciler->has_swept |= known != NULL;
        reconciler->is_sweeping = known && world_needs_sweep(&world);
        if (round->count == 0 && !reconciler->is_sweeping)
                return 0;
        if (job_is_left(reconciler))
                return error_set(err, ERROR_BUSY, "the worker before it does not end");
        if (note_begun(reconciler, round, err) < 0 ||
            job_start(&(JobRequest){ .loop = reconciler->config.loop,
                                     .work = world_apply,
                                     .input = &world,
                                     .done = on_worked,
                                     .context = reconciler,
                                     .limit_ms = WORLD_LIMIT_MS },
                      err) < 0)
                return -1;
        reconciler->is_working = true;
        return 0;
}

static void fail_sweep(Reconciler *reconciler) {
        reconciler->has_swept = false;
        reconciler->sweep_failed_at = clock_get_boot();
}

/* All of it, what was touched again meanwhile excepted: that is dirty.  A worker that was killed
 * may have left a temporary file: it is swept for, too. */
static void fail_round(Reconciler *reconciler, const Error *err) {
        for (Entry *entry = reconciler->entries; entry; entry = entry->next) {
                if (entry->in_round && entry->state != ENTRY_DIRTY)
                        fail_entry(entry, err);
                if (entry->in_round)
                        entry->has_digest = false;
                entry->in_round = false;
        }
        fail_sweep(reconciler);
        reconciler->is_sweeping = false;
}

static void end_round(Reconciler *reconciler) {
        for (Entry *entry = reconciler->entries; entry; entry = entry->next)
                entry->in_round = false;
        reconciler->is_sweeping = false;
}

static bool has_dirty(const Reconciler *reconciler) {
        for (const Entry *entry = reconciler->entries; entry; entry = entry->next)
                if (entry->state == ENTRY_DIRTY)
                        return true;
        return false;
}

static bool has_failed(const Reconciler *reconciler) {
        for (const Entry *entry = reconciler->entries; entry; entry = entry->next)
                if (entry->state == ENTRY_FAILED)
                        return true;
        return reconciler->sweep_failed_at != 0;
}

static bool is_to_narrow(const Entry *entry) {
        return entry->state == ENTRY_SETTLED && (entry->is_later || entry->is_wider);
}

static bool has_later(const Reconciler *reconciler) {
        for (const Entry *entry = reconciler->entries; entry; entry = entry->next)
                if (is_to_narrow(entry))
                        return true;
        return false;
}

static void begin_round(Reconciler *reconciler);

static void retry(uv_timer_t *timer) {
        reconciler_retry(timer->data);
}

static void go_on(uv_timer_t *timer) {
        Reconciler *reconciler = timer->data;

        for (Entry *entry = reconciler->entries; entry; entry = entry->next)
                if (entry->state == ENTRY_FAILED && is_due(entry->failed_at))
                        entry->state = ENTRY_DIRTY;
        begin_round(reconciler);
}

static void plan_turn(Reconciler *reconciler) {
        if (has_dirty(reconciler))
                (void)uv_timer_start(&reconciler->turn, go_on, TURN_PAUSE_MS, 0);
        else if (has_failed(reconciler) && !uv_is_active((uv_handle_t *)&reconciler->turn))
                (void)uv_timer_start(&reconciler->turn, go_on, FAILURE_MS + 1, 0);
        else if (has_later(reconciler) && !uv_is_active((uv_handle_t *)&reconciler->turn))
                (void)uv_timer_start(&reconciler->turn, retry, LATER_MS, 0);
}

/* One transaction for all that is read, which changes nothing. */
static void gather_at_once(Reconciler *reconciler, Round *round) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err = ERROR_INIT;

        if (!has_dirty(reconciler))
                return;
        if (transaction_begin(reconciler->config.database, &transaction, &err) < 0)
                log_warning("%s", err.message);
        gather(reconciler, round);
}

static void begin_round(Reconciler *reconciler) {
        __attribute__((cleanup(round_done))) Round round = { 0 };
        Error err = ERROR_INIT;

        if (reconciler->is_working)
                return;
        gather_at_once(reconciler, &round);
        if (start_worker(reconciler, &round, &err) < 0)
                fail_round(reconciler, &err);
        if (!reconciler->is_working)
                plan_turn(reconciler);
}

/* ── what the worker says ── */

static int settle_entry(Reconciler *reconciler, Entry *entry, bool is_later, Error *err) {
        bool is_gone = is_empty(entry->digest) && !is_later;

        if (entry->state == ENTRY_AT_WORK)
                entry->state = ENTRY_SETTLED;
        entry->is_later = is_later;
        entry->has_digest = true;
        entry->failure = ERROR_INIT;
        if (is_gone && !entry->has_row)
                return 0;
        return is_gone ? delete_row(reconciler, entry, err)
                       : write_row(reconciler, entry, is_later || entry->is_wider, err);
}

/* What of a package's grants is not in force is warned of until it is. */
static char *format_warning(const char *instance, const char *what) {
        return string_format("snap \"%s\" is not given all that its connections grant: %s",
                             instance, what);
}

static int warn(const Reconciler *reconciler, const char *instance, const char *what, Error *err) {
        autofree char *message = format_warning(instance, what);

        return warning_add(reconciler->config.database, message, reconciler->answered_at, err);
}

static int forget_warnings(const Reconciler *reconciler, const char *instance, Error *err) {
        autofree char *beginning = format_warning(instance, "");

        return warning_forget_others(reconciler->config.database, beginning,
                                     reconciler->answered_at, err);
}

static int take_line(Reconciler *reconciler, char *line, Error *err) {
        char *name = strchr(line, ' ');

        if (!name)
                return 0;
        *name++ = '\0';
        char *why = strchr(name, ' ');
        if (why)
                *why++ = '\0';
        Entry *entry = find_entry(reconciler, name);
        if (string_equal(line, "warning")) {
                log_warning("snap \"%s\": %s", name, why ? why : "");
                return warn(reconciler, name, why ? why : "", err);
        }
        if (!entry) {
                if (string_equal(line, "failed"))
                        fail_sweep(reconciler);
                return 0;
        }
        if (string_equal(line, "right")) {
                entry->has_digest = true;
                entry->failure = ERROR_INIT;
                if (entry->state == ENTRY_AT_WORK)
                        entry->state = ENTRY_SETTLED;
                return 0;
        }
        if (string_equal(line, "other")) {
                log_info("what others know of snap \"%s\" was not as it should be", name);
                entry->state = ENTRY_DIRTY;
                return delete_row(reconciler, entry, err);
        }
        if (string_equal(line, "failed")) {
                Error failure = ERROR_INIT;
                (void)error_set(&failure, ERROR_FAILED, "%s", why ? why : "");
                fail_entry(entry, &failure);
                return warn(reconciler, name, failure.message, err);
        }
        if (forget_warnings(reconciler, name, err) < 0)
                return -1;
        return settle_entry(reconciler, entry, string_equal(line, "later"), err);
}

/* Files and directories are durable by now: the rows may say so. */
static int take_answer(Reconciler *reconciler, char *text, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        char *rest = NULL;

        reconciler->answered_at = clock_get_wall();
        if (transaction_begin(reconciler->config.database, &transaction, err) < 0)
                return -1;
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                if (take_line(reconciler, line, err) < 0)
                        return -1;
        return transaction_commit(&transaction, err);
}

static void on_worked(void *context, Text *result, const Error *err) {
        Reconciler *reconciler = context;
        Error failure = ERROR_INIT;

        reconciler->is_working = false;
        if (reconciler->is_sweeping)
                reconciler->sweep_failed_at = 0;
        if (err)
                fail_round(reconciler, err);
        else if (take_answer(reconciler, result->bytes ? result->bytes : (char[]){ "" }, &failure) <
                 0)
                fail_round(reconciler, &failure);
        else
                end_round(reconciler);
        begin_round(reconciler);
        reconciler->config.changed(reconciler->config.context);
}

/* ── the object ── */

void reconciler_wake(Reconciler *reconciler) {
        Error err = ERROR_INIT;
        int is_touched = take_touched(reconciler, &err);

        if (is_touched < 0)
                log_warning("%s", err.message);
        if (is_touched > 0)
                begin_round(reconciler);
}

void reconciler_retry(Reconciler *reconciler) {
        bool is_any = false;

        for (Entry *entry = reconciler->entries; entry; entry = entry->next) {
                if (!is_to_narrow(entry))
                        continue;
                entry->state = ENTRY_DIRTY;
                is_any = true;
        }
        if (is_any)
                begin_round(reconciler);
}

/* Whatever there is, or was, and then what nobody knows. */
static void start_all(uv_timer_t *timer) {
        Reconciler *reconciler = timer->data;
        Error err = ERROR_INIT;

        if (take_touched(reconciler, &err) < 0)
                log_warning("%s", err.message);
        begin_round(reconciler);
}

int reconciler_new(const ReconcilerConfig *config, Reconciler **ret, Error *err) {
        if (watch_commits(config->database, err) < 0)
                return -1;
        Reconciler *reconciler = memory_new(sizeof(*reconciler));
        reconciler->config = *config;
        reconciler->has_labels = !*config->root && apparmor_is_available();
        reconciler->boot = clock_read_boot_id();
        (void)uv_timer_init(config->loop, &reconciler->turn);
        reconciler->turn.data = reconciler;
        (void)uv_timer_start(&reconciler->turn, start_all, 0, 0);
        *ret = reconciler;
        return 0;
}

bool reconciler_has_labels(const Reconciler *reconciler) {
        return reconciler->has_labels;
}

int reconciler_require(Reconciler *reconciler, const char *instance, int64_t epoch, Error *err) {
        Entry *entry = find_entry(reconciler, instance);

        if (!reconciler->has_labels ||
            (entry && entry->state == ENTRY_SETTLED && entry->epoch == epoch))
                return 1;
        if (entry && entry->state == ENTRY_FAILED) {
                if (!is_due(entry->failed_at)) {
                        *err = entry->failure;
                        return error_prefix(err, "the AppArmor profile of \"%s\" is not loaded",
                                            instance);
                }
                entry->state = ENTRY_DIRTY;
                begin_round(reconciler);
        }
        reconciler_wake(reconciler);
        entry = find_entry(reconciler, instance);
        if (entry && entry->state == ENTRY_DIRTY)
                put_first(reconciler, entry);
        return entry && entry->state == ENTRY_SETTLED && entry->epoch == epoch;
}

static void free_when_closed(uv_handle_t *handle) {
        Reconciler *reconciler = handle->data;

        while (reconciler->entries)
                drop_entry(reconciler, reconciler->entries);
        free(reconciler->boot);
        free(reconciler);
}

Reconciler *reconciler_free(Reconciler *reconciler) {
        if (reconciler)
                uv_close((uv_handle_t *)&reconciler->turn, free_when_closed);
        return NULL;
}
