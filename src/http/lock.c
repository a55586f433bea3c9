/* SPDX-License-Identifier: Apache-2.0 */
#include "http/lock.h"

#include <sys/syscall.h>

#include "base/limits.h"
#include "sandbox/sandbox.h"

#define MEMORY_MAX     (256ull << 20)
#define DESCRIPTOR_MAX 512

/* What MHD, jansson and we do after start; nothing here can name a file or a process. */
int lock_in(int last_fd, uint32_t uid, Error *err) {
        /* Beyond what the sandbox gives to every helper. */
        static const int SYSCALLS[] = {
                SYS_recvfrom, SYS_recvmsg,    SYS_sendto,      SYS_sendmsg,     SYS_sendfile,
                SYS_shutdown, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl,   SYS_poll,
                SYS_fcntl,    SYS_getsockopt, SYS_setsockopt,  SYS_getsockname, SYS_memfd_create,
        };
        SandboxProfile profile = {
                .uid = uid,
                .syscalls = SYSCALLS,
                .syscall_count = ARRAY_COUNT(SYSCALLS),
                .last_fd = last_fd,
                .memory_max = MEMORY_MAX,
                .file_size_max = HTTP_UPLOAD_SIZE_MAX,
                .descriptor_max = DESCRIPTOR_MAX,
        };

        return sandbox_enter(&profile, err);
}
