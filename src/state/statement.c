/* SPDX-License-Identifier: Apache-2.0
 *
 * Prepared statements by the address of their text, and the functions of database.h that run them.
 */
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "state/engine.h"

#define FIRST_CAPACITY 128

/* Wanted in two times in a row, a statement is kept, until it was not for two. */
#define WORTH_GAIN 2
#define WORTH_KEPT 3
#define WORTH_MAX  4

static size_t hash_address(const char *sql) {
        return (size_t)(((uintptr_t)sql >> 2) * 0x9E3779B97F4A7C15ULL >> 32);
}

static Statement **find_slot(Statement **slots, size_t capacity, const char *sql) {
        size_t at = hash_address(sql) & (capacity - 1);

        while (slots[at] && slots[at]->sql != sql)
                at = (at + 1) & (capacity - 1);
        return &slots[at];
}

static void grow(Database *database) {
        size_t capacity =
                database->statement_capacity ? database->statement_capacity * 2 : FIRST_CAPACITY;
        Statement **slots = memory_new(capacity * sizeof(Statement *));

        for (size_t i = 0; i < database->statement_capacity; i++)
                if (database->statements[i])
                        *find_slot(slots, capacity, database->statements[i]->sql) =
                                database->statements[i];
        free(database->statements);
        database->statements = slots;
        database->statement_capacity = capacity;
}

static void free_statement(Statement *statement) {
        if (statement)
                (void)sqlite3_finalize(statement->prepared);
        free(statement);
}

static int prepare(Database *database, const char *sql, sqlite3_stmt **ret, Error *err) {
        int code =
                sqlite3_prepare_v3(database->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);

        return code == SQLITE_OK ? 0 : engine_fail(database, code, sql, err);
}

static int add_statement(Database *database, const char *sql, Statement **ret, Error *err) {
        sqlite3_stmt *prepared = NULL;

        if (prepare(database, sql, &prepared, err) < 0)
                return -1;
        Statement *statement = memory_new(sizeof(*statement));
        *statement = (Statement){ .sql = sql, .prepared = prepared };
        *ret = statement;
        return 0;
}

/* The cached statement, or a second one when that is in use (a query inside the same query). */
static int acquire(Database *database, const char *sql, Statement **ret, Error *err) {
        if (engine_check(database, err) < 0)
                return -1;
        if (database->statement_count * 2 >= database->statement_capacity)
                grow(database);

        Statement **slot = find_slot(database->statements, database->statement_capacity, sql);
        /* Another text at a known address: it was no literal. */
        assert(!*slot || !(*slot)->prepared || string_equal(sqlite3_sql((*slot)->prepared), sql));
        if (*slot && !(*slot)->is_used) {
                if (!(*slot)->prepared && prepare(database, sql, &(*slot)->prepared, err) < 0)
                        return -1;
                *ret = *slot;
        } else {
                Statement *made = NULL;
                if (add_statement(database, sql, &made, err) < 0)
                        return -1;
                if (!*slot) {
                        *slot = made;
                        made->is_cached = true;
                        database->statement_count++;
                }
                *ret = made;
        }
        (*ret)->is_used = (*ret)->was_wanted = true;
        return 0;
}

static void release(Statement *statement) {
        (void)sqlite3_reset(statement->prepared);
        (void)sqlite3_clear_bindings(statement->prepared);
        statement->is_used = false;
        if (!statement->is_cached)
                free_statement(statement);
}

void statements_done(Database *database) {
        for (size_t i = 0; i < database->statement_capacity; i++) {
                assert(!database->statements[i] || !database->statements[i]->is_used);
                free_statement(database->statements[i]);
        }
        free(database->statements);
        database->statements = NULL;
        database->statement_capacity = database->statement_count = 0;
}

static void weigh(Statement *statement) {
        if (statement->was_wanted)
                statement->worth += WORTH_GAIN;
        else if (statement->worth > 0)
                statement->worth--;
        if (statement->worth > WORTH_MAX)
                statement->worth = WORTH_MAX;
        statement->was_wanted = false;
}

void statements_give_back(Database *database) {
        for (size_t i = 0; i < database->statement_capacity; i++) {
                Statement *statement = database->statements[i];

                if (!statement)
                        continue;
                weigh(statement);
                if (statement->worth >= WORTH_KEPT || statement->is_used)
                        continue;
                (void)sqlite3_finalize(statement->prepared);
                statement->prepared = NULL;
        }
}

static int bind_values(Database *database, Statement *statement, const char *types, va_list values,
                       Error *err) {
        assert((int)strlen(types) == sqlite3_bind_parameter_count(statement->prepared));
        for (int at = 1; types[at - 1]; at++) {
                int code;
                if (types[at - 1] == 's') {
                        code = sqlite3_bind_text(statement->prepared, at,
                                                 va_arg(values, const char *), -1,
                                                 SQLITE_TRANSIENT);
                } else {
                        assert(types[at - 1] == 'i');
                        code = sqlite3_bind_int64(statement->prepared, at, va_arg(values, int64_t));
                }
                if (code != SQLITE_OK)
                        return engine_fail(database, code, statement->sql, err);
        }
        return 0;
}

static int acquire_bound(Database *database, const char *sql, const char *types, va_list values,
                         Statement **ret, Error *err) {
        Statement *statement = NULL;

        if (acquire(database, sql, &statement, err) < 0)
                return -1;
        if (bind_values(database, statement, types, values, err) < 0) {
                release(statement);
                return -1;
        }
        *ret = statement;
        return 0;
}

int database_run(Database *database, Error *err, const char *sql, const char *types, ...) {
        Statement *statement = NULL;
        va_list values;

        va_start(values, types);
        int r = acquire_bound(database, sql, types, values, &statement, err);
        va_end(values);
        if (r < 0)
                return -1;
        assert(database->is_in_transaction || sqlite3_stmt_readonly(statement->prepared));

        int code = sqlite3_step(statement->prepared);
        assert(code != SQLITE_ROW);
        int changed = sqlite3_changes(database->sqlite);
        /* Before the reset, which would clear the message. */
        if (code != SQLITE_DONE)
                changed = engine_fail(database, code, "state", err);
        release(statement);
        return changed;
}

int64_t database_get_last_id(const Database *database) {
        return sqlite3_last_insert_rowid(database->sqlite);
}

static int open_query(Database *database, Query *ret, Error *err, const char *sql,
                      const char *types, va_list values) {
        Statement *statement = NULL;

        if (acquire_bound(database, sql, types, values, &statement, err) < 0)
                return -1;
        assert(sqlite3_stmt_readonly(statement->prepared));
        query_done(ret);
        *ret = (Query){ database, statement };
        return 0;
}

int query_open(Database *database, Query *ret, Error *err, const char *sql, const char *types,
               ...) {
        va_list values;

        va_start(values, types);
        int r = open_query(database, ret, err, sql, types, values);
        va_end(values);
        return r;
}

int query_next(Query *query, Error *err) {
        Statement *statement = query->statement;
        int code = sqlite3_step(statement->prepared);

        if (code == SQLITE_ROW)
                return 1;
        if (code == SQLITE_DONE)
                return 0;
        return engine_fail(query->database, code, "state", err);
}

void query_done(Query *query) {
        if (query->statement)
                release(query->statement);
        *query = QUERY_INIT;
}

static sqlite3_stmt *get_prepared(const Query *query) {
        return ((const Statement *)query->statement)->prepared;
}

const char *query_get_text(const Query *query, int column) {
        return (const char *)sqlite3_column_text(get_prepared(query), column);
}

int64_t query_get_int(const Query *query, int column) {
        return sqlite3_column_int64(get_prepared(query), column);
}

bool query_is_null(const Query *query, int column) {
        return sqlite3_column_type(get_prepared(query), column) == SQLITE_NULL;
}

/* 1 and the query stands on its first row, whose first column is not NULL. */
static int find_value(Database *database, Query *query, Error *err, const char *sql,
                      const char *types, va_list values) {
        if (open_query(database, query, err, sql, types, values) < 0)
                return -1;
        int r = query_next(query, err);
        return r == 1 && query_is_null(query, 0) ? 0 : r;
}

int database_find_int(Database *database, int64_t *ret, Error *err, const char *sql,
                      const char *types, ...) {
        autoquery query = QUERY_INIT;
        va_list values;

        va_start(values, types);
        int r = find_value(database, &query, err, sql, types, values);
        va_end(values);
        if (r == 1)
                *ret = query_get_int(&query, 0);
        return r;
}

int database_find_text(Database *database, char **ret, Error *err, const char *sql,
                       const char *types, ...) {
        autoquery query = QUERY_INIT;
        va_list values;

        va_start(values, types);
        int r = find_value(database, &query, err, sql, types, values);
        va_end(values);
        if (r == 1)
                *ret = string_copy(query_get_text(&query, 0));
        return r;
}

static void call_function(sqlite3_context *context, int count, sqlite3_value **values) {
        const char *arguments[DATABASE_FUNCTION_ARGUMENT_MAX] = { NULL };
        DatabaseFunction *const *function = sqlite3_user_data(context);

        for (int i = 0; i < count; i++)
                arguments[i] = (const char *)sqlite3_value_text(values[i]);
        char *text = (*function)(arguments);
        if (text)
                sqlite3_result_text(context, text, -1, free);
        else
                sqlite3_result_null(context);
}

int database_define(Database *database, const char *name, int argument_count,
                    DatabaseFunction *function, Error *err) {
        /* A pointer to a function is no pointer to data: handed over in a box. */
        DatabaseFunction **box = memory_new(sizeof(DatabaseFunction *));

        assert(argument_count <= DATABASE_FUNCTION_ARGUMENT_MAX);
        *box = function;
        int code = sqlite3_create_function_v2(database->sqlite, name, argument_count,
                                              SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                              box, call_function, NULL, NULL, free);
        return code == SQLITE_OK ? 0 : engine_fail(database, code, name, err);
}
