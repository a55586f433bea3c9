/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/queue.h"
#include "api/resources.h"
#include "api/snap-instruction.h"
#include "base/clock.h"
#include "base/text.h"
#include "snap/describe-snap.h"
#include "snap/plan.h"
#include "task/change.h"

static const char NO_STORE[] = "this daemon has no store yet; install from a file, with "
                               "--dangerous";

/* --- what is installed ------------------------------------------------------------------------ */

static int parse_select(const char *select, DescribeSelect *ret, Error *err) {
        if (!*select)
                *ret = DESCRIBE_SELECT_CURRENT;
        else if (string_equal(select, "all"))
                *ret = DESCRIBE_SELECT_ALL;
        else if (string_equal(select, "enabled"))
                *ret = DESCRIBE_SELECT_ENABLED;
        else
                return error_set(err, ERROR_BAD_REQUEST, "invalid select parameter: \"%.40s\"",
                                 select);
        return 0;
}

/* "a,b" as a list; NULL when nothing was named. */
static json_t *parse_names(const char *names) {
        json_t *wanted = NULL;

        for (const char *rest = names; *rest; rest += *rest == ',') {
                size_t length = strcspn(rest, ",");
                if (length > 0 && !wanted)
                        wanted = json_array();
                if (length > 0)
                        json_array_append_new(wanted, json_stringn(rest, length));
                rest += length;
        }
        return wanted;
}

int snaps_get(ApiCall *call, Error *err) {
        autojson names = parse_names(request_get_query(call->request, "snaps", ""));
        DescribeSelect select = DESCRIBE_SELECT_CURRENT;
        json_t *snaps = NULL;

        if (parse_select(request_get_query(call->request, "select", ""), &select, err) < 0 ||
            describe_snaps(call->api->places, call->api->database, select, names, &snaps, err) < 0)
                return -1;
        return call_reply_from(call, snaps, "local");
}

int snap_get(ApiCall *call, Error *err) {
        json_t *snap = NULL;

        call_set_snap(call, call->variables[0]);
        int found = describe_snap(call->api->places, call->api->database, call->variables[0], &snap,
                                  err);
        if (found == 0)
                return error_set(err, ERROR_SNAP_NOT_FOUND, "snap not installed");
        if (found < 0)
                return -1;
        return call_reply(call, snap);
}

/* --- what is to be done with one -------------------------------------------------------------- */

typedef int SnapRun(ApiCall *call, const SnapInstruction *instruction, int64_t *ret_change,
                    Error *err);

static PlanContext get_plan_context(const ApiCall *call) {
        return (PlanContext){ .database = call->api->database, .places = call->api->places };
}

/* 1 installed, 0 not. */
static int is_installed(ApiCall *call, const char *instance, Error *err) {
        int64_t one = 0;

        return database_find_int(call->api->database, &one, err,
                                 "SELECT 1 FROM snap WHERE instance = ? AND current IS NOT NULL",
                                 "s", instance);
}

static int require_installed(ApiCall *call, const char *instance, Error *err) {
        int found = is_installed(call, instance, err);

        if (found == 0)
                return error_set(err, ERROR_SNAP_NOT_INSTALLED, "snap \"%.60s\" is not installed",
                                 instance);
        return found;
}

static int run_install(ApiCall *call, const SnapInstruction *instruction, int64_t *ret_change,
                       Error *err) {
        int found = is_installed(call, call->snap, err);

        (void)instruction;
        (void)ret_change;
        if (found < 0)
                return -1;
        if (found > 0)
                return error_set(err, ERROR_SNAP_ALREADY_INSTALLED,
                                 "snap \"%.60s\" is already installed", call->snap);
        /* Without a kind, as clients show their own words for the kinds of a store. */
        return error_set(err, ERROR_NOT_IMPLEMENTED, "cannot install \"%.60s\": %s", call->snap,
                         NO_STORE);
}

static int run_refresh(ApiCall *call, const SnapInstruction *instruction, int64_t *ret_change,
                       Error *err) {
        (void)ret_change;
        if (require_installed(call, call->snap, err) < 0)
                return -1;
        if (instruction->flags & SNAP_FLAG_AMEND)
                return error_set(err, ERROR_NOT_IMPLEMENTED, "cannot refresh \"%.60s\": %s",
                                 call->snap, NO_STORE);
        return error_set(err, ERROR_SNAP_LOCAL,
                         "local snap \"%.60s\" is unknown to the store, use --amend to proceed "
                         "anyway",
                         call->snap);
}

static int run_remove(ApiCall *call, const SnapInstruction *instruction, int64_t *ret_change,
                      Error *err) {
        const char *instances[] = { call->snap };
        PlanContext context = get_plan_context(call);

        return plan_remove(
                &context,
                &(RemoveRequest){ .instances = instances,
                                  .count = 1,
                                  .revision = *instruction->revision ? instruction->revision : NULL,
                                  .is_purge = instruction->flags & SNAP_FLAG_PURGE },
                ret_change, err);
}

static int run_revert(ApiCall *call, const SnapInstruction *instruction, int64_t *ret_change,
                      Error *err) {
        PlanContext context = get_plan_context(call);

        return plan_revert(
                &context,
                &(RevertRequest){
                        .instance = call->snap,
                        .revision = *instruction->revision ? instruction->revision : NULL,
                        .flags = { .is_devmode = instruction->flags & SNAP_FLAG_DEVMODE,
                                   .is_jailmode = instruction->flags & SNAP_FLAG_JAILMODE,
                                   .is_classic = instruction->flags & SNAP_FLAG_CLASSIC } },
                ret_change, err);
}

static int run_enable(ApiCall *call, const SnapInstruction *instruction, int64_t *ret_change,
                      Error *err) {
        PlanContext context = get_plan_context(call);

        (void)instruction;
        return plan_enable(&context, call->snap, ret_change, err);
}

static int run_disable(ApiCall *call, const SnapInstruction *instruction, int64_t *ret_change,
                       Error *err) {
        PlanContext context = get_plan_context(call);

        (void)instruction;
        return plan_disable(&context, call->snap, ret_change, err);
}

static int run_switch(ApiCall *call, const SnapInstruction *instruction, int64_t *ret_change,
                      Error *err) {
        PlanContext context = get_plan_context(call);

        if (require_installed(call, call->snap, err) < 0)
                return -1;
        if (!*instruction->channel)
                return error_set(err, ERROR_NOT_IMPLEMENTED,
                                 "cannot switch the cohort of \"%.60s\": %s", call->snap, NO_STORE);
        return plan_switch(&context, call->snap, instruction->channel, ret_change, err);
}

static SnapRun *const RUNS[SNAP_ACTION_COUNT] = {
        [SNAP_ACTION_INSTALL] = run_install, [SNAP_ACTION_REFRESH] = run_refresh,
        [SNAP_ACTION_REMOVE] = run_remove,   [SNAP_ACTION_REVERT] = run_revert,
        [SNAP_ACTION_ENABLE] = run_enable,   [SNAP_ACTION_DISABLE] = run_disable,
        [SNAP_ACTION_SWITCH] = run_switch,
};

int snap_plan(ApiCall *call, int64_t *ret_change, Error *err) {
        SnapInstruction instruction;

        if (snap_instruction_parse(call->request->body, &instruction, err) < 0)
                return -1;
        return RUNS[instruction.action](call, &instruction, ret_change, err);
}

int snap_post(ApiCall *call, Error *err) {
        const json_t *body = call->request->body;
        const char *instances[] = { call->variables[0] };
        SnapInstruction instruction;
        int64_t change = 0;

        call_set_snap(call, call->variables[0]);
        if (snap_instruction_parse(body, &instruction, err) < 0)
                return -1;
        QueueRequest request = { .plan = snap_plan,
                                 .action = json_get_string(body, "action", ""),
                                 .instances = instances,
                                 .count = 1 };
        int queued = queue_if_asked(call, &request, &change, err);
        if (queued < 0 || (queued == 0 && snap_plan(call, &change, err) < 0 &&
                           queue_on_conflict(call, &request, &change, err) < 0))
                return -1;
        return call_reply_change(call, change);
}

/* --- what is to be done with many ------------------------------------------------------------- */

static int remove_many(ApiCall *call, const json_t *names, int64_t *ret_change, Error *err) {
        const char *instances[SNAP_INSTRUCTION_SNAP_MAX] = { NULL };
        PlanContext context = get_plan_context(call);
        size_t count = json_array_size(names), i;
        json_t *name;

        if (count == 0)
                return error_set(err, ERROR_BAD_REQUEST, "cannot remove zero snaps");
        json_array_foreach(names, i, name) instances[i] = json_string_value(name);
        call_set_snap(call, instances[0]);
        return plan_remove(
                &context,
                &(RemoveRequest){ .instances = instances, .count = count, .is_many = true },
                ret_change, err);
}

static char *format_no_updates(const json_t *names) {
        autotext text = TEXT_INIT;
        json_t *name;
        size_t i;

        if (json_array_size(names) == 0)
                return string_copy("Refresh all snaps: no updates");
        text_append(&text, "Refresh snaps ");
        json_array_foreach(names, i, name)
                text_append_format(&text, "%s\"%s\"", i > 0 ? ", " : "", json_string_value(name));
        text_append(&text, ": no updates");
        return text_take(&text);
}

/* A change that was over before it began: what clients wait for, and nothing to do. */
static int add_empty_change(ApiCall *call, const char *summary, int64_t *ret_change, Error *err) {
        autojson api_data = json_pack("{s:[]}", "snap-names");
        autotransaction transaction = TRANSACTION_INIT;
        Database *database = call->api->database;
        int64_t change = 0;

        if (transaction_begin(database, &transaction, err) < 0 ||
            change_add(database,
                       &(ChangeDraft){
                               .kind = "refresh-snap", .summary = summary, .api_data = api_data },
                       NULL, 0, &change, err) < 0 ||
            database_run(database, err, "UPDATE change SET ready_at = ?, is_clean = 1 WHERE id = ?",
                         "ii", clock_get_wall(), change) < 0 ||
            transaction_commit(&transaction, err) < 0)
                return -1;
        *ret_change = change;
        return 0;
}

static int refresh_many(ApiCall *call, const json_t *names, int64_t *ret_change, Error *err) {
        autofree char *summary = format_no_updates(names);
        json_t *name;
        size_t i;

        json_array_foreach(names, i, name) {
                call_set_snap(call, json_string_value(name));
                if (require_installed(call, json_string_value(name), err) < 0)
                        return -1;
        }
        return add_empty_change(call, summary, ret_change, err);
}

int snaps_plan(ApiCall *call, int64_t *ret_change, Error *err) {
        SnapInstruction instruction;
        const json_t *names = NULL;

        if (snap_instruction_parse_many(call->request->body, &instruction, &names, err) < 0)
                return -1;
        if (instruction.action == SNAP_ACTION_REMOVE)
                return remove_many(call, names, ret_change, err);
        if (instruction.action == SNAP_ACTION_REFRESH)
                return refresh_many(call, names, ret_change, err);
        return error_set(err, ERROR_NOT_IMPLEMENTED, "cannot install: %s", NO_STORE);
}

/* Only what changes snaps can be in another's way. */
static int queue_many(ApiCall *call, QueueCall *queue, int64_t *ret_change, Error *err) {
        const char *instances[SNAP_INSTRUCTION_SNAP_MAX] = { NULL };
        SnapInstruction instruction;
        const json_t *names = NULL;
        size_t i;
        json_t *name;

        if (snap_instruction_parse_many(call->request->body, &instruction, &names, err) < 0)
                return -1;
        if (instruction.action != SNAP_ACTION_REMOVE)
                return 0;
        json_array_foreach(names, i, name) instances[i] = json_string_value(name);
        return queue(call,
                     &(QueueRequest){ .plan = snaps_plan,
                                      .action = "remove",
                                      .instances = instances,
                                      .count = json_array_size(names) },
                     ret_change, err);
}

static int snaps_post_json(ApiCall *call, Error *err) {
        int64_t change = 0;
        int queued = queue_many(call, queue_if_asked, &change, err);

        if (queued < 0 || (queued == 0 && snaps_plan(call, &change, err) < 0 &&
                           queue_many(call, queue_on_conflict, &change, err) <= 0))
                return -1;
        return call_reply_change(call, change);
}

int snaps_post(ApiCall *call, Error *err) {
        const char *type = json_get_string(call->request->headers, "content-type", "");

        if (call->request->is_form)
                return sideload_post(call, err);
        /* The one route that looks at it: "application/json", with parameters or without. */
        if (strcasecmp(type, "application/json") != 0 &&
            strncasecmp(type, "application/json;", strlen("application/json;")) != 0)
                return error_set(err, ERROR_BAD_REQUEST, "unknown content type: %.60s", type);
        return snaps_post_json(call, err);
}
