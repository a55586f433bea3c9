/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "interface/hook-chain.h"
#include "snap/plan-chain.h"
#include "snap/sequence.h"

static int add_discard(PlanChain *chain, const char *revision, Error *err) {
        if (plan_chain_add(chain, "clear-snap", json_pack("{s:s}", "revision", revision), err,
                           "Remove data for snap \"%s\" (%s)", chain->instance, revision) < 0)
                return -1;
        return plan_chain_add(chain, "discard-snap", json_pack("{s:s}", "revision", revision), err,
                              "Remove snap \"%s\" (%s) from the system", chain->instance, revision);
}

static int add_stop(PlanChain *chain, const Sequence *sequence, Error *err) {
        json_t *hook = json_pack("{s:s, s:b}", "revision", sequence->current, "ignore_error", 1);

        if (sequence->is_active &&
            plan_chain_add(chain, "stop-snap-services", NULL, err, "Stop snap \"%s\" services",
                           chain->instance) < 0) {
                json_decref(hook);
                return -1;
        }
        if (plan_chain_add_hook(chain, "remove", hook, err) < 0)
                return -1;
        return plan_chain_add(chain, "auto-disconnect", NULL, err,
                              "Disconnect interfaces of snap \"%s\"", chain->instance);
}

static int add_unlink(PlanChain *chain, const Sequence *sequence, Error *err) {
        const char *instance = chain->instance, *current = sequence->current;

        if (!sequence->is_active)
                return 0;
        if (plan_chain_add(chain, "remove-aliases", NULL, err, "Remove aliases for snap \"%s\"",
                           instance) < 0)
                return -1;
        if (plan_chain_add(chain, "unlink-snap", NULL, err,
                           "Make snap \"%s\" (%s) unavailable to the system", instance,
                           current) < 0)
                return -1;
        return plan_chain_add(chain, "remove-profiles", NULL, err,
                              "Remove security profile for snap \"%s\" (%s)", instance, current);
}

/* A base's leases are those of the programs of others, of which none is left now. */
static int add_end(PlanChain *chain, const Sequence *sequence, Error *err) {
        if (!string_equal(sequence->type, "app"))
                return 0;
        return plan_chain_add(chain, "kill-snap-apps", NULL, err,
                              "End running programs of snap \"%s\"", chain->instance);
}

/* The other revisions from the newest to the oldest, then the current one: what is left at any
 * moment is a snap. */
static int add_whole(PlanChain *chain, const Sequence *sequence, Error *err) {
        if (add_stop(chain, sequence, err) < 0 || add_unlink(chain, sequence, err) < 0 ||
            add_end(chain, sequence, err) < 0)
                return -1;
        for (size_t i = sequence->count; i > 0; i--) {
                const char *revision = sequence->revisions[i - 1].name;
                if (!string_equal(revision, sequence->current) &&
                    add_discard(chain, revision, err) < 0)
                        return -1;
        }
        return add_discard(chain, sequence->current, err);
}

/* NULL where the whole snap goes. */
static int choose_revision(const Sequence *sequence, const char *wanted, const char **ret,
                           Error *err) {
        *ret = NULL;
        if (!wanted)
                return 0;
        if (!sequence_find_revision(sequence, wanted))
                return error_set(err, ERROR_SNAP_NOT_INSTALLED,
                                 "revision %.40s of snap \"%s\" is not installed", wanted,
                                 sequence->instance);
        bool is_current = string_equal(wanted, sequence->current);
        if (is_current && sequence->is_active)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot remove active revision %s of snap \"%s\" (revert first?)",
                                 wanted, sequence->instance);
        if (is_current && sequence->count > 1)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot remove current revision %s of disabled snap \"%s\" alone",
                                 wanted, sequence->instance);
        *ret = is_current ? NULL : wanted;
        return 0;
}

/* Other packages whose hooks are told that a connection ends are touched too: none of them may be
 * at work on itself meanwhile. */
static int claim_others(const PlanChain *chain, Error *err) {
        autojson others = NULL;
        json_t *name;
        size_t i;

        if (hook_chain_list_others(chain->database, chain->instance, &others, err) < 0)
                return -1;
        json_array_foreach(others, i, name) {
                const char *other = json_string_value(name);
                int has = change_has_claimed(chain->database, chain->change, other, err);
                if (has == 0 && change_check_conflict(chain->database, &other, 1, err) < 0)
                        return error_prefix(err, "removing snap \"%s\" runs a hook of \"%s\"",
                                            chain->instance, other);
                if (has < 0 || change_claim(chain->database, chain->change, other, err) < 0)
                        return -1;
        }
        return 0;
}

static int add_one(const PlanContext *context, const RemoveRequest *request, PlanChain *chain,
                   Error *err) {
        autosequence sequence = SEQUENCE_INIT;
        const char *revision = NULL;

        if (sequence_require(context->database, chain->instance, &sequence, err) < 0)
                return -1;
        if (choose_revision(&sequence, request->revision, &revision, err) < 0)
                return -1;
        if (revision)
                return add_discard(chain, revision, err);
        if (sequence_check_removable(context->database, &sequence, err) < 0)
                return -1;
        return claim_others(chain, err) < 0 ? -1 : add_whole(chain, &sequence, err);
}

static char *format_summary(const RemoveRequest *request) {
        autofree char *names = plan_format_quoted(request->instances, request->count);

        if (!request->is_many)
                return string_format("Remove \"%s\" snap", request->instances[0]);
        return string_format("Remove snap%s %s", request->count > 1 ? "s" : "", names);
}

/* Before the conflict check, so that a name nobody has is said to be that. */
static int check_installed(const PlanContext *context, const RemoveRequest *request, Error *err) {
        for (size_t i = 0; i < request->count; i++) {
                autosequence sequence = SEQUENCE_INIT;
                int found = sequence_find(context->database, request->instances[i], &sequence, err);
                if (found < 0)
                        return -1;
                if (found == 0)
                        return error_set(err, ERROR_SNAP_NOT_INSTALLED,
                                         "snap \"%.60s\" is not installed", request->instances[i]);
                for (size_t j = 0; j < i; j++)
                        if (string_equal(request->instances[i], request->instances[j]))
                                return error_set(err, ERROR_BAD_REQUEST,
                                                 "snap \"%s\" is named twice",
                                                 request->instances[i]);
        }
        return 0;
}

static int plan_once(const PlanContext *context, const RemoveRequest *request, int64_t *ret_change,
                     Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        autofree char *summary = format_summary(request);
        int64_t change = 0;

        if (request->count == 0 || request->count > INSTALL_FILE_COUNT_MAX)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot remove %zu snaps at once: at most %d; remove them in "
                                 "several requests",
                                 request->count, INSTALL_FILE_COUNT_MAX);
        if (check_installed(context, request, err) < 0)
                return -1;
        autojson api_data = plan_format_api_data(request->instances, request->count, false);
        ChangeDraft draft = { "remove-snap", summary, api_data, .is_removal = true };
        if (transaction_begin(context->database, &transaction, err) < 0)
                return -1;
        if (plan_add_change(context->database, &draft, request->instances, request->count, &change,
                            err) < 0)
                return -1;
        for (size_t i = 0; i < request->count; i++) {
                PlanChain chain = { .database = context->database,
                                    .instance = request->instances[i],
                                    .change = change,
                                    .lane = request->count > 1 ? (int64_t)i + 1 : 0 };
                if (add_one(context, request, &chain, err) < 0)
                        return -1;
        }
        if (transaction_commit(&transaction, err) < 0)
                return -1;
        *ret_change = change;
        return 0;
}

int plan_remove(const PlanContext *context, const RemoveRequest *request, int64_t *ret_change,
                Error *err) {
        int r = plan_once(context, request, ret_change, err);

        /* Whoever finds out that the disk is full has what was kept for this by now. */
        return r < 0 && err->kind == ERROR_DISK_SPACE ? plan_once(context, request, ret_change, err)
                                                      : r;
}
