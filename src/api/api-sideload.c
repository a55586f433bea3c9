/* SPDX-License-Identifier: Apache-2.0
 *
 * Packages that a client brought along, or a directory of this machine that it names to try it.
 * Their manifests are read by pawl-read before anything is
 * decided, one after the other; the answer comes when the last is known.
 */
#include "api/queue.h"
#include "api/resources.h"
#include "base/folder.h"
#include "base/text.h"
#include "job/job.h"
#include "snap/image.h"
#include "snap/plan.h"

struct Sideload {
        Sideload *next;
        ApiCall *call; /* owned until it was answered */
        ImageRead *read;
        InstallFile files[REQUEST_FILE_MAX]; /* names are borrowed from the call */
        json_t *reports[REQUEST_FILE_MAX];   /* owned */
        size_t count, read_count;
        int folder;   /* owned; -1: files */
        char *source; /* owned; of the folder */
        bool is_try;
};

static bool is_set(const json_t *fields, const char *name) {
        return string_equal(json_get_string(fields, name, ""), "true");
}

/* As long as a disk takes that has to start turning first. */
#define FOLDER_FIND_LIMIT_MS 5000

/* --- the list of those that wait -------------------------------------------------------------- */

static Sideload *sideload_new(ApiCall *call) {
        Sideload *sideload = memory_new(sizeof(*sideload));

        *sideload = (Sideload){ .next = call->api->sideloads, .call = call, .folder = -1 };
        call->api->sideloads = sideload;
        return sideload;
}

static void sideload_free(Sideload *sideload, Api *api) {
        Sideload **link = &api->sideloads;

        while (*link != sideload)
                link = &(*link)->next;
        *link = sideload->next;
        for (size_t i = 0; i < REQUEST_FILE_MAX; i++)
                json_decref(sideload->reports[i]);
        own_close_(&sideload->folder);
        free(sideload->source);
        free(sideload);
}

static void answer(Sideload *owned_sideload, int64_t change, Error *err) {
        ApiCall *call = owned_sideload->call;
        bool is_try = owned_sideload->is_try;

        sideload_free(owned_sideload, call->api);
        if (err->message[0] == '\0') {
                call_reply_change(call, change);
                return;
        }
        if (!error_kind_get_info(err->kind)->api_kind)
                error_prefix(err, is_try ? "cannot try snap" : "cannot install snap file");
        call_reply_error(call, err);
}

/* --- reading, one file after the other -------------------------------------------------------- */

/* Of ours ("running-apps") or of the stock client; neither: as the settings say. */
static RunningApps get_running_apps(const json_t *fields) {
        const char *word = json_get_string(fields, "running-apps", "");

        if (*word)
                return running_apps_parse(word);
        return is_set(fields, "ignore-running") ? RUNNING_IGNORE : RUNNING_AS_SET;
}

static InstallFlags get_flags(const json_t *fields) {
        return (InstallFlags){ .is_devmode = is_set(fields, "devmode"),
                               .is_jailmode = is_set(fields, "jailmode"),
                               .is_classic = is_set(fields, "classic"),
                               .is_dangerous = is_set(fields, "dangerous") };
}

InstallRequest sideload_format_request(const json_t *fields) {
        const char *transaction = json_get_string(fields, "transaction", "");

        return (InstallRequest){ .flags = get_flags(fields),
                                 .is_one_lane = string_equal(transaction, "all-snaps"),
                                 .running_apps = get_running_apps(fields) };
}

static void plan_when_read(Sideload *owned_sideload) {
        ApiCall *call = owned_sideload->call;
        size_t count = owned_sideload->count;
        InstallRequest request = sideload_format_request(call->request->body);
        Error err = ERROR_INIT;
        int64_t change = 0;

        for (size_t i = 0; i < count; i++)
                owned_sideload->files[i].report = owned_sideload->reports[i];
        /* What a conflict is about, where there is one. */
        if (count == 1 && owned_sideload->files[0].instance)
                call_set_snap(call, owned_sideload->files[0].instance);
        else
                call_set_snap(call, json_get_string(
                                            json_object_get(owned_sideload->reports[0], "manifest"),
                                            "name", NULL));
        if (sideload_queue(call, owned_sideload->files, count, &change, &err) != 0) {
                answer(owned_sideload, change, &err);
                return;
        }
        request.files = owned_sideload->files;
        request.count = count;
        (void)plan_install_files(&(PlanContext){ .database = call->api->database,
                                                 .places = call->api->places,
                                                 .runner = call->api->runner },
                                 &request, &change, &err);
        answer(owned_sideload, change, &err);
}

static void read_next(Sideload *sideload);

static void take_report(void *context, json_t *report, const Error *err) {
        Sideload *sideload = context;
        Error copy = err ? *err : ERROR_INIT;

        sideload->read = NULL;
        if (!report) {
                /* Of one file its sender knows which. */
                if (sideload->count > 1)
                        error_prefix(&copy, "%.200s", sideload->files[sideload->read_count].shown);
                answer(sideload, 0, &copy);
                return;
        }
        sideload->reports[sideload->read_count++] = json_incref(report);
        if (sideload->read_count < sideload->count)
                read_next(sideload);
        else
                plan_when_read(sideload);
}

static void read_next(Sideload *sideload) {
        const InstallFile *file = &sideload->files[sideload->read_count];
        Error err = ERROR_INIT;

        if (image_read_start(sideload->call->api->loop, file->fd, take_report, sideload,
                             &sideload->read, &err) < 0)
                answer(sideload, 0, &err);
}

/* --- the request ------------------------------------------------------------------------------ */

static int check_flags(const InstallFlags *flags, Error *err) {
        if (flags->is_devmode && flags->is_jailmode)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot use devmode and jailmode flags together");
        if (flags->is_devmode && flags->is_classic)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot use classic and devmode flags together");
        return 0;
}

/* The path as the person typed it, where the client sent that; for one file only. */
static const char *get_shown(const Request *request, size_t index) {
        const char *path = json_get_string(request->body, "snap-path", "");

        return request->file_count == 1 && *path ? path : request->files[index].filename;
}

static int check_request(const Request *request, const InstallFlags *flags, Error *err) {
        const char *action = json_get_string(request->body, "action", "install");

        if (!string_equal(action, "install"))
                return error_set(err, ERROR_BAD_REQUEST, "unknown action %.40s", action);
        if (request->file_count == 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot find \"snap\" file field in provided "
                                 "multipart/form-data payload");
        if (get_running_apps(request->body) == RUNNING_APPS_COUNT)
                return error_set(
                        err, ERROR_BAD_REQUEST,
                        "invalid value for running-apps: it takes refuse, defer or ignore");
        if (request->file_count > 1 && *json_get_string(request->body, "name", ""))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot use one name for several snap files");
        if (check_flags(flags, err) < 0)
                return -1;
        /* There are no assertions here, so nothing but the person's word speaks for a file. */
        if (!flags->is_dangerous && !flags->is_devmode)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot find signatures with metadata for snap \"%.200s\"",
                                 get_shown(request, 0));
        return 0;
}

/* In a child: what root names may be on a file system that never answers. */
static int find_folder(const void *input, Text *ret, Error *err) {
        autofree char *source = NULL;
        autofd int folder = folder_find(input, &source, err);

        if (folder < 0)
                return -1;
        /* To be read from already: to open it asks its file system once more. */
        int readable = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (readable < 0)
                return error_set_errno(err, errno, "cannot open %.300s", folder_get_path(source));
        text_append(ret, source);
        return readable;
}

static void on_folder_found(void *context, Text *result, const Error *err) {
        Sideload *sideload = context;
        const char *path = json_get_string(sideload->call->request->body, "snap-path", "");
        Error copy = err ? *err : ERROR_INIT;

        if (copy.kind == ERROR_LOST)
                (void)error_set(&copy, ERROR_LOST,
                                "%.200s is on a file system that does not answer (waited %d s): "
                                "copy it to a local disk and try it there",
                                path, FOLDER_FIND_LIMIT_MS / 1000);
        if (err) {
                answer(sideload, 0, &copy);
                return;
        }
        sideload->source = string_copy(result->bytes);
        sideload->files[0] = (InstallFile){ .fd = sideload->folder,
                                            .source = sideload->source,
                                            .shown = folder_get_path(sideload->source) };
        read_next(sideload);
}

/* Root names the path and is believed as to it; from here on it is this directory and no other. */
static int try_post(ApiCall *call, const InstallFlags *flags, Error *err) {
        const char *path = json_get_string(call->request->body, "snap-path", "");

        if (call->request->file_count > 0)
                return error_set(err, ERROR_BAD_REQUEST, "cannot try a file: give a directory");
        if (*path != '/')
                return error_set(err, ERROR_BAD_REQUEST,
                                 "need an absolute snap-path to try, not \"%.200s\"", path);
        if (check_flags(flags, err) < 0)
                return -1;
        Sideload *sideload = sideload_new(call);
        sideload->is_try = true;
        sideload->count = 1;
        if (job_start(&(JobRequest){ .loop = call->api->loop,
                                     .work = find_folder,
                                     .input = path,
                                     .done = on_folder_found,
                                     .context = sideload,
                                     .limit_ms = FOLDER_FIND_LIMIT_MS,
                                     .ret_fd = &sideload->folder },
                      err) == 0)
                return 0;
        sideload_free(sideload, call->api);
        return -1;
}

int sideload_post(ApiCall *call, Error *err) {
        const Request *request = call->request;
        const json_t *fields = request->body;
        const char *name = json_get_string(fields, "name", "");
        InstallFlags flags = get_flags(fields);

        if (string_equal(json_get_string(fields, "action", ""), "try"))
                return try_post(call, &flags, err);
        if (check_request(request, &flags, err) < 0)
                return -1;
        Sideload *sideload = sideload_new(call);
        sideload->count = request->file_count;
        for (size_t i = 0; i < request->file_count; i++)
                sideload->files[i] = (InstallFile){ .fd = request->files[i].fd,
                                                    .shown = get_shown(request, i),
                                                    .instance = *name ? name : NULL };
        read_next(sideload);
        return 0;
}

void api_stop(Api *api) {
        while (api->sideloads) {
                Error err = ERROR_INIT;
                error_set(&err, ERROR_LOST, "daemon is stopping");
                job_cancel(api->sideloads);
                if (api->sideloads->read)
                        image_read_cancel(take(api->sideloads->read));
                answer(api->sideloads, 0, &err);
        }
}
