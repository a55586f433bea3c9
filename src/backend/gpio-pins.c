/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/gpio-pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

const GpioPlace gpio_place_of_machine = { "/sys/class/gpio", "/run/pawl/gpio" };

static bool is_exported(const GpioPlace *place, const char *number) {
        autofree char *path = string_format("%s/gpio%s", place->sysfs, number);

        return access(path, F_OK) == 0;
}

static bool is_wanted(const char *text, const char *number) {
        autofree char *line = string_format("\n%s\n", number);

        return text && strstr(text, line);
}

/* "17.some_key" → "17", where the rest is the instance; owned. */
static char *parse_note(const char *name, const char *instance) {
        size_t length = strspn(name, "0123456789");

        if (length == 0 || name[length] != '.' ||
            (instance && !string_equal(name + length + 1, instance)))
                return NULL;
        return string_copy_length(name, length);
}

/* The kernel takes a number a write. */
static int write_number(const GpioPlace *place, const char *file, const char *number, Error *err) {
        autofree char *path = string_format("%s/%s", place->sysfs, file);
        autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0)
                return error_set_errno(err, errno, "cannot open %s", path);
        if (write(fd, number, strlen(number)) < 0)
                return error_set_errno(err, errno, "%s does not take pin %s", path, number);
        return 0;
}

static int note(const GpioPlace *place, const char *instance, const char *number, Error *err) {
        autofree char *name = string_format("%s.%s", number, instance);
        autofd int root = directory_open("/", err);
        autofd int directory =
                root < 0 ? -1 : directory_make_beneath(root, place->notes + 1, 0700, err);

        if (directory < 0)
                return -1;
        autofd int file =
                openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        return file < 0 ? error_set_errno(err, errno, "cannot note pin %s", number) : 0;
}

/* Whether one of ours has it: then it is ours to take back, whoever is the last. */
static bool is_noted(const GpioPlace *place, const char *number) {
        DIR *directory = opendir(place->notes);
        bool found = false;

        for (struct dirent *entry; directory && !found && (entry = readdir(directory));) {
                autofree char *noted = parse_note(entry->d_name, NULL);
                found = noted && string_equal(noted, number);
        }
        if (directory)
                (void)closedir(directory);
        return found;
}

/* The note first: a kill in between leaves one too many, not a pin that nobody takes back. */
static int export_one(const GpioPlace *place, const char *instance, const char *number,
                      Error *err) {
        bool is_there = is_exported(place, number);

        if (is_there && !is_noted(place, number))
                return 0; /* another's */
        if (note(place, instance, number, err) < 0)
                return -1;
        if (is_there || write_number(place, "export", number, err) == 0)
                return 0;
        autofree char *path = string_format("%s/%s.%s", place->notes, number, instance);
        (void)unlink(path);
        return -1;
}

static int take_back(const GpioPlace *place, const char *name, const char *number, Error *err) {
        autofree char *path = string_format("%s/%s", place->notes, name);

        if (unlink(path) < 0)
                return error_set_errno(err, errno, "cannot remove %s", path);
        if (is_noted(place, number) || !is_exported(place, number))
                return 0;
        return write_number(place, "unexport", number, err);
}

typedef int (*NoteSeen)(const GpioPlace *place, const char *name, const char *number, Error *err);

static int refuse(const GpioPlace *place, const char *name, const char *number, Error *err) {
        (void)place;
        (void)number;
        return error_set(err, ERROR_FAILED, "%s is not wanted", name);
}

/* Of what is noted for this package and not wanted. */
static int each_unwanted(const GpioPlace *place, const char *instance, const char *text,
                         NoteSeen seen, Error *err) {
        DIR *directory = opendir(place->notes);
        int outcome = 0;

        for (struct dirent *entry; directory && (entry = readdir(directory));) {
                autofree char *number = parse_note(entry->d_name, instance);
                Error failure = ERROR_INIT;
                if (!number || is_wanted(text, number) ||
                    seen(place, entry->d_name, number, &failure) == 0 || outcome < 0)
                        continue;
                *err = failure;
                outcome = -1;
        }
        if (directory)
                (void)closedir(directory);
        return outcome;
}

bool gpio_pins_are_exported(const GpioPlace *place, const char *instance, const char *text) {
        autofree char *copy = string_copy(text ? text : "");
        Error unused = ERROR_INIT;
        char *rest = NULL;

        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                if (*line != '#' && !is_exported(place, line))
                        return false;
        return each_unwanted(place, instance, text, refuse, &unused) == 0;
}

int gpio_pins_export(const GpioPlace *place, const char *instance, const char *text, Error *err) {
        autofree char *copy = string_copy(text ? text : "");
        int outcome = each_unwanted(place, instance, text, take_back, err);
        char *rest = NULL;

        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                Error failure = ERROR_INIT;
                if (*line == '#' || export_one(place, instance, line, &failure) == 0 || outcome < 0)
                        continue;
                *err = failure;
                outcome = -1;
        }
        return outcome;
}
