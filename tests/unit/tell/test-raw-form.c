/* SPDX-License-Identifier: Apache-2.0
 *
 * Linked with a generation that adds a rule (meson.build): what is told has it too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "interface/repository.h"
#include "launch/policies.h"
#include "launch/policy-use.h"
#include "launch/takeover.h"
#include "scratch.h"
#include "tell/policy-of.h"
#include "tell/raw-form.h"
#include "unit.h"
#include "wire/generation.h"

#define ADDED "refuse sched_get_priority_max 0&0xffffffff=20801"
#define OTHER "allow write\n"

typedef struct World {
        char path[SCRATCH_SIZE];
        Database *database;
        int directory; /* policy/ */
} World;

/* A base that is a package with an app: it needs no other. */
static void add_package(World *world) {
        static const char *const STATEMENTS[] = {
                "INSERT INTO snap (instance, name, type, current) VALUES ('tool', 'tool', 'base', "
                "'x1')",
                "INSERT INTO revision (instance, revision, position, file, size, sha3_384, "
                "version, base, confinement, manifest, raw_manifest, installed_at) VALUES ('tool', "
                "'x1', 1, 'f', 1, printf('%096d', 0), '1', '', 'strict', "
                "'{\"apps\":{\"tool\":{}}}', '', 0)",
                "INSERT INTO app VALUES ('tool', 'x1', 'tool', 'x', NULL)",
        };
        autotransaction transaction = TRANSACTION_INIT;
        Error err = ERROR_INIT;

        assert_int_equal(transaction_begin(world->database, &transaction, &err), 0);
        for (size_t i = 0; i < ARRAY_COUNT(STATEMENTS); i++)
                assert_true(database_run(world->database, &err, STATEMENTS[i], "") >= 0);
        assert_int_equal(transaction_commit(&transaction, &err), 0);
}

static int begin(void **state) {
        World *world = memory_new(sizeof(*world));
        Error err = ERROR_INIT;

        scratch_make(world->path);
        autofd int root = directory_open(world->path, &err);
        autofree char *states = string_format("%s/state", world->path);
        assert_int_equal(mkdir(states, 0700), 0);
        world->directory = directory_make_beneath(root, "var/lib/pawl/policy", 0700, &err);
        assert_true(world->directory >= 0);
        assert_true(database_open(states, &world->database, &err) >= 0);
        assert_true(repository_open(world->database, true, &err) >= 0);
        add_package(world);
        *state = world;
        return 0;
}

static int end(void **state) {
        World *world = *state;

        database_close(world->database);
        (void)close(world->directory);
        int removed = scratch_remove(world->path);
        free(world);
        return removed;
}

static void use_policy(World *world, PolicyUse *use, const char *rules,
                       char ret_digest[DIGEST_SHA256_HEX_SIZE]) {
        Error err = ERROR_INIT;

        policy_digest(rules, ret_digest);
        assert_int_equal(policy_compile(world->directory, rules, &err), 0);
        assert_int_equal(policy_use_note(use, "tool", "x1", ret_digest, &err), 1);
}

/* Of what has been used the daemon keeps what a launch would be given now, by its digest. */
static void the_rules_told_are_those_of_the_policy_in_use(void **state) {
        World *world = *state;
        const LaunchRequest request = { .command = "tool.tool" };
        const RawQuestion question = { .form = "seccomp",
                                       .request = &request,
                                       .root = world->path };
        char told_digest[DIGEST_SHA256_HEX_SIZE], other_digest[DIGEST_SHA256_HEX_SIZE];
        autotext template = TEXT_INIT;
        autofree char *told = NULL;
        Error err = ERROR_INIT;

        policies_write_template(&template);
        PolicyUse use = { .database = world->database,
                          .root = world->path,
                          .template = template.bytes };
        memset(use.generation, 'a', sizeof(use.generation) - 1);
        assert_int_equal(raw_form_write(world->database, &question, &told, &err), 0);
        assert_non_null(strstr(told, ADDED));
        use_policy(world, &use, told, told_digest);
        use_policy(world, &use, OTHER, other_digest);
        assert_int_equal(policy_use_collect(&use, &err), 1);
        assert_true(file_exists_beneath(world->directory, told_digest));
        assert_false(file_exists_beneath(world->directory, other_digest));
}

static void the_template_told_is_that_of_the_generation_told(void **state) {
        World *world = *state;
        char generation[DIGEST_SHA256_HEX_SIZE];
        autotext lines = TEXT_INIT;
        autojson object = NULL;
        json_t *line;
        Error err = ERROR_INIT;
        size_t i;

        assert_int_equal(policy_of_revision(world->database, "tool", "", &object, &err), 0);
        json_array_foreach(json_object_get(object, "template"), i, line)
                text_append_format(&lines, "%s\n", json_string_value(line));
        assert_non_null(strstr(lines.bytes, "\n" ADDED "\n"));
        takeover_get_generation(lines.bytes, generation);
        assert_string_equal(
                json_string_value(json_array_get(json_object_get(object, "generation"), 0)),
                generation);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_rules_told_are_those_of_the_policy_in_use,
                                                begin, end),
                cmocka_unit_test_setup_teardown(the_template_told_is_that_of_the_generation_told,
                                                begin, end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
