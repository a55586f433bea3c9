/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/raw-form.h"

#include "backend/apparmor-profile.h"
#include "base/text.h"
#include "launch/launch-plan.h"
#include "launch/policies.h"

static int write_seccomp(const Target *target, const RawQuestion *question, Text *ret, Error *err) {
        autotext template = TEXT_INIT;

        (void)question;
        (void)err;
        policies_write_template(&template);
        policies_write_rules(template.bytes, &target->grants, ret);
        return 0;
}

static int write_apparmor(const Target *target, const RawQuestion *question, Text *ret,
                          Error *err) {
        autofree char *label = target_format_tag(target);
        const ApparmorProfile profile = { .label = label,
                                          .instance = target->snap.instance,
                                          .name = target->name,
                                          .is_first = true,
                                          .is_complaining = target->is_devmode,
                                          .grants = &target->grants };

        (void)question;
        (void)err;
        apparmor_profile_write(&profile, ret);
        return 0;
}

static int write_plan(const Target *target, const RawQuestion *question, Text *ret, Error *err) {
        const LaunchPlanInput input = { .target = target,
                                        .request = question->request,
                                        .base_listing = "",
                                        .root = question->root,
                                        .uid = question->uid };

        return launch_plan_write(&input, ret, err);
}

static const struct {
        const char *name;
        int (*write)(const Target *target, const RawQuestion *question, Text *ret, Error *err);
} FORMS[] = {
        { "seccomp", write_seccomp },
        { "apparmor", write_apparmor },
        { "plan", write_plan },
};

int raw_form_write(Database *database, const RawQuestion *question, char **ret_text, Error *err) {
        autotarget target = TARGET_INIT;
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < ARRAY_COUNT(FORMS); i++) {
                if (!string_equal(FORMS[i].name, question->form))
                        continue;
                if (target_find(database, question->request, &target, err) < 0 ||
                    FORMS[i].write(&target, question, &text, err) < 0)
                        return -1;
                *ret_text = text_take(&text);
                return 0;
        }
        return error_set(err, ERROR_BAD_REQUEST, "unknown form \"%.20s\"", question->form);
}
