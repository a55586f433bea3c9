/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/interface-kind.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Made on first use; sorted by name, as the built-in table is. */
static const InterfaceKind **all;
static size_t all_count;
static char *added_digest;

static void fill(void) {
        if (all)
                return;
        all = memory_new((interface_kind_count + 1) * sizeof(*all));
        for (size_t i = 0; i < interface_kind_count; i++)
                all[i] = &interface_kinds[i];
        all_count = interface_kind_count;
}

/* Where it is, or where it would go. */
static size_t find_place(const char *name) {
        size_t low = 0, high = all_count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (strcmp(all[middle]->name, name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

const InterfaceKind *const *interface_kind_list(size_t *ret_count) {
        fill();
        *ret_count = all_count;
        return all;
}

const InterfaceKind *interface_kind_find(const char *name) {
        fill();
        size_t place = find_place(name);

        return place < all_count && string_equal(all[place]->name, name) ? all[place] : NULL;
}

void interface_kind_add(const InterfaceKind *kind) {
        fill();
        size_t place = find_place(kind->name);

        if (place < all_count && string_equal(all[place]->name, kind->name)) {
                all[place] = kind;
                return;
        }
        const InterfaceKind **larger = memory_new((all_count + 2) * sizeof(*larger));
        memcpy(larger, all, place * sizeof(*larger));
        larger[place] = kind;
        memcpy(larger + place + 1, all + place, (all_count - place) * sizeof(*larger));
        free(all);
        all = larger;
        all_count++;
}

void interface_kind_set_added_digest(const char *digest) {
        free(added_digest);
        added_digest = *digest ? string_copy(digest) : NULL;
}

const char *interface_kind_get_added_digest(void) {
        return added_digest ? added_digest : "";
}

void interface_kind_forget_added(void) {
        interface_kind_set_added_digest("");
        free(all);
        all = NULL;
        all_count = 0;
}
