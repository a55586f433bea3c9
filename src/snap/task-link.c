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
 *
 * In a transaction of several snaps one unlink-current-snap is the pause of all and one link-snap
 * the switch of all ("with", setup.h): each is one commit, forwards and back.
 */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "snap/plan.h"
#include "snap/projection.h"
#include "snap/sequence.h"
#include "snap/setup.h"
#include "snap/task-parts-internal.h"

/* One of the others in its place does it for this one too. */
static bool is_follower(const TaskStep *step) {
        return json_get_int(step->task->data, "leader", 0) != 0;
}

/* --- the pause --- */

static int pause_one(const TaskStep *step, const char *instance, const char *boot, Error *err) {
        return database_run(
                       step->database, err,
                       "UPDATE snap SET paused_by = ?2, paused_boot = ?3 WHERE instance = ?1 AND "
                       "paused_by IS NULL",
                       "sis", instance, step->task->change, boot) < 0
                       ? -1
                       : 0;
}

/* The instance where its refresh waits for programs; NULL: it does not. */
static int find_deferred(const TaskStep *step, json_t *record, const char **ret, Error *err) {
        autojson setup = NULL;

        if (setup_load(step, record, &setup, err) < 0)
                return -1;
        *ret = json_get_bool(setup, "is_running_awaited", false) ? setup_get_instance(record)
                                                                 : NULL;
        return 0;
}

/* Of those that wait for their programs none may have been started since they were waited for;
 * from the pause on none is. */
static int await_all(const TaskStep *step, Error *err) {
        json_t *others = json_object_get(step->task->data, "with");
        const char *awaited[INSTALL_FILE_COUNT_MAX] = { NULL };
        size_t count = 0;

        for (size_t i = 0; i <= json_array_size(others) && count < ARRAY_COUNT(awaited); i++) {
                json_t *record = i ? json_array_get(others, i - 1) : step->task->data;
                if (find_deferred(step, record, &awaited[count], err) < 0)
                        return -1;
                count += awaited[count] != NULL;
        }
        return await_ended(step, awaited, count, err);
}

int pause_resume(const TaskStep *step, Error *err) {
        const json_t *others = json_object_get(step->task->data, "with"), *other;
        autofree char *boot = clock_read_boot_id();
        size_t i;

        if (is_follower(step))
                return TASK_OUTCOME_DONE;
        int outcome = await_all(step, err);
        if (outcome != TASK_OUTCOME_DONE)
                return outcome;
        if (pause_one(step, setup_get_instance(step->task->data), boot, err) < 0)
                return -1;
        json_array_foreach(others, i, other) {
                if (pause_one(step, setup_get_instance(other), boot, err) < 0)
                        return -1;
        }
        return TASK_OUTCOME_DONE;
}

int pause_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        return pause_resume(step, err);
}

static int resume_one(const TaskStep *step, const char *instance, Error *err) {
        return database_run(
                       step->database, err,
                       "UPDATE snap SET paused_by = NULL, paused_boot = NULL WHERE instance = ?1 AND "
                       "paused_by = ?2",
                       "si", instance, step->task->change) < 0
                       ? -1
                       : 0;
}

int pause_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        const json_t *others = json_object_get(step->task->data, "with"), *other;
        size_t i;

        (void)job;
        (void)result;
        if (is_follower(step))
                return TASK_OUTCOME_DONE;
        if (resume_one(step, setup_get_instance(step->task->data), err) < 0)
                return -1;
        json_array_foreach(others, i, other) {
                if (resume_one(step, setup_get_instance(other), err) < 0)
                        return -1;
        }
        return TASK_OUTCOME_DONE;
}

/* --- the switch --- */

/* What undo puts back, as "old" of `record`, which is part of the task's data. */
static int save_old(const TaskStep *step, const char *instance, json_t *record, Error *err) {
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
        json_put(record, "old", old);
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

static int link_one(const TaskStep *step, json_t *record, Error *err) {
        autojson setup = NULL;

        if (setup_load_member(step, record, &setup, err) < 0)
                return -1;
        const char *instance = setup_get_instance(setup);
        if (save_old(step, instance, record, err) < 0 || mark_blocked(step, setup, err) < 0)
                return -1;
        int rows = switch_forwards(step, setup, err);
        if (rows < 0)
                return -1;
        if (rows != 1)
                return error_set(err, ERROR_CORRUPT, "snap \"%s\" has no row", instance);
        return projection_mark_stale(step->database, instance, err);
}

static int go_back(const TaskStep *step, json_t *record, Error *err) {
        const char *instance = setup_get_instance(record);
        const json_t *old = json_object_get(record, "old");

        if (!old) /* it was never committed */
                return 0;
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

/* The task that leads a transaction switches all of it, its followers nothing; one alone leads
 * itself. */
static int for_each_member(const TaskStep *step,
                           int (*act)(const TaskStep *step, json_t *record, Error *err),
                           Error *err) {
        json_t *others = json_object_get(step->task->data, "with"), *other;
        size_t i;

        if (is_follower(step))
                return TASK_OUTCOME_DONE;
        if (act(step, step->task->data, err) < 0)
                return -1;
        json_array_foreach(others, i, other) {
                if (act(step, other, err) < 0)
                        return -1;
        }
        return TASK_OUTCOME_DONE;
}

int link_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        return for_each_member(step, link_one, err);
}

int link_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        return for_each_member(step, go_back, err);
}

/* disable and remove: the revision stays current, nobody starts it. */
int unlink_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        const char *instance = setup_get_instance(step->task->data);

        (void)job;
        (void)result;
        if (save_old(step, instance, step->task->data, err) < 0)
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
