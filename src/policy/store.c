/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define OBJECT_FILE      "seccomp"
#define OBJECT_TEMPORARY ".seccomp.new~"    /* as file_write_atomic names it */
#define OBJECT_MAGIC     "pawl-seccomp-1\n" /* 16 bytes with its NUL */

/* Native byte order: an object never leaves its machine, and the machine is among the inputs. */
typedef struct ObjectHead {
        char magic[16];
        char digest[DIGEST_SHA256_HEX_SIZE - 1]; /* of everything after it */
        uint32_t counts[SECCOMP_PROGRAM_COUNT];
} ObjectHead;

_Static_assert(sizeof(OBJECT_MAGIC) == 16, "the magic fills its field");
_Static_assert(sizeof(ObjectHead) == 16 + 64 + 8, "the head has no holes");

#define DIGESTED_FROM   offsetof(ObjectHead, counts)
#define OBJECT_SIZE_MAX (sizeof(ObjectHead) + 2 * SECCOMP_LENGTH_MAX * sizeof(struct sock_filter))

void policy_object_done(PolicyObject *object) {
        if (object->file >= 0)
                (void)close(object->file);
        *object = POLICY_OBJECT_INIT;
}

void policy_digest(const char *rules, char ret_digest[DIGEST_SHA256_HEX_SIZE]) {
        autofree char *inputs = seccomp_describe_inputs(rules);

        digest_sha256(inputs, strlen(inputs), ret_digest);
}

static bool object_is_right(const char *bytes, size_t length) {
        char digest[DIGEST_SHA256_HEX_SIZE];
        ObjectHead head;

        if (length < sizeof(head))
                return false;
        memcpy(&head, bytes, sizeof(head));
        size_t expected = sizeof(head);
        for (size_t i = 0; i < SECCOMP_PROGRAM_COUNT; i++) {
                if (head.counts[i] == 0 || head.counts[i] > SECCOMP_LENGTH_MAX)
                        return false;
                expected += head.counts[i] * sizeof(struct sock_filter);
        }
        digest_sha256(bytes + DIGESTED_FROM, length - DIGESTED_FROM, digest);
        return length == expected && memcmp(head.magic, OBJECT_MAGIC, sizeof(head.magic)) == 0 &&
               memcmp(head.digest, digest, sizeof(head.digest)) == 0;
}

int policy_find(int directory, const char *digest, PolicyObject *ret, Error *err) {
        Error unused = ERROR_INIT;
        autofree char *path = string_format("%s/" OBJECT_FILE, digest);
        autofree char *bytes = NULL;
        size_t length = 0;
        PolicyObject object = POLICY_OBJECT_INIT;

        autofd int file = file_open_beneath(directory, path, O_RDONLY | O_NOFOLLOW, 0, &unused);
        if (file < 0 || file_read_all(file, OBJECT_SIZE_MAX, &bytes, &length, &unused) < 0 ||
            !object_is_right(bytes, length))
                return 0;
        memcpy(object.counts, bytes + DIGESTED_FROM, sizeof(object.counts));
        object.file = memfd_new_sealed("seccomp", bytes + sizeof(ObjectHead),
                                       length - sizeof(ObjectHead), err);
        if (object.file < 0)
                return -1;
        *ret = object;
        return 1;
}

int policy_compile(int directory, const char *rules, Error *err) {
        autoseccomp seccomp = SECCOMP_INIT;
        autotext object = TEXT_INIT;
        char name[DIGEST_SHA256_HEX_SIZE], digest[DIGEST_SHA256_HEX_SIZE];
        ObjectHead head = { .magic = OBJECT_MAGIC };

        if (seccomp_compile(rules, &seccomp, err) < 0)
                return -1;
        for (size_t i = 0; i < SECCOMP_PROGRAM_COUNT; i++)
                head.counts[i] = (uint32_t)seccomp.programs[i].count;
        text_append_bytes(&object, &head, sizeof(head));
        for (size_t i = 0; i < SECCOMP_PROGRAM_COUNT; i++)
                text_append_bytes(&object, seccomp.programs[i].instructions,
                                  seccomp.programs[i].count * sizeof(struct sock_filter));
        digest_sha256(object.bytes + DIGESTED_FROM, object.length - DIGESTED_FROM, digest);
        memcpy(object.bytes + offsetof(ObjectHead, digest), digest, sizeof(head.digest));
        policy_digest(rules, name);
        autofd int made = directory_make_beneath(directory, name, 0700, err);
        if (made < 0)
                return -1;
        return file_write_atomic(made, OBJECT_FILE, object.bytes, object.length, 0600, err) < 0 ? -1
                                                                                                : 0;
}

int policy_sweep(int directory, Error *err) {
        int copy = fcntl(directory, F_DUPFD_CLOEXEC, 3);
        DIR *objects = copy >= 0 ? fdopendir(copy) : NULL;
        struct dirent *entry;

        if (!objects) {
                int saved = errno;
                if (copy >= 0)
                        (void)close(copy);
                return error_set_errno(err, saved, "cannot read policy/");
        }
        while ((entry = readdir(objects))) {
                autofree char *temporary = string_format("%s/" OBJECT_TEMPORARY, entry->d_name);
                if (entry->d_name[0] == '.')
                        continue;
                (void)unlinkat(directory, temporary, 0);
                /* Succeeds only for one that has nothing in it. */
                (void)unlinkat(directory, entry->d_name, AT_REMOVEDIR);
        }
        (void)closedir(objects);
        return 0;
}
