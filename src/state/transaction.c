/* SPDX-License-Identifier: Apache-2.0
 *
 * The transaction of database.h: one at a time, poisoned by the first error.
 */
#include <assert.h>

#include "state/engine.h"
#include "state/migrate.h"
#include "state/verify.h"

static void (*commit_probe)(bool is_after);

void database_set_commit_probe_for_test(void (*probe)(bool is_after)) {
        commit_probe = probe;
}

int transaction_begin(Database *database, Transaction *ret, Error *err) {
        assert((!database->is_in_transaction || database->are_parts_allowed) && !ret->database);
        if (engine_check(database, err) < 0)
                return -1;
        if (database->is_in_transaction) {
                *ret = (Transaction){ database, true };
                return 0;
        }
        /* IMMEDIATE: there is one writer, and it finds out now if it may not write. */
        if (engine_execute(database, "BEGIN IMMEDIATE", err) < 0)
                return -1;
        database->is_in_transaction = true;
        *ret = (Transaction){ database, false };
        return 0;
}

#ifdef PAWL_VERIFY_COMMITS
/* The walk to the schema of an older build ends in one that our invariants do not know. */
static bool has_own_schema(Database *database) {
        int64_t schema = 0;
        Error ignored;

        return engine_query_int(database, "PRAGMA user_version", &schema, &ignored) == 0 &&
               schema >= (int64_t)schema_builtin.count;
}
#endif

int transaction_commit(Transaction *transaction, Error *err) {
        Database *database = transaction->database;

        assert(database);
        if (engine_check(database, err) < 0)
                return -1;
        if (transaction->is_part) {
                transaction->database = NULL;
                return 0;
        }
#ifdef PAWL_VERIFY_COMMITS
        /* Before rather than after: what is wrong never becomes durable. */
        if (has_own_schema(database) && state_verify_cheap(database, err) < 0) {
                database->is_poisoned = true;
                database->poison = *err;
                return -1;
        }
#endif
        if (commit_probe)
                commit_probe(false);
        if (engine_execute(database, "COMMIT", err) < 0)
                return -1;
        if (commit_probe)
                commit_probe(true);
        database->is_in_transaction = false;
        transaction->database = NULL;
        return 0;
}

int transaction_try(Transaction *transaction, Error *err) {
        assert(transaction->database && !transaction->is_part);
        if (engine_check(transaction->database, err) < 0)
                return -1;
        return engine_execute(transaction->database, "SAVEPOINT attempt", err);
}

int transaction_keep(Transaction *transaction, Error *err) {
        if (engine_check(transaction->database, err) < 0)
                return -1;
        return engine_execute(transaction->database, "RELEASE attempt", err);
}

void transaction_take_back(Transaction *transaction) {
        Database *database = transaction->database;
        Error ignored;

        /* SQLite rolled back the whole, or nothing can be relied on: the poison stays. */
        if (sqlite3_get_autocommit(database->sqlite) || database->is_broken)
                return;
        database->is_poisoned = false;
        if (engine_execute(database, "ROLLBACK TO attempt", &ignored) == 0)
                (void)engine_execute(database, "RELEASE attempt", &ignored);
}

void transaction_allow_parts(Database *database, bool are_allowed) {
        database->are_parts_allowed = are_allowed;
}

void transaction_done(Transaction *transaction) {
        Database *database = transaction->database;
        Error ignored;

        if (!database || transaction->is_part)
                return;
        /* SQLite may have rolled back by itself; its complaint about that is no news. */
        if (!sqlite3_get_autocommit(database->sqlite)) {
                database->is_in_transaction = false;
                (void)engine_execute(database, "ROLLBACK", &ignored);
        }
        database->is_in_transaction = false;
        database->is_poisoned = false;
        transaction->database = NULL;
}
