/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/hook-context.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/text.h"
#include "interface/dynamic-attribute.h"

#define COOKIE_BYTES 32

static int add_cookie(json_t *job, Error *err) {
        unsigned char bytes[COOKIE_BYTES];
        char text[2 * COOKIE_BYTES + 1];

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return error_set_errno(err, errno, "cannot make a cookie for a hook");
        for (size_t i = 0; i < sizeof(bytes); i++)
                (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
        json_put_string(job, HOOK_COOKIE, text);
        return 0;
}

int hook_context_add(const TaskStep *step, json_t *job, Error *err) {
        const json_t *data = step->task->data;
        const char *side = json_get_string(data, HOOK_SIDE, NULL);
        ConnectionName name = connection_name_parse(data);
        json_t *attributes = NULL;

        if (add_cookie(job, err) < 0)
                return -1;
        if (!side)
                return 0;
        if (attributes_load(step->database, &name, json_get_int(data, "connect", 0), &attributes,
                            err) < 0)
                return -1;
        json_put(job, HOOK_ATTRIBUTES, attributes);
        json_put_string(job, HOOK_SIDE, side);
        json_put_string(job, HOOK_ENDPOINT, string_equal(side, "plug") ? name.plug : name.slot);
        json_put(job, HOOK_MAY_SET,
                 json_boolean(string_has_prefix(json_get_string(job, "hook", ""), "prepare-")));
        return 0;
}

int hook_context_commit(const TaskStep *step, const json_t *job, Error *err) {
        const char *side = json_get_string(job, HOOK_SIDE, NULL);
        int64_t connect = json_get_int(step->task->data, "connect", 0);

        if (!side || !connect || !json_get_bool(job, HOOK_MAY_SET, false))
                return 0;
        const json_t *own = json_object_get(json_object_get(job, HOOK_ATTRIBUTES), side);
        autofree char *text = json_format(json_object_get(own, "dynamic"));
        autofree char *path = string_format("$.%s_dynamic", side);
        return database_run(step->database, err,
                            "UPDATE task SET data = json_set(data, ?3, json(?4)) WHERE id = ?1 AND "
                            "change = ?2 AND kind = 'connect'",
                            "iiss", connect, step->task->change, path, text) < 0
                       ? -1
                       : 0;
}
