/* SPDX-License-Identifier: Apache-2.0
 *
 * posix-mq: queues of the kernel by their names (mq_overview(7)).  The slot's programs may all of
 * it, connected or not, as they make the queues; the plug's what the slot's `permissions` say.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "interface/grant-internal.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static const struct {
        const char *word;
        unsigned access;
} PERMISSIONS[] = {
        { "open", 0 }, /* the others are of no use without it */
        { "read", INTERFACE_ACCESS_READ },
        { "write", INTERFACE_ACCESS_WRITE },
        { "create", GRANT_QUEUE_CREATE },
        { "delete", GRANT_QUEUE_DELETE },
};

/* Where a slot names none: to use what is there. */
static unsigned read_permissions(const json_t *permissions) {
        unsigned access = 0;
        const json_t *one;
        size_t i;

        if (json_array_size(permissions) == 0)
                return INTERFACE_ACCESS_READ | INTERFACE_ACCESS_WRITE;
        json_array_foreach(permissions, i, one) {
                for (size_t row = 0; row < ARRAY_COUNT(PERMISSIONS); row++)
                        if (string_equal(json_string_value(one), PERMISSIONS[row].word))
                                access |= PERMISSIONS[row].access;
        }
        return access;
}

/* A slash and a name without another; the characters are those that no profile of AppArmor reads as
 * more than themselves. */
static bool is_queue_name(const char *name) {
        if (!name || name[0] != '/' || strlen(name) < 2 || strlen(name) > NAME_MAX)
                return false;
        return !name[1 + strspn(name + 1, NAME_CHARACTERS)] && !string_equal(name, "/.") &&
               !string_equal(name, "/..");
}

int grant_add_queues(Database *database, GrantSet *set, const GrantContext *context, Error *err) {
        const json_t *path = json_object_get(context->slot_attributes, "path");
        size_t count = json_is_array(path) ? json_array_size(path) : 1;
        unsigned access = GRANT_QUEUE_ALL;

        (void)database;
        if (context->is_plug)
                access = read_permissions(json_object_get(context->slot_attributes, "permissions"));
        for (size_t i = 0; i < count; i++) {
                const char *name =
                        json_string_value(json_is_array(path) ? json_array_get(path, i) : path);
                GrantRow row = { .kind = GRANT_QUEUE, .access = access };
                if (!is_queue_name(name))
                        continue;
                row.text = string_copy(name);
                if (grant_add_row(set, row, err) < 0)
                        return -1;
        }
        return 0;
}

/* ── the filter ── */

unsigned grant_set_get_queue_access(const GrantSet *set) {
        size_t at = grant_set_find(set, GRANT_QUEUE, 0);
        unsigned access = 0;

        for (; at < set->row_count; at = grant_set_find(set, GRANT_QUEUE, at + 1))
                access |= set->rows[at].access;
        return access;
}

/* Names are in memory, where a filter does not look; how a queue is opened is an argument.  The
 * objects of System V are in the host's namespace then as well, and nobody granted those. */
void grant_set_append_queue_rules(const GrantSet *set, Text *rules) {
        static const char *const system_v[] = { "semget", "semop",  "semtimedop", "semctl",
                                                "shmget", "shmat",  "shmdt",      "shmctl",
                                                "msgget", "msgsnd", "msgrcv",     "msgctl" };
        static const struct {
                unsigned access;
                int flags;
                const char *call;
        } modes[] = {
                { INTERFACE_ACCESS_READ, O_RDONLY, "mq_timedreceive" },
                { INTERFACE_ACCESS_WRITE, O_WRONLY, "mq_timedsend" },
                { INTERFACE_ACCESS_READ | INTERFACE_ACCESS_WRITE, O_RDWR, "mq_getsetattr" },
        };
        unsigned access = grant_set_get_queue_access(set);
        unsigned mask = O_ACCMODE | (access & GRANT_QUEUE_CREATE ? 0 : O_CREAT);

        if (!grant_set_has(set, GRANT_QUEUE))
                return;
        for (size_t i = 0; i < ARRAY_COUNT(modes); i++)
                if ((access & modes[i].access) == modes[i].access)
                        text_append_format(rules, "allow mq_open 1&%#x=%d\nallow %s\n", mask,
                                           modes[i].flags, modes[i].call);
        if (access & GRANT_QUEUE_DELETE)
                text_append(rules, "allow mq_unlink\n");
        for (size_t i = 0; i < ARRAY_COUNT(system_v); i++)
                text_append_format(rules, "refuse %s\n", system_v[i]);
}
