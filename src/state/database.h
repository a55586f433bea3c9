/* SPDX-License-Identifier: Apache-2.0
 *
 * Database: the one truth, an SQLite file that one daemon at a time may hold.  The schema, its
 * migrations and the invariants are in schema/ and verify.h.  Not thread-safe, never used by a
 * forked child.
 *
 * Values are bound by a string of types, one letter each: 's' const char * (NULL = SQL NULL), 'i'
 * int64_t. SQL texts are literals: prepared statements are cached by the address of the text.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct Database Database;

/* Opens (or creates, durably) `directory`/pawl.db; takes `directory`/lock first: ERROR_BUSY names
 * the other daemon.  A schema newer than ours is walked back by the down-migrations stored in it,
 * after a copy was made and synced; one that stores none is refused and left untouched. */
int database_open(const char *directory, Database **ret, Error *err);
Database *database_close(Database *database);
DEFINE_AUTOPTR(Database, database_close);

/* What opening found out about the rows: -1 explains which contradict each other. */
int database_require_sound(const Database *database, Error *err);
/* The process before said that it ended so, and the file is as it left it; for the time of a start.
 */
bool database_ended_in_order(const Database *database);
/* When the process before ended in order, opening does not read the whole file (state/sound.h);
 * this does, once, when there is time.  -1: damaged, and database_is_broken from here on, so that
 * the next process finds it before it does anything. */
int database_check(Database *database, Error *err);

/* A transaction is a scope: what was not committed is rolled back when it ends.  After any error in
 * it every further statement and the commit fail.  They do not nest. */
typedef struct Transaction {
        Database *database; /* NULL when none is open */
        bool is_part;
} Transaction;

#define TRANSACTION_INIT ((Transaction){ 0 })
#define autotransaction  __attribute__((cleanup(transaction_done))) Transaction

int transaction_begin(Database *database, Transaction *ret, Error *err);
/* Durable when it returns 0. */
int transaction_commit(Transaction *transaction, Error *err);
void transaction_done(Transaction *transaction);
/* From here on it may fail without harm to what was written before: transaction_keep makes it a
 * part of the transaction, transaction_take_back takes it back, the error included. */
int transaction_try(Transaction *transaction, Error *err);
int transaction_keep(Transaction *transaction, Error *err);
void transaction_take_back(Transaction *transaction);
/* While allowed, and only then, a scope may be opened inside another: it is a part of that one,
 * which alone commits; a part that was not committed leaves what it wrote to the rollback that must
 * follow. */
void transaction_allow_parts(Database *database, bool are_allowed);

/* Runs a statement that returns no rows; a write outside a transaction is refused (assert). Returns
 * the number of rows changed. */
int database_run(Database *database, Error *err, const char *sql, const char *types, ...);
int64_t database_get_last_id(const Database *database);

/* A query in progress; `query_done` (or the end of the scope) resets it. */
typedef struct Query {
        Database *database;
        void *statement;
} Query;

#define QUERY_INIT ((Query){ 0 })
#define autoquery  __attribute__((cleanup(query_done))) Query

int query_open(Database *database, Query *ret, Error *err, const char *sql, const char *types, ...);
/* 1 a row is there, 0 the end. */
int query_next(Query *query, Error *err);
void query_done(Query *query);
/* Valid until the next query_next; NULL for SQL NULL. */
const char *query_get_text(const Query *query, int column);
int64_t query_get_int(const Query *query, int column);
bool query_is_null(const Query *query, int column);

/* One value of one row: 1 found, 0 no row (or NULL).  Text is copied, free it. */
int database_find_int(Database *database, int64_t *ret, Error *err, const char *sql,
                      const char *types, ...);
int database_find_text(Database *database, char **ret, Error *err, const char *sql,
                       const char *types, ...);

/* A pure function of texts (NULL = SQL NULL) that returns an owned text or NULL, for queries and
 * TEMP views: nothing stored may depend on it, as an older daemon would not have it. */
typedef char *DatabaseFunction(const char *const *arguments);
#define DATABASE_FUNCTION_ARGUMENT_MAX 4
int database_define(Database *database, const char *name, int argument_count,
                    DatabaseFunction *function, Error *err);

/* True after the disk was full, until the ballast (1 MiB held back for recording an undo) could be
 * made again, which this tries: start no new change while it says so. */
bool database_is_full(Database *database);
/* Gives up the second reserve (another 1 MiB) for a change that will free more than it takes. */
void database_make_room_for_removal(Database *database);
/* True after an I/O error: what is on disk is only known to the next process that opens it.  Every
 * later call fails; the daemon ends and starts again. */
bool database_is_broken(const Database *database);

/* Called before and after each COMMIT of this process: the place where tests pull the plug. */
void database_set_commit_probe_for_test(void (*probe)(bool is_after));

/* Writes the WAL back; called when idle, after a switch and when a change has ended. */
int database_checkpoint(Database *database, Error *err);
/* When idle: lets go of cached pages, and of statements that are not wanted again and again, as
 * those of the start are not.  What is needed again is read and prepared again. */
void database_give_back(Database *database);
