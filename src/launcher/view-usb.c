/* SPDX-License-Identifier: Apache-2.0
 *
 * The step that shows the node of a device of the USB: names of nodes change from port to port, the
 * numbers that its maker gave it do not.  The kernel says them in sysfs, in files of the
 * directories above the node's own (Documentation/ABI/stable/sysfs-bus-usb).
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "launcher/view-internal.h"

#define DEPTH_MAX 10 /* directories above a node's own that are looked at */

/* "0403" of the file's first line, or "". */
static void read_word(const char *directory, const char *name, char ret[16]) {
        autofree char *path = string_format("%s/%s", directory, name);
        FILE *file = fopen(path, "re");

        if (!file || !fgets(ret, 16, file))
                ret[0] = '\0';
        ret[strcspn(ret, "\n")] = '\0';
        if (file)
                (void)fclose(file);
}

/* `numbers` is "vvvv:pppp:ii" or "vvvv:pppp:*".  The interface's directory is below the device's.
 */
static bool has_numbers(const char *top, dev_t node, const char *numbers) {
        autofree char *link = string_format("%s/sys/dev/char/%u:%u", top, major(node), minor(node));
        char directory[PATH_MAX], interface[16] = "";

        if (!realpath(link, directory))
                return false;
        for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
                char vendor[16], product[16];
                char *slash = strrchr(directory, '/');
                if (!slash || slash == directory)
                        return false;
                *slash = '\0';
                if (!*interface)
                        read_word(directory, "bInterfaceNumber", interface);
                read_word(directory, "idVendor", vendor);
                if (!*vendor)
                        continue;
                read_word(directory, "idProduct", product);
                autofree char *any = string_format("%s:%s:*", vendor, product);
                autofree char *one = string_format("%s:%s:%s", vendor, product, interface);
                return string_equal(numbers, any) || string_equal(numbers, one);
        }
        return false;
}

static bool show_if_wanted(const View *view, const LaunchStep *step, int devices,
                           const char *name) {
        autofd int node = kernel_openat2(devices, name, O_PATH | O_NOFOLLOW,
                                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        const char *top = step->words[0][1] ? step->words[0] : "";
        struct stat status;

        if (node < 0 || fstat(node, &status) < 0 || !S_ISCHR(status.st_mode) ||
            !has_numbers(top, status.st_rdev, step->words[1]))
                return false;
        device_filter_add_node(view->devices, status.st_mode, status.st_rdev, step->words[3]);
        view_show(view, step, node, step->words[2]);
        return true;
}

void view_apply_usb_node(const View *view, const LaunchStep *step) {
        autofree char *path = string_format("%s/dev", step->words[0][1] ? step->words[0] : "");
        DIR *devices = opendir(path);
        bool is_shown = false;

        for (struct dirent *entry; devices && !is_shown && (entry = readdir(devices));)
                if (strncmp(entry->d_name, "tty", 3) == 0)
                        is_shown = show_if_wanted(view, step, dirfd(devices), entry->d_name);
        if (devices)
                (void)closedir(devices);
}
