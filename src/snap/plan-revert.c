/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "snap/plan-chain.h"
#include "snap/sequence.h"

static int choose_target(const Sequence *sequence, const char *wanted, const Revision **ret,
                         Error *err) {
        const Revision *target = wanted ? sequence_find_revision(sequence, wanted)
                                        : sequence_find_previous(sequence);

        if (!wanted && !target)
                return error_set(err, ERROR_BAD_REQUEST, "no revision to revert to");
        if (!target)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot find revision %.40s for snap \"%s\"", wanted,
                                 sequence->instance);
        if (string_equal(target->name, sequence->current))
                return error_set(err, ERROR_BAD_REQUEST, "already on requested revision");
        if (!sequence->is_active)
                return error_set(err, ERROR_BAD_REQUEST, "cannot revert inactive snaps");
        *ret = target;
        return 0;
}

/* A set for a revision that exists: prepare-snap only carries the setup. */
static json_t *format_setup(const Sequence *sequence, const Revision *target, bool is_revert) {
        json_t *setup = json_object();

        json_put_string(setup, "revision", target->name);
        json_put_string(setup, "file", target->file);
        json_put(setup, "revert", json_boolean(is_revert));
        json_put(setup, "flags",
                 json_pack("{s:b, s:b, s:b}", "devmode", sequence->is_devmode, "jailmode",
                           sequence->is_jailmode, "classic", sequence->is_classic));
        return setup;
}

/* Its base may have been removed since. */
static json_t *format_wants(Database *database, const Sequence *sequence, const Revision *target,
                            Error *err) {
        autojson manifest = NULL;
        json_t *wants = json_object();

        if (revision_find_manifest(database, sequence->instance, target->name, &manifest, err) > 0)
                json_put_string(wants, "base", manifest_get_required_base(manifest));
        return wants;
}

static int add_preparation(PlanChain *chain, const PlanContext *context, const Sequence *sequence,
                           const Revision *target, Error *err) {
        autofree char *path =
                places_format_image_path(context->places, target->file ? target->file : "");
        json_t *wants = format_wants(context->database, sequence, target, err);

        if (plan_chain_add(chain, "prerequisites", wants, err,
                           "Ensure prerequisites for \"%s\" are available", chain->instance) < 0)
                return -1;
        if (plan_chain_add(chain, "prepare-snap", format_setup(sequence, target, true), err,
                           "Prepare snap \"%s\" (%s)", path, target->name) < 0)
                return -1;
        chain->setup = chain->last;
        return 0;
}

typedef struct Step {
        const char *kind;
        const char *before, *after; /* of the instance, in the summary */
        bool shows_revision;        /* after the instance */
} Step;

static int add_steps(PlanChain *chain, const Step *steps, size_t count, const char *revision,
                     Error *err) {
        for (size_t i = 0; i < count; i++) {
                autofree char *shown = steps[i].shows_revision ? string_format(" (%s)", revision)
                                                               : string_copy("");
                if (plan_chain_add(chain, steps[i].kind, NULL, err, "%s \"%s\"%s%s",
                                   steps[i].before, chain->instance, shown, steps[i].after) < 0)
                        return -1;
        }
        return 0;
}

static const Step REVERT[] = {
        { "stop-snap-services", "Stop snap", " services", false },
        { "remove-aliases", "Remove aliases for snap", "", false },
        { "unlink-current-snap", "Make current revision for snap", " unavailable", false },
        { "setup-profiles", "Setup snap", " security profiles", true },
        { "link-snap", "Make snap", " available to the system", true },
};

static const Step REVERTED[] = {
        { "auto-connect", "Automatically connect eligible plugs and slots of snap", "", false },
        { "set-auto-aliases", "Set automatic aliases for snap", "", false },
        { "setup-aliases", "Setup snap", " aliases", false },
        { "start-snap-services", "Start snap", " services", true },
};

static int add_revert(const PlanContext *context, const Sequence *sequence, const Revision *target,
                      int64_t *ret_change, Error *err) {
        const char *const instances[] = { sequence->instance };
        autofree char *summary = string_format("Revert \"%s\" snap", sequence->instance);
        autojson api_data = plan_format_api_data(instances, 1, false);
        ChangeDraft draft = { "revert-snap", summary, api_data };
        PlanChain chain = { .database = context->database, .instance = sequence->instance };

        if (plan_add_change(context->database, &draft, instances, 1, &chain.change, err) < 0)
                return -1;
        if (add_preparation(&chain, context, sequence, target, err) < 0)
                return -1;
        bool is_daemon = string_equal(sequence->type, "snapd");
        if (is_daemon && plan_chain_add_unpacking(&chain, err) < 0)
                return -1;
        if (add_steps(&chain, REVERT, ARRAY_COUNT(REVERT), target->name, err) < 0)
                return -1;
        if (is_daemon && plan_chain_add_await(&chain, err) < 0)
                return -1;
        if (add_steps(&chain, REVERTED, ARRAY_COUNT(REVERTED), target->name, err) < 0)
                return -1;
        if (!string_equal(sequence->type, "base") && !is_daemon &&
            plan_chain_add_hook(&chain, "configure", NULL, err) < 0)
                return -1;
        if (plan_chain_add_hook(&chain, "check-health", NULL, err) < 0)
                return -1;
        *ret_change = chain.change;
        return 0;
}

/* Asked for anew, devmode and jailmode each end the other. */
static int set_flags(const PlanContext *context, const InstallFlags *flags, const Revision *target,
                     Sequence *sequence, Error *err) {
        autojson manifest = NULL;

        if (!flags->is_devmode && !flags->is_jailmode && !flags->is_classic)
                return 0;
        sequence->is_devmode = flags->is_devmode || (sequence->is_devmode && !flags->is_jailmode);
        sequence->is_jailmode = flags->is_jailmode || (sequence->is_jailmode && !flags->is_devmode);
        sequence->is_classic |= flags->is_classic;
        int found = revision_find_manifest(context->database, sequence->instance, target->name,
                                           &manifest, err);
        InstallFlags all = { .is_devmode = sequence->is_devmode,
                             .is_jailmode = sequence->is_jailmode,
                             .is_classic = sequence->is_classic };
        return found > 0 ? manifest_check(manifest, &all, err) : found;
}

int plan_revert(const PlanContext *context, const RevertRequest *request, int64_t *ret_change,
                Error *err) {
        autosequence sequence = SEQUENCE_INIT;
        autotransaction transaction = TRANSACTION_INIT;
        const Revision *target = NULL;

        if (sequence_require(context->database, request->instance, &sequence, err) < 0)
                return -1;
        if (choose_target(&sequence, request->revision, &target, err) < 0 ||
            set_flags(context, &request->flags, target, &sequence, err) < 0)
                return -1;
        if (transaction_begin(context->database, &transaction, err) < 0)
                return -1;
        if (add_revert(context, &sequence, target, ret_change, err) < 0)
                return -1;
        return transaction_commit(&transaction, err);
}

/* --- enable and disable --- */

static const Step ENABLE[] = {
        { "setup-profiles", "Setup snap", " security profiles", true },
        { "link-snap", "Make snap", " available to the system", true },
        { "auto-connect", "Automatically connect eligible plugs and slots of snap", "", false },
        { "setup-aliases", "Setup snap", " aliases", false },
        { "start-snap-services", "Start snap", " services", true },
};

static const Step DISABLE[] = {
        { "stop-snap-services", "Stop snap", " services", true },
        { "remove-aliases", "Remove aliases for snap", "", false },
        { "unlink-snap", "Make snap", " unavailable to the system", true },
        { "remove-profiles", "Remove security profiles of snap", "", false },
};

static int add_toggle(PlanChain *chain, const Sequence *sequence, bool is_enable, Error *err) {
        const char *const instances[] = { sequence->instance };
        const char *current = sequence->current;
        autofree char *summary = string_format("%s \"%s\" snap", is_enable ? "Enable" : "Disable",
                                               sequence->instance);
        autojson api_data = plan_format_api_data(instances, 1, false);
        ChangeDraft draft = { is_enable ? "enable-snap" : "disable-snap", summary, api_data };

        if (plan_add_change(chain->database, &draft, instances, 1, &chain->change, err) < 0)
                return -1;
        if (!is_enable)
                return add_steps(chain, DISABLE, ARRAY_COUNT(DISABLE), current, err);
        json_t *setup = format_setup(sequence, sequence_find_revision(sequence, current), false);
        if (plan_chain_add(chain, "prepare-snap", setup, err, "Prepare snap \"%s\" (%s)",
                           sequence->instance, current) < 0)
                return -1;
        chain->setup = chain->last;
        return add_steps(chain, ENABLE, ARRAY_COUNT(ENABLE), current, err);
}

static int plan_toggle(const PlanContext *context, const char *instance, bool is_enable,
                       int64_t *ret_change, Error *err) {
        autosequence sequence = SEQUENCE_INIT;
        autotransaction transaction = TRANSACTION_INIT;
        PlanChain chain = { .database = context->database, .instance = instance };

        if (sequence_require(context->database, instance, &sequence, err) < 0)
                return -1;
        if (sequence.is_active == is_enable)
                return error_set(err, ERROR_BAD_REQUEST, "snap \"%s\" already %s", instance,
                                 is_enable ? "enabled" : "disabled");
        if (!is_enable && sequence_check_stoppable(context->database, &sequence, err) < 0)
                return -1;
        if (transaction_begin(context->database, &transaction, err) < 0)
                return -1;
        if (add_toggle(&chain, &sequence, is_enable, err) < 0)
                return -1;
        *ret_change = chain.change;
        return transaction_commit(&transaction, err);
}

int plan_enable(const PlanContext *context, const char *instance, int64_t *ret_change, Error *err) {
        return plan_toggle(context, instance, true, ret_change, err);
}

int plan_disable(const PlanContext *context, const char *instance, int64_t *ret_change,
                 Error *err) {
        return plan_toggle(context, instance, false, ret_change, err);
}
