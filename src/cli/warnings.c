/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/warnings.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/moment.h"

#define SEEN_FILE_MAX 4096
#define SEEN_NEVER    "0001-01-01T00:00:00Z"

/* The home that the system knows, not $HOME: it is this person's who has seen them. */
static char *make_seen_path(const Cli *cli) {
        const char *other = getenv("SNAPD_LAST_WARNING_TIMESTAMP_FILENAME");
        if (other != NULL && *other != '\0')
                return string_copy(other);
        const struct passwd *user = getpwuid(getuid());
        if (user == NULL || *user->pw_dir != '/')
                return NULL;
        return string_format("%s%s/.snap/warnings.json", cli->root, user->pw_dir);
}

int warnings_load_seen(const Cli *cli, char **ret_moment, Error *err) {
        autofree char *path = make_seen_path(cli), *bytes = NULL;
        size_t length;
        autofd int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (path == NULL || (file < 0 && errno == ENOENT))
                return 0;
        if (file < 0)
                return error_set_errno(err, errno, "cannot open timestamp file");
        if (file_read_all(file, SEEN_FILE_MAX, &bytes, &length, err) < 0)
                return -1;
        autojson seen = NULL;
        if (length == 0)
                return error_set(err, ERROR_FAILED, "cannot decode timestamp file: EOF");
        if (json_parse(bytes, length, &seen, err) < 0)
                return error_prefix(err, "cannot decode timestamp file");
        *ret_moment = string_copy(json_get_string(seen, "timestamp", SEEN_NEVER));
        return 1;
}

int warnings_save_seen(const Cli *cli, const char *moment, Error *err) {
        autofree char *path = make_seen_path(cli);
        char *slash = path == NULL ? NULL : strrchr(path, '/');
        if (slash == NULL)
                return error_set(err, ERROR_FAILED, "no home to note what was seen");
        autofd int root = directory_open("/", err);
        if (root < 0)
                return -1;
        *slash = '\0';
        autofd int directory = directory_make_beneath(root, path + (*path == '/'), S_IRWXU, err);
        if (directory < 0)
                return -1;
        autofree char *text = string_format("{\"timestamp\":\"%s\"}\n", moment);
        return file_write_atomic(directory, slash + 1, text, strlen(text), S_IRUSR | S_IWUSR, err);
}

/* What cannot be read, or is before all that can be counted, is older than everything. */
static bool is_newer(const char *moment, const char *than) {
        Error ignored = ERROR_INIT;
        int64_t left = INT64_MIN, right = INT64_MIN;
        (void)moment_parse_ns(moment, &left, &ignored);
        (void)moment_parse_ns(than, &right, &ignored);
        return left > right;
}

void warnings_mention(const Cli *cli) {
        Error ignored = ERROR_INIT;
        autofree char *seen = NULL;
        int64_t count = cli->client->warning_count;
        if (count <= 0)
                return;
        if (warnings_load_seen(cli, &seen, &ignored) <= 0)
                seen = string_copy(SEEN_NEVER);
        if (!is_newer(cli->client->warning_time, seen))
                return;
        (void)fprintf(stderr, "WARNING: There %s %ld new warning%s. See '%s warnings'",
                      count == 1 ? "is" : "are", (long)count, count == 1 ? "" : "s", cli->program);
        /* snap leaves it to who reads its manual. */
        (void)fputs(cli->is_snap ? ".\n" : "; 'pawl okay' acknowledges them then.\n", stderr);
}

/* Seconds of "672h0m0s"; 0 for what is no duration. */
static double parse_duration(const char *text) {
        static const struct {
                const char *unit;
                double seconds;
        } units[] = { { "ns", 1e-9 }, { "us", 1e-6 }, { "ms", 1e-3 },
                      { "s", 1 },     { "m", 60 },    { "h", 3600 } };
        double sum = 0;
        while (*text >= '0' && *text <= '9') {
                char *end;
                double number = strtod(text, &end);
                size_t length = strspn(end, "hmnsu"), i = 0;
                /* "1h0m": a unit ends where the next number starts. */
                while (i < ARRAY_COUNT(units) && (strlen(units[i].unit) != length ||
                                                  strncmp(units[i].unit, end, length) != 0))
                        i++;
                if (i == ARRAY_COUNT(units))
                        return 0;
                sum += number * units[i].seconds;
                text = end + length;
        }
        return *text == '\0' ? sum : 0;
}

/* "1m05s", or "10.5m" where that would take six characters. */
static char *format_pair(double value, double part_count, char unit, char part_unit) {
        int whole = (int)value;
        int parts = (int)((value - whole) * part_count + 0.5);
        if (whole < 10)
                return string_format("%d%c%02d%c", whole, unit, parts, part_unit);
        if (parts < 10)
                return string_format("%d%c%d%c", whole, unit, parts, part_unit);
        return string_format("%.1f%c", value, unit);
}

char *warnings_format_duration(const char *duration) {
        double seconds = parse_duration(duration);
        double minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
        if (seconds < 1)
                return string_format("%.3gms", seconds * 1000);
        if (seconds < 60)
                return string_format(seconds < 10 ? "%.2fs" : "%.1fs", seconds);
        if (minutes < 10)
                return format_pair(minutes, 60, 'm', 's');
        if (minutes < 100)
                return string_format("%.1fm", minutes);
        if (hours < 24)
                return format_pair(hours, 60, 'h', 'm');
        return days < 100 ? format_pair(days, 24, 'd', 'h') : string_format("%4.0fd", days);
}
