/* SPDX-License-Identifier: Apache-2.0 */
#include "state/migrate.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "state/engine.h"
#include "state/verify.h"

/* "pawl" in the file's header: another program's database is never taken for ours. */
#define APPLICATION_ID 0x7061776c

static int set_schema(Database *database, int64_t schema, Error *err) {
        autofree char *sql = string_format("PRAGMA user_version = %" PRId64, schema);

        return engine_execute(database, sql, err);
}

static int set_owner(Database *database, Error *err) {
        autofree char *sql = string_format("PRAGMA application_id = %d", APPLICATION_ID);

        return engine_execute(database, sql, err);
}

/* A migration that ends the transaction itself would commit half of it. */
static int execute_part(Database *database, const char *sql, Error *err) {
        if (engine_execute(database, sql, err) < 0)
                return -1;
        return engine_check(database, err);
}

static int step_up(Database *database, const Migration *migration, int64_t schema, Error *err) {
        if (execute_part(database, migration->up, err) < 0)
                return -1;
        if (database_run(database, err,
                         "INSERT INTO migration (schema, name, down, applied_at) VALUES "
                         "(?, ?, ?, ?)",
                         "issi", schema, migration->name, migration->down, clock_get_wall()) < 0)
                return -1;
        return set_schema(database, schema, err);
}

static int walk_up(Database *database, const SchemaSet *schemas, int64_t from, Error *err) {
        for (size_t i = (size_t)from; i < schemas->count; i++)
                if (step_up(database, &schemas->migrations[i], (int64_t)i + 1, err) < 0)
                        return error_prefix(err, "schema %zu (%s)", i + 1,
                                            schemas->migrations[i].name);
        return 0;
}

static int step_down(Database *database, int64_t schema, Error *err) {
        autofree char *down = NULL;

        if (database_find_text(database, &down, err, "SELECT down FROM migration WHERE schema = ?",
                               "i", schema) < 0 ||
            execute_part(database, down, err) < 0)
                return -1;
        if (database_run(database, err, "DELETE FROM migration WHERE schema = ?", "i", schema) < 0)
                return -1;
        return set_schema(database, schema - 1, err);
}

/* {table: rows}, parked rows counted as rows of the table that they came from. */
static int count_rows(Database *database, json_t **ret, Error *err) {
        autojson counts = json_object();
        autoquery tables = QUERY_INIT, parked = QUERY_INIT;
        int r;

        if (query_open(database, &tables, err,
                       "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN "
                       "('migration', 'parked') AND name NOT LIKE 'sqlite_%'",
                       "") < 0 ||
            query_open(database, &parked, err,
                       "SELECT table_name, count(*) FROM parked GROUP BY table_name", "") < 0)
                return -1;
        while ((r = query_next(&tables, err)) == 1) {
                const char *table = query_get_text(&tables, 0);
                int64_t rows;
                char *sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", table);
                int counted = engine_query_int(database, sql, &rows, err);
                sqlite3_free(sql);
                if (counted < 0)
                        return -1;
                json_put(counts, table, json_integer(rows));
        }
        if (r < 0)
                return -1;
        while ((r = query_next(&parked, err)) == 1) {
                const char *table = query_get_text(&parked, 0);
                json_put(counts, table,
                         json_integer(json_get_int(counts, table, 0) + query_get_int(&parked, 1)));
        }
        *ret = take(counts);
        return r;
}

static int compare_counts(json_t *before, json_t *after, Error *err) {
        const char *table;
        json_t *rows;

        json_object_foreach(before, table, rows) if (
                json_integer_value(rows) !=
                json_get_int(
                        after, table,
                        0)) return error_set(err, ERROR_FAILED,
                                             "table %s had %lld rows and has %lld, parked ones "
                                             "included",
                                             table, json_integer_value(rows),
                                             (long long)json_get_int(after, table, 0));
        return 0;
}

static int walk_down(Database *database, int64_t from, int64_t to, Error *err) {
        autojson before = NULL;
        autojson after = NULL;

        if (count_rows(database, &before, err) < 0)
                return -1;
        for (int64_t schema = from; schema > to; schema--)
                if (step_down(database, schema, err) < 0)
                        return error_prefix(err, "back from schema %" PRId64, schema);
        if (count_rows(database, &after, err) < 0)
                return -1;
        return compare_counts(before, after, err);
}

static int find_missing_down(Database *database, int64_t from, int64_t to, Error *err) {
        for (int64_t schema = from; schema > to; schema--) {
                autofree char *down = NULL;
                int r = database_find_text(database, &down, err,
                                           "SELECT down FROM migration WHERE schema = ?", "i",
                                           schema);
                if (r == 1 && *down)
                        continue;
                return error_set(err, ERROR_FAILED,
                                 "the state %s has schema %" PRId64 " and this pawld " PAWL_VERSION
                                 " knows %" PRId64 "; the way back from schema %" PRId64
                                 " is not stored in it; nothing was changed; start the newer pawld "
                                 "again, or restore a copy made by this version",
                                 database->directory, from, to, schema);
        }
        return 0;
}

/* A whole copy under its final name only when it is on disk. */
static int copy_before_walk(Database *database, int64_t from, int64_t to, Error *err) {
        autofree char *name = string_format("schema-%" PRId64 "-before-%" PRId64 ".db", from, to);
        autofree char *temporary = string_format("%s.new", name);
        autofree char *path = string_format("%s/%s", database->directory, temporary);

        (void)unlinkat(database->directory_fd, temporary, 0);
        autofd int fd = openat(database->directory_fd, temporary,
                               O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return error_set_errno(err, errno, "cannot copy the state");
        char *sql = sqlite3_mprintf("VACUUM INTO %Q", path);
        int r = engine_execute(database, sql, err);
        sqlite3_free(sql);
        if (r < 0 || fd_sync(fd, temporary, err) < 0) {
                (void)unlinkat(database->directory_fd, temporary, 0);
                return error_prefix(err, "cannot copy the state");
        }
        if (renameat(database->directory_fd, temporary, database->directory_fd, name) < 0)
                return error_set_errno(err, errno, "cannot copy the state");
        log_info("the state has schema %" PRId64 ", walking back to %" PRId64 "; a copy is in %s",
                 from, to, name);
        return fd_sync(database->directory_fd, database->directory, err);
}

static int migrate_in_transaction(Database *database, const SchemaSet *schemas, int64_t from,
                                  Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        int64_t to = (int64_t)schemas->count;

        if (transaction_begin(database, &transaction, err) < 0)
                return -1;
        if (from == 0 && set_owner(database, err) < 0)
                return -1;
        if ((from < to ? walk_up(database, schemas, from, err)
                       : walk_down(database, from, to, err)) < 0)
                return -1;
        if (state_verify_references(database, err) < 0)
                return -1;
        return transaction_commit(&transaction, err);
}

/* Tables are rebuilt by dropping them: with foreign keys on, that would delete what refers to them;
 * and inside a transaction the setting cannot be changed. */
static int migrate_without_keys(Database *database, const SchemaSet *schemas, int64_t from,
                                Error *err) {
        Error second;

        if (engine_execute(database, "PRAGMA foreign_keys = OFF", err) < 0)
                return -1;
        int r = migrate_in_transaction(database, schemas, from, err);
        if (engine_execute(database, "PRAGMA foreign_keys = ON", &second) < 0) {
                *err = r < 0 ? *err : second;
                return -1;
        }
        return r;
}

static int check_owner(Database *database, int64_t schema, Error *err) {
        int64_t id, objects;

        if (engine_query_int(database, "PRAGMA application_id", &id, err) < 0 ||
            engine_query_int(database, "SELECT count(*) FROM sqlite_schema", &objects, err) < 0)
                return -1;
        if (id == APPLICATION_ID && schema >= 1)
                return 0;
        if (id != 0 || schema != 0 || objects != 0)
                return error_set(err, ERROR_FAILED,
                                 "%s/" DATABASE_FILE " is not a state of pawl; nothing was changed",
                                 database->directory);
        return 0;
}

int schema_migrate(Database *database, const SchemaSet *schemas, Error *err) {
        int64_t from, to = (int64_t)schemas->count;

        if (engine_query_int(database, "PRAGMA user_version", &from, err) < 0)
                return -1;
        if (check_owner(database, from, err) < 0)
                return -1;
        if (from == to)
                return 0;
        if (from > to && (find_missing_down(database, from, to, err) < 0 ||
                          copy_before_walk(database, from, to, err) < 0))
                return -1;
        return migrate_without_keys(database, schemas, from, err) < 0 ? -1 : 1;
}
