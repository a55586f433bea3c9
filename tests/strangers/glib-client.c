/* SPDX-License-Identifier: Apache-2.0
 *
 * Drives pawld with libsnapd-glib, as software centres do.  (It has no call for a revert.)
 *
 *   glib-client SOCKET PACKAGES
 */
#include <glib/gstdio.h>
#include <snapd-glib/snapd-glib.h>
#include <stdbool.h>

static int failures;

static bool check(bool is_good, const char *what, GError **error) {
        g_print("%s - %s\n", is_good ? "ok" : "not ok", what);
        if (!is_good) {
                failures++;
                if (*error)
                        g_print("#   %s\n", (*error)->message);
        }
        g_clear_error(error);
        return is_good;
}

/* What a progress bar is fed with: counted, to see that it was fed at all. */
typedef struct Progress {
        int calls;
        size_t task_count;
        bool was_ready;
        char *kind;
} Progress;

static void count_progress(SnapdClient *client, SnapdChange *change, void *deprecated,
                           void *user_data) {
        Progress *progress = user_data;
        GPtrArray *tasks = snapd_change_get_tasks(change);

        (void)client;
        (void)deprecated;
        progress->calls++;
        progress->task_count = tasks->len;
        progress->was_ready = snapd_change_get_ready(change);
        g_free(progress->kind);
        progress->kind = g_strdup(snapd_change_get_kind(change));
}

static void try_system_information(SnapdClient *client) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SnapdSystemInformation) info =
                snapd_client_get_system_information_sync(client, NULL, &error);

        if (!check(info != NULL, "get_system_information", &error))
                return;
        check(g_strcmp0(snapd_system_information_get_series(info), "16") == 0, "its series is 16",
              &error);
        check(g_str_has_suffix(snapd_system_information_get_binaries_directory(info), "/snap/bin"),
              "it says where commands are", &error);
        check(snapd_system_information_get_confinement(info) != SNAPD_SYSTEM_CONFINEMENT_UNKNOWN,
              "it says how well it confines", &error);
        check(g_hash_table_contains(snapd_system_information_get_sandbox_features(info), "seccomp"),
              "it lists what protects", &error);
}

static size_t count_snaps(SnapdClient *client, const char *what) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) snaps =
                snapd_client_get_snaps_sync(client, SNAPD_GET_SNAPS_FLAGS_NONE, NULL, NULL, &error);

        return check(snaps != NULL, what, &error) ? snaps->len : 999;
}

static void install(SnapdClient *client, const char *directory, const char *name) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_autofree char *what = g_strdup_printf("install_stream of %s", name);
        g_autoptr(GFile) file = g_file_new_for_path(path);
        g_autoptr(GFileInputStream) stream = g_file_read(file, NULL, &error);
        Progress progress = { 0 };

        if (!check(stream != NULL, "the package can be read", &error))
                return;
        bool is_done = snapd_client_install_stream_sync(client, SNAPD_INSTALL_FLAGS_DANGEROUS,
                                                        G_INPUT_STREAM(stream), count_progress,
                                                        &progress, NULL, &error);
        check(is_done, what, &error);
        check(progress.calls > 0 && progress.was_ready && progress.task_count > 0,
              "its progress was told, and its end", &error);
        check(g_strcmp0(progress.kind, "install-snap") == 0, "its change is an install-snap",
              &error);
        g_free(progress.kind);
}

static void try_snap(SnapdClient *client, const char *version) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SnapdSnap) snap = snapd_client_get_snap_sync(client, "hello", NULL, &error);

        if (!check(snap != NULL, "get_snap", &error))
                return;
        check(g_strcmp0(snapd_snap_get_version(snap), version) == 0, "its version", &error);
        check(snapd_snap_get_status(snap) == SNAPD_SNAP_STATUS_ACTIVE, "it is active", &error);
        check(snapd_snap_get_apps(snap)->len == 4, "it has four apps", &error);
        check(snapd_snap_get_installed_size(snap) > 0, "it has a size", &error);
        check(snapd_snap_get_install_date(snap) != NULL, "it has a date", &error);
        check(snapd_snap_get_confinement(snap) == SNAPD_CONFINEMENT_STRICT, "it is strict", &error);
}

static void try_changes(SnapdClient *client) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) changes = snapd_client_get_changes_sync(
                client, SNAPD_CHANGE_FILTER_ALL, "hello", NULL, &error);

        if (!check(changes != NULL, "get_changes of one package", &error))
                return;
        check(changes->len == 2, "there were two", &error);
}

static void remove_snap(SnapdClient *client, const char *name) {
        g_autoptr(GError) error = NULL;
        g_autofree char *what = g_strdup_printf("remove of %s", name);
        Progress progress = { 0 };
        bool is_done = snapd_client_remove2_sync(client, SNAPD_REMOVE_FLAGS_NONE, name,
                                                 count_progress, &progress, NULL, &error);

        check(is_done, what, &error);
        check(progress.was_ready, "its end was told", &error);
        g_free(progress.kind);
}

static void try_what_fails(SnapdClient *client) {
        g_autoptr(GError) error = NULL;

        bool is_done = snapd_client_remove2_sync(client, SNAPD_REMOVE_FLAGS_NONE, "absent", NULL,
                                                 NULL, NULL, &error);
        check(!is_done && g_error_matches(error, SNAPD_ERROR, SNAPD_ERROR_NOT_INSTALLED),
              "remove of what is not installed is that error", &error);
        g_autoptr(SnapdSnap) snap = snapd_client_get_snap_sync(client, "absent", NULL, &error);
        check(!snap && g_error_matches(error, SNAPD_ERROR, SNAPD_ERROR_NOT_FOUND),
              "get_snap of what is not installed is that error", &error);
}

int main(int argc, char *argv[]) {
        bool is_removal = argc == 4 && g_str_equal(argv[2], "remove");

        if (argc != 3 && !is_removal) {
                g_printerr("usage: glib-client SOCKET PACKAGES\n"
                           "       glib-client SOCKET remove NAME\n");
                return 64;
        }
        g_autoptr(SnapdClient) client = snapd_client_new();
        snapd_client_set_socket_path(client, argv[1]);
        if (is_removal) {
                remove_snap(client, argv[3]);
                return failures > 0;
        }

        g_autoptr(GError) error = NULL;
        try_system_information(client);
        check(count_snaps(client, "get_snaps with a base") == 1, "there is one", &error);
        install(client, argv[2], "hello_1.snap");
        check(count_snaps(client, "get_snaps with two") == 2, "there are two", &error);
        try_snap(client, "1.0");
        install(client, argv[2], "hello_2.snap");
        try_snap(client, "2.0");
        try_changes(client);
        try_what_fails(client);
        remove_snap(client, "hello");
        remove_snap(client, "testbase");
        check(count_snaps(client, "get_snaps after it") == 0, "there are none", &error);
        return failures > 0;
}
