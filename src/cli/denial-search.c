/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/denial-search.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/terminal.h"

#define FOUND_COUNT_MAX    200
#define NAMELESS_COUNT_MAX 50

void denial_search_init(DenialSearch *search) {
        search->found = (FoundList){ .maximum = FOUND_COUNT_MAX };
        search->nameless = (FoundList){ .maximum = NAMELESS_COUNT_MAX };
        search->found.items = memory_new(FOUND_COUNT_MAX * sizeof(Found));
        search->nameless.items = memory_new(NAMELESS_COUNT_MAX * sizeof(Found));
}

void denial_search_done(DenialSearch *search) {
        free(search->found.items);
        free(search->nameless.items);
}

/* ── whose ── */

static bool is_asked(const DenialSearch *search, const Denial *denial) {
        size_t length = strlen(search->snap);

        if (!*search->snap)
                return true;
        if (strncmp(denial->program, search->snap, length) != 0 ||
            (denial->program[length] && denial->program[length] != '.'))
                return false;
        /* A record that names the package alone may be of any of its programs. */
        return !*search->program || !denial->program[length] ||
               string_equal(denial->program, search->program);
}

/* "/snap/x/3/bin/y" → "3"; owned, NULL where it is not below a revision. */
static char *find_revision(const Denial *denial) {
        static const char top[] = "/snap/";
        const char *at = denial->executable;

        if (!string_has_prefix(at, top))
                return NULL;
        at = strchr(at + strlen(top), '/');
        return at ? string_copy_length(at + 1, strcspn(at + 1, "/")) : NULL;
}

/* When the revision, or else the first of them, was installed; -1: it is not. */
static int64_t find_installed(const json_t *revisions, const char *revision) {
        int64_t first = -1;
        const char *name;
        json_t *time;

        if (revision)
                return json_get_int(revisions, revision, -1);
        json_object_foreach((json_t *)(uintptr_t)revisions, name, time) {
                if (first < 0 || json_integer_value(time) < first)
                        first = json_integer_value(time);
        }
        return first;
}

/* The machine's logs tell of every daemon's packages, and of those that were removed. */
static bool is_here(const DenialSearch *search, const Denial *denial, const char *snap) {
        autofree char *revision = find_revision(denial);

        if (!search->snaps)
                return true;
        int64_t installed = find_installed(json_object_get(search->snaps, snap), revision);
        return installed >= 0 && (denial->time == 0 || denial->time >= installed);
}

/* ── each once ── */

static bool is_same(const Denial *a, const Denial *b) {
        return a->source == b->source && a->kind == b->kind &&
               string_equal(a->program, b->program) && string_equal(a->text, b->text) &&
               string_equal(a->access, b->access) && string_equal(a->path, b->path) &&
               string_equal(a->member, b->member) &&
               (*a->program || string_equal(a->executable, b->executable));
}

static void add(FoundList *list, const Denial *denial) {
        for (size_t i = 0; i < list->count; i++) {
                Found *known = &list->items[i];
                if (!is_same(&known->denial, denial))
                        continue;
                /* The same event in two logs; the journal's own copy of the audit's has no number.
                 */
                bool is_copy = (denial->serial == 0) != (known->denial.serial == 0);
                if (!is_copy && (denial->serial == 0 || denial->serial > known->denial.serial))
                        known->count++;
                if (denial->serial > known->denial.serial)
                        known->denial = *denial;
                return;
        }
        if (list->count == list->maximum)
                list->is_full = true;
        else
                list->items[list->count++] = (Found){ *denial, 1 };
}

static void take_denial(DenialSearch *search, Denial *denial) {
        char *const texts[] = { denial->program,    denial->text,      denial->path,
                                denial->member,     denial->interface, denial->operation,
                                denial->executable, denial->command };
        autofree char *snap = string_copy_length(denial->program, strcspn(denial->program, "."));

        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
                terminal_neutralise_text(texts[i]);
        if (!*denial->program) {
                if (!*search->snap || is_here(search, denial, search->snap))
                        add(&search->nameless, denial);
                return;
        }
        if (!is_asked(search, denial))
                return;
        if (is_here(search, denial, snap))
                add(&search->found, denial);
        else
                search->strange++;
}

/* ── lines ── */

static bool join_pending(DenialSearch *search, const char *line) {
        for (size_t i = 0; i < search->pending_count; i++)
                if (denial_join(line, &search->pending[i])) {
                        take_denial(search, &search->pending[i]);
                        search->pending[i] = search->pending[--search->pending_count];
                        return true;
                }
        return false;
}

static void keep_pending(DenialSearch *search, const Denial *denial) {
        if (search->pending_count == DENIAL_PENDING_MAX) {
                take_denial(search, &search->pending[0]);
                search->pending[0] = search->pending[--search->pending_count];
        }
        search->pending[search->pending_count++] = *denial;
}

void denial_search_line(void *context, char *line) {
        DenialSearch *search = context;
        Denial denial;

        if (denial_parse(line, &denial) == 0) {
                search->lost += denial_count_lost(line);
                (void)join_pending(search, line);
                return;
        }
        if (denial.time != 0 && denial.time < search->since)
                return;
        if (denial.source == DENIAL_LANDLOCK && !*denial.program && denial.serial != 0)
                keep_pending(search, &denial);
        else
                take_denial(search, &denial);
}

void denial_search_end(DenialSearch *search) {
        while (search->pending_count > 0)
                take_denial(search, &search->pending[--search->pending_count]);
}
