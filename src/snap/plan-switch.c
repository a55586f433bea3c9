/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "snap/channel.h"
#include "snap/plan-chain.h"
#include "snap/sequence.h"
#include "snap/setup.h"
#include "snap/task-parts-internal.h"

/* What is installed stays: only the next refresh looks elsewhere. */
int switch_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        const json_t *data = step->task->data;

        (void)job;
        (void)result;
        return database_run(step->database, err,
                            "UPDATE snap SET tracking = ?2 WHERE instance = ?1", "ss",
                            setup_get_instance(data), json_get_string(data, "channel", "")) < 0
                       ? -1
                       : TASK_OUTCOME_DONE;
}

static int add_switch(PlanChain *chain, const char *channel, Error *err) {
        const char *const instances[] = { chain->instance };
        autofree char *tracking = NULL;
        autofree char *summary =
                string_format("Switch \"%s\" snap to channel \"%s\"", chain->instance, channel);
        autojson api_data = plan_format_api_data(instances, 1, false);
        ChangeDraft draft = { "switch-snap", summary, api_data };

        if (database_find_text(chain->database, &tracking, err,
                               "SELECT tracking FROM snap WHERE instance = ?1", "s",
                               chain->instance) < 0)
                return -1;
        if (plan_add_change(chain->database, &draft, instances, 1, &chain->change, err) < 0)
                return -1;
        autofree char *full = channel_resolve(channel, tracking ? tracking : "");
        return plan_chain_add(chain, "switch-snap", json_pack("{s:s}", "channel", full), err,
                              "Switch snap \"%s\" to channel \"%s\"", chain->instance, channel);
}

int plan_switch(const PlanContext *context, const char *instance, const char *channel,
                int64_t *ret_change, Error *err) {
        autosequence sequence = SEQUENCE_INIT;
        autotransaction transaction = TRANSACTION_INIT;
        PlanChain chain = { .database = context->database, .instance = instance };

        if (sequence_require(context->database, instance, &sequence, err) < 0)
                return -1;
        if (transaction_begin(context->database, &transaction, err) < 0)
                return -1;
        if (add_switch(&chain, channel, err) < 0)
                return -1;
        *ret_change = chain.change;
        return transaction_commit(&transaction, err);
}
