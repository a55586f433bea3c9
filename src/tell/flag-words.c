/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/flag-words.h"

#include "base/own.h"
#include "interface/interface-kind.h"

static const FlagWord FLAGS[] = {
        { INTERFACE_LISTENS, "listens", "serve the network: listen and accept connections" },
        { INTERFACE_SHOWS_HOME, "shows-home",
          "read and write what is not hidden in the user's home", .path = "$HOME/*" },
        { INTERFACE_SEES_PROCESSES, "sees-processes", "see all processes of the machine in /proc",
          .path = "/proc/[0-9]*" },
        { INTERFACE_SIGNALS_PROCESSES, "signals-processes", "send signals to other programs",
          .lifts = "signal,scope.signal" },
        { INTERFACE_TRACES_PROCESSES, "traces-processes",
          "trace other programs, where AppArmor rules that; Landlock always refuses it",
          .lifts = "ptrace" },
        { INTERFACE_LIFTS_TCP, "lifts-tcp", "bind and connect TCP ports (Landlock leaves them be)",
          .lifts = "net.bind_tcp,net.connect_tcp" },
        { INTERFACE_LIFTS_NAMESPACES, "lifts-namespaces", "make namespaces",
          .lifts = "userns_create" },
        { INTERFACE_LIFTS_DEVICE_FILTER, "lifts-device-filter",
          "rule which devices its own containers use" },
        { INTERFACE_LIFTS_NO_NEW_PRIVILEGES, "lifts-no-new-privileges",
          "gain privileges by setuid programs of the package, or change its profile" },
        { INTERFACE_LIFTS_MOUNTS, "lifts-mounts",
          "mount file systems (Landlock then restricts no files)",
          .lifts = "mount,umount,pivotroot,fs.change_topology" },
        { INTERFACE_DELEGATES_CGROUP, "delegates-cgroup", "rule its own control group" },
};

const FlagWord *flag_words_get(size_t *ret_count) {
        *ret_count = ARRAY_COUNT(FLAGS);
        return FLAGS;
}
