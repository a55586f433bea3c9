/* SPDX-License-Identifier: Apache-2.0 */
#include "front/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/text.h"
#include "front/peer.h"

Connection *connection_new(uint64_t number, const Peer *owned_peer) {
        Connection *connection = memory_new(sizeof(*connection));

        connection->number = number;
        connection->peer = *owned_peer;
        return connection;
}

static void forget_uploads(Connection *connection) {
        for (size_t i = 0; i < connection->upload_count; i++)
                own_close_(&connection->uploads[i].fd);
        connection->upload_count = 0;
}

Connection *connection_free(Connection *connection) {
        if (!connection)
                return NULL;
        forget_uploads(connection);
        peer_done(&connection->peer);
        free(connection);
        return NULL;
}

/* 1 = a new number, 0 = more of the current one. */
static int advance(Connection *connection, uint64_t request, Error *err) {
        if (connection->state == CONNECTION_PENDING)
                return error_set(err, ERROR_BAD_REQUEST, "request %llu while %llu is pending",
                                 (unsigned long long)request,
                                 (unsigned long long)connection->request);
        if (request > connection->request) {
                forget_uploads(connection);
                connection->request = request;
                return 1;
        }
        if (request < connection->request || connection->state == CONNECTION_IDLE)
                return error_set(err, ERROR_BAD_REQUEST, "request %llu is over",
                                 (unsigned long long)request);
        return 0;
}

int connection_begin_upload(Connection *connection, uint64_t request, Error *err) {
        if (advance(connection, request, err) < 0)
                return -1;
        if (connection->upload_count == HTTP_UPLOAD_COUNT_MAX)
                return error_set(err, ERROR_BAD_REQUEST, "too many files in a request");
        connection->state = CONNECTION_UPLOADING;
        return 0;
}

int connection_begin_request(Connection *connection, uint64_t request, Error *err) {
        if (advance(connection, request, err) < 0)
                return -1;
        connection->state = CONNECTION_PENDING;
        return 0;
}

void connection_end_request(Connection *connection) {
        forget_uploads(connection);
        connection->state = CONNECTION_IDLE;
}

void connection_add_upload(Connection *connection, uint64_t number, int owned_fd) {
        connection->uploads[connection->upload_count++] =
                (Upload){ .number = number, .fd = owned_fd };
}

/* A read lease is refused while any descriptor or mapping of the file can still write, so a file
 * that passes cannot change under whoever verifies it: it has no name by which to be opened. */
static int check_nobody_writes(int fd, Error *err) {
        if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
                return error_set_errno(err, errno, "an uploaded file can still be written");
        if (fcntl(fd, F_SETLEASE, F_UNLCK) < 0)
                return error_set_errno(err, errno, "cannot give a lease back");
        return 0;
}

static int take_upload(Connection *connection, const MessageFile *file, RequestFile *ret,
                       Error *err) {
        struct stat st;
        size_t i = 0;

        while (i < connection->upload_count && connection->uploads[i].number != file->upload)
                i++;
        if (i == connection->upload_count || connection->uploads[i].fd < 0)
                return error_set(err, ERROR_BAD_REQUEST, "upload %llu was not given",
                                 (unsigned long long)file->upload);
        autofd int fd = take_fd(connection->uploads[i].fd);
        if (check_nobody_writes(fd, err) < 0)
                return -1;
        if (fstat(fd, &st) < 0)
                return error_set_errno(err, errno, "cannot look at an uploaded file");
        if ((uint64_t)st.st_size != file->size)
                return error_set(err, ERROR_BAD_REQUEST, "an uploaded file has another size");
        *ret = (RequestFile){
                .filename = string_copy(file->filename),
                .fd = take_fd(fd),
                .size = file->size,
        };
        return 0;
}

int connection_take_uploads(Connection *connection, const Message *form, RequestFile *ret,
                            size_t *ret_count, Error *err) {
        for (*ret_count = 0; *ret_count < form->file_count; (*ret_count)++) {
                size_t i = *ret_count;
                if (take_upload(connection, &form->files[i], &ret[i], err) < 0)
                        return -1;
        }
        return 0;
}
