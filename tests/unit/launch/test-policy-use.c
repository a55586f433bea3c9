/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "interface/repository.h"
#include "launch/policies.h"
#include "launch/policy-ahead.h"
#include "launch/policy-use.h"
#include "scratch.h"
#include "unit.h"

#define TEMPLATE "allow read\n"
#define OTHER    "allow write\n"

typedef struct World {
        char path[SCRATCH_SIZE];
        Database *database;
        int directory; /* policy/ */
} World;

static void run(World *world, const char *sql) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err = ERROR_INIT;

        assert_int_equal(transaction_begin(world->database, &transaction, &err), 0);
        assert_true(database_run(world->database, &err, sql, "") >= 0);
        assert_int_equal(transaction_commit(&transaction, &err), 0);
}

/* A base that is a package with an app: it needs no other. */
static void add_packages(World *world) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err = ERROR_INIT;

        assert_int_equal(transaction_begin(world->database, &transaction, &err), 0);
        assert_true(database_run(world->database, &err,
                                 "INSERT INTO snap (instance, name, type, current) VALUES ('tool', "
                                 "'tool', 'base', 'x2')",
                                 "") >= 0);
        for (int64_t i = 1; i <= 2; i++)
                assert_true(
                        database_run(world->database, &err,
                                     "INSERT INTO revision (instance, revision, position, file, "
                                     "size, sha3_384, version, base, confinement, manifest, "
                                     "raw_manifest, installed_at) VALUES ('tool', 'x' || ?1, "
                                     "?1, 'f', 1, printf('%096d', 0), '1', '', 'strict', "
                                     "'{\"apps\":{\"tool\":{}}}', '', 0)",
                                     "i", i) >= 0);
        assert_true(database_run(world->database, &err,
                                 "INSERT INTO app SELECT instance, revision, 'tool', 'x', NULL "
                                 "FROM revision",
                                 "") >= 0);
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
        add_packages(world);
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

/* A daemon of the generation that is called by this letter. */
static PolicyUse make_use(World *world, char letter) {
        PolicyUse use = { .database = world->database, .root = world->path, .template = TEMPLATE };

        memset(use.generation, letter, sizeof(use.generation) - 1);
        return use;
}

static void compile(World *world, const char *rules, char ret[DIGEST_SHA256_HEX_SIZE]) {
        Error err = ERROR_INIT;

        policy_digest(rules, ret);
        assert_int_equal(policy_compile(world->directory, rules, &err), 0);
}

static int note(PolicyUse *use, const char *revision, const char *digest) {
        Error err = ERROR_INIT;

        return policy_use_note(use, "tool", revision, digest, &err);
}

static int collect(PolicyUse *use) {
        Error err = ERROR_INIT;

        return policy_use_collect(use, &err);
}

static void what_is_used_is_noted_once_and_stays(void **state) {
        World *world = *state;
        PolicyUse use = make_use(world, 'a');
        char digest[DIGEST_SHA256_HEX_SIZE];

        compile(world, TEMPLATE, digest);
        assert_int_equal(note(&use, "x2", digest), 1);
        assert_int_equal(note(&use, "x2", digest), 0);
        assert_int_equal(collect(&use), 0);
        assert_true(file_exists_beneath(world->directory, digest));
}

static void what_no_launch_was_given_is_removed(void **state) {
        World *world = *state;
        PolicyUse use = make_use(world, 'a');
        char digest[DIGEST_SHA256_HEX_SIZE];

        compile(world, OTHER, digest);
        assert_int_equal(mkdirat(world->directory, "half", 0700), 0);
        assert_int_equal(collect(&use), 2);
        assert_false(file_exists_beneath(world->directory, digest));
        assert_false(file_exists_beneath(world->directory, "half"));
}

/* Rules that the current revision has no more: a connection has gone. */
static void what_the_running_generation_would_not_give_is_removed(void **state) {
        World *world = *state;
        PolicyUse use = make_use(world, 'a');
        char digest[DIGEST_SHA256_HEX_SIZE], other[DIGEST_SHA256_HEX_SIZE];

        compile(world, TEMPLATE, digest);
        compile(world, OTHER, other);
        assert_int_equal(note(&use, "x2", digest), 1);
        assert_int_equal(note(&use, "x2", other), 1);
        assert_int_equal(collect(&use), 1);
        assert_true(file_exists_beneath(world->directory, digest));
        assert_false(file_exists_beneath(world->directory, other));
}

static void the_revision_to_go_back_to_keeps_its_policy(void **state) {
        World *world = *state;
        PolicyUse use = make_use(world, 'a');
        char other[DIGEST_SHA256_HEX_SIZE];

        compile(world, OTHER, other);
        assert_int_equal(note(&use, "x1", other), 1);
        assert_int_equal(collect(&use), 0);
        run(world, "DELETE FROM revision WHERE revision = 'x1'");
        assert_int_equal(collect(&use), 1);
}

static void nothing_goes_while_a_change_is_unfinished(void **state) {
        World *world = *state;
        PolicyUse use = make_use(world, 'a');
        char other[DIGEST_SHA256_HEX_SIZE];

        compile(world, OTHER, other);
        run(world, "INSERT INTO change (kind, summary, spawned_at) VALUES ('x', 'x', 0)");
        assert_int_equal(collect(&use), 0);
        run(world, "UPDATE change SET ready_at = 1");
        assert_int_equal(collect(&use), 1);
}

/* A daemon that is put back finds its policy; only generations that have not run for long go. */
static void generations_stand_side_by_side(void **state) {
        World *world = *state;
        char digests[6][DIGEST_SHA256_HEX_SIZE];

        for (int i = 0; i < 6; i++) {
                autofree char *rules = string_format("allow read\nallow write 0&0xff=%d\n", i);
                PolicyUse use = make_use(world, (char)('a' + i));

                compile(world, rules, digests[i]);
                assert_int_equal(note(&use, "x1", digests[i]), 1);
                assert_int_equal(collect(&use), i < POLICY_GENERATION_COUNT ? 0 : 1);
        }
        for (int i = 0; i < 6; i++)
                assert_int_equal(file_exists_beneath(world->directory, digests[i]),
                                 i >= 6 - POLICY_GENERATION_COUNT);
        PolicyUse again = make_use(world, 'c');
        assert_int_equal(note(&again, "x1", digests[2]), 1); /* it runs now: that is written */
        assert_int_equal(note(&again, "x1", digests[2]), 0);
        assert_int_equal(collect(&again), 0);
}

/* ── ahead ── */

typedef struct Ahead {
        uv_loop_t loop;
        Policies *policies;
        PolicyAhead *ahead;
        int ended, woken;
} Ahead;

static void count_waking(void *context) {
        ((Ahead *)context)->woken++;
}

static void end_ahead(void *context) {
        Ahead *ahead = context;

        ahead->ended++;
        ahead->ahead = policy_ahead_free(ahead->ahead);
}

static void begin_ahead(World *world, PolicyUse *use, Ahead *ret) {
        *ret = (Ahead){ 0 };
        assert_int_equal(uv_loop_init(&ret->loop), 0);
        ret->policies = policies_new(&ret->loop, world->path, count_waking, ret);
        ret->ahead = policy_ahead_new(&(PolicyAheadConfig){ .loop = &ret->loop,
                                                            .use = use,
                                                            .policies = ret->policies,
                                                            .ended = end_ahead,
                                                            .context = ret });
}

static void close_ahead(Ahead *ahead) {
        ahead->ahead = policy_ahead_free(ahead->ahead);
        policies_stop(ahead->policies);
        (void)uv_run(&ahead->loop, UV_RUN_DEFAULT);
        (void)policies_free(ahead->policies);
        assert_int_equal(uv_loop_close(&ahead->loop), 0);
}

static int count_rows(World *world) {
        Error err = ERROR_INIT;
        int64_t count = 0;

        assert_int_equal(database_find_int(world->database, &count, &err,
                                           "SELECT count(*) FROM artefact WHERE kind = 'policy'",
                                           ""),
                         1);
        return (int)count;
}

static void nothing_is_ahead_where_nothing_changed(void **state) {
        World *world = *state;
        PolicyUse use = make_use(world, 'a');
        char digest[DIGEST_SHA256_HEX_SIZE];
        Ahead ahead;

        begin_ahead(world, &use, &ahead); /* nobody ever launched anything */
        assert_null(ahead.ahead);
        close_ahead(&ahead);
        compile(world, TEMPLATE, digest);
        assert_int_equal(note(&use, "x2", digest), 1);
        begin_ahead(world, &use, &ahead);
        assert_null(ahead.ahead);
        close_ahead(&ahead);
}

static void what_was_launched_is_compiled_for_the_next_generation(void **state) {
        World *world = *state;
        PolicyUse before = make_use(world, 'a'), use = make_use(world, 'b');
        char digest[DIGEST_SHA256_HEX_SIZE], other[DIGEST_SHA256_HEX_SIZE];
        Ahead ahead;

        compile(world, TEMPLATE, digest);
        assert_int_equal(note(&before, "x2", digest), 1);
        use.template = OTHER;
        policy_digest(OTHER, other);
        begin_ahead(world, &use, &ahead);
        assert_non_null(ahead.ahead);
        (void)uv_run(&ahead.loop, UV_RUN_DEFAULT);
        assert_int_equal(ahead.ended, 1);
        assert_int_equal(ahead.woken, 0); /* nobody waited */
        assert_true(file_exists_beneath(world->directory, other));
        close_ahead(&ahead);
        assert_int_equal(count_rows(world), 2);
        assert_int_equal(note(&use, "x2", other), 0); /* it is */
        assert_int_equal(collect(&use), 0);
        assert_true(file_exists_beneath(world->directory, other));
        begin_ahead(world, &use, &ahead);
        assert_null(ahead.ahead);
        close_ahead(&ahead);
}

static void who_was_ended_before_begins_again(void **state) {
        World *world = *state;
        PolicyUse before = make_use(world, 'a'), use = make_use(world, 'b');
        char digest[DIGEST_SHA256_HEX_SIZE], other[DIGEST_SHA256_HEX_SIZE];
        Error err = ERROR_INIT;
        Ahead ahead;

        compile(world, TEMPLATE, digest);
        assert_int_equal(note(&before, "x2", digest), 1);
        use.template = OTHER;
        policy_digest(OTHER, other);
        begin_ahead(world, &use, &ahead);
        assert_int_equal(policies_plan(ahead.policies, OTHER, &err), 0);
        close_ahead(&ahead);
        assert_int_equal(ahead.ended, 0);
        assert_int_equal(count_rows(world), 1);
        begin_ahead(world, &use, &ahead);
        assert_non_null(ahead.ahead);
        (void)uv_run(&ahead.loop, UV_RUN_DEFAULT);
        assert_int_equal(ahead.ended, 1);
        close_ahead(&ahead);
        assert_int_equal(count_rows(world), 2);
        assert_true(file_exists_beneath(world->directory, other));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(what_is_used_is_noted_once_and_stays, begin, end),
                cmocka_unit_test_setup_teardown(what_no_launch_was_given_is_removed, begin, end),
                cmocka_unit_test_setup_teardown(
                        what_the_running_generation_would_not_give_is_removed, begin, end),
                cmocka_unit_test_setup_teardown(the_revision_to_go_back_to_keeps_its_policy, begin,
                                                end),
                cmocka_unit_test_setup_teardown(nothing_goes_while_a_change_is_unfinished, begin,
                                                end),
                cmocka_unit_test_setup_teardown(generations_stand_side_by_side, begin, end),
                cmocka_unit_test_setup_teardown(nothing_is_ahead_where_nothing_changed, begin, end),
                cmocka_unit_test_setup_teardown(
                        what_was_launched_is_compiled_for_the_next_generation, begin, end),
                cmocka_unit_test_setup_teardown(who_was_ended_before_begins_again, begin, end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
