/* SPDX-License-Identifier: Apache-2.0
 *
 * Images made by mksquashfs, right and wrong ones, read by pawl-read as the daemon starts it.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "sandbox/helper.h"
#include "scratch.h"
#include "unit.h"

#define MANIFEST "name: hello\nversion: '1'\napps: {hello: {command: bin/hello}}\n"

static char top[SCRATCH_SIZE]; /* of everything made here */

static void make(const char *path, mode_t mode, const char *content) {
        autofree char *whole = string_format("%s/tree/%s", top, path);

        if (!content) {
                assert_true(mkdir(whole, 0755) == 0 || errno == EEXIST);
        } else {
                autofd int fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
                assert_true(fd >= 0);
                assert_int_equal(write(fd, content, strlen(content)), strlen(content));
        }
        assert_int_equal(chmod(whole, mode), 0);
}

static void make_link(const char *path, const char *target) {
        autofree char *whole = string_format("%s/tree/%s", top, path);

        assert_int_equal(symlink(target, whole), 0);
}

static int make_tree(void **state) {
        (void)state;
        scratch_make(top);
        make("", 0755, NULL);
        make("meta", 0755, NULL);
        make("meta/hooks", 0755, NULL);
        make("meta/gui", 0755, NULL);
        make("bin", 0755, NULL);
        make("meta/snap.yaml", 0644, MANIFEST);
        make("bin/hello", 0755, "#!/bin/sh\n");
        return 0;
}

static int remove_tree(void **state) {
        (void)state;
        return scratch_remove(top);
}

/* The image's path is top/image; `pseudo` is a line of mksquashfs -p, NULL for none. */
static void pack(const char *compression, const char *pseudo) {
        autofree char *tree = string_format("%s/tree", top);
        autofree char *image = string_format("%s/image", top);
        const char *argv[] = { "mksquashfs", tree,        image,
                               "-noappend",  "-quiet",    "-no-progress",
                               "-comp",      compression, pseudo ? "-p" : NULL,
                               pseudo,       NULL };
        posix_spawn_file_actions_t actions;
        char **arguments;
        pid_t pid;
        int status = -1;

        memcpy(&arguments, &(const char **){ argv }, sizeof(arguments));
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        assert_int_equal(posix_spawnp(&pid, "mksquashfs", &actions, NULL, arguments, environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static int open_image(void) {
        autofree char *image = string_format("%s/image", top);
        int fd = open(image, O_RDONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        return fd;
}

static int open_tree_itself(void) {
        autofree char *tree = string_format("%s/tree", top);
        int fd = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_true(fd >= 0);
        return fd;
}

static bool is_directory_asked; /* instead of the image made of it */

/* What pawl-read says; NULL with the wait status where it died. */
static json_t *ask(const char *mode, int *ret_status) {
        const char *const argv[] = { "pawl-read", mode, NULL };
        Helper helper = HELPER_INIT;
        Error err = ERROR_INIT;
        autofree char *text = NULL;
        size_t length = 0;
        json_t *answer = NULL;
        int pipes[2];

        autofd int image = is_directory_asked ? open_tree_itself() : open_image();
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        autofd int out = pipes[0];
        int fds[] = { image, pipes[1] };
        assert_int_equal(helper_spawn(HELPER_READ, argv, fds, 2, &helper, &err), 0);
        close(pipes[1]);
        assert_int_equal(file_read_all(out, CANONICAL_JSON_SIZE_MAX, &text, &length, &err), 0);
        assert_int_equal(helper_wait(&helper, ret_status, &err), 0);
        if (length > 0)
                assert_int_equal(json_parse(text, length, &answer, &err), 0);
        return answer;
}

static json_t *ask_well(const char *mode) {
        int status = -1;
        json_t *answer = ask(mode, &status);

        if (status != 0 || !answer)
                fail_msg("pawl-read ended with status %#x", (unsigned)status);
        return answer;
}

static void expect_error(const char *mode, const char *kind, const char *message) {
        autojson answer = ask_well(mode);
        const json_t *error = json_object_get(answer, "error");

        assert_string_equal(json_get_string(error, "message", "accepted"), message);
        assert_string_equal(json_get_string(error, "kind", ""), kind);
}

/* ---- right ones ---- */

static void every_compression_is_read(void **state) {
        static const char *const COMPRESSIONS[] = { "xz", "zstd", "lzo", "gzip", "lz4" };

        (void)state;
        make("meta/hooks/configure", 0755, "#!/bin/sh\n");
        make("meta/hooks/unknown", 0755, "#!/bin/sh\n");
        make("meta/gui/hello.desktop", 0644, "[Desktop Entry]\n");
        make("meta/gui/icon.svg", 0644, "<svg/>");
        for (size_t i = 0; i < ARRAY_COUNT(COMPRESSIONS); i++) {
                char hex[DIGEST_SHA3_384_HEX_SIZE];
                uint64_t size = 0;
                Error err = ERROR_INIT;
                pack(COMPRESSIONS[i], NULL);
                autojson answer = ask_well("image");
                autofd int fd = open_image();
                assert_int_equal(digest_sha3_384_fd(fd, hex, &size, &err), 0);
                assert_string_equal(json_get_string(answer, "sha3-384", ""), hex);
                assert_int_equal(json_get_int(answer, "size", 0), size);
                assert_int_equal(json_get_int(answer, "format", 0), 1);
                assert_string_equal(json_get_string(answer, "raw", ""), MANIFEST);
                autofree char *hooks = json_format(json_object_get(answer, "hooks"));
                assert_string_equal(hooks, "[\"configure\"]");
                autofree char *desktop = json_format(json_object_get(answer, "desktop"));
                assert_string_equal(desktop, "[{\"content\":\"[Desktop Entry]\\n\","
                                             "\"name\":\"hello.desktop\"}]");
                autofree char *icons = json_format(json_object_get(answer, "icons"));
                assert_string_equal(icons, "[{\"path\":\"meta/gui/icon.svg\",\"size\":6}]");
        }
}

/* ---- a directory that is tried ---- */

static json_t *ask_directory(const char *mode) {
        is_directory_asked = true;
        json_t *answer = ask_well(mode);
        is_directory_asked = false;
        return answer;
}

static void a_directory_says_what_its_image_says(void **state) {
        (void)state;
        make("meta/hooks/configure", 0755, "#!/bin/sh\n");
        make("meta/gui/icon.svg", 0644, "<svg/>");
        make("real", 0755, NULL);
        make("real/hello.desktop", 0644, "[Desktop Entry]\n");
        make_link("meta/gui/hello.desktop", "../../real/hello.desktop");
        make_link("out", "/etc/passwd");
        make_link("loop", "loop");
        pack("gzip", NULL);
        autojson image = ask_well("image");
        autojson directory = ask_directory("image");
        assert_int_equal(strlen(json_get_string(directory, "sha3-384", "")),
                         DIGEST_SHA3_384_HEX_SIZE - 1);
        assert_string_not_equal(json_get_string(image, "sha3-384", ""),
                                json_get_string(directory, "sha3-384", ""));
        assert_int_equal(json_get_int(directory, "size", -1), 0);
        json_object_del(image, "sha3-384");
        json_object_del(directory, "sha3-384");
        json_object_del(image, "size");
        json_object_del(directory, "size");
        autofree char *wanted = json_format(image), *got = json_format(directory);
        assert_string_equal(wanted, got);
}

/* Its digest is that of what was decided on: only another manifest is another one. */
static void a_directory_may_change_but_in_its_manifest(void **state) {
        (void)state;
        autojson first = ask_directory("image");
        make("bin/hello", 0755, "#!/bin/sh\ntrue\n");
        make("bin/more", 0755, "#!/bin/sh\n");
        autojson second = ask_directory("image");
        assert_string_equal(json_get_string(first, "sha3-384", ""),
                            json_get_string(second, "sha3-384", ""));
        make("meta/snap.yaml", 0644, MANIFEST "summary: s\n");
        autojson third = ask_directory("image");
        assert_string_not_equal(json_get_string(first, "sha3-384", ""),
                                json_get_string(third, "sha3-384", ""));
}

static void expect_directory_error(const char *kind, const char *message) {
        is_directory_asked = true;
        expect_error("image", kind, message);
        is_directory_asked = false;
}

static void a_wrong_directory_is_refused(void **state) {
        autofree char *fifo = string_format("%s/tree/meta/pipe", top);
        autofree char *manifest = string_format("%s/tree/meta/snap.yaml", top);

        (void)state;
        assert_int_equal(mkfifo(fifo, 0644), 0);
        expect_directory_error("bad-request", "image contains a fifo: \"meta/pipe\"");
        assert_int_equal(unlink(fifo), 0);
        make("bin/hello", 0600, "x");
        expect_directory_error("bad-request", "snap is unusable due to bad permissions");
        make("bin/hello", 04755, "x");
        expect_directory_error("bad-request", "image contains a setuid file: \"bin/hello\"");
        make("bin/hello", 0755, "x");
        make("meta/snap.yaml", 0600, MANIFEST);
        expect_directory_error("bad-request",
                               "cannot read meta/snap.yaml: \"meta/snap.yaml\" is not "
                               "readable by all");
        assert_int_equal(unlink(manifest), 0);
        make_link("meta/snap.yaml", "/proc/self/environ");
        expect_directory_error("snap-not-a-snap",
                               "not a snap or snapdir: there is no meta/snap.yaml");
}

static void manifest_mode_looks_at_the_manifest_only(void **state) {
        (void)state;
        make("bin/hello", 0600, "x");
        pack("gzip", "dev/x c 644 0 0 1 3");
        autojson answer = ask_well("manifest");
        assert_null(json_object_get(answer, "error"));
        assert_null(json_object_get(answer, "sha3-384"));
        assert_string_equal(json_get_string(json_object_get(answer, "manifest"), "name", ""),
                            "hello");
}

static void links_inside_the_image_are_followed(void **state) {
        (void)state;
        make("real", 0755, NULL);
        make("real/snap.yaml", 0644, MANIFEST);
        make("real/hello.desktop", 0644, "[Desktop Entry]\n");
        make_link("meta/gui/hello.desktop", "../../real/hello.desktop");
        make_link("sbin", "bin");
        make("meta/snap.yaml", 0644,
             "name: hello\nversion: '1'\napps: {hello: {command: sbin/./hello}}\n");
        pack("gzip", NULL);
        autojson answer = ask_well("image");
        assert_null(json_object_get(answer, "error"));
        assert_int_equal(json_array_size(json_object_get(answer, "desktop")), 1);
}

static void a_base_may_hold_setuid_files(void **state) {
        (void)state;
        make("meta/snap.yaml", 0644, "name: core\nversion: '1'\ntype: base\n");
        make("bin/su", 04755, "x");
        make("bin/wall", 02755, "x");
        pack("gzip", NULL);
        autojson answer = ask_well("image");
        assert_null(json_object_get(answer, "error"));
        autofree char *findings = json_format(json_object_get(answer, "findings"));
        assert_string_equal(findings, "[\"setuid: bin/su\",\"setgid: bin/wall\"]");
}

/* ---- wrong ones ---- */

static void set_up_setuid(void) {
        make("bin/su", 04755, "x");
}
static void set_up_setgid(void) {
        make("bin/wall", 02755, "x");
}
static void set_up_absolute_link(void) {
        make_link("meta/gui/icon.png", "/etc/shadow");
}
static void set_up_climbing_link(void) {
        make_link("meta/gui/x.desktop", "../../../etc/passwd");
}
static void set_up_manifest_link(void) {
        autofree char *path = string_format("%s/tree/meta/snap.yaml", top);
        (void)unlink(path);
        make_link("meta/snap.yaml", "/etc/passwd");
}
static void set_up_link_circle(void) {
        autofree char *path = string_format("%s/tree/meta/snap.yaml", top);
        (void)unlink(path);
        make_link("meta/snap.yaml", "snap.yaml");
}
static void set_up_unreadable_manifest(void) {
        make("meta/snap.yaml", 0600, MANIFEST);
}
static void set_up_closed_root(void) {
        make("", 0700, NULL);
}
static void set_up_plain_hook(void) {
        make("meta/hooks/configure", 0644, "x");
}
static void set_up_private_program(void) {
        make("bin/hello", 0700, "x");
}
static void set_up_private_directory(void) {
        make("bin", 0700, NULL);
}
static void set_up_service_without_x(void) {
        make("meta/snap.yaml", 0644,
             "name: a1\nversion: 1\napps: {d: {command: bin/d, daemon: simple}}\n");
        make("bin/d", 0644, "x");
}
static void set_up_missing_program(void) {
        make("meta/snap.yaml", 0644, "name: a1\nversion: 1\napps: {d: {command: bin/d}}\n");
}
static void set_up_missing_stop(void) {
        make("meta/snap.yaml", 0644,
             "name: a1\nversion: 1\napps: {d: {command: bin/hello, daemon: simple, "
             "stop-command: bin/stop}}\n");
}
static void set_up_large_manifest(void) {
        autofree char *text = memory_new((10u << 20) + 1);
        memset(text, 'a', 10u << 20);
        make("meta/snap.yaml", 0644, text);
}
static void set_up_levels(void) {
        autofree char *text = memory_new(100001);
        memset(text, '[', 100000);
        make("meta/snap.yaml", 0644, text);
}
static void set_up_no_manifest(void) {
        autofree char *path = string_format("%s/tree/meta/snap.yaml", top);
        (void)unlink(path);
}
static void set_up_nothing(void) {
}

static const struct {
        void (*set_up)(void);
        const char *pseudo;
        const char *kind;
        const char *message;
} WRONG[] = {
        { set_up_nothing, "dev c 644 0 0 1 3", "bad-request",
          "image contains a character device: \"dev\"" },
        { set_up_nothing, "disk b 644 0 0 8 0", "bad-request",
          "image contains a block device: \"disk\"" },
        { set_up_nothing, "pipe i 644 0 0 f", "bad-request", "image contains a fifo: \"pipe\"" },
        { set_up_nothing, "sock i 644 0 0 s", "bad-request", "image contains a socket: \"sock\"" },
        { set_up_setuid, NULL, "bad-request", "image contains a setuid file: \"bin/su\"" },
        { set_up_setgid, NULL, "bad-request", "image contains a setgid file: \"bin/wall\"" },
        { set_up_absolute_link, NULL, "bad-request",
          "symbolic link in meta leads out of the image: \"meta/gui/icon.png\"" },
        { set_up_climbing_link, NULL, "bad-request",
          "symbolic link in meta leads out of the image: \"meta/gui/x.desktop\"" },
        { set_up_manifest_link, NULL, "snap-not-a-snap",
          "not a snap or snapdir: there is no meta/snap.yaml" },
        { set_up_link_circle, NULL, "snap-not-a-snap",
          "not a snap or snapdir: there is no meta/snap.yaml" },
        { set_up_no_manifest, NULL, "snap-not-a-snap",
          "not a snap or snapdir: there is no meta/snap.yaml" },
        { set_up_unreadable_manifest, NULL, "bad-request",
          "snap is unusable due to bad permissions" },
        { set_up_closed_root, NULL, "bad-request", "snap is unusable due to bad permissions" },
        { set_up_plain_hook, NULL, "bad-request", "snap is unusable due to bad permissions" },
        { set_up_private_program, NULL, "bad-request", "snap is unusable due to bad permissions" },
        { set_up_private_directory, NULL, "bad-request",
          "snap is unusable due to bad permissions" },
        { set_up_service_without_x, NULL, "bad-request",
          "snap is unusable due to bad permissions" },
        { set_up_missing_program, NULL, "bad-request", "snap is unusable due to missing files" },
        { set_up_missing_stop, NULL, "bad-request", "snap is unusable due to missing files" },
        { set_up_large_manifest, NULL, "too-large",
          "cannot read meta/snap.yaml: larger than 262144 bytes" },
        { set_up_levels, NULL, "bad-request", "cannot parse snap.yaml: line 1: nested too deep" },
};

static void each_wrong_image_is_refused(void **state) {
        remove_tree(state);
        for (size_t i = 0; i < ARRAY_COUNT(WRONG); i++) {
                make_tree(state);
                WRONG[i].set_up();
                pack("gzip", WRONG[i].pseudo);
                expect_error("image", WRONG[i].kind, WRONG[i].message);
                remove_tree(state);
        }
        make_tree(state);
}

static void missing_files_are_named(void **state) {
        (void)state;
        set_up_missing_program();
        pack("gzip", NULL);
        autojson answer = ask_well("image");
        autofree char *details =
                json_format(json_object_get(json_object_get(answer, "error"), "details"));
        assert_string_equal(details, "[\"path \\\"bin/d\\\" does not exist\"]");
}

static void file_capabilities_are_refused(void **state) {
        static const unsigned char CAPABILITY[20] = { 1, 0, 0, 2, 0, 0x20 };
        autofree char *path = string_format("%s/tree/bin/hello", top);

        (void)state;
        /* Not every file system under /tmp keeps them. */
        if (setxattr(path, "security.capability", CAPABILITY, sizeof(CAPABILITY), 0) < 0)
                skip();
        pack("gzip", NULL);
        expect_error("image", "bad-request",
                     "image contains a file with the attribute \"security.capability\": "
                     "\"bin/hello\"");
}

static void truncate_image(off_t size) {
        autofree char *image = string_format("%s/image", top);

        assert_int_equal(truncate(image, size), 0);
}

static void a_cut_image_is_refused(void **state) {
        (void)state;
        pack("gzip", NULL);
        truncate_image(300);
        autojson answer = ask_well("image");
        const char *message =
                json_get_string(json_object_get(answer, "error"), "message", "accepted");
        assert_true(string_has_prefix(message, "image is truncated: 300 of "));
        truncate_image(50);
        expect_error("image", "corrupt", "image is truncated: 50 bytes");
        truncate_image(0);
        expect_error("image", "snap-not-a-snap", "not a snap or snapdir");
}

static void what_is_no_squashfs_is_refused(void **state) {
        autofree char *image = string_format("%s/image", top);

        (void)state;
        autofd int fd = open(image, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        for (int i = 0; i < 5000; i++)
                assert_int_equal(write(fd, "not one ", 8), 8);
        expect_error("image", "snap-not-a-snap", "not a snap or snapdir");
        expect_error("manifest", "snap-not-a-snap", "not a snap or snapdir");
}

/* The library may die of damage, which is why it is locked in; it must say something or die, and
 * never go on for long. Counted, so that a reader which always dies does not pass. */
static void damage_ends_in_words_or_death(void **state) {
        unsigned said = 0;
        unsigned died = 0;

        (void)state;
        pack("gzip", NULL);
        autofree char *path = string_format("%s/image", top);
        autofd int fd = open(path, O_RDWR | O_CLOEXEC);
        unsigned char good[4096];
        assert_int_equal(pread(fd, good, sizeof(good), 0), sizeof(good));
        for (unsigned i = 0; i < 200; i++) {
                int status = -1;
                unsigned at = (i * 37 + 8) % 700;
                unsigned char bad = (unsigned char)(good[at] ^ (1u << i % 8));
                assert_int_equal(pwrite(fd, &bad, 1, at), 1);
                autojson answer = ask("image", &status);
                assert_int_equal(pwrite(fd, &good[at], 1, at), 1);
                said += status == 0 && answer != NULL;
                died += WIFSIGNALED(status);
        }
        assert_int_equal(said + died, 200);
        assert_true(said > 150);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(every_compression_is_read, make_tree, remove_tree),
                cmocka_unit_test_setup_teardown(a_directory_says_what_its_image_says, make_tree,
                                                remove_tree),
                cmocka_unit_test_setup_teardown(a_directory_may_change_but_in_its_manifest,
                                                make_tree, remove_tree),
                cmocka_unit_test_setup_teardown(a_wrong_directory_is_refused, make_tree,
                                                remove_tree),
                cmocka_unit_test_setup_teardown(manifest_mode_looks_at_the_manifest_only, make_tree,
                                                remove_tree),
                cmocka_unit_test_setup_teardown(links_inside_the_image_are_followed, make_tree,
                                                remove_tree),
                cmocka_unit_test_setup_teardown(a_base_may_hold_setuid_files, make_tree,
                                                remove_tree),
                cmocka_unit_test_setup_teardown(each_wrong_image_is_refused, make_tree,
                                                remove_tree),
                cmocka_unit_test_setup_teardown(missing_files_are_named, make_tree, remove_tree),
                cmocka_unit_test_setup_teardown(file_capabilities_are_refused, make_tree,
                                                remove_tree),
                cmocka_unit_test_setup_teardown(a_cut_image_is_refused, make_tree, remove_tree),
                cmocka_unit_test_setup_teardown(what_is_no_squashfs_is_refused, make_tree,
                                                remove_tree),
                cmocka_unit_test_setup_teardown(damage_ends_in_words_or_death, make_tree,
                                                remove_tree),
        };
        int fd = open(PAWL_READ_PATH, O_PATH | O_CLOEXEC);

        if (fd < 0) {
                perror(PAWL_READ_PATH);
                return 1;
        }
        helper_replace(HELPER_READ, fd);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
