/* SPDX-License-Identifier: Apache-2.0
 *
 * What is granted, told: /v2/pawl/interfaces, /v2/pawl/explain and /v2/pawl/policy, which are ours
 * alone.  They read the state and change nothing; anybody may ask, as he may ask for connections.
 */
#include <string.h>

#include "api/resources.h"
#include "base/name.h"
#include "base/text.h"
#include "tell/describe-kind.h"
#include "tell/explain.h"
#include "tell/policy-of.h"
#include "tell/raw-form.h"
#include "wire/generation.h"

int pawl_interface_files_get(ApiCall *call, Error *err) {
        const json_t *files = call->api->interface_files;

        (void)err;
        return call_reply(call, files ? json_deep_copy(files) : json_array());
}

int pawl_interfaces_get(ApiCall *call, Error *err) {
        json_t *list = json_array();
        size_t count;
        const InterfaceKind *const *kinds = interface_kind_list(&count);

        (void)err;
        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, interface_kind_describe(kinds[i]));
        return call_reply(call, list);
}

int pawl_interface_get(ApiCall *call, Error *err) {
        const InterfaceKind *kind = interface_kind_find(call->variables[0]);

        if (!kind)
                return error_set(err, ERROR_NOT_FOUND, "this daemon has no interface \"%.80s\"",
                                 call->variables[0]);
        return call_reply(call, interface_kind_describe(kind));
}

/* ── explain ── */

/* As the launcher would ask; `command` is "x.app". */
static int make_request(const ApiCall *call, const char *program, const char *command,
                        LaunchRequest *ret, Error *err) {
        const char *home = request_get_query(call->request, "home", "");
        const char *abi = request_get_query(call->request, "landlock-abi", "0");
        bool is_hook = string_has_prefix(program, "hook.");
        const Generation *own = &generation_builtin;

        *ret = (LaunchRequest){ .version = own->protocol, .oldest = own->protocol_oldest };
        if (*home && (*home != '/' || !string_is_clean_utf8(home, strlen(home)) ||
                      strpbrk(home, "\n\t") || strstr(home, "/..")))
                return error_set(err, ERROR_BAD_REQUEST, "home is not an absolute, clean path");
        ret->home = *home ? home : NULL;
        ret->command = is_hook ? NULL : command;
        ret->instance = is_hook ? call->variables[0] : NULL;
        ret->hook = is_hook ? program + strlen("hook.") : NULL;
        return string_parse_u64(abi, 1000, &ret->landlock_abi, err);
}

static int reply_raw(ApiCall *call, const char *form, const char *program, Error *err) {
        const char *instance = call->variables[0];
        autofree char *command =
                *program ? string_format("%s.%s", instance, program) : string_copy(instance);
        LaunchRequest request;
        autofree char *text = NULL;

        if (make_request(call, program, command, &request, err) < 0)
                return -1;
        const RawQuestion question = { .form = form,
                                       .root = call->api->places->root,
                                       .request = &request,
                                       .uid = call->request->peer.uid };
        if (raw_form_write(call->api->database, &question, &text, err) < 0)
                return -1;
        return call_reply(call, json_string(text));
}

int pawl_explain_get(ApiCall *call, Error *err) {
        const char *program = request_get_query(call->request, "program", "");
        const char *form = request_get_query(call->request, "form", "");
        json_t *result = NULL;

        call_set_snap(call, call->variables[0]);
        if (!name_is_instance(call->variables[0]))
                return error_set(err, ERROR_BAD_REQUEST, "invalid snap name: \"%.80s\"",
                                 call->variables[0]);
        if (*form)
                return reply_raw(call, form, program, err);
        if (explain_snap(call->api->database, call->variables[0], program, &result, err) < 0)
                return -1;
        return call_reply(call, result);
}

int pawl_policy_get(ApiCall *call, Error *err) {
        const char *revision = request_get_query(call->request, "revision", "");
        json_t *result = NULL;

        call_set_snap(call, call->variables[0]);
        if (policy_of_revision(call->api->database, call->variables[0], revision, &result, err) < 0)
                return -1;
        return call_reply(call, result);
}
