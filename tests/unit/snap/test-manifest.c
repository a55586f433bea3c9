/* SPDX-License-Identifier: Apache-2.0
 *
 * What a manifest says against what this machine has, and against what is installed.
 */
#include <string.h>

#include "../unit.h"
#include "snap/manifest.h"

static json_t *parse(const char *text) {
        Error err = ERROR_INIT;
        json_t *manifest = NULL;

        if (json_parse(text, strlen(text), &manifest, &err) < 0)
                fail_msg("%s: %s", text, err.message);
        return manifest;
}

static const struct {
        const char *manifest, *refusal; /* NULL: taken */
} CHECKED[] = {
        { "{\"name\":\"x\"}", NULL },
        { "{\"name\":\"x\",\"assumes\":[\"common-data-dir\",\"snap-env\",\"command-chain\","
          "\"kernel-assets\",\"app-refresh-mode\",\"snap-uid-envvars\"]}",
          NULL },
        { "{\"name\":\"x\",\"assumes\":[\"snapd1\",\"snapd2.57\",\"snapd2.57.6\",\"snapd2.9.99\"]}",
          NULL },
        { "{\"name\":\"x\",\"assumes\":[\"snapd2.57.7\"]}",
          "snap \"x\" assumes unsupported features: snapd2.57.7 (try to refresh snapd)" },
        { "{\"name\":\"x\",\"assumes\":[\"snap-env\",\"snapd2.58\",\"teleport\",\"snapd3\"]}",
          "snap \"x\" assumes unsupported features: snapd2.58, teleport, snapd3 (try to refresh "
          "snapd)" },
        { "{\"name\":\"x\",\"assumes\":[\"snapd\"]}",
          "snap \"x\" assumes unsupported features: snapd (try to refresh snapd)" },
        { "{\"name\":\"x\",\"assumes\":[\"snapd2.x\"]}",
          "snap \"x\" assumes unsupported features: snapd2.x (try to refresh snapd)" },
        { "{\"name\":\"x\",\"architectures\":[\"vax\"],\"assumes\":[\"teleport\"]}",
          "snap \"x\" supported architectures (vax) are incompatible with this system" },
        { "{\"name\":\"x\",\"type\":\"kernel\"}", "cannot install a kernel snap on classic" },
        { "{\"name\":\"x\",\"confinement\":\"classic\"}",
          "snap \"x\" requires classic confinement" },
};

static void machine_takes_what_it_can_run(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CHECKED); i++) {
                autojson manifest = parse(CHECKED[i].manifest);
                Error err = ERROR_INIT;
                int outcome = manifest_check(manifest, &(InstallFlags){ 0 }, &err);

                if ((outcome < 0) != (CHECKED[i].refusal != NULL) ||
                    (CHECKED[i].refusal &&
                     strncmp(err.message, CHECKED[i].refusal, strlen(CHECKED[i].refusal)) != 0))
                        fail_msg("%s: %d %s", CHECKED[i].manifest, outcome, err.message);
        }
}

/* Epochs as pawl-read normalises them. */
#define EPOCH(read, write) "{\"name\":\"x\",\"epoch\":{\"read\":[" read "],\"write\":[" write "]}}"
#define NONE               "{\"name\":\"x\"}"

static const struct {
        const char *next, *current, *refusal;
} EPOCHS[] = {
        { NONE, NONE, NULL },
        { EPOCH("0", "0"), NONE, NULL },
        { EPOCH("0,1", "1"), NONE, NULL },              /* 1* reads what 0 wrote */
        { EPOCH("0,1", "1"), EPOCH("0,1", "1"), NULL }, /* 1* after 1* */
        { EPOCH("1", "1"), EPOCH("0,1", "1"), NULL },   /* 1 after 1* */
        { EPOCH("1,2,3", "3"), EPOCH("2", "1,2"), NULL },
        { EPOCH("1", "1"), NONE,
          "cannot refresh \"x\" to new revision x7 with epoch 1, because it can't read the current "
          "epoch of 0" },
        { NONE, EPOCH("0,1", "1"),
          "cannot refresh \"x\" to new revision x7 with epoch 0, because it can't read the current "
          "epoch of 1*" },
        { EPOCH("2,3", "3"), EPOCH("0,1", "1"),
          "cannot refresh \"x\" to new revision x7 with epoch 3*, because it can't read the current "
          "epoch of 1*" },
        /* What the current one reads is no matter: it wrote 2. */
        { EPOCH("1", "1"), EPOCH("1,2", "2"),
          "cannot refresh \"x\" to new revision x7 with epoch 1, because it can't read the current "
          "epoch of 2*" },
        { EPOCH("1,3", "3"), EPOCH("0", "0"),
          "cannot refresh \"x\" to new revision x7 with epoch {\"read\":[1,3],\"write\":[3]}, "
          "because it can't read the current epoch of 0" },
};

static void a_revision_reads_what_the_current_one_wrote(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(EPOCHS); i++) {
                autojson next = parse(EPOCHS[i].next);
                autojson current = parse(EPOCHS[i].current);
                Error err = ERROR_INIT;
                int outcome = manifest_check_epoch(next, current, "x7", &err);

                if ((outcome < 0) != (EPOCHS[i].refusal != NULL) ||
                    (EPOCHS[i].refusal && strcmp(err.message, EPOCHS[i].refusal) != 0))
                        fail_msg("%s after %s: %s", EPOCHS[i].next, EPOCHS[i].current, err.message);
        }
}

static const struct {
        const char *instance, *refusal;
} INSTANCES[] = {
        { "notes", NULL },
        { "notes_a", NULL },
        { "notes_0123456789", NULL },
        { "notes_", "invalid instance key: \"\"" },
        { "notes_01234567890", "invalid instance key: \"01234567890\"" },
        { "notes_A", "invalid instance key: \"A\"" },
        { "notes_a_b", "invalid instance key: \"a_b\"" },
        { "notes_a/b", "invalid instance key: \"a/b\"" },
        { "notesa",
          "cannot install snap \"notesa\", the name does not match the metadata \"notes\"" },
        { "note_a",
          "cannot install snap \"note_a\", the name does not match the metadata \"notes\"" },
        { "", "cannot install snap \"\", the name does not match the metadata \"notes\"" },
};

static void an_instance_is_the_name_and_a_key(void **state) {
        autojson manifest = parse("{\"name\":\"notes\"}");

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(INSTANCES); i++) {
                Error err = ERROR_INIT;
                int outcome = manifest_check_instance(manifest, INSTANCES[i].instance, &err);

                if ((outcome < 0) != (INSTANCES[i].refusal != NULL) ||
                    (INSTANCES[i].refusal && strcmp(err.message, INSTANCES[i].refusal) != 0))
                        fail_msg("%s: %s", INSTANCES[i].instance, err.message);
        }
}

static void only_apps_are_tried(void **state) {
        autojson app = parse("{\"name\":\"x\"}");
        autojson base = parse("{\"name\":\"x\",\"type\":\"base\"}");
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(manifest_check_try(app, &err), 0);
        assert_int_equal(manifest_check_try(base, &err), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(machine_takes_what_it_can_run),
                cmocka_unit_test(a_revision_reads_what_the_current_one_wrote),
                cmocka_unit_test(an_instance_is_the_name_and_a_key),
                cmocka_unit_test(only_apps_are_tried),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
