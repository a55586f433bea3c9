/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/running.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define PID_COUNT_MAX 20

bool running_counts(const char *type) {
        return string_equal(type, "app");
}

/* Does any descriptor of that process lead into `directory`? */
static bool has_descriptor_in(const char *pid, const char *directory) {
        autofree char *path = string_format("/proc/%s/fd", pid);
        DIR *entries = opendir(path);
        size_t length = strlen(directory);
        bool is_found = false;

        for (struct dirent *entry; entries && !is_found && (entry = readdir(entries));) {
                char target[512];
                ssize_t count =
                        readlinkat(dirfd(entries), entry->d_name, target, sizeof(target) - 1);
                if (count < 0)
                        continue;
                target[count] = '\0';
                is_found = strncmp(target, directory, length) == 0 && target[length] == '/';
        }
        if (entries)
                (void)closedir(entries);
        return is_found;
}

static void list_pids(const char *directory, Text *pids) {
        DIR *processes = opendir("/proc");
        size_t count = 0;

        for (struct dirent *entry; processes && (entry = readdir(processes));) {
                if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || count >= PID_COUNT_MAX ||
                    !has_descriptor_in(entry->d_name, directory))
                        continue;
                text_append_format(pids, "%s%s", count++ ? "," : "", entry->d_name);
        }
        if (processes)
                (void)closedir(processes);
}

int running_explain(const Places *places, const char *instance, const char *revision, Error *err) {
        autofree char *path = string_format("run/pawl/lease/%s/%s", instance, revision);
        autofree char *directory = places_format_path(places, path);
        autotext pids = TEXT_INIT;

        list_pids(directory, &pids);
        return error_set(err, ERROR_BUSY, "snap \"%s\" has running apps%s%s", instance,
                         pids.length ? ", pids: " : "", pids.length ? pids.bytes : "");
}
