/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "interface/installation.h"
#include "snap/image.h"
#include "snap/plan-chain.h"
#include "snap/program.h"
#include "snap/running.h"
#include "snap/sequence.h"
#include "snap/setting.h"

/* One file on its way into the change. */
typedef struct Candidate {
        const InstallFile *file;
        const json_t *manifest;
        const char *instance;
        const char *base;  /* what it needs; NULL = nothing */
        char *incoming;    /* owned; NULL until kept */
        Sequence sequence; /* what is installed; empty for a first install */
        RunningApps running;
        PlanChain chain;
        int64_t barrier; /* of the daemon's own package: the task that ends in the new daemon */
        int64_t connect; /* the first after its switch */
} Candidate;

typedef struct Batch {
        const PlanContext *context;
        const InstallRequest *request;
        Candidate candidates[INSTALL_FILE_COUNT_MAX];
        const char *instances[INSTALL_FILE_COUNT_MAX];
        size_t retained_count;
        bool is_committed;
} Batch;

static void batch_done(Batch *batch) {
        for (size_t i = 0; i < batch->request->count; i++) {
                Candidate *candidate = &batch->candidates[i];
                if (candidate->incoming && !candidate->file->kept && !batch->is_committed)
                        image_drop_upload(batch->context->places, candidate->incoming);
                free(candidate->incoming);
                sequence_done(&candidate->sequence);
        }
}

/* --- what can be said beforehand --- */

static bool is_provided(const Batch *batch, const char *base) {
        for (size_t i = 0; i < batch->request->count; i++)
                if (string_equal(batch->candidates[i].instance, base))
                        return true;
        return false;
}

static int check_base(const Batch *batch, const Candidate *candidate, Error *err) {
        if (!candidate->base || is_provided(batch, candidate->base))
                return 0;
        int found = base_is_installed(batch->context->database, candidate->base, err);
        if (found == 0)
                return error_set(err, ERROR_FAILED, "cannot find required base \"%.60s\"",
                                 candidate->base);
        return found < 0 ? -1 : 0;
}

static int check_refresh(const Batch *batch, const Candidate *candidate, Error *err) {
        Database *database = batch->context->database;
        autofree char *next = NULL;
        autojson current = NULL;

        if (!candidate->sequence.current)
                return 0;
        if (sequence_format_next(database, batch->context->places, candidate->instance, &next,
                                 err) < 0)
                return -1;
        if (revision_find_manifest(database, candidate->instance, candidate->sequence.current,
                                   &current, err) < 0)
                return -1;
        return current ? manifest_check_epoch(candidate->manifest, current, next, err) : 0;
}

static int check_running(const Batch *batch, Candidate *candidate, Error *err) {
        const Places *places = batch->context->places;
        const Sequence *sequence = &candidate->sequence;

        candidate->running = batch->request->running_apps;
        if (!sequence->current || !running_counts(sequence->type)) {
                candidate->running = RUNNING_IGNORE;
                return 0;
        }
        if (candidate->running == RUNNING_AS_SET &&
            setting_find_running_apps(batch->context->database, candidate->instance,
                                      &candidate->running, err) < 0)
                return -1;
        if (candidate->running != RUNNING_REFUSE ||
            !places_has_lease(places, candidate->instance, sequence->current))
                return 0;
        return running_explain(places, candidate->instance, sequence->current, err);
}

static int check_instance(const Batch *batch, const Candidate *candidate, Error *err) {
        if (manifest_check_instance(candidate->manifest, candidate->instance, err) < 0)
                return -1;
        if (!strchr(candidate->instance, '_'))
                return 0;
        int has = setting_has_feature(batch->context->database, "parallel-instances", err);
        if (has == 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "experimental feature disabled - test it by setting "
                                 "'experimental.parallel-instances' to true");
        return has < 0 ? -1 : 0;
}

static bool is_daemon(const json_t *manifest) {
        return string_equal(manifest_get_type(manifest), "snapd");
}

static int check_candidate(const Batch *batch, Candidate *candidate, Error *err) {
        if (manifest_check(candidate->manifest, &batch->request->flags, err) < 0)
                return -1;
        if (candidate->file->source && manifest_check_try(candidate->manifest, err) < 0)
                return -1;
        if (is_daemon(candidate->manifest) &&
            program_check_only(batch->context->database, candidate->instance, err) < 0)
                return -1;
        if (check_base(batch, candidate, err) < 0)
                return -1;
        if (sequence_find(batch->context->database, candidate->instance, &candidate->sequence,
                          err) < 0)
                return -1;
        if (check_refresh(batch, candidate, err) < 0 || check_running(batch, candidate, err) < 0)
                return -1;
        if (check_instance(batch, candidate, err) < 0)
                return -1;
        return installation_check(batch->context->database, candidate->instance,
                                  candidate->manifest, err);
}

static int check_batch(Batch *batch, Error *err) {
        size_t count = batch->request->count;

        for (size_t i = 0; i < count; i++)
                for (size_t j = 0; j < i; j++)
                        if (string_equal(batch->instances[i], batch->instances[j]))
                                return error_set(err, ERROR_BAD_REQUEST,
                                                 "snap \"%.60s\" is there twice",
                                                 batch->instances[i]);
        for (size_t i = 0; i < count; i++)
                if (check_candidate(batch, &batch->candidates[i], err) < 0)
                        return -1;
        return 0;
}

/* --- the tasks --- */

static json_t *format_flags(const InstallFlags *flags) {
        return json_pack("{s:b, s:b, s:b}", "devmode", flags->is_devmode, "jailmode",
                         flags->is_jailmode, "classic", flags->is_classic);
}

static int add_preparation(const Batch *batch, Candidate *candidate, Error *err) {
        PlanChain *chain = &candidate->chain;
        const char *instance = candidate->instance;
        json_t *wants = json_object();
        json_t *setup = json_object();

        /* One of the same transaction is there when all are. */
        bool is_beside = candidate->base && batch->request->is_one_lane &&
                         is_provided(batch, candidate->base);
        json_put_string(wants, "base", is_beside ? NULL : candidate->base);
        json_put_string(setup, "base_beside", is_beside ? candidate->base : NULL);
        json_put_string(setup, "incoming", candidate->incoming);
        json_put_string(setup, "source", candidate->file->source);
        json_put(setup, "flags", format_flags(&batch->request->flags));
        if (candidate->running == RUNNING_IGNORE)
                json_put(setup, "is_running_ignored", json_true());
        if (candidate->running == RUNNING_DEFER)
                json_put(setup, "is_running_awaited", json_true());
        if (plan_chain_add(chain, "prerequisites", wants, err,
                           "Ensure prerequisites for \"%s\" are available", instance) < 0) {
                json_decref(setup);
                return -1;
        }
        if (plan_chain_add(chain, "prepare-snap", setup, err, "Prepare snap \"%s\" (unset)",
                           candidate->file->shown) < 0)
                return -1;
        chain->setup = chain->last;
        if (plan_chain_add(chain, "mount-snap", NULL, err, "Mount snap \"%s\" (unset)", instance) <
            0)
                return -1;
        return is_daemon(candidate->manifest) ? plan_chain_add_unpacking(chain, err) : 0;
}

/* Only for what is installed: the old revision is asked, stopped and held still. */
static int add_departure(Candidate *candidate, Error *err) {
        PlanChain *chain = &candidate->chain;
        const char *current = candidate->sequence.current;

        if (candidate->running == RUNNING_DEFER &&
            plan_chain_add(chain, "await-apps", NULL, err,
                           "Wait until the programs of snap \"%s\" have ended",
                           candidate->instance) < 0)
                return -1;
        if (plan_chain_add_hook(chain, "pre-refresh", json_pack("{s:s}", "revision", current),
                                err) < 0)
                return -1;
        if (plan_chain_add(chain, "stop-snap-services", NULL, err, "Stop snap \"%s\" services",
                           candidate->instance) < 0)
                return -1;
        if (plan_chain_add(chain, "remove-aliases", NULL, err, "Remove aliases for snap \"%s\"",
                           candidate->instance) < 0)
                return -1;
        return plan_chain_add(chain, "unlink-current-snap", NULL, err,
                              "Make current revision for snap \"%s\" unavailable",
                              candidate->instance);
}

typedef struct Step {
        const char *kind;
        const char *summary; /* with one %s, the instance */
} Step;

static int add_steps(PlanChain *chain, const Step *steps, size_t count, Error *err) {
        for (size_t i = 0; i < count; i++) {
                const char *hole = strstr(steps[i].summary, "%s");
                if (plan_chain_add(chain, steps[i].kind, NULL, err, "%.*s%s%s",
                                   (int)(hole - steps[i].summary), steps[i].summary,
                                   chain->instance, hole + 2) < 0)
                        return -1;
        }
        return 0;
}

static const Step ARRIVAL[] = {
        { "copy-snap-data", "Copy snap \"%s\" data" },
        { "setup-profiles", "Setup snap \"%s\" (unset) security profiles" },
        { "link-snap", "Make snap \"%s\" (unset) available to the system" },
};
static const Step CONNECTION[] = {
        { "auto-connect", "Automatically connect eligible plugs and slots of snap \"%s\"" },
        { "set-auto-aliases", "Set automatic aliases for snap \"%s\"" },
        { "setup-aliases", "Setup snap \"%s\" aliases" },
};
static const Step START[] = { { "start-snap-services", "Start snap \"%s\" (unset) services" } };

/* Behind the switch; of the daemon's own package, in the daemon that it brings. */
static int add_connection(Candidate *candidate, Error *err) {
        PlanChain *chain = &candidate->chain;

        if (is_daemon(candidate->manifest)) {
                if (plan_chain_add_await(chain, err) < 0)
                        return -1;
                candidate->barrier = chain->last;
        }
        if (add_steps(chain, CONNECTION, 1, err) < 0)
                return -1;
        candidate->connect = chain->last;
        return add_steps(chain, CONNECTION + 1, ARRAY_COUNT(CONNECTION) - 1, err);
}

static int add_discard(PlanChain *chain, const char *revision, Error *err) {
        if (plan_chain_add(chain, "clear-snap", json_pack("{s:s}", "revision", revision), err,
                           "Remove data for snap \"%s\" (%s)", chain->instance, revision) < 0)
                return -1;
        return plan_chain_add(chain, "discard-snap", json_pack("{s:s}", "revision", revision), err,
                              "Remove snap \"%s\" (%s) from the system", chain->instance, revision);
}

/* What still runs is left to a later refresh. */
static int add_collected(const Batch *batch, Candidate *candidate, size_t at, Error *err) {
        const char *revision = candidate->sequence.revisions[at].name;

        if (places_has_lease(batch->context->places, candidate->instance, revision))
                return 0;
        return add_discard(&candidate->chain, revision, err);
}

/* Left by a revert, or the oldest beyond what is retained; never the one that undo goes back to. */
static int add_collection(const Batch *batch, Candidate *candidate, Error *err) {
        const Sequence *sequence = &candidate->sequence;
        size_t current = 0;

        while (current + 1 < sequence->count &&
               !string_equal(sequence->revisions[current].name, sequence->current))
                current++;
        for (size_t i = current + 1; i < sequence->count; i++)
                if (add_collected(batch, candidate, i, err) < 0)
                        return -1;
        for (size_t i = 0; current + 2 > batch->retained_count + i && i < current; i++)
                if (add_collected(batch, candidate, i, err) < 0)
                        return -1;
        return plan_chain_add(&candidate->chain, "cleanup", NULL, err,
                              "Clean up \"%s\" (unset) install", candidate->instance);
}

static int add_tasks(const Batch *batch, Candidate *candidate, Error *err) {
        PlanChain *chain = &candidate->chain;
        bool is_installed = candidate->sequence.current != NULL;
        bool is_base = string_equal(manifest_get_type(candidate->manifest), "base");
        bool has_settings = !is_base && !is_daemon(candidate->manifest);

        if (add_preparation(batch, candidate, err) < 0)
                return -1;
        if (is_installed && add_departure(candidate, err) < 0)
                return -1;
        if (add_steps(chain, ARRIVAL, ARRAY_COUNT(ARRIVAL), err) < 0)
                return -1;
        if (add_connection(candidate, err) < 0)
                return -1;
        if (plan_chain_add_hook(chain, is_installed ? "post-refresh" : "install", NULL, err) < 0)
                return -1;
        if (add_steps(chain, START, ARRAY_COUNT(START), err) < 0)
                return -1;
        if (is_installed && add_collection(batch, candidate, err) < 0)
                return -1;
        if (has_settings && plan_chain_add_hook(chain, "configure", NULL, err) < 0)
                return -1;
        return plan_chain_add_hook(chain, "check-health", NULL, err);
}

/* Who comes first where several are in one change: the daemon, then bases, then what uses both. */
static int get_rank(const json_t *manifest) {
        const char *type = manifest_get_type(manifest);

        if (string_equal(type, "snapd"))
                return 0;
        return string_equal(type, "base") || string_equal(type, "os") ? 1 : 2;
}

static int tie_together(const Batch *batch, Error *err) {
        const PlanChain *chains[INSTALL_FILE_COUNT_MAX] = { NULL };

        for (size_t i = 0; i < batch->request->count; i++)
                chains[i] = &batch->candidates[i].chain;
        return plan_chain_tie(chains, batch->request->count, err);
}

/* What comes after the switch waits for the daemon that it brought. */
static int await_together(const Batch *batch, Error *err) {
        Database *database = batch->context->database;

        for (size_t i = 0; i < batch->request->count; i++) {
                int64_t barrier = batch->candidates[i].barrier;
                for (size_t j = 0; barrier && j < batch->request->count; j++)
                        if (j != i && change_add_wait(database, batch->candidates[j].connect,
                                                      barrier, err) < 0)
                                return -1;
        }
        return 0;
}

static int add_edge(Candidate *candidate, const Candidate *other, Error *err) {
        int64_t task = other->barrier ? other->barrier : other->chain.last;

        if (get_rank(other->manifest) >= get_rank(candidate->manifest))
                return 0;
        return plan_chain_wait(&candidate->chain, task, err);
}

/* Apps start when the bases of the same change are there, and all in the daemon that it brings. */
static int add_edges(Batch *batch, Error *err) {
        if (batch->request->count > 1 && batch->request->is_one_lane)
                return tie_together(batch, err) < 0 ? -1 : await_together(batch, err);
        for (size_t i = 0; i < batch->request->count; i++)
                for (size_t j = 0; j < batch->request->count; j++)
                        if (add_edge(&batch->candidates[i], &batch->candidates[j], err) < 0)
                                return -1;
        return 0;
}

/* --- the change --- */

static bool is_try(const Batch *batch) {
        return batch->request->files[0].source != NULL;
}

static char *format_summary(const Batch *batch) {
        const char *shown[INSTALL_FILE_COUNT_MAX];
        size_t count = batch->request->count;

        if (is_try(batch))
                return string_format("Try \"%s\" snap from %s", batch->instances[0],
                                     batch->candidates[0].file->shown);
        if (count == 1)
                return string_format("Install \"%s\" snap from file \"%s\"", batch->instances[0],
                                     batch->candidates[0].file->shown);
        for (size_t i = 0; i < count; i++)
                shown[i] = batch->candidates[i].file->shown;
        autofree char *names = plan_format_quoted(batch->instances, count);
        autofree char *files = plan_format_quoted(shown, count);
        return string_format("Install snaps %s from files %s", names, files);
}

static int add_change(Batch *batch, int64_t *ret_change, Error *err) {
        size_t count = batch->request->count;
        autofree char *summary = format_summary(batch);
        autojson api_data = plan_format_api_data(batch->instances, count, count == 1);
        ChangeDraft draft = { is_try(batch) ? "try-snap" : "install-snap", summary, api_data };

        if (plan_add_change(batch->context->database, &draft, batch->instances, count, ret_change,
                            err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                batch->candidates[i].chain = (PlanChain){
                        .database = batch->context->database,
                        .instance = batch->instances[i],
                        .change = *ret_change,
                        .lane = count == 1 || batch->request->is_one_lane ? 0 : (int64_t)i + 1,
                };
                if (add_tasks(batch, &batch->candidates[i], err) < 0)
                        return -1;
        }
        return add_edges(batch, err);
}

static int keep_files(Batch *batch, Error *err) {
        for (size_t i = 0; i < batch->request->count; i++) {
                Candidate *candidate = &batch->candidates[i];
                const InstallFile *file = candidate->file;
                if (file->kept)
                        candidate->incoming = string_copy(file->kept);
                else if (!file->source && image_keep_upload(batch->context->places, file->fd,
                                                            &candidate->incoming, err) < 0)
                        return -1;
        }
        return 0;
}

static void collect(Batch *batch) {
        for (size_t i = 0; i < batch->request->count; i++) {
                const InstallFile *file = &batch->request->files[i];
                Candidate *candidate = &batch->candidates[i];
                candidate->file = file;
                candidate->manifest = json_object_get(file->report, "manifest");
                candidate->instance = file->instance && *file->instance
                                              ? file->instance
                                              : manifest_get_name(candidate->manifest);
                candidate->base = manifest_get_required_base(candidate->manifest);
                batch->instances[i] = candidate->instance;
        }
}

int plan_install_files(const PlanContext *context, const InstallRequest *request,
                       int64_t *ret_change, Error *err) {
        __attribute__((cleanup(batch_done)))
        Batch batch = { .context = context, .request = request };
        autotransaction transaction = TRANSACTION_INIT;
        int64_t change = 0;

        if (request->count == 0 || request->count > INSTALL_FILE_COUNT_MAX)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot install %zu files at once: at most %d; install them in "
                                 "several requests, those that others need first",
                                 request->count, INSTALL_FILE_COUNT_MAX);
        collect(&batch);
        /* First: what runs in the middle of another change is that change's, not "running apps". */
        if (change_check_conflict(context->database, batch.instances, request->count, err) < 0)
                return -1;
        if (check_batch(&batch, err) < 0 ||
            setting_find_retained(context->database, &batch.retained_count, err) < 0)
                return -1;
        if (keep_files(&batch, err) < 0)
                return -1;
        if (transaction_begin(context->database, &transaction, err) < 0)
                return -1;
        if (add_change(&batch, &change, err) < 0)
                return -1;
        if (context->runner)
                runner_begin(context->runner, &transaction, change);
        /* Before the workers begin: they look for the files. */
        batch.is_committed = transaction_commit(&transaction, err) == 0;
        if (context->runner)
                runner_begun(context->runner, batch.is_committed);
        if (!batch.is_committed)
                return -1;
        *ret_change = change;
        return 0;
}
