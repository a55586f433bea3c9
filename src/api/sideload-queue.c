/* SPDX-License-Identifier: Apache-2.0
 *
 * Files (or a directory to try) that wait for their turn in the queue: the uploads are kept in
 * incoming/, what pawl-read said of them in the task.
 */
#include "api/queue.h"
#include "base/text.h"
#include "snap/image.h"

static void drop_uploads(const ApiCall *call, const json_t *uploads) {
        const json_t *name;
        size_t i;

        json_array_foreach(uploads, i, name)
                image_drop_upload(call->api->places, json_string_value(name));
}

/* A directory is its own upload. */
static int keep_file(const ApiCall *call, const InstallFile *file, json_t *uploads, json_t *files,
                     Error *err) {
        autojson entry = json_object();
        autofree char *name = NULL;

        if (!file->source && image_keep_upload(call->api->places, file->fd, &name, err) < 0)
                return -1;
        if (name)
                json_array_append_new(uploads, json_string(name));
        json_put_string(entry, "upload", name);
        json_put_string(entry, "source", file->source);
        json_put_string(entry, "shown", file->shown);
        json_put_string(entry, "instance", file->instance);
        json_put(entry, "report", json_incref((json_t *)(uintptr_t)file->report));
        json_array_append_new(files, take(entry));
        return 0;
}

static int queue_files(ApiCall *call, QueueRequest *request, const InstallFile *files, size_t count,
                       int64_t *ret_change, Error *err) {
        autojson body = json_object();
        autojson uploads = json_array();
        json_t *entries = json_array();
        int r = 0;

        json_put(body, "fields", json_deep_copy(call->request->body));
        json_put(body, "files", entries);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = keep_file(call, &files[i], uploads, entries, err);
        request->body = body;
        request->uploads = uploads;
        if (r == 0)
                r = queue_if_asked(call, request, ret_change, err);
        if (r != 1)
                drop_uploads(call, uploads);
        return r;
}

int sideload_queue(ApiCall *call, const InstallFile *files, size_t count, int64_t *ret_change,
                   Error *err) {
        const char *instances[REQUEST_FILE_MAX] = { NULL };
        QueueRequest request = { .plan = sideload_plan,
                                 .action = files[0].source ? "try" : "install",
                                 .instances = instances,
                                 .count = count };

        for (size_t i = 0; i < count; i++)
                instances[i] =
                        files[i].instance
                                ? files[i].instance
                                : json_get_string(json_object_get(files[i].report, "manifest"),
                                                  "name", "");
        int r = queue_is_needed(call, instances, count, err);
        return r <= 0 ? r : queue_files(call, &request, files, count, ret_change, err);
}

int sideload_plan(ApiCall *call, int64_t *ret_change, Error *err) {
        const json_t *body = call->request->body, *entries = json_object_get(body, "files"), *entry;
        InstallRequest request = sideload_format_request(json_object_get(body, "fields"));
        PlanContext context = { .database = call->api->database, .places = call->api->places };
        InstallFile files[REQUEST_FILE_MAX];
        size_t i;

        if (json_array_size(entries) > REQUEST_FILE_MAX)
                return error_set(err, ERROR_CORRUPT, "more files than one request has");
        json_array_foreach(entries, i, entry) files[i] = (InstallFile){
                .fd = -1,
                .source = json_get_string(entry, "source", NULL),
                .kept = json_get_string(entry, "upload", NULL),
                .shown = json_get_string(entry, "shown", ""),
                .instance = json_get_string(entry, "instance", NULL),
                .report = json_object_get(entry, "report"),
        };
        request.files = files;
        request.count = json_array_size(entries);
        return plan_install_files(&context, &request, ret_change, err);
}
