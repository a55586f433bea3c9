/* SPDX-License-Identifier: Apache-2.0 */
#include "state/warning.h"

#define EXPIRE_NS (28 * 24 * 3600 * INT64_C(1000000000))
#define REPEAT_NS (24 * 3600 * INT64_C(1000000000))

int warning_add(Database *database, const char *message, int64_t now, Error *err) {
        int status = database_run(
                database, err,
                "INSERT INTO warning (message, first_added, last_added, expire_after, "
                "repeat_after) VALUES (?1, ?2, ?2, ?3, ?4) ON CONFLICT (message) DO UPDATE SET "
                "last_added = excluded.last_added",
                "siii", message, now, EXPIRE_NS, REPEAT_NS);

        return status < 0 ? -1 : 0;
}

int warning_forget_others(Database *database, const char *beginning, int64_t now, Error *err) {
        int status = database_run(database, err,
                                  "DELETE FROM warning WHERE substr(message, 1, length(?1)) = ?1 "
                                  "AND last_added <> ?2",
                                  "si", beginning, now);

        return status < 0 ? -1 : 0;
}
