/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/setting.h"

#include "base/text.h"

#define RETAINED_MIN     2 /* the one to go back to is never given up */
#define RETAINED_MAX     20
#define RETAINED_DEFAULT 2

static int find(Database *database, const char *key, char **ret, Error *err) {
        return database_find_text(database, ret, err, "SELECT value FROM setting WHERE key = ?1",
                                  "s", key);
}

int setting_find_retained(Database *database, size_t *ret, Error *err) {
        autofree char *text = NULL;
        uint64_t value = 0;
        Error ignored;

        if (find(database, "refresh.retain", &text, err) < 0)
                return -1;
        bool is_valid = text && string_parse_u64(text, RETAINED_MAX, &value, &ignored) >= 0 &&
                        value >= RETAINED_MIN;
        *ret = is_valid ? (size_t)value : RETAINED_DEFAULT;
        return 0;
}

int setting_has_feature(Database *database, const char *name, Error *err) {
        autofree char *key = string_format("experimental.%s", name);
        autofree char *text = NULL;

        if (find(database, key, &text, err) < 0)
                return -1;
        return text && string_equal(text, "true");
}
