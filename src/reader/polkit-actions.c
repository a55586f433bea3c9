/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/polkit-actions.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"

/* With it expat asks the kernel for no random number, which it may not here; how badly names can
 * collide is bounded by the size of the file. */
#define HASH_SALT 1

/* Nobody may say anew what polkit's own actions are. */
#define RESERVED_PREFIX "org.freedesktop.policykit"

#define DEPTH_MAX  4
#define FAULT_SIZE 256

typedef enum Shape {
        SHAPE_GROUP,
        SHAPE_ACTION,     /* of one, too */
        SHAPE_TEXT,       /* of the file's actions, or of one */
        SHAPE_TRANSLATED, /* a text for each language */
        SHAPE_ANSWER,     /* who may: a word */
} Shape;

/* The whole grammar: what may stand in what. */
typedef struct Element {
        const char *parent, *name;
        Shape shape;
} Element;

static const Element ELEMENTS[] = {
        { "", "policyconfig", SHAPE_GROUP },
        { "policyconfig", "vendor", SHAPE_TEXT },
        { "policyconfig", "vendor_url", SHAPE_TEXT },
        { "policyconfig", "icon_name", SHAPE_TEXT },
        { "policyconfig", "action", SHAPE_ACTION },
        { "action", "vendor", SHAPE_TEXT },
        { "action", "vendor_url", SHAPE_TEXT },
        { "action", "icon_name", SHAPE_TEXT },
        { "action", "description", SHAPE_TRANSLATED },
        { "action", "message", SHAPE_TRANSLATED },
        { "action", "defaults", SHAPE_GROUP },
        { "defaults", "allow_any", SHAPE_ANSWER },
        { "defaults", "allow_inactive", SHAPE_ANSWER },
        { "defaults", "allow_active", SHAPE_ANSWER },
};

typedef struct Parsing {
        XML_Parser parser;
        const char *prefix;
        const Element *open[DEPTH_MAX];
        size_t depth;
        json_t *actions;
        json_t *common;         /* what the file says of all its actions */
        json_t *action;         /* borrowed, of actions; NULL: outside of one */
        Text text;              /* of the element that is open */
        char *language;         /* owned; of a translated one */
        char fault[FAULT_SIZE]; /* the first thing that is wrong; "": nothing yet */
} Parsing;

static void parsing_done(Parsing *parsing) {
        XML_ParserFree(parsing->parser);
        json_decref(parsing->actions);
        json_decref(parsing->common);
        text_done(&parsing->text);
        free(parsing->language);
}

/* ---- what is wrong ---- */

/* The names in it are a stranger's, and the parser made sure that they are UTF-8. */
static void set_fault(Parsing *parsing, const char *what, const char *name) {
        if (*parsing->fault)
                return;
        /* Cut within a letter it would be no text. */
        (void)snprintf(parsing->fault, sizeof(parsing->fault), "line %lu: %s%.60s",
                       XML_GetCurrentLineNumber(parsing->parser), what, name);
        for (char *at = parsing->fault; *at; at++)
                if ((unsigned char)*at < ' ' || (unsigned char)*at > '~')
                        *at = '?';
        (void)XML_StopParser(parsing->parser, XML_FALSE);
}

/* ---- attributes ---- */

static bool is_made_of(const char *word, const char *letters, size_t max) {
        size_t length = strlen(word);

        return length > 0 && length <= max && strspn(word, letters) == length;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool is_at_or_below(const char *id, const char *prefix) {
        size_t length = strlen(prefix);

        return strncmp(id, prefix, length) == 0 && (id[length] == '\0' || id[length] == '.');
}

static bool has_action(const Parsing *parsing, const char *id) {
        const json_t *action;
        size_t i;

        json_array_foreach(parsing->actions, i, action) {
                if (string_equal(json_get_string(action, "id", ""), id))
                        return true;
        }
        return false;
}

static const char *find_fault_of_id(const Parsing *parsing, const char *id) {
        if (!is_made_of(id, LETTERS ".-", POLKIT_ID_SIZE_MAX))
                return "an action's id is made of letters, digits, \".\" and \"-\", not as ";
        if (!is_at_or_below(id, parsing->prefix))
                return "the plug's action-prefix is not that of action ";
        if (is_at_or_below(id, RESERVED_PREFIX))
                return "polkit's own actions are not a package's to say: ";
        return has_action(parsing, id) ? "twice the same action: " : NULL;
}

static void begin_action(Parsing *parsing, const char **attributes) {
        const char *id = NULL;

        for (; *attributes; attributes += 2) {
                if (!string_equal(attributes[0], "id")) {
                        set_fault(parsing, "an action has no attribute ", attributes[0]);
                        return;
                }
                id = attributes[1];
        }
        const char *fault = id ? find_fault_of_id(parsing, id) : "an action has no id";
        if (!fault && json_array_size(parsing->actions) == POLKIT_ACTION_COUNT_MAX)
                fault = "too many actions of one file, at ";
        if (fault) {
                set_fault(parsing, fault, id ? id : "");
                return;
        }
        parsing->action = json_copy(parsing->common);
        json_put_string(parsing->action, "id", id);
        json_array_append_new(parsing->actions, parsing->action);
}

/* "gettext-domain" names catalogues of the host, which has none of the package's. */
static void begin_translated(Parsing *parsing, const char **attributes) {
        const char *language = "";

        for (; *attributes; attributes += 2) {
                if (string_equal(attributes[0], "xml:lang"))
                        language = attributes[1];
                else if (!string_equal(attributes[0], "gettext-domain"))
                        set_fault(parsing, "a text has no attribute ", attributes[0]);
        }
        if (*language && !is_made_of(language, LETTERS "@._-", POLKIT_LANGUAGE_SIZE_MAX))
                set_fault(parsing, "no language: ", language);
        free(parsing->language);
        parsing->language = string_copy(language);
}

/* ---- elements ---- */

static const Element *find_element(const char *parent, const char *name) {
        for (size_t i = 0; i < ARRAY_COUNT(ELEMENTS); i++)
                if (string_equal(ELEMENTS[i].parent, parent) &&
                    string_equal(ELEMENTS[i].name, name))
                        return &ELEMENTS[i];
        return NULL;
}

static void XMLCALL begin_element(void *data, const char *name, const char **attributes) {
        Parsing *parsing = data;
        const Element *above = parsing->depth > 0 ? parsing->open[parsing->depth - 1] : NULL;
        const Element *element = find_element(above ? above->name : "", name);

        if (*parsing->fault)
                return;
        if (string_equal(name, "annotate")) {
                set_fault(parsing,
                          "annotations of actions are not taken: they imply other actions, or run "
                          "programs as root",
                          "");
                return;
        }
        if (!element || parsing->depth == DEPTH_MAX) {
                set_fault(parsing, "no element of an action file, or not here: ", name);
                return;
        }
        parsing->open[parsing->depth++] = element;
        text_done(&parsing->text);
        if (element->shape == SHAPE_ACTION)
                begin_action(parsing, attributes);
        else if (element->shape == SHAPE_TRANSLATED)
                begin_translated(parsing, attributes);
        else if (*attributes && !string_equal(element->name, "policyconfig"))
                set_fault(parsing, "an attribute that is not known: ", attributes[0]);
}

/* Blanks at both ends go, those between become one: the file is folded as its author likes. */
static char *fold(const Text *text) {
        autotext folded = TEXT_INIT;
        autofree char *copy = string_copy(text->length > 0 ? text->bytes : "");
        char *rest = NULL;

        for (char *word = strtok_r(copy, " \t\r\n", &rest); word;
             word = strtok_r(NULL, " \t\r\n", &rest))
                text_append_format(&folded, "%s%s", folded.length > 0 ? " " : "", word);
        return folded.length > 0 ? text_take(&folded) : string_copy("");
}

static bool is_answer(const char *word) {
        static const char *const words[] = { "no",         "yes",
                                             "auth_self",  "auth_self_keep",
                                             "auth_admin", "auth_admin_keep" };

        for (size_t i = 0; i < ARRAY_COUNT(words); i++)
                if (string_equal(words[i], word))
                        return true;
        return false;
}

static void store_text(Parsing *parsing, const Element *element, const char *text) {
        json_t *target = parsing->action ? parsing->action : parsing->common;
        const char *key = element->name;

        if (element->shape == SHAPE_ANSWER && !is_answer(text)) {
                set_fault(parsing,
                          "who may is no, yes, auth_self, auth_admin, auth_self_keep or "
                          "auth_admin_keep, not ",
                          text);
                return;
        }
        if (element->shape == SHAPE_TRANSLATED) {
                if (!json_object_get(target, key))
                        json_put(target, key, json_object());
                target = json_object_get(target, key);
                key = parsing->language;
        }
        /* A vendor of the action's own goes in the place of the file's. */
        if (json_object_get(target, key) && element->shape != SHAPE_TEXT)
                set_fault(parsing, "said twice: ", element->name);
        else
                json_put_string(target, key, text);
}

static void XMLCALL end_element(void *data, const char *name) {
        Parsing *parsing = data;

        (void)name;
        if (*parsing->fault || parsing->depth == 0)
                return;
        const Element *element = parsing->open[--parsing->depth];
        if (element->shape == SHAPE_ACTION)
                parsing->action = NULL;
        if (element->shape == SHAPE_GROUP || element->shape == SHAPE_ACTION)
                return;
        autofree char *text = fold(&parsing->text);
        if (!string_is_clean_utf8(text, strlen(text)))
                set_fault(parsing, "control characters in ", element->name);
        else
                store_text(parsing, element, text);
        text_done(&parsing->text);
}

static void XMLCALL add_text(void *data, const char *bytes, int length) {
        Parsing *parsing = data;
        const Element *element = parsing->depth > 0 ? parsing->open[parsing->depth - 1] : NULL;

        if (*parsing->fault || length <= 0)
                return;
        bool is_between =
                !element || element->shape == SHAPE_GROUP || element->shape == SHAPE_ACTION;
        for (int i = 0; is_between && i < length; i++)
                if (!strchr(" \t\r\n", bytes[i])) {
                        set_fault(parsing, "text where only elements stand", "");
                        return;
                }
        if (is_between)
                return;
        if (parsing->text.length + (size_t)length > POLKIT_TEXT_SIZE_MAX)
                set_fault(parsing, "too long a text: ", element->name);
        else
                text_append_bytes(&parsing->text, bytes, (size_t)length);
}

/* ---- what no action file needs ---- */

static void XMLCALL refuse_subset(void *data, const char *name, const char *system,
                                  const char *public, int has_subset) {
        (void)name;
        (void)system;
        (void)public;
        if (has_subset)
                set_fault(data, "declarations in DOCTYPE are not taken", "");
}

static void XMLCALL refuse_instruction(void *data, const char *target, const char *rest) {
        (void)rest;
        set_fault(data, "an instruction to programs: ", target);
}

/* Undeclared, which is no error where the DTD is elsewhere: a text would be cut short by it. */
static void XMLCALL refuse_entity(void *data, const char *name, int is_parameter) {
        (void)is_parameter;
        set_fault(data, "no such entity: ", name);
}

/* ---- the file ---- */

static void set_up(Parsing *parsing) {
        XML_SetUserData(parsing->parser, parsing);
        (void)XML_SetHashSalt(parsing->parser, HASH_SALT);
        XML_SetElementHandler(parsing->parser, begin_element, end_element);
        XML_SetCharacterDataHandler(parsing->parser, add_text);
        XML_SetStartDoctypeDeclHandler(parsing->parser, refuse_subset);
        XML_SetProcessingInstructionHandler(parsing->parser, refuse_instruction);
        XML_SetSkippedEntityHandler(parsing->parser, refuse_entity);
}

int polkit_actions_read(const PolkitFile *file, json_t **ret, Error *err) {
        __attribute__((cleanup(parsing_done))) Parsing parsing = { .prefix = file->prefix };

        if (file->length > POLKIT_FILE_SIZE_MAX)
                return error_set(err, ERROR_TOO_LARGE, "more than %d bytes", POLKIT_FILE_SIZE_MAX);
        /* Nothing but UTF-8: every other program reads the same text. */
        parsing.parser = XML_ParserCreate("UTF-8");
        if (!parsing.parser)
                return error_set(err, ERROR_FAILED, "no memory for the parser");
        parsing.actions = json_array();
        parsing.common = json_object();
        set_up(&parsing);
        enum XML_Status status =
                XML_Parse(parsing.parser, file->bytes, (int)file->length, XML_TRUE);
        if (*parsing.fault)
                return error_set(err, ERROR_BAD_REQUEST, "%s", parsing.fault);
        if (status != XML_STATUS_OK)
                return error_set(err, ERROR_BAD_REQUEST, "line %lu: %s",
                                 XML_GetCurrentLineNumber(parsing.parser),
                                 XML_ErrorString(XML_GetErrorCode(parsing.parser)));
        *ret = take(parsing.actions);
        return 0;
}
