/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine of a Database: SQLite, and what its errors do to the open transaction.  Only the files
 * of this folder look in here.
 *
 * A transaction is in one of these states, and every statement in it checks which:
 *
 *      none ── begin ──► open ── commit ──► none
 *                         │ any error
 *                         ▼
 *                      poisoned ── end of scope: ROLLBACK ──► none
 *
 * "open" means that SQLite agrees (sqlite3_get_autocommit() == 0): on a full disk it rolls back by
 * itself, and the next statement would commit alone.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state/database.h"

#define DATABASE_FILE "pawl.db"

typedef struct Statement {
        const char *sql;        /* the literal: its address is the key */
        sqlite3_stmt *prepared; /* NULL while it is let go (database_give_back) */
        bool is_used;
        bool is_cached;  /* else it is freed after use: its twin was in use */
        bool was_wanted; /* since the last rest */
        uint8_t worth;   /* grows with each time between two rests in which it was wanted */
} Statement;

struct Database {
        sqlite3 *sqlite;
        char *directory;
        int directory_fd;
        int lock_fd;
        Statement **statements; /* open addressing; capacity is a power of two */
        size_t statement_capacity, statement_count;
        bool is_in_transaction;
        bool are_parts_allowed;
        bool is_poisoned;
        bool is_full;        /* the ballast was released and is not back */
        bool is_broken;      /* an I/O error: only a new process knows what is on disk */
        Error poison;        /* the first error of a poisoned transaction */
        int64_t checked_at;  /* wall clock: when it was last read whole; 0 = never */
        bool is_believed;    /* not by this process, which took the last one's word */
        bool is_opened;      /* so far that its end is one in order */
        bool is_contrary;    /* rows contradict each other: */
        Error contradiction; /* these */
};

/* Explains `code`, poisons the open transaction, and releases the ballast when the disk is full. */
#define engine_fail(...) error_returned_(engine_fail_(__VA_ARGS__))
void engine_fail_(Database *database, int code, const char *what, Error *err);
/* Fails when the database is broken, or the open transaction no longer stands. */
int engine_check(Database *database, Error *err);
/* Several statements, no values; not cached. */
int engine_execute(Database *database, const char *sql, Error *err);
/* First column of the first row as a number; not cached. */
int engine_query_int(Database *database, const char *sql, int64_t *ret, Error *err);
/* Frees all prepared statements. */
void statements_done(Database *database);
/* Frees those that are not wanted again and again. */
void statements_give_back(Database *database);
