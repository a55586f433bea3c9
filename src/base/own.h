/* SPDX-License-Identifier: Apache-2.0
 *
 * Ownership that is visible at the declaration: `autofree`, `autofd`, `autoptr(Type)`.
 * `take()` and `take_fd()` are the only ways out of an owned variable.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define printf_like(at, first) __attribute__((format(printf, at, first)))

static inline void own_free_(void *pointer_to) {
        free(*(void **)pointer_to);
}

/* Closes and leaves errno as it was, so that a cleanup never hides the error being reported. */
static inline void own_close_(int *fd) {
        if (*fd >= 0) {
                int saved = errno;
                (void)close(*fd);
                errno = saved;
        }
}

/* Unused: one that is only there to be cleaned up is used enough. */
#define autofree      __attribute__((unused, cleanup(own_free_)))
#define autofd        __attribute__((unused, cleanup(own_close_)))
#define autoptr(Type) __attribute__((unused, cleanup(Type##_cleanup_))) Type *

/* Defines what autoptr(Type) needs, from a destructor that accepts NULL. */
#define DEFINE_AUTOPTR(Type, destructor)                                           \
        __attribute__((unused)) static inline void Type##_cleanup_(Type **owned) { \
                destructor(*owned);                                                \
        }                                                                          \
        struct own_semicolon_

/* Moves a pointer out of its owner, which is NULL afterwards. */
#define take(pointer)                                   \
        __extension__({                                 \
                __typeof__(pointer) taken_ = (pointer); \
                (pointer) = NULL;                       \
                taken_;                                 \
        })

/* Moves a descriptor out of its owner, which is -1 afterwards. */
#define take_fd(fd)                \
        __extension__({            \
                int taken_ = (fd); \
                (fd) = -1;         \
                taken_;            \
        })

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
