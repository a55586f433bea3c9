/* SPDX-License-Identifier: Apache-2.0 */
#include "http/form.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"

int form_init(Form *form, const char *content_type, Error *err) {
        *form = FORM_INIT;
        if (multipart_init(&form->multipart, content_type, err) < 0)
                return -1;
        form->fields = json_object();
        form->files = json_array();
        return 0;
}

void form_done(Form *form) {
        multipart_done(&form->multipart);
        json_decref(form->fields);
        json_decref(form->files);
        text_done(&form->value);
        own_close_(&form->file_fd);
        *form = FORM_INIT;
}

static int grow_fields(Form *form, size_t bytes, Error *err) {
        form->field_bytes += bytes;
        if (form->field_bytes > HTTP_BODY_SIZE_MAX)
                return error_set(err, ERROR_TOO_LARGE, "form fields larger than %d bytes",
                                 HTTP_BODY_SIZE_MAX);
        return 0;
}

static int begin_part(Form *form, Error *err) {
        const Multipart *part = &form->multipart;

        if (!part->filename)
                return grow_fields(form, strlen(part->name) + 1, err);
        if (json_array_size(form->files) >= HTTP_UPLOAD_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE, "more than %d files in a form",
                                 HTTP_UPLOAD_COUNT_MAX);
        return FORM_WANTS_FILE;
}

void form_give_file(Form *form, int owned_fd, uint64_t upload) {
        own_close_(&form->file_fd);
        form->file_fd = owned_fd;
        form->file_upload = upload;
        form->file_size = 0;
}

static int take_bytes(Form *form, Error *err) {
        const Multipart *part = &form->multipart;

        if (part->filename) {
                form->file_size += part->length;
                return fd_write_all(form->file_fd, part->bytes, part->length, err);
        }
        if (grow_fields(form, part->length, err) < 0)
                return -1;
        text_append_bytes(&form->value, part->bytes, part->length);
        return 0;
}

static void end_file(Form *form) {
        json_t *file = json_object();

        /* Closed before the daemon is told: it refuses a file that can still be written. */
        own_close_(&form->file_fd);
        form->file_fd = -1;
        json_put(file, "field", json_string(form->multipart.name));
        json_put(file, "filename", json_string(form->multipart.filename));
        json_put(file, "size", json_integer((json_int_t)form->file_size));
        json_put(file, "upload", json_integer((json_int_t)form->file_upload));
        if (json_array_append_new(form->files, file) < 0)
                abort();
}

static int end_field(Form *form, Error *err) {
        size_t length = form->value.length;
        autofree char *value = text_take(&form->value);

        if (!string_is_clean_utf8(value, length))
                return error_set(err, ERROR_BAD_REQUEST, "form field \"%s\" is not text",
                                 form->multipart.name);
        if (!json_object_get(form->fields, form->multipart.name))
                json_put(form->fields, form->multipart.name, json_string(value));
        return 0;
}

static int take_event(Form *form, int event, Error *err) {
        switch ((MultipartEvent)event) {
        case MULTIPART_PART:
                return begin_part(form, err);
        case MULTIPART_BYTES:
                return take_bytes(form, err);
        case MULTIPART_PART_END:
                if (!form->multipart.filename)
                        return end_field(form, err);
                end_file(form);
                return 0;
        case MULTIPART_END:
                form->is_complete = true;
                return 0;
        case MULTIPART_NEEDS_MORE:
                return 0;
        }
        abort();
}

int form_feed(Form *form, const char **input, size_t *left, Error *err) {
        while (*left > 0) {
                int event = multipart_next(&form->multipart, input, left, err);
                if (event < 0)
                        return -1;
                int outcome = take_event(form, event, err);
                if (outcome != 0)
                        return outcome;
        }
        return 0;
}
