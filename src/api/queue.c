/* SPDX-License-Identifier: Apache-2.0 */
#include "api/queue.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/text.h"
#include "snap/image.h"
#include "snap/kinds.h"
#include "snap/plan-chain.h"

#define TIMEOUT_S_MAX (3 * 24 * 3600)
#define RETRY_MS      500

/* Stored by name. */
static const struct {
        const char *name;
        QueuePlan *plan;
} PLANS[] = {
        { "snap", snap_plan },
        { "snaps", snaps_plan },
        { "interfaces", interfaces_plan },
        { "files", sideload_plan },
};

static const char *get_plan_name(QueuePlan *plan) {
        size_t i = 0;

        while (PLANS[i].plan != plan)
                i++;
        return PLANS[i].name;
}

/* --- what the client wishes --- */

typedef struct Wish {
        bool is_queueing;
        int64_t timeout_s; /* -1: none */
} Wish;

/* Seconds, as a number or, in a form, as text. */
static int parse_timeout(const json_t *value, int64_t *ret, Error *err) {
        uint64_t seconds = 0;
        bool is_valid = true;

        *ret = -1;
        if (!value)
                return 0;
        if (json_is_integer(value) && json_integer_value(value) >= 0)
                seconds = (uint64_t)json_integer_value(value);
        else
                is_valid = json_is_string(value) &&
                           string_parse_u64(json_string_value(value), TIMEOUT_S_MAX, &seconds,
                                            err) == 0;
        if (!is_valid || seconds > TIMEOUT_S_MAX)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "conflict-timeout must be a number of seconds, at most %d",
                                 TIMEOUT_S_MAX);
        *ret = (int64_t)seconds;
        return 0;
}

static int parse_wish(const json_t *body, Wish *ret, Error *err) {
        const char *word = json_get_string(body, "on-conflict", "fail");

        ret->is_queueing = string_equal(word, "queue");
        if (!ret->is_queueing && !string_equal(word, "fail"))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "on-conflict must be \"fail\" or \"queue\", not \"%.40s\"", word);
        return parse_timeout(json_object_get(body, "conflict-timeout"), &ret->timeout_s, err);
}

/* --- into the queue --- */

static json_t *make_data(const ApiCall *call, const QueueRequest *request, const Wish *wish) {
        const json_t *body = request->body ? request->body : call->request->body;
        json_t *data = json_object();

        json_put_string(data, "plan", get_plan_name(request->plan));
        json_put_string(data, "snap", call->snap);
        json_put(data, "body", json_deep_copy(body));
        if (request->uploads)
                json_put(data, "uploads", json_deep_copy(request->uploads));
        if (wish->timeout_s >= 0)
                json_put(data, "timeout", json_integer(wish->timeout_s));
        return data;
}

static int add_task(ApiCall *call, const QueueRequest *request, const Wish *wish, int64_t change,
                    int64_t ahead, Error *err) {
        autofree char *summary = string_format("Wait for change %" PRId64 ", then plan", ahead);
        TaskDraft draft = { change, QUEUE_TASK_KIND.name, summary, 0 };
        int64_t task = 0;

        return change_add_task(call->api->database, &draft, make_data(call, request, wish), &task,
                               err);
}

/* Kind and summary are what the plan would give, as far as they are known. */
static int add_change(ApiCall *call, const QueueRequest *request, const Wish *wish, int64_t ahead,
                      int64_t *ret_change, Error *err) {
        autofree char *kind = string_format("%s-snap", request->action);
        autofree char *names = plan_format_quoted(request->instances, request->count);
        autofree char *summary =
                string_format("%c%s %s snap%s", toupper((unsigned char)*request->action),
                              request->action + 1, names, request->count > 1 ? "s" : "");
        autojson api_data =
                plan_format_api_data(request->instances, request->count, request->count == 1);
        autotransaction transaction = TRANSACTION_INIT;
        Database *database = call->api->database;
        ChangeDraft draft = { .kind = kind, .summary = summary, .api_data = api_data };
        int64_t until =
                wish->timeout_s < 0 ? 0 : clock_get_wall() + wish->timeout_s * 1000000000 + 1;

        if (transaction_begin(database, &transaction, err) < 0 ||
            change_check_queue(database, request->instances, request->count, err) < 0 ||
            change_add(database, &draft, request->instances, request->count, ret_change, err) < 0 ||
            change_set_queued(database, *ret_change, until, err) < 0 ||
            add_task(call, request, wish, *ret_change, ahead, err) < 0)
                return -1;
        return transaction_commit(&transaction, err);
}

/* 1: something is in the way, and `ahead` is its id. */
static int find_conflict(ApiCall *call, const char *const *instances, size_t count,
                         int64_t *ret_ahead, Error *err) {
        if (change_check_conflict(call->api->database, instances, count, err) == 0)
                return 0;
        if (err->kind != ERROR_CONFLICT)
                return -1;
        *ret_ahead = err->number;
        *err = ERROR_INIT;
        return 1;
}

int queue_is_needed(ApiCall *call, const char *const *instances, size_t count, Error *err) {
        int64_t ahead = 0;
        Wish wish;

        if (parse_wish(call->request->body, &wish, err) < 0)
                return -1;
        return wish.is_queueing ? find_conflict(call, instances, count, &ahead, err) : 0;
}

int queue_if_asked(ApiCall *call, const QueueRequest *request, int64_t *ret_change, Error *err) {
        int64_t ahead = 0;
        Wish wish;

        if (parse_wish(call->request->body, &wish, err) < 0)
                return -1;
        if (!wish.is_queueing)
                return 0;
        int r = find_conflict(call, request->instances, request->count, &ahead, err);
        if (r <= 0)
                return r;
        return add_change(call, request, &wish, ahead, ret_change, err) < 0 ? -1 : 1;
}

int queue_on_conflict(ApiCall *call, const QueueRequest *request, int64_t *ret_change, Error *err) {
        Error ignored;
        Wish wish;

        if (err->kind != ERROR_CONFLICT || parse_wish(call->request->body, &wish, &ignored) < 0 ||
            !wish.is_queueing)
                return -1;
        int64_t ahead = err->number;
        *err = ERROR_INIT;
        return add_change(call, request, &wish, ahead, ret_change, err) < 0 ? -1 : 1;
}

/* --- its turn --- */

static int run_plan(const TaskStep *step, Error *err) {
        const SnapContext *snap = step->context;
        const json_t *data = step->task->data;
        const char *name = json_get_string(data, "plan", "");
        Request request = { .body = json_object_get(data, "body") };
        Api api = { .database = step->database, .places = snap->places };
        ApiCall call = { .api = &api, .request = &request };
        int64_t change = 0;
        size_t i = 0;

        while (i < ARRAY_COUNT(PLANS) && !string_equal(PLANS[i].name, name))
                i++;
        if (i == ARRAY_COUNT(PLANS))
                return error_set(err, ERROR_NOT_IMPLEMENTED,
                                 "this pawld plans no requests of kind %s", name);
        call_set_snap(&call, json_get_string(data, "snap", NULL));
        transaction_allow_parts(step->database, true);
        int r = PLANS[i].plan(&call, &change, err);
        transaction_allow_parts(step->database, false);
        call_set_snap(&call, NULL);
        return r;
}

static int give_up(const TaskStep *step, const Error *conflict, Error *err) {
        Error copy = *conflict;

        return error_set(err, ERROR_CONFLICT,
                         "gave up after waiting %" PRId64 " s: %.300s; try again later, or wait "
                         "longer",
                         json_get_int(step->task->data, "timeout", 0), copy.message);
}

static bool is_late(const TaskStep *step) {
        int64_t until;
        Error ignored;

        return database_find_int(step->database, &until, &ignored,
                                 "SELECT queued_until FROM change WHERE id = ?", "i",
                                 step->task->change) == 1 &&
               until <= clock_get_wall();
}

/* The task's own change gets the plan.  A conflict where none was when the task was chosen: the
 * plan touches more snaps than the request named. */
static int queue_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        bool has_no_time = is_late(step);
        if (change_begin_plan(step->database, step->task->change, err) < 0)
                return -1;
        if (run_plan(step, err) == 0)
                return TASK_OUTCOME_DONE;
        if (err->kind != ERROR_CONFLICT)
                return -1;
        if (has_no_time)
                return give_up(step, err, err);
        *step->ret_retry_ms = RETRY_MS;
        return TASK_OUTCOME_RETRY;
}

/* Where there was a plan, its own tasks see to them too. */
static int queue_clean_commit(const TaskStep *step, const json_t *job, const json_t *result,
                              Error *err) {
        const SnapContext *snap = step->context;
        const json_t *uploads = json_object_get(step->task->data, "uploads"), *name;
        size_t i;

        (void)job;
        (void)result;
        (void)err;
        json_array_foreach(uploads, i, name)
                image_drop_upload(snap->places, json_string_value(name));
        return TASK_OUTCOME_DONE;
}

const TaskKind QUEUE_TASK_KIND = {
        .name = "await-change",
        .run = { .commit = queue_commit },
        .clean = { .commit = queue_clean_commit },
};
