/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define OBJECT_TEMPORARY ".%s.new~"
#define OBJECT_MAGIC     "pawl-seccomp-2\n" /* 16 bytes with its NUL */
#define HEX_LENGTH       (DIGEST_SHA256_HEX_SIZE - 1)

/* Native byte order: an object never leaves its machine, and the machine is among the inputs. */
typedef struct ObjectHead {
        char magic[16];
        char digest[HEX_LENGTH]; /* of everything after it */
        char name[HEX_LENGTH];   /* the object's own: blocks of another one are not it */
        uint32_t count;
} ObjectHead;

_Static_assert(sizeof(OBJECT_MAGIC) == 16, "the magic fills its field");
_Static_assert(sizeof(ObjectHead) == 16 + 64 + 64 + 4, "the head has no holes");

#define DIGESTED_FROM   offsetof(ObjectHead, name)
#define OBJECT_SIZE_MAX (sizeof(ObjectHead) + SECCOMP_LENGTH_MAX * sizeof(struct sock_filter))

void policy_object_done(PolicyObject *object) {
        if (object->file >= 0)
                (void)close(object->file);
        *object = POLICY_OBJECT_INIT;
}

void policy_digest(const char *rules, char ret_digest[DIGEST_SHA256_HEX_SIZE]) {
        autofree char *inputs = seccomp_describe_inputs(rules);

        digest_sha256(inputs, strlen(inputs), ret_digest);
}

static bool object_is_right(const char *bytes, size_t length, const char *name) {
        char digest[DIGEST_SHA256_HEX_SIZE];
        ObjectHead head;

        if (length < sizeof(head) || strlen(name) != HEX_LENGTH)
                return false;
        memcpy(&head, bytes, sizeof(head));
        if (head.count == 0 || head.count > SECCOMP_LENGTH_MAX ||
            length != sizeof(head) + head.count * sizeof(struct sock_filter))
                return false;
        digest_sha256(bytes + DIGESTED_FROM, length - DIGESTED_FROM, digest);
        return memcmp(head.magic, OBJECT_MAGIC, sizeof(head.magic)) == 0 &&
               memcmp(head.digest, digest, HEX_LENGTH) == 0 &&
               memcmp(head.name, name, HEX_LENGTH) == 0;
}

static int open_object(const void *instructions, size_t length, PolicyObject *ret, Error *err) {
        int memory = memfd_new_sealed("seccomp", instructions, length, err);

        if (memory < 0)
                return -1;
        *ret = (PolicyObject){ .file = memory,
                               .count = (uint32_t)(length / sizeof(struct sock_filter)) };
        return 0;
}

int policy_find(int directory, const char *digest, PolicyObject *ret, Error *err) {
        Error unused = ERROR_INIT;
        autofree char *bytes = NULL;
        size_t length = 0;

        autofd int file = file_open_beneath(directory, digest, O_RDONLY | O_NOFOLLOW, 0, &unused);
        if (file < 0 || file_read_all(file, OBJECT_SIZE_MAX, &bytes, &length, &unused) < 0 ||
            !object_is_right(bytes, length, digest))
                return 0;
        return open_object(bytes + sizeof(ObjectHead), length - sizeof(ObjectHead), ret, err) < 0
                       ? -1
                       : 1;
}

/* Whole or not at all for whoever looks while this machine runs; nothing is flushed, because what a
 * power cut leaves of it is known by its digest, and made again. */
static int write_object(int directory, const char *name, const Text *object, Error *err) {
        autofree char *temporary = string_format(OBJECT_TEMPORARY, name);
        autofd int file = openat(directory, temporary,
                                 O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (file < 0)
                return error_set_errno(err, errno, "cannot make policy/%s", temporary);
        if (fd_write_all(file, object->bytes, object->length, err) < 0) {
                (void)unlinkat(directory, temporary, 0);
                return error_prefix(err, "cannot write policy/%s", name);
        }
        return renameat(directory, temporary, directory, name) < 0
                       ? error_set_errno(err, errno, "cannot name policy/%s", name)
                       : 0;
}

int policy_write(int directory, const char *name, const void *instructions, size_t length,
                 PolicyObject *ret, Error *err) {
        autotext object = TEXT_INIT;
        char digest[DIGEST_SHA256_HEX_SIZE];
        ObjectHead head = { .magic = OBJECT_MAGIC,
                            .count = (uint32_t)(length / sizeof(struct sock_filter)) };

        if (strlen(name) != HEX_LENGTH || length == 0 ||
            length > SECCOMP_LENGTH_MAX * sizeof(struct sock_filter) ||
            length % sizeof(struct sock_filter) != 0)
                return error_set(err, ERROR_CORRUPT, "a filter of %zu bytes is none", length);
        memcpy(head.name, name, HEX_LENGTH);
        text_append_bytes(&object, &head, sizeof(head));
        text_append_bytes(&object, instructions, length);
        digest_sha256(object.bytes + DIGESTED_FROM, object.length - DIGESTED_FROM, digest);
        memcpy(object.bytes + offsetof(ObjectHead, digest), digest, HEX_LENGTH);
        return write_object(directory, name, &object, err) < 0
                       ? -1
                       : open_object(instructions, length, ret, err);
}

int policy_compile(int directory, const char *rules, Error *err) {
        PolicyObject object = POLICY_OBJECT_INIT;
        autoseccomp seccomp = SECCOMP_INIT;
        char name[DIGEST_SHA256_HEX_SIZE];

        if (seccomp_compile(rules, &seccomp, err) < 0)
                return -1;
        policy_digest(rules, name);
        if (policy_write(directory, name, seccomp.instructions,
                         seccomp.count * sizeof(*seccomp.instructions), &object, err) < 0)
                return -1;
        policy_object_done(&object);
        return 0;
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
        while ((entry = readdir(objects)))
                if (entry->d_name[0] == '.' && string_has_suffix(entry->d_name, ".new~"))
                        (void)unlinkat(directory, entry->d_name, 0);
        (void)closedir(objects);
        return 0;
}
