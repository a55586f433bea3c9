/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tasks a connection and its end are made of, and in what order; and what the commits of
 * connect make of what hooks said.
 */
#include <stdlib.h>
#include <string.h>

#include "../scratch.h"
#include "../unit.h"
#include "base/file.h"
#include "base/text.h"
#include "interface/connect-plan.h"
#include "interface/connect-task.h"
#include "interface/connection-row.h"
#include "interface/hook-chain.h"
#include "interface/repository.h"
#include "task/change.h"

static void must_run(Database *database, const char *sql) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        if (database_run(database, &err, sql, "") < 0 || transaction_commit(&transaction, &err) < 0)
                fail_msg("%s", err.message);
}

static void assert_text(Database *database, const char *sql, const char *expected) {
        autofree char *text = NULL;
        Error err;

        if (database_find_text(database, &text, &err, sql, "") < 0)
                fail_msg("%s", err.message);
        assert_string_equal(text ? text : "", expected);
}

static void add_snap(Database *database, const char *name) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        if (database_run(database, &err,
                         "INSERT INTO snap (instance, name, type, current) VALUES (?1, ?1, 'app', "
                         "'x1')",
                         "s", name) < 0 ||
            database_run(
                    database, &err,
                    "INSERT INTO revision (instance, revision, position, size, sha3_384, version, "
                    "confinement, manifest, raw_manifest, installed_at) VALUES (?, 'x1', 1, 1, "
                    "printf('%.96c', 'a'), '1', 'strict', '{}', '', 0)",
                    "s", name) < 0 ||
            transaction_commit(&transaction, &err) < 0)
                fail_msg("%s", err.message);
}

/* "a" has a plug that shows what the slot of "b" shares, and one for the network. */
static Database *must_open(const char *directory) {
        Database *database;
        Error err;

        if (database_open(directory, &database, &err) < 0 ||
            repository_open(database, true, &err) < 0)
                fail_msg("%s", err.message);
        add_snap(database, "a");
        must_run(
                database,
                "INSERT INTO endpoint (instance, revision, side, name, interface, attributes) VALUES "
                "('a', 'x1', 'plug', 'p', 'content', '{\"content\":\"c\",\"target\":\"$SNAP_DATA/t\"}'), "
                "('a', 'x1', 'plug', 'network', 'network', '{}')");
        add_snap(database, "b");
        must_run(
                database,
                "INSERT INTO endpoint (instance, revision, side, name, interface, attributes) VALUES "
                "('b', 'x1', 'slot', 's', 'content', '{\"content\":\"c\",\"read\":[\"$SNAP/r\"]}')");
        return database;
}

static void add_all_hooks(Database *database) {
        must_run(
                database,
                "INSERT INTO hook (instance, revision, name) VALUES ('a', 'x1', 'prepare-plug-p'), "
                "('a', 'x1', 'unprepare-plug-p'), ('a', 'x1', 'connect-plug-p'), ('a', 'x1', "
                "'disconnect-plug-p'), ('b', 'x1', 'prepare-slot-s'), ('b', 'x1', 'unprepare-slot-s'), "
                "('b', 'x1', 'connect-slot-s'), ('b', 'x1', 'disconnect-slot-s'), ('a', 'x1', "
                "'prepare-plug-network'), ('a', 'x1', 'connect-plug-network')");
}

/* Hooks by their names, other tasks by their kinds. */
static const char TASKS[] = "SELECT group_concat(coalesce(data->>'hook', kind), ' ') FROM task";
static const char EDGES[] =
        "SELECT group_concat(edge, ', ') FROM (SELECT coalesce(w.data->>'hook', w.kind) || ' < ' || "
        "coalesce(t.data->>'hook', t.kind) AS edge FROM task_wait e JOIN task t ON t.id = e.task JOIN "
        "task w ON w.id = e.waits_for ORDER BY e.task, e.waits_for)";

static int64_t must_connect(Database *database) {
        int64_t change = 0;
        Error err;
        EndpointRequest plug = { "a", "p" }, slot = { "b", "s" };

        if (plan_connect(database, &plug, &slot, &change, &err) < 0)
                fail_msg("%s", err.message);
        return change;
}

static void connecting_without_hooks_is_one_task(void **state) {
        autoptr(Database) database = must_open(*state);

        (void)must_connect(database);
        assert_text(database, TASKS, "connect");
        assert_text(database, EDGES, "");
}

static void connecting_runs_hooks_around_it(void **state) {
        autoptr(Database) database = must_open(*state);

        add_all_hooks(database);
        (void)must_connect(database);
        assert_text(database, TASKS,
                    "prepare-plug-p prepare-slot-s connect connect-slot-s connect-plug-p");
        assert_text(database, EDGES,
                    "prepare-plug-p < prepare-slot-s, prepare-slot-s < connect, connect < "
                    "connect-slot-s, connect-slot-s < connect-plug-p");
        assert_text(database,
                    "SELECT group_concat(data->>'undo_hook' || '@' || (data->>'instance') || "
                    "(data->>'side') || iif(data->>'connect' = (SELECT id FROM task WHERE kind = "
                    "'connect'), '+', '-'), ' ') FROM task WHERE kind = 'run-hook'",
                    "unprepare-plug-p@aplug+ unprepare-slot-s@bslot+ disconnect-slot-s@bslot+ "
                    "disconnect-plug-p@aplug+");
        assert_text(database,
                    "SELECT DISTINCT summary FROM task WHERE data->>'side' = 'slot' ORDER "
                    "BY id LIMIT 1",
                    "Run hook prepare-slot-s of snap \"b\"");
}

static void a_disabled_package_has_no_hooks(void **state) {
        autoptr(Database) database = must_open(*state);
        DisconnectRequest request = { .plug = { "a", "p" }, .slot = { "b", "s" } };
        int64_t change = 0;
        Error err;

        add_all_hooks(database);
        must_run(database, "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface) "
                           "VALUES ('a', 'p', 'b', 's', 'content')");
        must_run(database, "UPDATE snap SET is_active = 0 WHERE instance = 'b'");
        assert_int_equal(plan_disconnect(database, &request, &change, &err), 0);
        assert_text(database, TASKS, "disconnect-plug-p disconnect");
        assert_text(database, EDGES, "disconnect-plug-p < disconnect");
}

static void disconnecting_tells_both_before(void **state) {
        autoptr(Database) database = must_open(*state);
        DisconnectRequest request = { .plug = { "a", "p" }, .slot = { "b", "s" } };
        int64_t change = 0;
        Error err;

        add_all_hooks(database);
        must_run(database, "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface) "
                           "VALUES ('a', 'p', 'b', 's', 'content')");
        assert_int_equal(plan_disconnect(database, &request, &change, &err), 0);
        assert_text(database, TASKS, "disconnect-slot-s disconnect-plug-p disconnect");
        assert_text(database, EDGES,
                    "disconnect-slot-s < disconnect-plug-p, disconnect-plug-p < disconnect");
        assert_text(database, "SELECT count(*) FROM task WHERE data->>'ignore_error'", "0");
}

/* --- commits --- */

static Task *must_load(Database *database, const char *kind) {
        int64_t id = 0;
        Task *task = NULL;
        Error err;

        assert_int_equal(database_find_int(database, &id, &err,
                                           "SELECT max(id) FROM task WHERE kind = ?", "s", kind),
                         1);
        assert_int_equal(task_load(database, id, &task, &err), 1);
        return task;
}

typedef int Part(const TaskStep *step, const json_t *job, const json_t *result, Error *err);

/* As the runner does: in a transaction, which is kept where the commit did not fail. */
static int commit(Database *database, Task *task, Part *part, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        int64_t retry_ms = 0;
        TaskStep step = { .database = database, .task = task, .ret_retry_ms = &retry_ms };

        assert_int_equal(transaction_begin(database, &transaction, err), 0);
        int outcome = part(&step, NULL, NULL, err);
        if (outcome < 0)
                return outcome;
        assert_int_equal(transaction_commit(&transaction, err), 0);
        return outcome;
}

/* A change with a chain as an installation has it: auto-connect and what follows. */
static void add_chain(Database *database, const char *kind, const char *instance) {
        autotransaction transaction = TRANSACTION_INIT;
        const char *const instances[] = { instance };
        int64_t change = 0, task = 0;
        Error err;
        ChangeDraft draft = { .kind = "install-snap", .summary = "s" };

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        assert_int_equal(change_add(database, &draft, instances, 1, &change, &err), 0);
        TaskDraft first = { change, kind, "s", 0 };
        assert_int_equal(change_add_task(database, &first, json_pack("{s:s}", "instance", instance),
                                         &task, &err),
                         0);
        assert_int_equal(change_add_lane(database, task, 7, &err), 0);
        TaskDraft second = { change, "start-snap-services", "s", task };
        assert_int_equal(change_add_task(database, &second, NULL, &task, &err), 0);
        assert_int_equal(transaction_commit(&transaction, &err), 0);
}

static void automatic_connections_run_hooks_before_what_follows(void **state) {
        autoptr(Database) database = must_open(*state);
        Error err;

        add_all_hooks(database);
        add_chain(database, "auto-connect", "a");
        autoptr(Task) task = must_load(database, "auto-connect");
        assert_int_equal(commit(database, task, auto_connect_commit, &err), 0);
        assert_text(database, TASKS,
                    "auto-connect start-snap-services prepare-plug-network connect setup-profiles "
                    "connect-plug-network");
        assert_text(
                database, EDGES,
                "auto-connect < start-snap-services, prepare-plug-network < start-snap-services, "
                "connect < start-snap-services, setup-profiles < start-snap-services, "
                "connect-plug-network < start-snap-services, auto-connect < prepare-plug-network, "
                "prepare-plug-network < connect, auto-connect < setup-profiles, connect < "
                "setup-profiles, setup-profiles < connect-plug-network");
        assert_text(database, "SELECT count(*) FROM task_lane WHERE lane = 7", "5");
}

static void a_removal_tells_who_has_hooks_for_it(void **state) {
        autoptr(Database) database = must_open(*state);
        Error err;

        add_all_hooks(database);
        must_run(
                database,
                "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface, is_auto) VALUES "
                "('a', 'p', 'b', 's', 'content', 0), ('a', 'network', '', 'network', 'network', 1)");
        add_chain(database, "auto-disconnect", "a");
        autoptr(Task) task = must_load(database, "auto-disconnect");
        assert_int_equal(commit(database, task, auto_disconnect_commit, &err), 0);
        assert_text(database, TASKS,
                    "auto-disconnect start-snap-services disconnect-slot-s disconnect-plug-p "
                    "disconnect");
        assert_text(database,
                    "SELECT count(*) FROM task_wait WHERE task = (SELECT id FROM task WHERE "
                    "kind = 'start-snap-services')",
                    "4");
        assert_text(database,
                    "SELECT group_concat(plug) FROM (SELECT plug FROM connection ORDER BY plug)",
                    "p");
        assert_text(database, "SELECT sum(data->>'ignore_error') FROM task", "2");
        autoptr(Task) disconnect = must_load(database, "disconnect");
        assert_int_equal(commit(database, disconnect, disconnect_commit, &err), 0);
        assert_text(database,
                    "SELECT group_concat(plug) FROM (SELECT plug FROM connection ORDER BY plug)",
                    "");
        assert_int_equal(commit(database, disconnect, disconnect_undo_commit, &err), 0);
        assert_text(database,
                    "SELECT group_concat(plug) FROM (SELECT plug FROM connection ORDER BY plug)",
                    "p");
        assert_int_equal(commit(database, task, auto_disconnect_undo_commit, &err), 0);
        assert_text(database,
                    "SELECT group_concat(plug) FROM (SELECT plug FROM connection ORDER BY plug)",
                    "network,p");
}

static void connect_both(Database *database) {
        add_all_hooks(database);
        must_run(
                database,
                "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface, is_auto) VALUES "
                "('a', 'p', 'b', 's', 'content', 1), ('a', 'network', '', 'network', 'network', 1)");
}

static void assert_others(Database *database, const char *instance, const char *expected) {
        autojson others = NULL;
        Error err;

        assert_int_equal(hook_chain_list_others(database, instance, &others, &err), 0);
        autofree char *text = json_format(others);
        assert_string_equal(text, expected);
}

static void whose_hooks_a_removal_runs_is_known_before(void **state) {
        autoptr(Database) database = must_open(*state);

        connect_both(database);
        assert_others(database, "a", "[\"b\"]");
        assert_others(database, "b", "[\"a\"]");
        must_run(database, "UPDATE snap SET is_active = 0 WHERE instance = 'b'");
        assert_others(database, "a", "[]");
        assert_others(database, "b", "[\"a\"]");
        must_run(database, "UPDATE connection SET is_undesired = 1");
        assert_others(database, "b", "[]");
}

static const char CLAIMED[] =
        "SELECT group_concat(instance) FROM (SELECT instance FROM change_snap s JOIN task t ON "
        "t.change = s.change WHERE t.kind = 'auto-disconnect' ORDER BY 1)";

static void a_removal_claims_who_came_to_have_hooks(void **state) {
        autoptr(Database) database = must_open(*state);
        Error err;

        connect_both(database);
        add_chain(database, "auto-disconnect", "a");
        autoptr(Task) task = must_load(database, "auto-disconnect");
        assert_int_equal(commit(database, task, auto_disconnect_commit, &err), 0);
        assert_text(database, CLAIMED, "a,b");
}

static void a_removal_runs_no_hook_of_who_has_a_change_of_its_own(void **state) {
        autoptr(Database) database = must_open(*state);
        Error err;

        connect_both(database);
        add_chain(database, "copy-snap-data", "b");
        add_chain(database, "auto-disconnect", "a");
        autoptr(Task) task = must_load(database, "auto-disconnect");
        assert_int_equal(commit(database, task, auto_disconnect_commit, &err), 0);
        assert_text(database, CLAIMED, "a");
        assert_text(
                database,
                "SELECT group_concat(coalesce(data->>'hook', kind), ' ') FROM task WHERE change = 2",
                "auto-disconnect start-snap-services disconnect-plug-p disconnect");
        assert_text(database, "SELECT text FROM task_log",
                    "hooks of snap \"b\" are not told that connections end: another change is at "
                    "work on it");
}

/* What hooks said stands in the connect task's data; see hook_context_commit. */
static void say(Task *task, const char *plug, const char *slot) {
        json_put(task->data, "plug_dynamic", json_loads(plug, 0, NULL));
        json_put(task->data, "slot_dynamic", json_loads(slot, 0, NULL));
}

static void store(Database *database, const Task *task) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        assert_int_equal(task_save_data(database, task, "", &err), 0);
        assert_int_equal(transaction_commit(&transaction, &err), 0);
}

static const char LIVE[] =
        "SELECT plug_attributes || ' ' || slot_attributes FROM live_connection WHERE plug = 'p'";

static void what_hooks_said_belongs_to_the_connection(void **state) {
        autoptr(Database) database = must_open(*state);
        Error err = ERROR_INIT;

        (void)must_connect(database);
        autoptr(Task) task = must_load(database, "connect");
        say(task, "{\"note\":1}", "{\"write\":[\"$SNAP_DATA/w\"]}");
        store(database, task);
        assert_int_equal(commit(database, task, connect_commit, &err), 0);
        assert_text(database, LIVE,
                    "{\"content\":\"c\",\"target\":\"$SNAP_DATA/t\",\"note\":1} "
                    "{\"content\":\"c\",\"read\":[\"$SNAP/r\"],\"write\":[\"$SNAP_DATA/w\"]}");
        must_run(database,
                 "UPDATE endpoint SET attributes = json_set(attributes, '$.note', 'fixed') "
                 "WHERE name = 'p'");
        assert_text(database, "SELECT plug_attributes->>'note' FROM live_connection", "fixed");
        assert_int_equal(commit(database, task, connect_undo_commit, &err), 0);
        assert_text(database, LIVE, "");
        assert_text(database, "SELECT count(*) FROM connection", "0");
}

static void what_hooks_said_is_checked(void **state) {
        autoptr(Database) database = must_open(*state);
        Error err = ERROR_INIT;

        (void)must_connect(database);
        autoptr(Task) task = must_load(database, "connect");
        say(task, "{}", "{\"write\":[\"../x\"]}");
        store(database, task);
        assert_int_equal(commit(database, task, connect_commit, &err), -1);
        assert_non_null(strstr(err.message,
                               "cannot connect a:p to b:s: with what hooks said of the "
                               "slot: "));
        assert_text(database, "SELECT count(*) FROM connection", "0");
}

static void disconnecting_and_its_undo_keep_what_was_said(void **state) {
        autoptr(Database) database = must_open(*state);
        DisconnectRequest request = { .plug = { "a", "p" }, .slot = { "b", "s" } };
        int64_t change = 0;
        Error err = ERROR_INIT;

        must_run(database, "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface, "
                           "is_auto, plug_attributes) VALUES ('a', 'p', 'b', 's', 'content', 1, "
                           "'{\"note\":1}')");
        assert_int_equal(plan_disconnect(database, &request, &change, &err), 0);
        autoptr(Task) task = must_load(database, "disconnect");
        assert_int_equal(commit(database, task, disconnect_commit, &err), 0);
        assert_text(database, "SELECT is_undesired || plug_attributes FROM connection", "1{}");
        assert_int_equal(commit(database, task, disconnect_undo_commit, &err), 0);
        assert_text(database, "SELECT is_undesired || plug_attributes FROM connection",
                    "0{\"note\":1}");
}

/* 300 plugs of one package, then 300 that hang on one slot: no list in between ends before. */
#define NUMBERS                                                                                  \
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT " \
        "INTO "

static void many_are_connected(void **state) {
        autoptr(Database) database = must_open(*state);
        autojson list = NULL;
        Error err;

        must_run(database,
                 NUMBERS "endpoint (instance, revision, side, name, interface, attributes) SELECT "
                         "'a', 'x1', 'plug', 'n' || i, 'network', '{}' FROM n");
        if (auto_connect_list(database, "a", &list, &err) < 0)
                fail_msg("%s", err.message);
        assert_int_equal(json_array_size(list), 301);
}

static void many_are_disconnected(void **state) {
        const DisconnectRequest request = { .plug = { "", "" }, .slot = { "b", "s" } };
        autoptr(Database) database = must_open(*state);
        int64_t change = 0;
        Error err;

        must_run(database,
                 NUMBERS "connection (plug_snap, plug, slot_snap, slot, interface, is_auto) SELECT "
                         "'c' || i, 'p', 'b', 's', 'content', 1 FROM n");
        if (plan_disconnect(database, &request, &change, &err) < 0)
                fail_msg("%s", err.message);
        assert_text(database, "SELECT count(*) FROM task WHERE kind = 'disconnect'", "300");
        assert_text(database, "SELECT count(*) FROM change_snap", "301");
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)
                TEST(connecting_without_hooks_is_one_task),
                TEST(connecting_runs_hooks_around_it),
                TEST(a_disabled_package_has_no_hooks),
                TEST(disconnecting_tells_both_before),
                TEST(automatic_connections_run_hooks_before_what_follows),
                TEST(a_removal_tells_who_has_hooks_for_it),
                TEST(whose_hooks_a_removal_runs_is_known_before),
                TEST(a_removal_claims_who_came_to_have_hooks),
                TEST(a_removal_runs_no_hook_of_who_has_a_change_of_its_own),
                TEST(what_hooks_said_belongs_to_the_connection),
                TEST(what_hooks_said_is_checked),
                TEST(disconnecting_and_its_undo_keep_what_was_said),
                TEST(many_are_connected),
                TEST(many_are_disconnected),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
