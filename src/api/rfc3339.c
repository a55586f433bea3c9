/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rfc3339.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000LL

/* Exactly `count` digits; moves on. */
static bool take_digits(const char **text, int count, int *ret) {
        *ret = 0;
        for (int i = 0; i < count; i++, (*text)++) {
                if (!isdigit((unsigned char)**text))
                        return false;
                *ret = *ret * 10 + (**text - '0');
        }
        return true;
}

static bool take_character(const char **text, const char *any_of) {
        if (!**text || !strchr(any_of, **text))
                return false;
        (*text)++;
        return true;
}

static bool take_date_time(const char **text, struct tm *ret) {
        if (!take_digits(text, 4, &ret->tm_year) || !take_character(text, "-") ||
            !take_digits(text, 2, &ret->tm_mon) || !take_character(text, "-") ||
            !take_digits(text, 2, &ret->tm_mday) || !take_character(text, "Tt") ||
            !take_digits(text, 2, &ret->tm_hour) || !take_character(text, ":") ||
            !take_digits(text, 2, &ret->tm_min) || !take_character(text, ":") ||
            !take_digits(text, 2, &ret->tm_sec))
                return false;
        ret->tm_year -= 1900;
        ret->tm_mon -= 1;
        return ret->tm_mon >= 0 && ret->tm_mon < 12 && ret->tm_mday >= 1 && ret->tm_mday <= 31 &&
               ret->tm_hour < 24 && ret->tm_min < 60 && ret->tm_sec <= 60;
}

/* ".123" → 123000000; digits beyond the ninth are read and forgotten. */
static bool take_fraction(const char **text, int64_t *ret_ns) {
        int64_t unit = NS_PER_S;

        *ret_ns = 0;
        if (!take_character(text, "."))
                return true;
        if (!isdigit((unsigned char)**text))
                return false;
        for (; isdigit((unsigned char)**text); (*text)++) {
                unit /= 10;
                *ret_ns += unit * (**text - '0');
        }
        return true;
}

static bool take_offset(const char **text, int *ret_s) {
        int hours = 0, minutes = 0;
        bool is_west = **text == '-';

        *ret_s = 0;
        if (take_character(text, "Zz"))
                return true;
        if (!take_character(text, "+-") || !take_digits(text, 2, &hours) ||
            !take_character(text, ":") || !take_digits(text, 2, &minutes))
                return false;
        *ret_s = (hours * 60 + minutes) * 60 * (is_west ? -1 : 1);
        return true;
}

int rfc3339_parse(const char *text, int64_t *ret_wall, Error *err) {
        const char *rest = text;
        struct tm date = { 0 };
        int64_t fraction_ns = 0;
        int offset_s = 0;

        /* Years that do not fit nanoseconds in 64 bits are refused with the rest. */
        if (!take_date_time(&rest, &date) || !take_fraction(&rest, &fraction_ns) ||
            !take_offset(&rest, &offset_s) || *rest || date.tm_year < 70 || date.tm_year > 360)
                return error_set(err, ERROR_BAD_REQUEST, "cannot parse time \"%.60s\"", text);
        *ret_wall = ((int64_t)timegm(&date) - offset_s) * NS_PER_S + fraction_ns;
        return 0;
}
