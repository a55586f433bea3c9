/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/schedule.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define MINUTES_MAX    (24 * 60)
#define SPAN_COUNT_MAX 1440

static int fail_parse(Error *err, const char *fragment, const char *why) {
        return error_set(err, ERROR_BAD_REQUEST, "cannot parse \"%s\": %s", fragment, why);
}

/* "9:30", "24:00"; minutes since midnight, -1 for anything else. */
static int read_time(const char *text) {
        int hours = 0;
        size_t digits = strspn(text, "0123456789");

        if (digits < 1 || digits > 2 || text[digits] != ':')
                return -1;
        for (size_t i = 0; i < digits; i++)
                hours = hours * 10 + text[i] - '0';
        const char *at = text + digits + 1;
        if (strspn(at, "0123456789") != 2 || at[2] != '\0' || at[0] > '5')
                return -1;
        int minutes = hours * 60 + (at[0] - '0') * 10 + at[1] - '0';
        return minutes <= MINUTES_MAX ? minutes : -1;
}

static int check_count(char *fragment, const char *whole, Error *err) {
        char *slash = strchr(fragment, '/');
        uint64_t count = 0;
        Error ignored;

        if (!slash)
                return 0;
        *slash = '\0';
        if (string_parse_u64(slash + 1, SPAN_COUNT_MAX, &count, &ignored) < 0 || count == 0)
                return fail_parse(err, whole, "not a valid interval");
        return 0;
}

static int check_times(const char *fragment, Error *err) {
        autofree char *copy = string_copy(fragment);

        if (check_count(copy, fragment, err) < 0)
                return -1;
        char *separator = strpbrk(copy, "-~");
        if (separator)
                *separator = '\0';
        if (read_time(copy) < 0 || (separator && read_time(separator + 1) < 0))
                return fail_parse(err, fragment, "not a valid time");
        return 0;
}

/* "mon", "fri5"; the day's number, its place in the month in `ret_place` (0 = every). */
static int read_weekday(const char *text, int *ret_place) {
        static const char DAYS[][4] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };
        size_t length = strlen(text);

        if (length < 3 || length > 4)
                return -1;
        *ret_place = length == 4 ? text[3] - '0' : 0;
        if (length == 4 && (*ret_place < 1 || *ret_place > 5))
                return -1;
        for (size_t i = 0; i < ARRAY_COUNT(DAYS); i++) {
                if (strncmp(text, DAYS[i], 3) == 0)
                        return (int)i;
        }
        return -1;
}

static int check_weekdays(const char *fragment, Error *err) {
        autofree char *copy = string_copy(fragment);
        char *separator = strchr(copy, '-');
        int first_place = 0;
        int last_place = 0;
        const char *words[] = { copy, NULL };

        if (separator) {
                *separator = '\0';
                words[1] = separator + 1;
        }
        if (read_weekday(words[0], &first_place) < 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot parse \"%s\": \"%s\" is not a valid weekday", fragment,
                                 words[0]);
        if (words[1] && read_weekday(words[1], &last_place) < 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot parse \"%s\": \"%s\" is not a valid weekday", fragment,
                                 words[1]);
        if (first_place > last_place && last_place > 0)
                return fail_parse(err, fragment, "unsupported schedule");
        return 0;
}

/* One event: weekdays first, then times. */
static int check_event(char *event, Error *err) {
        bool has_times = false;
        autofree char *whole = string_copy(event);
        char *rest = event;

        for (char *fragment = strsep(&rest, ","); fragment; fragment = strsep(&rest, ",")) {
                bool is_time = strchr(fragment, ':') != NULL;
                if (*fragment == '\0')
                        return fail_parse(err, whole, "not a valid fragment");
                if (!is_time && has_times)
                        return fail_parse(err, fragment, "invalid schedule fragment");
                has_times |= is_time;
                if ((is_time ? check_times : check_weekdays)(fragment, err) < 0)
                        return -1;
        }
        return 0;
}

int schedule_check(const char *schedule, Error *err) {
        autofree char *copy = string_copy(schedule);
        char *event = *copy ? copy : NULL; /* "" is no schedule at all */

        while (event) {
                char *next = strstr(event, ",,");
                if (next) {
                        *next = '\0';
                        next += 2;
                }
                if (check_event(event, err) < 0)
                        return -1;
                event = next;
        }
        return 0;
}
