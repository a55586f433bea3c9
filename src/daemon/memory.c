/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define RETURN_SIZE (64 * 1024)

void memory_init(void) {
        (void)mallopt(M_ARENA_MAX, 1);
        (void)mallopt(M_TRIM_THRESHOLD, RETURN_SIZE);
        (void)mallopt(M_MMAP_THRESHOLD, RETURN_SIZE);
}

/* Segments that were never writable hold what their file holds, so dropping their pages loses
 * nothing. Writable ones (relocated data, although read-only by now) are left alone. */
static int drop_segments(struct dl_phdr_info *object, size_t size, void *page_mask) {
        uintptr_t mask = *(uintptr_t *)page_mask;

        (void)size;
        for (size_t i = 0; i < object->dlpi_phnum; i++) {
                const ElfW(Phdr) *part = &object->dlpi_phdr[i];
                if (part->p_type != PT_LOAD || (part->p_flags & PF_W))
                        continue;
                uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~mask;
                uintptr_t end = object->dlpi_addr + part->p_vaddr + part->p_memsz;
                /* The vDSO is listed too; it is the kernel's and refuses. */
                (void)madvise((void *)start, (end - start + mask) & ~mask, MADV_DONTNEED);
        }
        return 0;
}

void memory_give_back(void) {
        uintptr_t mask = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;

        (void)malloc_trim(0);
        (void)dl_iterate_phdr(drop_segments, &mask);
}
