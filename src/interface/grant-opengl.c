/* SPDX-License-Identifier: Apache-2.0
 *
 * opengl: the libraries of NVIDIA's driver fit only the kernel module of the same version, so they
 * are the host's: shown at the places that packages look at, and only where the driver has its
 * node.  Names: the driver's README, chapter "Installed Components".
 */
#include "base/text.h"
#include "interface/grant-internal.h"

#define DRIVER_NODE "/dev/nvidiactl"
#define LIBRARIES                                                                              \
        "/lib{EGL_nvidia,GLESv1_CM_nvidia,GLESv2_nvidia,GLX_nvidia,cuda,cudadebugger,nvcuvid," \
        "nvoptix,nvidia-*,nvidia_*}.so*"
#define VIEW "/var/lib/snapd/lib"

/* Where distributions have libraries of 64 bits; later ones go before: /usr/lib may have others. */
static const char *const WIDE[] = {
        "/usr/lib",
        "/usr/lib64",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu/nvidia/current",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/x86_64-linux-gnu/nvidia/current",
};

static const char *const NARROW[] = {
        "/usr/lib32",
        "/usr/lib/i386-linux-gnu",
        "/usr/lib/i386-linux-gnu/nvidia/current",
};

/* What says which library draws; the names in it have no directory. */
static const char *const DESCRIPTIONS[][2] = {
        { "/usr/share/vulkan/icd.d/*nvidia*.json", VIEW "/vulkan/icd.d" },
        { "/etc/vulkan/icd.d/*nvidia*.json", VIEW "/vulkan/icd.d" },
        { "/etc/nvidia/current/*icd*.json", VIEW "/vulkan/icd.d" },
        { "/usr/share/glvnd/egl_vendor.d/*nvidia*.json", VIEW "/glvnd/egl_vendor.d" },
        { "/etc/glvnd/egl_vendor.d/*nvidia*.json", VIEW "/glvnd/egl_vendor.d" },
};

/* Takes `what`. */
static int add(GrantSet *set, char *what, const char *where, Error *err) {
        GrantRow row = { .kind = GRANT_MOUNT,
                         .access = INTERFACE_ACCESS_READ | INTERFACE_ACCESS_EXECUTE,
                         .text = what,
                         .second = string_copy(where),
                         .needs = DRIVER_NODE };

        return grant_add_row(set, row, err);
}

static int add_libraries(GrantSet *set, const char *directory, const char *where, Error *err) {
        autofree char *vdpau = string_format("%s/vdpau", where);
        autofree char *gbm = string_format("%s/gbm", where);

        if (add(set, string_format("%s" LIBRARIES, directory), where, err) < 0 ||
            add(set, string_format("%s/vdpau/libvdpau_nvidia.so*", directory), vdpau, err) < 0)
                return -1;
        return add(set, string_format("%s/gbm/nvidia*.so*", directory), gbm, err);
}

int grant_add_driver(Database *database, GrantSet *set, const GrantContext *context, Error *err) {
        (void)database;
        (void)context;
        for (size_t i = 0; i < ARRAY_COUNT(WIDE); i++)
                if (add_libraries(set, WIDE[i], VIEW "/gl", err) < 0)
                        return -1;
        for (size_t i = 0; i < ARRAY_COUNT(NARROW); i++)
                if (add_libraries(set, NARROW[i], VIEW "/gl32", err) < 0)
                        return -1;
        for (size_t i = 0; i < ARRAY_COUNT(DESCRIPTIONS); i++)
                if (add(set, string_copy(DESCRIPTIONS[i][0]), DESCRIPTIONS[i][1], err) < 0)
                        return -1;
        return 0;
}
