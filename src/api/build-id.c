/* SPDX-License-Identifier: Apache-2.0 */
#include "api/build-id.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

static void format_hex(const unsigned char *bytes, size_t length, char *text) {
        for (size_t i = 0; i < length && i * 2 + 3 < BUILD_ID_TEXT_SIZE; i++)
                (void)snprintf(text + i * 2, 3, "%02x", bytes[i]);
}

/* Notes are a list of {header, name, value}, each padded to 4. */
static int search_notes(const char *notes, size_t length, char *text) {
        while (length > sizeof(ElfW(Nhdr))) {
                const ElfW(Nhdr) *note = (const void *)notes;
                size_t name = (note->n_namesz + 3u) & ~3u, value = (note->n_descsz + 3u) & ~3u;
                size_t whole = sizeof(*note) + name + value;

                if (whole > length)
                        return 0;
                if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
                    memcmp(note + 1, "GNU", 4) == 0) {
                        format_hex((const unsigned char *)(note + 1) + name, note->n_descsz, text);
                        return 1;
                }
                notes += whole;
                length -= whole;
        }
        return 0;
}

/* The first object is the program itself: stop after it. */
static int search_object(struct dl_phdr_info *object, size_t size, void *text) {
        (void)size;
        for (size_t i = 0; i < object->dlpi_phnum; i++) {
                const ElfW(Phdr) *part = &object->dlpi_phdr[i];
                if (part->p_type == PT_NOTE &&
                    search_notes((const char *)object->dlpi_addr + part->p_vaddr, part->p_memsz,
                                 text))
                        break;
        }
        return 1;
}

char *build_id_get(char buffer[BUILD_ID_TEXT_SIZE]) {
        memcpy(buffer, "unknown", sizeof("unknown"));
        (void)dl_iterate_phdr(search_object, buffer);
        return buffer;
}
