/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/policies.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "job/series.h"
#include "launch/policy-compiler.h"
#include "policy/seccomp-template.h"
#include "wire/generation.h"

/* A failure is not tried again before, however many wait for it. */
#define FAILURE_MS 5000
/* Who waits is woken for each policy; of many in a row no more often. */
#define WAKE_MS 5

typedef enum PolicyState {
        POLICY_IDLE,    /* there, failed, or not asked for */
        POLICY_PLANNED, /* will be compiled; nobody waits for it */
        POLICY_WANTED,  /* will be compiled; somebody waits */
} PolicyState;

typedef struct Policy {
        Text input; /* the compiler's, as of when it was asked for */
        char digest[DIGEST_SHA256_HEX_SIZE];
        PolicyObject object; /* no file while it is not there */
        PolicyState state;
        bool has_failed;
        Error failure;
        int64_t failed_at; /* clock_get_boot */
        struct Policy *next;
} Policy;

struct Policies {
        char *root;
        void (*changed)(void *context);
        void *context;
        Policy *first;
        Series *compiler;
        size_t wanted_count; /* of state POLICY_WANTED */
        bool has_news;       /* for those who wait */
        int64_t woken_at;    /* clock_get_boot */
};

/* --- what the compiler says --- */

static int open_directory(const Policies *policies, Error *err) {
        autofree char *top = string_format("%s/", policies->root);
        autofd int root = directory_open(top, err);

        return root < 0 ? -1 : directory_make_beneath(root, "var/lib/pawl/policy", 0700, err);
}

static int keep(const Policies *policies, Policy *policy, const Text *instructions, Error *err) {
        autofd int directory = open_directory(policies, err);

        return directory < 0 ? -1
                             : policy_write(directory, policy->digest, instructions->bytes,
                                            instructions->length, &policy->object, err);
}

static void describe(const void *item, Text *ret) {
        const Text *input = &((const Policy *)item)->input;

        text_append_bytes(ret, input->bytes, input->length);
}

static void set_state(Policies *policies, Policy *policy, PolicyState state) {
        policies->wanted_count -= policy->state == POLICY_WANTED;
        policies->wanted_count += state == POLICY_WANTED;
        policy->state = state;
}

static void free_policy(Policy *policy) {
        policy_object_done(&policy->object);
        text_done(&policy->input);
        free(policy);
}

static void forget(Policies *policies, Policy *policy) {
        Policy **link = &policies->first;

        while (*link != policy)
                link = &(*link)->next;
        *link = policy->next;
        free_policy(policy);
}

static void end_one(void *context, void *item, const Text *instructions, const Error *err) {
        Policies *policies = context;
        Policy *policy = item;
        Error failure = err ? *err : ERROR_INIT;

        bool is_wanted = policy->state == POLICY_WANTED;

        policies->has_news |= is_wanted;
        set_state(policies, policy, POLICY_IDLE);
        policy->has_failed = err || keep(policies, policy, instructions, &failure) < 0;
        policy->failure = failure;
        policy->failed_at = clock_get_boot();
        /* Whoever comes for it finds it on the disk, or is told what fails. */
        if (!is_wanted)
                forget(policies, policy);
}

/* The last of those that are waited for wakes whoever an earlier one did not. */
static void tell(void *context) {
        Policies *policies = context;
        int64_t now = clock_get_boot();

        if (!policies->has_news ||
            (policies->wanted_count > 0 && now - policies->woken_at < WAKE_MS * INT64_C(1000000)))
                return;
        policies->has_news = false;
        policies->woken_at = now;
        policies->changed(policies->context);
}

static const SeriesKind COMPILER = {
        .enter = policy_compiler_enter,
        .work = policy_compiler_work,
        .describe = describe,
        .done = end_one,
        .rested = tell,
        .limit_ms = COMPILE_LIMIT_MS,
};

/* --- one policy --- */

/* Where it is, or would be: in the order in which they were asked for first. */
static Policy **find_place(Policies *policies, const char *digest) {
        Policy **link = &policies->first;

        while (*link && !string_equal((*link)->digest, digest))
                link = &(*link)->next;
        return link;
}

static Policy *find_policy(Policies *policies, const char *rules) {
        char digest[DIGEST_SHA256_HEX_SIZE];

        policy_digest(rules, digest);
        Policy **place = find_place(policies, digest);
        Policy *policy = *place;
        if (policy)
                return policy;
        policy = memory_new(sizeof(*policy));
        *policy = (Policy){ .object = POLICY_OBJECT_INIT };
        policy_compiler_describe(rules, &policy->input);
        memcpy(policy->digest, digest, sizeof(digest));
        *place = policy;
        return policy;
}

static int is_on_disk(const Policies *policies, const char *digest, Error *err) {
        PolicyObject object = POLICY_OBJECT_INIT;
        autofd int directory = open_directory(policies, err);
        int found = directory < 0 ? -1 : policy_find(directory, digest, &object, err);

        policy_object_done(&object);
        return found;
}

static int hand_over(Policies *policies, Policy *policy, PolicyState state, Error *err) {
        /* The compiler has it from us, and may not ask. */
        seccomp_prepare();
        if (series_add(policies->compiler, policy, state == POLICY_WANTED, err) < 0)
                return -1;
        set_state(policies, policy, state);
        return 0;
}

int policies_plan(Policies *policies, const char *rules, Error *err) {
        char digest[DIGEST_SHA256_HEX_SIZE];

        policy_digest(rules, digest);
        int found = *find_place(policies, digest) ? 1 : is_on_disk(policies, digest, err);
        if (found != 0)
                return found < 0 ? -1 : 0;
        Policy *policy = find_policy(policies, rules);
        if (hand_over(policies, policy, POLICY_PLANNED, err) >= 0)
                return 0;
        forget(policies, policy);
        return -1;
}

size_t policies_count_planned(const Policies *policies) {
        size_t count = 0;

        for (const Policy *policy = policies->first; policy; policy = policy->next)
                count += policy->state == POLICY_PLANNED;
        return count;
}

bool policies_are_compiling(const Policies *policies) {
        for (const Policy *policy = policies->first; policy; policy = policy->next)
                if (policy->state != POLICY_IDLE)
                        return true;
        return false;
}

static bool has_just_failed(const Policy *policy) {
        return policy->has_failed &&
               clock_get_boot() - policy->failed_at < FAILURE_MS * INT64_C(1000000);
}

void policies_write_template(Text *ret) {
        seccomp_template_append(ret);
        text_append(ret, generation_builtin.rules);
}

void policies_write_rules(const char *template, const GrantSet *grants, Text *ret) {
        text_append(ret, template);
        grant_set_append_seccomp(grants, ret);
}

int policies_require(Policies *policies, const char *rules, PolicyFound *ret, Error *err) {
        Policy *policy = find_policy(policies, rules);

        *ret = (PolicyFound){ .object = &policy->object, .digest = policy->digest };
        if (policy->object.file >= 0)
                return 1;
        if (policy->state == POLICY_PLANNED) {
                set_state(policies, policy, POLICY_WANTED);
                series_hasten(policies->compiler, policy);
        }
        if (policy->state != POLICY_IDLE)
                return 0;
        if (has_just_failed(policy)) {
                *err = policy->failure;
                return error_prefix(err, "cannot compile the policy");
        }
        autofd int directory = open_directory(policies, err);
        if (directory < 0)
                return -1;
        int found = policy_find(directory, policy->digest, &policy->object, err);
        if (found != 0)
                return found;
        return hand_over(policies, policy, POLICY_WANTED, err);
}

void policies_drop(Policies *policies) {
        for (Policy **link = &policies->first; *link;) {
                Policy *policy = *link;

                if (policy->state != POLICY_IDLE) {
                        link = &policy->next;
                        continue;
                }
                *link = policy->next;
                free_policy(policy);
        }
        series_rest(policies->compiler);
}

/* Best effort: what is left is small, and in nobody's way. */
static void sweep(const Policies *policies) {
        autofree char *path = string_format("%s/var/lib/pawl/policy", policies->root);
        Error err = ERROR_INIT;
        autofd int directory = directory_open(path, &err);

        if (directory >= 0 && policy_sweep(directory, &err) < 0)
                log_warning("%s", err.message);
}

Policies *policies_new(uv_loop_t *loop, const char *root, void (*changed)(void *context),
                       void *context) {
        Policies *policies = memory_new(sizeof(*policies));

        *policies = (Policies){ .root = string_copy(root), .changed = changed, .context = context };
        policies->compiler = series_new(loop, &COMPILER, policies);
        sweep(policies);
        return policies;
}

void policies_stop(Policies *policies) {
        series_stop(policies->compiler);
}

Policies *policies_free(Policies *policies) {
        (void)series_free(policies->compiler);
        while (policies->first) {
                Policy *policy = policies->first;

                policies->first = policy->next;
                free_policy(policy);
        }
        free(policies->root);
        free(policies);
        return NULL;
}
