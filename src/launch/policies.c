/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/policies.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "job/job.h"

/* A failure is not tried again before, however many wait for it. */
#define FAILURE_MS 5000

typedef struct Policy {
        Policies *policies;
        char *rules;
        char digest[DIGEST_SHA256_HEX_SIZE];
        PolicyObject object; /* no file while it is not there */
        bool is_compiling;
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
};

typedef struct CompileInput {
        const char *path;
        const char *rules;
} CompileInput;

static int compile_policy(const void *input, Text *ret, Error *err) {
        const CompileInput *compile = input;
        autofd int directory = directory_open(compile->path, err);

        (void)ret;
        return directory < 0 ? -1 : policy_compile(directory, compile->rules, err);
}

static void on_compiled(void *context, Text *result, const Error *err) {
        Policy *policy = context;

        (void)result;
        policy->is_compiling = false;
        policy->has_failed = err != NULL;
        if (err)
                policy->failure = *err;
        policy->failed_at = clock_get_boot();
        policy->policies->changed(policy->policies->context);
}

static int open_directory(const Policies *policies, Error *err) {
        autofree char *top = string_format("%s/", policies->root);
        autofd int root = directory_open(top, err);

        return root < 0 ? -1 : directory_make_beneath(root, "var/lib/pawl/policy", 0700, err);
}

static Policy *find_policy(Policies *policies, const char *rules) {
        for (Policy *policy = policies->first; policy; policy = policy->next)
                if (string_equal(policy->rules, rules))
                        return policy;
        Policy *policy = memory_new(sizeof(*policy));
        *policy = (Policy){ .policies = policies,
                            .rules = string_copy(rules),
                            .object = POLICY_OBJECT_INIT,
                            .next = policies->first };
        policies->first = policy;
        policy_digest(rules, policy->digest);
        return policy;
}

static int start_compiling(Policy *policy, Error *err) {
        autofree char *path = string_format("%s/var/lib/pawl/policy", policy->policies->root);
        CompileInput input = { .path = path, .rules = policy->rules };

        if (job_start(&(JobRequest){ .loop = policy->policies->loop,
                                     .work = compile_policy,
                                     .input = &input,
                                     .done = on_compiled,
                                     .context = policy,
                                     .limit_ms = COMPILE_LIMIT_MS },
                      err) < 0)
                return -1;
        policy->is_compiling = true;
        return 0;
}

bool policies_are_compiling(const Policies *policies) {
        for (const Policy *policy = policies->first; policy; policy = policy->next)
                if (policy->is_compiling)
                        return true;
        return false;
}

static bool has_just_failed(const Policy *policy) {
        return policy->has_failed &&
               clock_get_boot() - policy->failed_at < FAILURE_MS * INT64_C(1000000);
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
        if (policy->is_compiling)
                return 0;
        if (has_just_failed(policy)) {
                *err = policy->failure;
                return error_prefix(err, "cannot compile the policy");
        }
        autofd int directory = open_directory(policies, err);
        if (directory < 0)
                return -1;
        int found = policy_find(directory, policy->digest, &policy->object, err);
        return found != 0 ? found : start_compiling(policy, err);
}

static void free_policy(Policy *policy) {
        policy_object_done(&policy->object);
        free(policy->rules);
        free(policy);
}

void policies_drop(Policies *policies) {
        for (Policy **link = &policies->first; *link;) {
                Policy *policy = *link;

                if (policy->is_compiling) {
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
