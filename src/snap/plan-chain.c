/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/plan-chain.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

static int add(PlanChain *chain, const char *kind, json_t *owned_data, const char *summary,
               Error *err) {
        json_t *data = owned_data ? owned_data : json_object();
        int64_t task = 0;

        json_put_string(data, "instance", chain->instance);
        if (chain->setup)
                json_put(data, "setup", json_integer(chain->setup));
        TaskDraft draft = { chain->change, kind, summary, chain->last };
        if (change_add_task(chain->database, &draft, data, &task, err) < 0)
                return -1;
        if (chain->lane && change_add_lane(chain->database, task, chain->lane, err) < 0)
                return -1;
        if (!chain->first)
                chain->first = task;
        chain->last = task;
        return 0;
}

int plan_chain_add(PlanChain *chain, const char *kind, json_t *owned_data, Error *err,
                   const char *summary, ...) {
        autofree char *text = NULL;
        va_list args;

        va_start(args, summary);
        int length = vasprintf(&text, summary, args);
        va_end(args);
        if (length < 0)
                abort();
        return add(chain, kind, owned_data, text, err);
}

int plan_chain_add_hook(PlanChain *chain, const char *hook, json_t *owned_data, Error *err) {
        json_t *data = owned_data ? owned_data : json_object();

        json_put_string(data, "hook", hook);
        if (string_equal(hook, "check-health"))
                return plan_chain_add(chain, "run-hook", data, err,
                                      "Run health check of \"%s\" snap", chain->instance);
        return plan_chain_add(chain, "run-hook", data, err, "Run %s hook of \"%s\" snap if present",
                              hook, chain->instance);
}

int plan_chain_wait(const PlanChain *chain, int64_t other, Error *err) {
        if (chain->first == other)
                return 0;
        return database_run(chain->database, err,
                            "INSERT OR IGNORE INTO task_wait (task, waits_for) VALUES (?1, ?2)",
                            "ii", chain->first, other) < 0
                       ? -1
                       : 0;
}

json_t *plan_format_api_data(const char *const *instances, size_t count, bool is_single) {
        json_t *data = json_object();
        json_t *names = json_array();

        if (is_single)
                json_put_string(data, "snap-name", instances[0]);
        for (size_t i = 0; i < count; i++)
                json_array_append_new(names, json_string(instances[i]));
        json_put(data, "snap-names", names);
        return data;
}

char *plan_format_quoted(const char *const *words, size_t count) {
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < count; i++)
                text_append_format(&text, "%s\"%s\"", i ? ", " : "", words[i]);
        return text_take(&text);
}

int plan_add_change(Database *database, const ChangeDraft *draft, const char *const *instances,
                    size_t count, int64_t *ret_change, Error *err) {
        if (change_check_conflict(database, instances, count, err) < 0)
                return -1;
        return change_add(database, draft, instances, count, ret_change, err);
}
