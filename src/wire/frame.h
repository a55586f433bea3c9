/* SPDX-License-Identifier: Apache-2.0
 *
 * Frame: one message between our own programs, a SOCK_SEQPACKET datagram of bytes and descriptors.
 * A receiver never trusts its size or the number of descriptors: what is over the limits of
 * base/limits.h is an error and every received descriptor is closed.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/limits.h"

typedef struct Frame {
        char *bytes; /* NUL-terminated beyond `length` */
        size_t length;
        int fds[FRAME_FD_COUNT_MAX]; /* owned; taken ones are -1 */
        size_t fd_count;
} Frame;

#define FRAME_INIT ((Frame){ 0 })

/* Frees the bytes and closes the descriptors that were not taken. */
void frame_done(Frame *frame);
#define autoframe __attribute__((cleanup(frame_done))) Frame

/* For a socket that strangers write to, a listening one before anybody connects: no descriptors are
 * taken from them, from the kernel that can refuse (6.16). */
void frame_refuse_fds(int socket);

/* Receives as frame_receive does, but from a stranger: a message that carries descriptors is left
 * where it is and is ERROR_BAD_REQUEST. */
int frame_receive_plain(int socket, Frame *ret, Error *err);

/* Closes a stranger's socket without ever waiting.  The last close of a descriptor that lies unread
 * in it may take as long as its sender likes (SO_LINGER on TCP): then a child that only exits, for
 * which the kernel does not linger, is the last to have it. */
void frame_close_stranger(int owned_socket);

/* A connected pair, CLOEXEC and non-blocking on neither end. */
int frame_open_pair(int ret_fds[2], Error *err);

/* Borrows `fds`.  ERROR_LOST when the peer is gone; 1 when the socket is non-blocking and full; 0
 * sent. */
int frame_send(int socket, const void *bytes, size_t length, const int *fds, size_t fd_count,
               Error *err);

/* Blocks unless the socket is non-blocking.  1 received, 0 nothing there (EAGAIN), ERROR_LOST at
 * the end of the stream. */
int frame_receive(int socket, Frame *ret, Error *err);

/* Takes descriptor `index` out of the frame; -1 when there is none. */
int frame_take_fd(Frame *frame, size_t index);
