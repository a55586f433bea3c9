/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/plan-chain.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

/* `task` comes after chain->last. */
static void note_place(PlanChain *chain, const char *kind, int64_t task) {
        if (chain->await && !chain->begin)
                chain->begin = task;
        if (string_equal(kind, "await-apps"))
                chain->await = task;
        if (string_equal(kind, "unlink-current-snap"))
                chain->pause = task;
        if (!chain->ready && (task == chain->pause || string_equal(kind, "copy-snap-data")))
                chain->ready = chain->last;
        if (string_equal(kind, "copy-snap-data"))
                chain->copy = task;
        if (string_equal(kind, "link-snap")) {
                chain->link = task;
                chain->whole = chain->last;
        }
}

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
        note_place(chain, kind, task);
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

int plan_chain_add_unpacking(PlanChain *chain, Error *err) {
        return plan_chain_add(chain, "unpack-programs", NULL, err,
                              "Unpack the programs of snap \"%s\"", chain->instance);
}

int plan_chain_add_await(PlanChain *chain, Error *err) {
        return plan_chain_add(chain, "await-daemon", NULL, err,
                              "Wait for the daemon of snap \"%s\" to start", chain->instance);
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

/* --- several together --- */

typedef enum Place {
        PLACE_PAUSE,
        PLACE_LINK,
} Place;

static int64_t get_place(const PlanChain *chain, Place place) {
        return place == PLACE_PAUSE ? chain->pause : chain->link;
}

/* The last of them does it for all; the others are only rows that clients count. */
static const PlanChain *find_leader(const PlanChain *const *chains, size_t count, Place place) {
        const PlanChain *leader = NULL;

        for (size_t i = 0; i < count; i++)
                if (get_place(chains[i], place))
                        leader = chains[i];
        return leader;
}

static int follow(const PlanChain *chain, int64_t task, int64_t leader, Error *err) {
        if (database_run(chain->database, err,
                         "UPDATE task SET data = json_set(data, '$.leader', ?2) WHERE id = ?1",
                         "ii", task, leader) < 0)
                return -1;
        return change_add_wait(chain->database, task, leader, err);
}

static int lead(const PlanChain *chain, int64_t task, const json_t *others, Error *err) {
        autofree char *text = json_format(others);

        return database_run(chain->database, err,
                            "UPDATE task SET data = json_set(data, '$.with', json(?2)) WHERE id = "
                            "?1",
                            "is", task, text) < 0
                       ? -1
                       : 0;
}

static int tie_place(const PlanChain *const *chains, size_t count, Place place, Error *err) {
        const PlanChain *leader = find_leader(chains, count, place);
        autojson others = json_array();

        if (!leader)
                return 0;
        for (size_t i = 0; i < count; i++) {
                int64_t task = get_place(chains[i], place), first = get_place(leader, place);
                int64_t before = place == PLACE_PAUSE ? chains[i]->ready : chains[i]->whole;
                if (change_add_wait(leader->database, first, before, err) < 0)
                        return -1;
                if (place == PLACE_PAUSE &&
                    change_add_wait(leader->database, chains[i]->copy, first, err) < 0)
                        return -1;
                if (!task || chains[i] == leader)
                        continue;
                json_array_append_new(others,
                                      json_pack("{s:s, s:I}", "instance", chains[i]->instance,
                                                "setup", (json_int_t)chains[i]->setup));
                if (follow(chains[i], task, first, err) < 0)
                        return -1;
        }
        return lead(leader, get_place(leader, place), others, err);
}

/* Nothing is stopped while the programs of another one still run, which may be for hours. */
static int tie_awaits(const PlanChain *const *chains, size_t count, Error *err) {
        for (size_t i = 0; i < count; i++)
                for (size_t j = 0; j < count; j++)
                        if (i != j && chains[i]->begin && chains[j]->await &&
                            change_add_wait(chains[i]->database, chains[i]->begin, chains[j]->await,
                                            err) < 0)
                                return -1;
        return 0;
}

int plan_chain_tie(const PlanChain *const *chains, size_t count, Error *err) {
        if (tie_awaits(chains, count, err) < 0 || tie_place(chains, count, PLACE_PAUSE, err) < 0)
                return -1;
        return tie_place(chains, count, PLACE_LINK, err);
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
