/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/sequence.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void sequence_done(Sequence *sequence) {
        for (size_t i = 0; i < sequence->count; i++) {
                free(sequence->revisions[i].name);
                free(sequence->revisions[i].file);
        }
        free(sequence->revisions);
        free(sequence->instance);
        free(sequence->type);
        free(sequence->current);
        *sequence = SEQUENCE_INIT;
}

static char *copy_optional(const char *text) {
        return text ? string_copy(text) : NULL;
}

static int load_revisions(Database *database, Sequence *sequence, Error *err) {
        autoquery query = QUERY_INIT;
        int64_t count = 0;
        int more;

        if (database_find_int(database, &count, err,
                              "SELECT count(*) FROM revision WHERE instance = ?1", "s",
                              sequence->instance) < 0)
                return -1;
        sequence->revisions = memory_new((size_t)count * sizeof(Revision));
        if (query_open(
                    database, &query, err,
                    "SELECT revision, file, position FROM revision WHERE instance = ?1 ORDER BY position",
                    "s", sequence->instance) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0 && sequence->count < (size_t)count) {
                sequence->revisions[sequence->count++] = (Revision){
                        .name = string_copy(query_get_text(&query, 0)),
                        .file = copy_optional(query_get_text(&query, 1)),
                        .position = query_get_int(&query, 2),
                };
        }
        return more < 0 ? -1 : 0;
}

int sequence_find(Database *database, const char *instance, Sequence *ret, Error *err) {
        autosequence sequence = SEQUENCE_INIT;
        autoquery query = QUERY_INIT;

        if (query_open(
                    database, &query, err,
                    "SELECT type, current, is_active, is_devmode, is_jailmode, is_classic FROM snap "
                    "WHERE instance = ?1",
                    "s", instance) < 0)
                return -1;
        int found = query_next(&query, err);
        if (found <= 0)
                return found;
        sequence.instance = string_copy(instance);
        sequence.type = string_copy(query_get_text(&query, 0));
        sequence.current = copy_optional(query_get_text(&query, 1));
        sequence.is_active = query_get_int(&query, 2) != 0;
        sequence.is_devmode = query_get_int(&query, 3) != 0;
        sequence.is_jailmode = query_get_int(&query, 4) != 0;
        sequence.is_classic = query_get_int(&query, 5) != 0;
        if (load_revisions(database, &sequence, err) < 0)
                return -1;
        *ret = sequence;
        sequence = SEQUENCE_INIT;
        return 1;
}

int sequence_require(Database *database, const char *instance, Sequence *ret, Error *err) {
        autosequence sequence = SEQUENCE_INIT;
        int found = sequence_find(database, instance, &sequence, err);

        if (found < 0)
                return -1;
        if (found == 0 || !sequence.current)
                return error_set(err, ERROR_SNAP_NOT_INSTALLED, "snap \"%.60s\" is not installed",
                                 instance);
        *ret = sequence;
        sequence = SEQUENCE_INIT;
        return 0;
}

const Revision *sequence_find_revision(const Sequence *sequence, const char *name) {
        for (size_t i = 0; i < sequence->count; i++)
                if (string_equal(sequence->revisions[i].name, name))
                        return &sequence->revisions[i];
        return NULL;
}

const Revision *sequence_find_previous(const Sequence *sequence) {
        const Revision *previous = NULL;

        for (size_t i = 0; sequence->current && i < sequence->count; i++) {
                if (string_equal(sequence->revisions[i].name, sequence->current))
                        return previous;
                previous = &sequence->revisions[i];
        }
        return NULL;
}

int sequence_format_next(Database *database, const Places *places, const char *instance, char **ret,
                         Error *err) {
        autofree char *next = NULL;
        int64_t highest = 0;

        if (database_find_int(
                    database, &highest, err,
                    "SELECT max(CAST(substr(revision, 2) AS INTEGER)) FROM revision WHERE "
                    "instance = ?1 AND revision GLOB 'x*'",
                    "s", instance) < 0)
                return -1;
        /* A number whose removed revision still runs would be mounted and leased as that one. */
        do {
                free(next);
                next = string_format("x%lld", (long long)++highest);
        } while (places_has_lease(places, instance, next) && highest < INT32_MAX);
        *ret = take(next);
        return 0;
}

int revision_find_manifest(Database *database, const char *instance, const char *revision,
                           json_t **ret, Error *err) {
        autofree char *text = NULL;
        int found = database_find_text(
                database, &text, err,
                "SELECT manifest FROM revision WHERE instance = ?1 AND revision = ?2", "ss",
                instance, revision);

        if (found <= 0)
                return found;
        if (json_parse(text, strlen(text), ret, err) < 0)
                return error_prefix(err, "stored manifest of %s %s", instance, revision);
        return 1;
}

int base_is_installed(Database *database, const char *base, Error *err) {
        int64_t found;

        return database_find_int(
                database, &found, err,
                "SELECT 1 FROM snap WHERE instance = ?1 AND current IS NOT NULL AND "
                "is_active = 1 AND type IN ('base', 'os')",
                "s", base);
}

/* 1 with the names of the snaps that stand on this base ("a, b"), 0: there are none. */
static int find_users(Database *database, const Sequence *sequence, char **ret, Error *err) {
        if (!string_equal(sequence->type, "base") && !string_equal(sequence->type, "os"))
                return 0;
        /* Every retained revision counts: a revert must find its base. */
        return database_find_text(
                database, ret, err,
                "SELECT group_concat(instance, ', ') FROM (SELECT DISTINCT s.instance FROM snap s JOIN "
                "revision r ON r.instance = s.instance WHERE s.type IN ('app', 'gadget') AND r.base IN "
                "(?1, CASE ?1 WHEN 'core' THEN '' ELSE ?1 END) ORDER BY 1)",
                "s", sequence->instance);
}

int sequence_check_removable(Database *database, const Sequence *sequence, Error *err) {
        autofree char *users = NULL;

        int found = find_users(database, sequence, &users, err);
        if (found <= 0)
                return found;
        return error_set(err, ERROR_BAD_REQUEST,
                         "snap \"%s\" is not removable: snap is being used by snap%s %.300s.",
                         sequence->instance, strchr(users, ',') ? "s" : "", users);
}

int sequence_check_stoppable(Database *database, const Sequence *sequence, Error *err) {
        autofree char *users = NULL;

        if (!string_equal(sequence->type, "app") && !string_equal(sequence->type, "base"))
                return error_set(err, ERROR_BAD_REQUEST, "snap \"%s\" cannot be disabled",
                                 sequence->instance);
        int found = find_users(database, sequence, &users, err);
        if (found <= 0)
                return found;
        return error_set(err, ERROR_BAD_REQUEST,
                         "snap \"%s\" cannot be disabled: base in use by %.300s",
                         sequence->instance, users);
}
