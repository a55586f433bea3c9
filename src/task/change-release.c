/* SPDX-License-Identifier: Apache-2.0
 *
 * What a change still holds when it ends because something could not be undone: nobody comes back
 * to take it away, and a state that holds on to it would contradict itself (verify.c, 4 and 5).
 */
#include "base/text.h"
#include "task/change.h"

/* Of a snap that it was installing when it failed: no revision became the current one.  Not of one
 * that another change is at work on, behind which this one had only waited in the queue. */
#define NEVER_INSTALLED                                                                  \
        "(SELECT s.instance FROM change_snap t CROSS JOIN snap s ON s.instance = "       \
        "t.instance WHERE t.change = ?1 AND s.current IS NULL AND NOT EXISTS (SELECT 1 " \
        "FROM change_snap o CROSS JOIN change c ON c.id = o.change WHERE o.instance = "  \
        "s.instance AND o.change <> ?1 AND c.ready_at IS NULL AND c.is_queued = 0))"

static const char *const RELEASES[] = {
        "UPDATE snap SET paused_by = NULL, paused_boot = NULL WHERE paused_by = ?1",
        "DELETE FROM connection WHERE plug_snap IN " NEVER_INSTALLED
        " OR slot_snap IN " NEVER_INSTALLED,
        "DELETE FROM revision WHERE instance IN " NEVER_INSTALLED,
        /* Epochs never go back (revision-add.c). */
        "INSERT INTO setting (key, value) SELECT 'epoch-floor', max(max(s.epoch) + 1, "
        "coalesce((SELECT CAST(value AS INTEGER) FROM setting WHERE key = 'epoch-floor'), 0)) FROM "
        "snap s WHERE s.instance IN " NEVER_INSTALLED
        " HAVING count(*) > 0 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        "DELETE FROM snap WHERE instance IN " NEVER_INSTALLED,
};

int change_release(Database *database, int64_t change, Error *err) {
        for (size_t i = 0; i < ARRAY_COUNT(RELEASES); i++)
                if (database_run(database, err, RELEASES[i], "i", change) < 0)
                        return -1;
        return 0;
}
