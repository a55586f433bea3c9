/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/policy-ahead.h"

#include "base/clock.h"
#include "base/log.h"

#define TURN_MS           2 /* between two turns, and as long as one takes at the most */
#define PLANNED_COUNT_MAX 16

struct PolicyAhead {
        PolicyAheadConfig config;
        uv_timer_t timer;
        PolicyProgram *programs; /* owned */
        size_t count, next;      /* those before `next` are there or planned */
};

static void free_ahead(uv_handle_t *handle) {
        PolicyAhead *ahead = handle->data;

        policy_programs_free(ahead->programs, ahead->count);
        free(ahead);
}

PolicyAhead *policy_ahead_free(PolicyAhead *ahead) {
        if (ahead)
                uv_close((uv_handle_t *)&ahead->timer, free_ahead);
        return NULL;
}

/* What fails is told by the launch that needs it. */
static void plan_one(const PolicyAhead *ahead, PolicyProgram *program) {
        autotext rules = TEXT_INIT;
        Error err = ERROR_INIT;

        if (policy_use_write_rules(ahead->config.use, program, &rules) == 0)
                return;
        if (policies_plan(ahead->config.policies, rules.bytes, &err) < 0)
                log_info("policy of %s.%s: %s", program->instance, program->name, err.message);
        else
                policy_digest(rules.bytes, program->digest);
}

static void end(PolicyAhead *ahead) {
        Error err = ERROR_INIT;

        (void)uv_timer_stop(&ahead->timer);
        if (policy_use_note_all(ahead->config.use, ahead->programs, ahead->count, &err) < 0)
                log_warning("cannot note which policies are needed: %s", err.message);
        ahead->config.ended(ahead->config.context);
}

static void take_turn(uv_timer_t *timer) {
        PolicyAhead *ahead = timer->data;
        int64_t until = clock_get_boot() + TURN_MS * INT64_C(1000000);

        while (ahead->next < ahead->count && clock_get_boot() < until &&
               policies_count_planned(ahead->config.policies) < PLANNED_COUNT_MAX)
                plan_one(ahead, &ahead->programs[ahead->next++]);
        if (ahead->next == ahead->count && policies_count_planned(ahead->config.policies) == 0)
                end(ahead);
}

PolicyAhead *policy_ahead_new(const PolicyAheadConfig *config) {
        PolicyProgram *programs = NULL;
        Error err = ERROR_INIT;
        size_t count = 0;
        int is_new = policy_use_is_new(config->use, &err);

        if (is_new < 0 ||
            (is_new > 0 && policy_use_list(config->use, &programs, &count, &err) < 0)) {
                log_warning("cannot say which policies will be needed: %s", err.message);
                return NULL;
        }
        if (is_new == 0)
                return NULL;
        PolicyAhead *ahead = memory_new(sizeof(*ahead));
        *ahead = (PolicyAhead){ .config = *config, .programs = programs, .count = count };
        (void)uv_timer_init(config->loop, &ahead->timer);
        ahead->timer.data = ahead;
        (void)uv_timer_start(&ahead->timer, take_turn, TURN_MS, TURN_MS);
        return ahead;
}
