/* SPDX-License-Identifier: Apache-2.0
 *
 * The switch.  Everything that a launch of a snap depends on (current revision, flags, epoch) moves
 * in one transaction, which is also the one that says Done; undo is one transaction back to what
 * the first one wrote down in the task.  A snap that is updated is never inactive; while its data
 * is copied, launches wait.
 *
 *      unlink-current-snap      paused_by = this change        undo: not paused
 *      copy-snap-data           …
 *      link-snap                current = new, not paused      undo: current = old
 */
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "snap/projection.h"
#include "snap/sequence.h"
#include "snap/setup.h"

/* A pause of an earlier boot is known by this. */
static char *read_boot_id(void) {
        autofd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        autofree char *text = NULL;
        Error ignored;

        if (fd < 0 || file_read_all(fd, 64, &text, NULL, &ignored) < 0)
                return string_copy("unknown");
        text[strcspn(text, "\n")] = '\0';
        return take(text);
}

int pause_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        autofree char *boot = read_boot_id();

        (void)job;
        (void)result;
        return database_run(
                       step->database, err,
                       "UPDATE snap SET paused_by = ?2, paused_boot = ?3 WHERE instance = ?1 AND "
                       "paused_by IS NULL",
                       "sis", setup_get_instance(step->task->data), step->task->change, boot) < 0
                       ? -1
                       : TASK_OUTCOME_DONE;
}

int pause_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        return database_run(
                       step->database, err,
                       "UPDATE snap SET paused_by = NULL, paused_boot = NULL WHERE instance = ?1 AND "
                       "paused_by = ?2",
                       "si", setup_get_instance(step->task->data), step->task->change) < 0
                       ? -1
                       : TASK_OUTCOME_DONE;
}

/* What undo puts back, as one JSON text. */
static int save_old(const TaskStep *step, const char *instance, Error *err) {
        autofree char *text = NULL;
        json_t *old = NULL;
        int found = database_find_text(
                step->database, &text, err,
                "SELECT json_object('current', current, 'is_active', is_active, 'is_devmode', is_devmode, "
                "'is_jailmode', is_jailmode, 'is_classic', is_classic, 'switched_at', switched_at, "
                "'blocked', (SELECT json_group_array(revision) FROM revision r WHERE r.instance = "
                "s.instance AND is_blocked)) FROM snap s WHERE instance = ?1",
                "s", instance);

        if (found < 0)
                return -1;
        if (found == 0)
                return error_set(err, ERROR_CORRUPT, "snap \"%s\" has no row", instance);
        if (json_parse(text, strlen(text), &old, err) < 0)
                return -1;
        json_put(step->task->data, "old", old);
        return 0;
}

/* Revisions after the one that was reverted to are not chosen again; one that is linked is not
 * blocked. */
static int mark_blocked(const TaskStep *step, const json_t *setup, Error *err) {
        const char *instance = setup_get_instance(setup), *revision = setup_get_revision(setup);

        if (json_get_bool(setup, "revert", false) &&
            database_run(
                    step->database, err,
                    "UPDATE revision SET is_blocked = 1 WHERE instance = ?1 AND position > (SELECT "
                    "position FROM revision WHERE instance = ?1 AND revision = ?2)",
                    "ss", instance, revision) < 0)
                return -1;
        return database_run(
                step->database, err,
                "UPDATE revision SET is_blocked = 0 WHERE instance = ?1 AND revision = ?2", "ss",
                instance, revision);
}

static int switch_forwards(const TaskStep *step, const json_t *setup, Error *err) {
        const json_t *flags = json_object_get(setup, "flags");

        return database_run(
                step->database, err,
                "UPDATE snap SET current = ?2, is_active = 1, is_devmode = ?3, is_jailmode = ?4, "
                "is_classic = ?5, epoch = epoch + 1, paused_by = NULL, paused_boot = NULL, "
                "switched_at = ?6 WHERE instance = ?1",
                "ssiiii", setup_get_instance(setup), setup_get_revision(setup),
                (int64_t)json_get_bool(flags, "devmode", false),
                (int64_t)json_get_bool(flags, "jailmode", false),
                (int64_t)json_get_bool(flags, "classic", false), clock_get_wall());
}

int link_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        autojson setup = NULL;

        (void)job;
        (void)result;
        if (setup_load_prepared(step, &setup, err) < 0)
                return -1;
        if (save_old(step, setup_get_instance(setup), err) < 0)
                return -1;
        if (mark_blocked(step, setup, err) < 0)
                return -1;
        int rows = switch_forwards(step, setup, err);
        if (rows < 0)
                return -1;
        if (rows != 1)
                return error_set(err, ERROR_CORRUPT, "snap \"%s\" has no row",
                                 setup_get_instance(setup));
        return projection_mark_stale(step->database, setup_get_instance(setup), err);
}

int link_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        const char *instance = setup_get_instance(step->task->data);
        const json_t *old = json_object_get(step->task->data, "old");

        (void)job;
        (void)result;
        if (!old) /* it was never committed */
                return TASK_OUTCOME_DONE;
        autofree char *text = json_format(old);
        if (database_run(
                    step->database, err,
                    "UPDATE snap SET current = ?2->>'current', is_active = ?2->>'is_active', is_devmode "
                    "= ?2->>'is_devmode', is_jailmode = ?2->>'is_jailmode', is_classic = "
                    "?2->>'is_classic', switched_at = ?2->>'switched_at', epoch = epoch + 1 WHERE "
                    "instance = ?1",
                    "ss", instance, text) < 0)
                return -1;
        if (database_run(
                    step->database, err,
                    "UPDATE revision SET is_blocked = revision IN (SELECT value FROM json_each(?2, "
                    "'$.blocked')) WHERE instance = ?1",
                    "ss", instance, text) < 0)
                return -1;
        return projection_mark_stale(step->database, instance, err);
}

/* disable and remove: the revision stays current, nobody starts it. */
int unlink_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        const char *instance = setup_get_instance(step->task->data);

        (void)job;
        (void)result;
        if (save_old(step, instance, err) < 0)
                return -1;
        if (database_run(step->database, err,
                         "UPDATE snap SET is_active = 0, epoch = epoch + 1 WHERE instance = ?1",
                         "s", instance) < 0)
                return -1;
        return projection_mark_stale(step->database, instance, err);
}

int unlink_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        return link_undo_commit(step, job, result, err);
}
