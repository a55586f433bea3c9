/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an image, in memory: walked, read and hashed.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"
#include "fuzz.h"
#include "reader/reading.h"

/* libsquashfuse 0.1.105 forgets eight bytes where an image does not open; the process ends anyway.
 */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libsquashfuse";
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autofd int fd = memfd_create("image", MFD_CLOEXEC);

        if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
                return 0;
        autojson answer = reading_new(fd, READING_IMAGE);
        autofree char *text = json_format_canonical(answer);
        if (!json_object_get(answer, "error") && !json_object_get(answer, "sha3-384"))
                abort();
        return 0;
}
