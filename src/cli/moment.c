/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define DAY_SECONDS        86400
#define SECOND_NS          INT64_C(1000000000)
#define RELATIVE_DAY_COUNT 60

static int parse_number(const char **at, int digits, char separator, int *ret) {
        int value = 0;
        for (int i = 0; i < digits; i++, (*at)++) {
                if (**at < '0' || **at > '9')
                        return -1;
                value = value * 10 + (**at - '0');
        }
        if (separator != '\0' && *(*at)++ != separator)
                return -1;
        *ret = value;
        return 0;
}

/* Seconds east of UTC. */
static int parse_zone(const char *at, int *ret) {
        int hours, minutes;
        *ret = 0;
        if (string_equal(at, "Z"))
                return 0;
        int sign = *at == '+' ? 1 : *at == '-' ? -1 : 0;
        at++;
        if (sign == 0 || parse_number(&at, 2, ':', &hours) < 0 ||
            parse_number(&at, 2, '\0', &minutes) < 0 || *at != '\0' || hours > 23 || minutes > 59)
                return -1;
        *ret = sign * (hours * 3600 + minutes * 60);
        return 0;
}

static int parse_fields(const char *at, struct tm *time, int *ret_zone) {
        if (parse_number(&at, 4, '-', &time->tm_year) < 0 ||
            parse_number(&at, 2, '-', &time->tm_mon) < 0 ||
            parse_number(&at, 2, 'T', &time->tm_mday) < 0 ||
            parse_number(&at, 2, ':', &time->tm_hour) < 0 ||
            parse_number(&at, 2, ':', &time->tm_min) < 0 ||
            parse_number(&at, 2, '\0', &time->tm_sec) < 0)
                return -1;
        if (*at == '.') {
                size_t digits = strspn(at + 1, "0123456789");
                if (digits == 0)
                        return -1;
                at += 1 + digits;
        }
        bool is_sane = time->tm_mon >= 1 && time->tm_mon <= 12 && time->tm_mday >= 1 &&
                       time->tm_mday <= 31 && time->tm_hour <= 23 && time->tm_min <= 59 &&
                       time->tm_sec <= 60;
        time->tm_year -= 1900;
        time->tm_mon -= 1;
        return is_sane ? parse_zone(at, ret_zone) : -1;
}

int moment_parse(const char *rfc3339, int64_t *ret_seconds, Error *err) {
        struct tm time = { 0 };
        int zone;
        if (parse_fields(rfc3339, &time, &zone) < 0)
                return error_set(err, ERROR_BAD_REQUEST, "\"%.60s\" is no RFC 3339 time", rfc3339);
        *ret_seconds = (int64_t)timegm(&time) - zone;
        return 0;
}

int moment_parse_ns(const char *rfc3339, int64_t *ret_ns, Error *err) {
        int64_t seconds, fraction = 0, unit = SECOND_NS / 10;
        if (moment_parse(rfc3339, &seconds, err) < 0)
                return -1;
        const char *at = strchr(rfc3339, '.');
        for (at += at != NULL; at != NULL && *at >= '0' && *at <= '9'; at++, unit /= 10)
                fraction += unit * (*at - '0');
        if (seconds < INT64_MIN / SECOND_NS + 1 || seconds > INT64_MAX / SECOND_NS - 1)
                return error_set(err, ERROR_BAD_REQUEST, "\"%.60s\" is too far away", rfc3339);
        *ret_ns = seconds * SECOND_NS + fraction;
        return 0;
}

/* Days since 1970 of a date, whatever its zone: what "yesterday" is a matter of. */
static int64_t count_days(const struct tm *local) {
        struct tm date = { .tm_year = local->tm_year,
                           .tm_mon = local->tm_mon,
                           .tm_mday = local->tm_mday };
        return (int64_t)timegm(&date) / DAY_SECONDS;
}

/* In the zone it was told in, without the fraction. */
static void format_absolute(const char *rfc3339, char *buffer) {
        size_t whole = strcspn(rfc3339, ".");
        const char *zone = rfc3339 + whole;
        zone += *zone == '.' ? 1 + strspn(zone + 1, "0123456789") : 0;
        if (*zone == '\0') {
                whole = strlen("2024-03-01T10:20:30");
                zone = rfc3339 + whole;
        }
        (void)snprintf(buffer, MOMENT_TEXT_SIZE, "%.*s%s", (int)whole, rfc3339, zone);
}

static void format_relative(const struct tm *local, int64_t days, char *buffer) {
        char clock[24];
        (void)strftime(clock, sizeof clock, "%H:%M %Z", local);
        if (days == 0)
                (void)snprintf(buffer, MOMENT_TEXT_SIZE, "today at %s", clock);
        else if (days == -1)
                (void)snprintf(buffer, MOMENT_TEXT_SIZE, "yesterday at %s", clock);
        else if (days == 1)
                (void)snprintf(buffer, MOMENT_TEXT_SIZE, "tomorrow at %s", clock);
        else if (days < 0)
                (void)snprintf(buffer, MOMENT_TEXT_SIZE, "%ld days ago, at %s", (long)-days, clock);
        else
                (void)snprintf(buffer, MOMENT_TEXT_SIZE, "in %ld days, at %s", (long)days, clock);
}

char *moment_format(const char *rfc3339, int64_t now, bool is_absolute,
                    char buffer[MOMENT_TEXT_SIZE]) {
        Error ignored = ERROR_INIT;
        int64_t seconds;
        struct tm local, today;
        bool is_time = rfc3339 != NULL && !string_has_prefix(rfc3339, "0001-01-01T00:00:00") &&
                       moment_parse(rfc3339, &seconds, &ignored) == 0;
        time_t at = is_time ? (time_t)seconds : 0, present = (time_t)now;
        if (!is_time || localtime_r(&at, &local) == NULL || localtime_r(&present, &today) == NULL) {
                (void)snprintf(buffer, MOMENT_TEXT_SIZE, "-");
                return buffer;
        }
        int64_t days = count_days(&local) - count_days(&today);
        if (is_absolute)
                format_absolute(rfc3339, buffer);
        else if (llabs(days) <= RELATIVE_DAY_COUNT)
                format_relative(&local, days, buffer);
        else
                (void)strftime(buffer, MOMENT_TEXT_SIZE, "%Y-%m-%d", &local);
        return buffer;
}
