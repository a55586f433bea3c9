/* SPDX-License-Identifier: Apache-2.0 */
#include "state/engine.h"

#include <errno.h>

#include "base/text.h"
#include "state/ballast.h"

typedef struct CodeKind {
        int code; /* SQLite's primary code */
        ErrorKind kind;
} CodeKind;

static const CodeKind CODE_KINDS[] = {
        { SQLITE_FULL, ERROR_DISK_SPACE },  { SQLITE_CORRUPT, ERROR_CORRUPT },
        { SQLITE_NOTADB, ERROR_CORRUPT },   { SQLITE_BUSY, ERROR_BUSY },
        { SQLITE_TOOBIG, ERROR_TOO_LARGE },
};

static ErrorKind find_kind(int code) {
        for (size_t i = 0; i < ARRAY_COUNT(CODE_KINDS); i++)
                if (CODE_KINDS[i].code == (code & 0xff))
                        return CODE_KINDS[i].kind;
        return ERROR_FAILED;
}

/* A quota is a full disk that SQLite calls an I/O error. */
static bool is_full_disk(Database *database, int code) {
        int number = database->sqlite ? sqlite3_system_errno(database->sqlite) : 0;

        return (code & 0xff) == SQLITE_FULL ||
               (code == SQLITE_IOERR_WRITE && (number == EDQUOT || number == ENOSPC));
}

void engine_fail_(Database *database, int code, const char *what, Error *err) {
        bool is_full = is_full_disk(database, code);

        error_set(err, is_full ? ERROR_DISK_SPACE : find_kind(code), "%s: %s", what,
                  is_full            ? "no space left for the state"
                  : database->sqlite ? sqlite3_errmsg(database->sqlite)
                                     : sqlite3_errstr(code));
        if (is_full && !database->is_full) {
                database->is_full = true;
                ballast_release(database->directory_fd);
        }
        /* After a failed sync the kernel may have dropped the pages: no later success proves
         * anything, so nothing more is tried. */
        if (!is_full && (code & 0xff) == SQLITE_IOERR)
                database->is_broken = true;
        if (database->is_in_transaction && !database->is_poisoned) {
                database->is_poisoned = true;
                database->poison = *err;
        }
}

int engine_check(Database *database, Error *err) {
        if (database->is_broken)
                return error_set(err, ERROR_FAILED,
                                 "the state had an I/O error and must be opened again");
        if (!database->is_in_transaction)
                return 0;
        if (database->is_poisoned) {
                *err = database->poison;
                return error_prefix(err, "the transaction failed before");
        }
        if (sqlite3_get_autocommit(database->sqlite))
                return engine_fail(database, SQLITE_ABORT, "the transaction was rolled back", err);
        return 0;
}

int engine_execute(Database *database, const char *sql, Error *err) {
        int code = sqlite3_exec(database->sqlite, sql, NULL, NULL, NULL);

        return code == SQLITE_OK ? 0 : engine_fail(database, code, "state", err);
}

int engine_query_int(Database *database, const char *sql, int64_t *ret, Error *err) {
        sqlite3_stmt *statement = NULL;
        int code = sqlite3_prepare_v2(database->sqlite, sql, -1, &statement, NULL);

        if (code == SQLITE_OK)
                code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
                *ret = sqlite3_column_int64(statement, 0);
        else if (code == SQLITE_DONE)
                *ret = 0;
        (void)sqlite3_finalize(statement);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
                return engine_fail(database, code, "state", err);
        return 0;
}
