/* SPDX-License-Identifier: Apache-2.0 */
#include "denial/syscall-name.h"

#include <linux/audit.h>

#include "base/own.h"

static const char *const NAMES[] = {
#include "denial/syscall-names.h"
};

#if defined(__x86_64__)
#        define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#        define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#        define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__arm__)
#        define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__i386__)
#        define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#        define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#        define ARCHITECTURE AUDIT_ARCH_S390X
#else
#        define ARCHITECTURE 0
#endif

const char *syscall_get_name(uint64_t architecture, uint64_t number) {
        if (architecture != ARCHITECTURE || number >= ARRAY_COUNT(NAMES))
                return NULL;
        return NAMES[number];
}
