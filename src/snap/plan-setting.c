/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of the system: a change with one task, whose commit is all of the patch or nothing.
 */
#include <string.h>

#include "base/text.h"
#include "snap/plan-chain.h"
#include "snap/setting.h"
#include "snap/task-parts-internal.h"

/* What conflicts are found by; no package may have this name. */
#define SYSTEM "system"

/* Of the key, and where it is a branch of all on it. */
static int save_old(Database *database, const char *key, json_t *old, Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err,
                       "SELECT key, value FROM setting WHERE key = ?1 OR substr(key, 1, length(?1) "
                       "+ 1) = ?1 || '.'",
                       "s", key) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                json_put(old, query_get_text(&query, 0), json_string(query_get_text(&query, 1)));
        return more;
}

static int store(Database *database, const char *key, const char *text, Error *err) {
        if (!text)
                return database_run(database, err,
                                    "DELETE FROM setting WHERE key = ?1 OR substr(key, 1, "
                                    "length(?1) + 1) = ?1 || '.'",
                                    "s", key) < 0
                               ? -1
                               : 0;
        return database_run(database, err,
                            "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO "
                            "UPDATE SET value = excluded.value",
                            "ss", key, text) < 0
                       ? -1
                       : 0;
}

int configure_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        json_t *patch = json_object_get(step->task->data, "patch"), *value;
        autojson old = json_object();
        const char *key;

        (void)job;
        (void)result;
        json_object_foreach(patch, key, value) {
                if (save_old(step->database, key, old, err) < 0 ||
                    store(step->database, key, json_string_value(value), err) < 0)
                        return -1;
        }
        json_put(step->task->data, "old", take(old));
        return TASK_OUTCOME_DONE;
}

int configure_undo_commit(const TaskStep *step, const json_t *job, const json_t *result,
                          Error *err) {
        json_t *patch = json_object_get(step->task->data, "patch"), *value;
        json_t *old = json_object_get(step->task->data, "old");
        const char *key;

        (void)job;
        (void)result;
        if (!old) /* it was never committed */
                return TASK_OUTCOME_DONE;
        json_object_foreach(patch, key, value) {
                if (store(step->database, key, NULL, err) < 0)
                        return -1;
        }
        json_object_foreach(old, key, value) {
                if (store(step->database, key, json_string_value(value), err) < 0)
                        return -1;
        }
        return TASK_OUTCOME_DONE;
}

static char *format_keys(json_t *patch) {
        autotext text = TEXT_INIT;
        const char *key;
        json_t *value;

        json_object_foreach(patch, key, value)
                text_append_format(&text, "%s%s", text.length ? ", " : "", key);
        return text_take(&text);
}

int plan_set_settings(const PlanContext *context, const json_t *patch, int64_t *ret_change,
                      Error *err) {
        static const char *const instances[] = { SYSTEM }, *const shown[] = { "core" };
        autotransaction transaction = TRANSACTION_INIT;
        PlanChain chain = { .database = context->database, .instance = SYSTEM };
        autojson api_data = plan_format_api_data(shown, 1, false);
        autojson flat = NULL;
        ChangeDraft draft = { "configure-snap", "Change configuration of \"core\" snap", api_data };

        if (setting_parse_patch(patch, &flat, err) < 0)
                return -1;
        autofree char *keys = format_keys(flat);
        if (transaction_begin(context->database, &transaction, err) < 0 ||
            plan_add_change(context->database, &draft, instances, 1, &chain.change, err) < 0 ||
            plan_chain_add(&chain, "configure-system", json_pack("{s:O}", "patch", flat), err,
                           "Change settings of the system: %.300s", keys ? keys : "none") < 0 ||
            transaction_commit(&transaction, err) < 0)
                return -1;
        *ret_change = chain.change;
        return 0;
}
