/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy-diff.h"

#include "base/text.h"

static bool has(const json_t *list, const char *line) {
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *other = json_string_value(json_array_get(list, i));
                if (other && string_equal(other, line))
                        return true;
        }
        return false;
}

static json_t *subtract(const json_t *from, const json_t *what) {
        json_t *list = json_array();

        for (size_t i = 0; i < json_array_size(from); i++) {
                const char *line = json_string_value(json_array_get(from, i));
                if (line && !has(what, line) && !has(list, line))
                        json_array_append_new(list, json_string(line));
        }
        return list;
}

static void compare(const char *what, const json_t *before, const json_t *after, json_t *diff) {
        autojson lost = subtract(before, after);
        autojson gained = subtract(after, before);

        if (json_array_size(lost) == 0 && json_array_size(gained) == 0)
                return;
        json_t *part = json_object();
        json_put_string(part, "what", what);
        json_put(part, "lost", json_incref(lost));
        json_put(part, "gained", json_incref(gained));
        json_array_append_new(diff, part);
}

/* ── one side of one program: what is granted now, and what would be ── */

static const char *get_word(const json_t *endpoint, bool is_connected) {
        if (!json_get_bool(endpoint, "is-known", false))
                return "of an interface that this daemon does not have";
        if (json_get_string(endpoint, "fault", NULL))
                return "which takes no part: ";
        return is_connected ? "connected" : "not connected";
}

static json_t *list_sentences(const json_t *endpoint) {
        const json_t *grants = json_object_get(endpoint, "grants");
        json_t *list = json_array();

        for (size_t i = 0; i < json_array_size(grants); i++)
                json_array_append_new(list, json_string(json_get_string(json_array_get(grants, i),
                                                                        "sentence", "")));
        return list;
}

/* Whether it is connected, and by what interface, counts as a line of its own. */
static json_t *list_lines(const json_t *endpoint, const char *kind, const char *name) {
        json_t *list = endpoint ? list_sentences(endpoint) : json_array();

        if (!endpoint)
                return list;
        const char *fault = json_get_string(endpoint, "fault", "");
        autofree char *line = string_format(
                "has the %s %s (interface %s), %s%s", kind, name,
                json_get_string(endpoint, "interface", ""),
                get_word(endpoint, json_get_bool(endpoint, "is-connected", false)), fault);
        (void)json_array_insert_new(list, 0, json_string(line));
        return list;
}

typedef struct Place {
        const char *program, *kind; /* "plug", "slot" */
} Place;

static void compare_endpoint(const Place *place, const char *name, const json_t *before,
                             const json_t *after, json_t *diff) {
        autojson old_lines = list_lines(before, place->kind, name);
        autojson new_lines = list_lines(after, place->kind, name);
        const json_t *last = after ? after : before;
        autofree char *what = string_format(
                "%s, by %s %s%s:", place->program, place->kind, name,
                json_get_bool(last, "is-connected", false) ? "" : " once it is connected");

        compare(what, old_lines, new_lines, diff);
}

static void compare_side(const Place *place, const json_t *before, const json_t *after,
                         json_t *diff) {
        autofree char *key = string_format("%ss", place->kind);
        json_t *olds = json_object_get(before, key), *news = json_object_get(after, key), *endpoint;
        const char *name;

        json_object_foreach(olds, name, endpoint)
                compare_endpoint(place, name, endpoint, json_object_get(news, name), diff);
        json_object_foreach(news, name, endpoint) if (!json_object_get(olds, name))
                compare_endpoint(place, name, NULL, endpoint, diff);
}

static void compare_program(const char *program, const json_t *before, const json_t *after,
                            json_t *diff) {
        static const char *const kinds[] = { "plug", "slot" };
        autojson old_lines = json_array();
        autojson new_lines = json_array();

        json_array_append_new(before ? old_lines : new_lines, json_string("is there"));
        if (!before != !after)
                compare(program, old_lines, new_lines, diff);
        for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
                compare_side(&(Place){ program, kinds[i] }, before, after, diff);
}

/* ── the whole ── */

static json_t *list_confinement(const json_t *policy) {
        return json_pack("[s]", json_get_string(policy, "confinement", ""));
}

json_t *policy_diff(const json_t *before, const json_t *after) {
        json_t *olds = json_object_get(before, "programs"), *program;
        json_t *news = json_object_get(after, "programs"), *diff = json_array();
        autojson old_mode = list_confinement(before);
        autojson new_mode = list_confinement(after);
        const char *name;

        compare("confinement:", old_mode, new_mode, diff);
        compare("every program, system calls:", json_object_get(before, "template"),
                json_object_get(after, "template"), diff);
        compare("every program, generation of the policy:", json_object_get(before, "generation"),
                json_object_get(after, "generation"), diff);
        json_object_foreach(olds, name, program)
                compare_program(name, program, json_object_get(news, name), diff);
        json_object_foreach(news, name, program) if (!json_object_get(olds, name))
                compare_program(name, NULL, program, diff);
        return diff;
}
