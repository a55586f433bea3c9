/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/duration.h"

#include <string.h>

#include "base/text.h"

static const struct {
        const char *name;
        int64_t nanoseconds;
} UNITS[] = {
        { "ns", 1 },
        { "us", 1000 },
        { "\xc2\xb5s", 1000 }, /* micro sign */
        { "\xce\xbcs", 1000 }, /* Greek mu */
        { "ms", 1000000 },
        { "s", INT64_C(1000000000) },
        { "m", INT64_C(60000000000) },
        { "h", INT64_C(3600000000000) },
};

/* digits[.digits] as whole and billionths; false for no digits or too many. */
static bool read_number(const char **at, int64_t *ret_whole, int64_t *ret_billionths) {
        int64_t scale = 100000000;
        bool has_digits = false;

        *ret_whole = *ret_billionths = 0;
        for (; **at >= '0' && **at <= '9'; (*at)++) {
                has_digits = true;
                if (__builtin_mul_overflow(*ret_whole, 10, ret_whole) ||
                    __builtin_add_overflow(*ret_whole, **at - '0', ret_whole))
                        return false;
        }
        if (**at != '.')
                return has_digits;
        for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, scale /= 10) {
                has_digits = true;
                *ret_billionths += (**at - '0') * scale;
        }
        return has_digits;
}

static int64_t find_unit(const char *name, size_t length) {
        for (size_t i = 0; i < ARRAY_COUNT(UNITS); i++) {
                if (strlen(UNITS[i].name) == length && strncmp(UNITS[i].name, name, length) == 0)
                        return UNITS[i].nanoseconds;
        }
        return 0;
}

/* One "number unit"; what it adds. */
static int read_part(const char **at, const char *text, int64_t *ret, Error *err) {
        int64_t whole;
        int64_t billionths;
        int64_t total;

        if (!read_number(at, &whole, &billionths))
                return error_set(err, ERROR_BAD_REQUEST, "time: invalid duration \"%s\"", text);
        size_t length = strcspn(*at, ".0123456789");
        int64_t unit = find_unit(*at, length);
        if (length == 0)
                return error_set(err, ERROR_BAD_REQUEST, "time: missing unit in duration \"%s\"",
                                 text);
        if (unit == 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "time: unknown unit \"%.*s\" in duration \"%s\"", (int)length, *at,
                                 text);
        *at += length;
        /* Fractions of an hour need more than 64 bits on the way. */
        __extension__ __int128 fraction = (__int128)billionths * unit / 1000000000;
        if (__builtin_mul_overflow(whole, unit, &total) ||
            __builtin_add_overflow(total, (int64_t)fraction, ret))
                return error_set(err, ERROR_BAD_REQUEST, "time: invalid duration \"%s\"", text);
        return 0;
}

int duration_parse(const char *text, int64_t *ret_nanoseconds, Error *err) {
        const char *at = text;
        int64_t total = 0;
        bool is_negative = *at == '-';

        if (*at == '-' || *at == '+')
                at++;
        if (*at == '\0')
                return error_set(err, ERROR_BAD_REQUEST, "time: invalid duration \"%s\"", text);
        if (string_equal(at, "0")) {
                *ret_nanoseconds = 0;
                return 0;
        }
        while (*at != '\0') {
                int64_t part;
                if (read_part(&at, text, &part, err) < 0)
                        return -1;
                if (__builtin_add_overflow(total, part, &total))
                        return error_set(err, ERROR_BAD_REQUEST, "time: invalid duration \"%s\"",
                                         text);
        }
        *ret_nanoseconds = is_negative ? -total : total;
        return 0;
}
