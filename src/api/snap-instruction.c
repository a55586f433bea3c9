/* SPDX-License-Identifier: Apache-2.0 */
#include "api/snap-instruction.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/text.h"

/* What may be said with an action. */
enum {
        TAKES_REVISION = 1 << 0,
        TAKES_COHORT_KEY = 1 << 1,
        TAKES_LEAVE_COHORT = 1 << 2,
        TAKES_TRANSACTION = 1 << 3,
        TAKES_MANY = 1 << 4,
};

static const struct {
        const char *name;
        unsigned takes;
} ACTIONS[SNAP_ACTION_COUNT] = {
        [SNAP_ACTION_INSTALL] = { "install", TAKES_REVISION | TAKES_COHORT_KEY | TAKES_TRANSACTION |
                                                     TAKES_MANY },
        [SNAP_ACTION_REFRESH] = { "refresh", TAKES_REVISION | TAKES_COHORT_KEY |
                                                     TAKES_LEAVE_COHORT | TAKES_TRANSACTION |
                                                     TAKES_MANY },
        [SNAP_ACTION_REMOVE] = { "remove", TAKES_REVISION | TAKES_MANY },
        [SNAP_ACTION_REVERT] = { "revert", TAKES_REVISION },
        [SNAP_ACTION_ENABLE] = { "enable", 0 },
        [SNAP_ACTION_DISABLE] = { "disable", 0 },
        [SNAP_ACTION_SWITCH] = { "switch", TAKES_COHORT_KEY | TAKES_LEAVE_COHORT },
};

static const struct {
        const char *key;
        SnapFlag flag;
} FLAGS[] = {
        { "leave-cohort", SNAP_FLAG_LEAVE_COHORT },
        { "devmode", SNAP_FLAG_DEVMODE },
        { "jailmode", SNAP_FLAG_JAILMODE },
        { "classic", SNAP_FLAG_CLASSIC },
        { "purge", SNAP_FLAG_PURGE },
        { "amend", SNAP_FLAG_AMEND },
        { "ignore-running", SNAP_FLAG_IGNORE_RUNNING },
        { "ignore-validation", SNAP_FLAG_IGNORE_VALIDATION },
};

static bool takes(const SnapInstruction *instruction, unsigned what) {
        return (ACTIONS[instruction->action].takes & what) != 0;
}

static bool has_all(const SnapInstruction *instruction, unsigned flags) {
        return (instruction->flags & flags) == flags;
}

static int parse_action(const json_t *body, SnapInstruction *ret, Error *err) {
        const char *name = json_get_string(body, "action", "");

        for (SnapAction i = 0; i < SNAP_ACTION_COUNT; i++)
                if (string_equal(ACTIONS[i].name, name)) {
                        ret->action = i;
                        return 0;
                }
        return error_set(err, ERROR_BAD_REQUEST, "unknown action %.40s", name);
}

/* "unset" and "" are no revision; else digits, or an x and digits. */
static int parse_revision(const json_t *body, SnapInstruction *ret, Error *err) {
        const json_t *value = json_object_get(body, "revision");
        const char *text = json_is_string(value) ? json_string_value(value) : "";
        Error ignored = ERROR_INIT;
        uint64_t number = 0;

        if (json_is_integer(value)) {
                (void)snprintf(ret->revision, sizeof(ret->revision), "%" JSON_INTEGER_FORMAT,
                               json_integer_value(value));
                text = ret->revision;
        }
        if (!*text || string_equal(text, "unset")) {
                ret->revision[0] = '\0';
                return 0;
        }
        if (string_parse_u64(text + (*text == 'x'), INT32_MAX, &number, &ignored) < 0 ||
            number == 0)
                return error_set(err, ERROR_BAD_REQUEST, "invalid snap revision: \"%.40s\"", text);
        (void)snprintf(ret->revision, sizeof(ret->revision), "%s%" PRIu64, *text == 'x' ? "x" : "",
                       number);
        return 0;
}

static int parse_fields(const json_t *body, SnapInstruction *ret, Error *err) {
        *ret = (SnapInstruction){
                .channel = json_get_string(body, "channel", ""),
                .cohort_key = json_get_string(body, "cohort-key", ""),
                .transaction = json_get_string(body, "transaction", ""),
        };
        if (!json_is_object(body))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot decode request body into snap instruction: it is not an "
                                 "object");
        for (size_t i = 0; i < ARRAY_COUNT(FLAGS); i++)
                ret->flags |= json_get_bool(body, FLAGS[i].key, false) ? FLAGS[i].flag : 0;
        if (parse_action(body, ret, err) < 0)
                return -1;
        return parse_revision(body, ret, err);
}

static int check_cohort(const SnapInstruction *instruction, Error *err) {
        bool has_key = *instruction->cohort_key;
        bool leaves = has_all(instruction, SNAP_FLAG_LEAVE_COHORT);

        if (has_key && !takes(instruction, TAKES_COHORT_KEY))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cohort-key can only be specified for install, refresh, or "
                                 "switch");
        if (leaves && !takes(instruction, TAKES_LEAVE_COHORT))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "leave-cohort can only be specified for refresh or switch");
        if (has_key && leaves)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot specify both cohort-key and leave-cohort");
        if (has_key && *instruction->revision)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot specify both cohort-key and revision");
        return 0;
}

static int check_transaction(const SnapInstruction *instruction, Error *err) {
        const char *transaction = instruction->transaction;

        if (!*transaction)
                return 0;
        if (!takes(instruction, TAKES_TRANSACTION))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "transaction type is unsupported for \"%s\" actions",
                                 ACTIONS[instruction->action].name);
        if (!string_equal(transaction, "per-snap") && !string_equal(transaction, "all-snaps"))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "invalid value for transaction type: %.40s", transaction);
        return 0;
}

static int check_modes(const SnapInstruction *instruction, Error *err) {
        if (has_all(instruction, SNAP_FLAG_DEVMODE | SNAP_FLAG_JAILMODE))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot use devmode and jailmode flags together");
        if (has_all(instruction, SNAP_FLAG_DEVMODE | SNAP_FLAG_CLASSIC))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot use classic and devmode flags together");
        return 0;
}

int snap_instruction_parse(const json_t *body, SnapInstruction *ret, Error *err) {
        if (parse_fields(body, ret, err) < 0 || check_cohort(ret, err) < 0 ||
            check_transaction(ret, err) < 0 || check_modes(ret, err) < 0)
                return -1;
        if (*ret->channel && !name_is_channel(ret->channel))
                return error_set(err, ERROR_BAD_REQUEST, "invalid channel name: \"%.60s\"",
                                 ret->channel);
        if (*ret->revision && !takes(ret, TAKES_REVISION))
                return error_set(err, ERROR_BAD_REQUEST, "%s takes no revision argument",
                                 ACTIONS[ret->action].name);
        return 0;
}

static int check_names(const json_t *names, Error *err) {
        size_t i;
        json_t *name;

        if (json_array_size(names) > SNAP_INSTRUCTION_SNAP_MAX)
                return error_set(err, ERROR_TOO_LARGE, "more than %d snaps at once",
                                 SNAP_INSTRUCTION_SNAP_MAX);
        json_array_foreach(names, i, name) if (!json_is_string(name)) return error_set(
                err, ERROR_BAD_REQUEST, "snap names must be strings");
        return 0;
}

/* What says something of one snap only. */
#define ONE_SNAP_FLAGS \
        (SNAP_FLAG_DEVMODE | SNAP_FLAG_JAILMODE | SNAP_FLAG_LEAVE_COHORT | SNAP_FLAG_PURGE)

int snap_instruction_parse_many(const json_t *body, SnapInstruction *ret, const json_t **ret_names,
                                Error *err) {
        if (parse_fields(body, ret, err) < 0)
                return -1;
        if (!takes(ret, TAKES_MANY))
                return error_set(err, ERROR_BAD_REQUEST, "unsupported multi-snap operation \"%s\"",
                                 ACTIONS[ret->action].name);
        if (*ret->channel || *ret->revision || *ret->cohort_key || (ret->flags & ONE_SNAP_FLAGS))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "unsupported option provided for multi-snap operation");
        *ret_names = json_object_get(body, "snaps");
        if (check_transaction(ret, err) < 0)
                return -1;
        return check_names(*ret_names, err);
}
