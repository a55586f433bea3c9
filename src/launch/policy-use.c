/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/policy-use.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "launch/launch-target.h"
#include "launch/policies.h"
#include "policy/store.h"

/* The newest first, with spaces between. */
#define SETTING "policy-generations"
#define SQL_ROW "SELECT 1 FROM artefact WHERE kind = 'policy' AND name = ?"
#define SQL_ADD                                                                                     \
        "INSERT INTO artefact (kind, name, instance, digest, is_stale) VALUES ('policy', ?, ?, ?, " \
        "0)"
#define SQL_UNFINISHED "SELECT 1 FROM change WHERE ready_at IS NULL LIMIT 1"
#define SQL_SEEN                                                                            \
        "SELECT format('%d %d %d %d', (SELECT sum(epoch) FROM snap), (SELECT max(id) FROM " \
        "change), (SELECT count(*) FROM revision), (SELECT max(rowid) FROM artefact WHERE " \
        "kind = 'policy'))"
/* A name is "GENERATION INSTANCE REVISION DIGEST", each without spaces. */
#define SQL_DROP_REMOVED                                                                       \
        "DELETE FROM artefact WHERE kind = 'policy' AND NOT EXISTS (SELECT 1 FROM revision r " \
        "WHERE artefact.name GLOB '* ' || r.instance || ' ' || r.revision || ' *')"
#define SQL_DROP_GENERATIONS \
        "DELETE FROM artefact WHERE kind = 'policy' AND instr(?, substr(name, 1, 64)) = 0"
#define SQL_CURRENT                                                                             \
        "SELECT s.instance, s.current, 'app', a.name FROM snap s JOIN app a ON a.instance = "   \
        "s.instance AND a.revision = s.current WHERE EXISTS (SELECT 1 FROM artefact x WHERE "   \
        "x.kind = 'policy' AND x.instance = s.instance) UNION ALL "                             \
        "SELECT s.instance, s.current, 'hook', h.name FROM snap s JOIN hook h ON h.instance = " \
        "s.instance AND h.revision = s.current WHERE EXISTS (SELECT 1 FROM artefact x WHERE "   \
        "x.kind = 'policy' AND x.instance = s.instance)"
#define SQL_OWN                                                                                \
        "SELECT x.name FROM artefact x JOIN snap s ON s.instance = x.instance WHERE x.kind = " \
        "'policy' AND x.name GLOB ? || ' ' || s.instance || ' ' || s.current || ' *'"

static char *format_name(const PolicyUse *use, const char *instance, const char *revision,
                         const char *digest) {
        return string_format("%s %s %s %s", use->generation, instance, revision, digest);
}

/* ── noting ── */

/* Puts this generation first; what falls off the end is forgotten when it is collected. */
static int note_generation(PolicyUse *use, Error *err) {
        autofree char *before = NULL;
        autotext list = TEXT_INIT;
        char *rest = NULL;
        int found = database_find_text(use->database, &before, err,
                                       "SELECT value FROM setting WHERE key = '" SETTING "'", "");

        if (found < 0)
                return -1;
        if (before && string_has_prefix(before, use->generation))
                return 0;
        text_append(&list, use->generation);
        size_t count = 1;
        for (char *word = strtok_r(before ? before : (char[]){ "" }, " ", &rest);
             word && count < POLICY_GENERATION_COUNT; word = strtok_r(NULL, " ", &rest)) {
                if (string_equal(word, use->generation))
                        continue;
                text_append_format(&list, " %s", word);
                count++;
        }
        return database_run(use->database, err,
                            "INSERT OR REPLACE INTO setting (key, value) VALUES ('" SETTING "', ?)",
                            "s", list.bytes);
}

static int is_first(const PolicyUse *use, Error *err) {
        int64_t one = 0;

        return database_find_int(use->database, &one, err,
                                 "SELECT 1 FROM setting WHERE key = '" SETTING
                                 "' AND substr(value, 1, 64) = ?",
                                 "s", use->generation);
}

static int has_row(const PolicyUse *use, const char *name, Error *err) {
        int64_t one = 0;

        return database_find_int(use->database, &one, err, SQL_ROW, "s", name);
}

int policy_use_is_new(const PolicyUse *use, Error *err) {
        autofree char *before = NULL;
        int found = database_find_text(use->database, &before, err,
                                       "SELECT value FROM setting WHERE key = '" SETTING "'", "");

        return found <= 0 ? found : !string_has_prefix(before, use->generation);
}

/* What has one already is passed over. */
static int add_rows(PolicyUse *use, const PolicyProgram *programs, size_t count, Error *err) {
        for (size_t i = 0; i < count; i++) {
                const PolicyProgram *program = &programs[i];
                autofree char *name =
                        format_name(use, program->instance, program->revision, program->digest);
                int found = *program->digest ? has_row(use, name, err) : 1;
                if (found < 0 ||
                    (found == 0 && database_run(use->database, err, SQL_ADD, "sss", name,
                                                program->instance, program->digest) < 0))
                        return -1;
        }
        return 0;
}

int policy_use_note_all(PolicyUse *use, const PolicyProgram *programs, size_t count, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (transaction_begin(use->database, &transaction, err) < 0 ||
            note_generation(use, err) < 0 || add_rows(use, programs, count, err) < 0)
                return -1;
        return transaction_commit(&transaction, err);
}

int policy_use_note(PolicyUse *use, const char *instance, const char *revision, const char *digest,
                    Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        autofree char *name = format_name(use, instance, revision, digest);
        int is_noted = has_row(use, name, err);
        int has_generation = is_noted < 0 ? -1 : is_first(use, err);

        if (has_generation < 0 || (is_noted > 0 && has_generation > 0))
                return has_generation < 0 ? -1 : 0;
        if (transaction_begin(use->database, &transaction, err) < 0 ||
            note_generation(use, err) < 0)
                return -1;
        if (is_noted == 0 &&
            database_run(use->database, err, SQL_ADD, "sss", name, instance, digest) < 0)
                return -1;
        return transaction_commit(&transaction, err) < 0 ? -1 : 1;
}

/* ── what is wanted ── */

int policy_use_write_rules(const PolicyUse *use, const PolicyProgram *program, Text *ret) {
        autofree char *command = string_format("%s.%s", program->instance, program->name);
        const LaunchRequest request = { .command = program->is_hook ? NULL : command,
                                        .instance = program->is_hook ? program->instance : NULL,
                                        .hook = program->is_hook ? program->name : NULL };
        autotarget target = TARGET_INIT;
        Error unused = ERROR_INIT;

        /* What cannot be launched now (a base is missing, it is disabled) needs none. */
        if (target_find(use->database, &request, &target, &unused) < 0)
                return 0;
        policies_write_rules(use->template, &target.grants, ret);
        return 1;
}

static char *copy_column(const Query *row, int column) {
        return string_copy(query_get_text(row, column));
}

int policy_use_list(const PolicyUse *use, PolicyProgram **ret, size_t *ret_count, Error *err) {
        PolicyProgram *programs = memory_new(sizeof(*programs));
        autoquery query = QUERY_INIT;
        size_t count = 0;
        int found = query_open(use->database, &query, err, SQL_CURRENT, "");

        while (found >= 0 && (found = query_next(&query, err)) > 0) {
                programs = reallocarray(programs, count + 1, sizeof(*programs));
                if (!programs)
                        abort();
                programs[count++] = (PolicyProgram){
                        .instance = copy_column(&query, 0),
                        .revision = copy_column(&query, 1),
                        .is_hook = string_equal(query_get_text(&query, 2), "hook"),
                        .name = copy_column(&query, 3),
                };
        }
        if (found < 0) {
                policy_programs_free(programs, count);
                return -1;
        }
        *ret = programs;
        *ret_count = count;
        return 0;
}

void policy_programs_free(PolicyProgram *programs, size_t count) {
        for (size_t i = 0; i < count; i++) {
                free(programs[i].instance);
                free(programs[i].revision);
                free(programs[i].name);
        }
        free(programs);
}

/* ── collecting: rows ── */

/* The policies that launches would be given now, as the names of their rows. */
static int list_wanted(const PolicyUse *use, Text *ret, Error *err) {
        PolicyProgram *programs = NULL;
        size_t count = 0;

        if (policy_use_list(use, &programs, &count, err) < 0)
                return -1;
        text_append(ret, "");
        for (size_t i = 0; i < count; i++) {
                autotext rules = TEXT_INIT;
                char digest[DIGEST_SHA256_HEX_SIZE];

                if (policy_use_write_rules(use, &programs[i], &rules) == 0)
                        continue;
                policy_digest(rules.bytes, digest);
                autofree char *name =
                        format_name(use, programs[i].instance, programs[i].revision, digest);
                text_append_format(ret, "%s\n", name);
        }
        policy_programs_free(programs, count);
        return 0;
}

/* Of the running generation and current revisions, what nobody would be given any more. */
static int list_unwanted(const PolicyUse *use, Text *ret, Error *err) {
        autotext wanted = TEXT_INIT;
        autoquery query = QUERY_INIT;
        int found;

        if (list_wanted(use, &wanted, err) < 0 ||
            query_open(use->database, &query, err, SQL_OWN, "s", use->generation) < 0)
                return -1;
        while ((found = query_next(&query, err)) > 0) {
                const char *name = query_get_text(&query, 0);
                if (!wanted.bytes || !strstr(wanted.bytes, name))
                        text_append_format(ret, "%s\n", name);
        }
        return found;
}

static int drop_rows(PolicyUse *use, char *names, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        autofree char *generations = NULL;
        char *rest = NULL;

        if (database_find_text(use->database, &generations, err,
                               "SELECT value FROM setting WHERE key = '" SETTING "'", "") < 0 ||
            transaction_begin(use->database, &transaction, err) < 0)
                return -1;
        for (char *name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest))
                if (database_run(use->database, err,
                                 "DELETE FROM artefact WHERE kind = 'policy' AND name = ?", "s",
                                 name) < 0)
                        return -1;
        if (database_run(use->database, err, SQL_DROP_REMOVED, "") < 0 ||
            database_run(use->database, err, SQL_DROP_GENERATIONS, "s",
                         generations ? generations : use->generation) < 0)
                return -1;
        return transaction_commit(&transaction, err);
}

/* ── collecting: objects ── */

static int drop_object(const PolicyUse *use, int directory, const char *name, Error *err) {
        int64_t one = 0;
        int is_named = database_find_int(
                use->database, &one, err,
                "SELECT 1 FROM artefact WHERE kind = 'policy' AND digest = ? LIMIT 1", "s", name);

        if (is_named != 0)
                return is_named < 0 ? -1 : 0;
        return tree_remove(directory, name, err) < 0 ? -1 : 1;
}

static int drop_objects(const PolicyUse *use, Error *err) {
        autofree char *path = string_format("%s/var/lib/pawl/policy", use->root);
        DIR *directory = opendir(path);
        struct dirent *entry;
        int count = 0, last = 0;

        if (!directory)
                return errno == ENOENT ? 0 : error_set_errno(err, errno, "cannot read %s", path);
        while (last >= 0 && (entry = readdir(directory))) {
                if (entry->d_name[0] == '.')
                        continue;
                last = drop_object(use, dirfd(directory), entry->d_name, err);
                count += last > 0;
        }
        (void)closedir(directory);
        return last < 0 ? -1 : count;
}

/* What the answer depends on, in one line; nothing is looked at again while it is the same. */
static int read_seen(const PolicyUse *use, char ret[POLICY_SEEN_SIZE], Error *err) {
        autofree char *text = NULL;

        if (database_find_text(use->database, &text, err, SQL_SEEN, "") < 0)
                return -1;
        (void)snprintf(ret, POLICY_SEEN_SIZE, "%s", text ? text : "");
        return 0;
}

int policy_use_collect(PolicyUse *use, Error *err) {
        autotext unwanted = TEXT_INIT;
        char seen[POLICY_SEEN_SIZE];
        int64_t one = 0;
        int is_unfinished = database_find_int(use->database, &one, err, SQL_UNFINISHED, "");

        if (is_unfinished != 0)
                return is_unfinished < 0 ? -1 : 0;
        if (read_seen(use, seen, err) < 0)
                return -1;
        if (string_equal(seen, use->seen))
                return 0;
        text_append(&unwanted, "\n");
        if (list_unwanted(use, &unwanted, err) < 0 || drop_rows(use, unwanted.bytes, err) < 0)
                return -1;
        int removed = drop_objects(use, err);
        return removed >= 0 && read_seen(use, use->seen, err) < 0 ? -1 : removed;
}
