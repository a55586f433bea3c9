/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/policies.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "job/job.h"
#include "policy/seccomp-rule.h"
#include "policy/seccomp-template.h"
#include "wire/generation.h"

/* A failure is not tried again before, however many wait for it. */
#define FAILURE_MS 5000

/* At most so many by one child: who waits for the first waits for all of them. */
#define BATCH_COUNT_MAX 64

typedef enum PolicyState {
        POLICY_IDLE,      /* there, failed, or not asked for */
        POLICY_WAITING,   /* for the child that compiles others */
        POLICY_COMPILING, /* by the child that runs */
} PolicyState;

typedef struct Policy {
        char *rules;
        char digest[DIGEST_SHA256_HEX_SIZE];
        PolicyObject object; /* no file while it is not there */
        PolicyState state;
        bool is_alone; /* a child for it alone: one for several has died */
        bool has_failed;
        Error failure;
        int64_t failed_at; /* clock_get_boot */
        struct Policy *next;
} Policy;

struct Policies {
        uv_loop_t *loop;
        char *root;
        void (*changed)(void *context);
        void *context;
        Policy *first;
        Policy *batch[BATCH_COUNT_MAX]; /* what the child compiles */
        size_t batch_count;             /* 0: no child runs */
};

/* --- in the child --- */

/* A line for each, in order: empty, or "KIND MESSAGE".  What fails does so for itself. */
static int compile_batch(const void *input, Text *ret, Error *err) {
        const Policies *policies = input;
        autofree char *path = string_format("%s/var/lib/pawl/policy", policies->root);
        autofd int directory = directory_open(path, err);

        if (directory < 0)
                return -1;
        for (size_t i = 0; i < policies->batch_count; i++) {
                Error failure = ERROR_INIT;

                if (policy_compile(directory, policies->batch[i]->rules, &failure) < 0)
                        text_append_format(ret, "%d %.*s", (int)failure.kind,
                                           (int)strcspn(failure.message, "\n"), failure.message);
                text_append(ret, "\n");
        }
        return 0;
}

/* --- batches --- */

static void end_one(Policy *policy, const Error *failure) {
        policy->state = POLICY_IDLE;
        policy->is_alone = false;
        policy->has_failed = failure != NULL;
        if (failure)
                policy->failure = *failure;
        policy->failed_at = clock_get_boot();
}

static void end_as_told(Policy *policy, const char *line) {
        Error failure = ERROR_INIT;
        char *message = NULL;

        if (*line == '\n') {
                end_one(policy, NULL);
                return;
        }
        unsigned long kind = strtoul(line, &message, 10);
        int length = (int)strcspn(message, "\n");
        (void)error_set(&failure, kind < ERROR_KIND_COUNT ? (ErrorKind)kind : ERROR_FAILED, "%.*s",
                        length > 0 ? length - 1 : 0, message + (length > 0));
        end_one(policy, &failure);
}

static int start_batch(Policies *policies, Error *err);

static void start_those_who_wait(Policies *policies) {
        Error err = ERROR_INIT;

        if (start_batch(policies, &err) >= 0)
                return;
        for (Policy *policy = policies->first; policy; policy = policy->next)
                if (policy->state == POLICY_WAITING)
                        end_one(policy, &err);
}

/* What does not answer is the disk, for everybody. */
static void end_all(Policies *policies, const Error *failure) {
        for (Policy *policy = policies->first; policy; policy = policy->next)
                if (policy->state != POLICY_IDLE)
                        end_one(policy, failure);
}

/* A child that died did so with one of them: those who were with it are no worse for that. */
static void end_batch(Policies *policies, size_t count, const Error *failure) {
        if (failure->kind == ERROR_LOST) {
                end_all(policies, failure);
                return;
        }
        if (count == 1) {
                end_one(policies->batch[0], failure);
                return;
        }
        for (size_t i = 0; i < count; i++) {
                policies->batch[i]->state = POLICY_WAITING;
                policies->batch[i]->is_alone = true;
        }
}

static void on_compiled(void *context, Text *result, const Error *err) {
        Policies *policies = context;
        const char *line = result->bytes;
        size_t count = policies->batch_count;

        policies->batch_count = 0;
        if (err)
                end_batch(policies, count, err);
        /* A child that ended well has written as many lines. */
        for (size_t i = 0; !err && i < count; i++) {
                end_as_told(policies->batch[i], line);
                line = strchr(line, '\n') + 1;
        }
        start_those_who_wait(policies);
        policies->changed(policies->context);
}

static void fill_batch(Policies *policies) {
        for (Policy *policy = policies->first; policy; policy = policy->next) {
                if (policy->state != POLICY_WAITING ||
                    (policy->is_alone && policies->batch_count > 0) ||
                    policies->batch_count == BATCH_COUNT_MAX)
                        continue;
                policies->batch[policies->batch_count++] = policy;
                if (policy->is_alone)
                        return;
        }
}

/* All that wait, unless a child runs. */
static int start_batch(Policies *policies, Error *err) {
        if (policies->batch_count > 0)
                return 0;
        fill_batch(policies);
        if (policies->batch_count == 0)
                return 0;
        if (job_start(&(JobRequest){ .loop = policies->loop,
                                     .work = compile_batch,
                                     .input = policies,
                                     .done = on_compiled,
                                     .context = policies,
                                     .limit_ms = COMPILE_LIMIT_MS },
                      err) < 0) {
                policies->batch_count = 0;
                return -1;
        }
        for (size_t i = 0; i < policies->batch_count; i++)
                policies->batch[i]->state = POLICY_COMPILING;
        return 0;
}

/* --- one policy --- */

static int open_directory(const Policies *policies, Error *err) {
        autofree char *top = string_format("%s/", policies->root);
        autofd int root = directory_open(top, err);

        return root < 0 ? -1 : directory_make_beneath(root, "var/lib/pawl/policy", 0700, err);
}

/* In the order in which they were asked for first. */
static Policy *find_policy(Policies *policies, const char *rules) {
        Policy **link = &policies->first;

        for (; *link; link = &(*link)->next)
                if (string_equal((*link)->rules, rules))
                        return *link;
        Policy *policy = memory_new(sizeof(*policy));
        *policy = (Policy){ .rules = string_copy(rules), .object = POLICY_OBJECT_INIT };
        policy_digest(rules, policy->digest);
        *link = policy;
        return policy;
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
        policy->state = POLICY_WAITING;
        if (start_batch(policies, err) >= 0)
                return 0;
        policy->state = POLICY_IDLE;
        return -1;
}

static void free_policy(Policy *policy) {
        policy_object_done(&policy->object);
        free(policy->rules);
        free(policy);
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

        *policies = (Policies){
                .loop = loop, .root = string_copy(root), .changed = changed, .context = context
        };
        sweep(policies);
        seccomp_load_calls();
        return policies;
}

Policies *policies_free(Policies *policies) {
        while (policies->first) {
                Policy *policy = policies->first;

                policies->first = policy->next;
                free_policy(policy);
        }
        free(policies->root);
        free(policies);
        return NULL;
}
