/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/launch.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "wire/generation.h"

#define VERSION_MAX 1000000

/* What a word of a step may be. */
typedef enum WordKind {
        WORD_NONE,
        WORD_PATH,   /* absolute and clean */
        WORD_BELOW,  /* relative and clean */
        WORD_TEXT,   /* anything */
        WORD_NAME,   /* one path component */
        WORD_KEY,    /* of an environment variable */
        WORD_NUMBER, /* decimal */
        WORD_MODE,   /* octal permission bits */
        WORD_FLAGS,  /* comma list of HOST_FLAGS … */
        WORD_RIGHTS,
        WORD_RESTRICTIONS,
} WordKind;

typedef struct OpRow {
        const char *name;
        WordKind words[LAUNCH_STEP_WORD_MAX];
} OpRow;

static const OpRow OPS[LAUNCH_OP_COUNT] = {
        [LAUNCH_OP_TAG] = { "tag", { WORD_TEXT } },
        [LAUNCH_OP_LEASE] = { "lease", { WORD_NUMBER } },
        [LAUNCH_OP_STAGE] = { "stage", { WORD_NUMBER } },
        [LAUNCH_OP_USER_DIR] = { "user-dir", { WORD_PATH, WORD_MODE } },
        [LAUNCH_OP_HOST_DIR] = { "host-dir", { WORD_PATH, WORD_MODE } },
        [LAUNCH_OP_USER_DATA] = { "user-data", { WORD_PATH, WORD_NAME, WORD_TEXT } },
        [LAUNCH_OP_USER_LINK] = { "user-link", { WORD_PATH, WORD_NAME } },
        [LAUNCH_OP_DIR] = { "dir", { WORD_PATH, WORD_MODE } },
        [LAUNCH_OP_LINK] = { "link", { WORD_PATH, WORD_TEXT } },
        [LAUNCH_OP_FILE] = { "file", { WORD_PATH } },
        [LAUNCH_OP_SCRATCH] = { "scratch", { WORD_PATH, WORD_MODE } },
        [LAUNCH_OP_ATTACH] = { "attach", { WORD_NUMBER, WORD_PATH } },
        [LAUNCH_OP_TAKE] = { "take", { WORD_NUMBER, WORD_BELOW, WORD_PATH } },
        [LAUNCH_OP_HOST] = { "host", { WORD_PATH, WORD_PATH, WORD_FLAGS } },
        [LAUNCH_OP_HOME] = { "home", { WORD_PATH, WORD_PATH } },
        [LAUNCH_OP_BIND] = { "bind", { WORD_PATH, WORD_BELOW, WORD_PATH, WORD_FLAGS } },
        [LAUNCH_OP_MATCH] = { "match", { WORD_PATH, WORD_BELOW, WORD_PATH, WORD_FLAGS } },
        [LAUNCH_OP_MATCH_UDEV] = { "match-udev", { WORD_PATH, WORD_BELOW, WORD_KEY, WORD_FLAGS } },
        [LAUNCH_OP_USB_NODE] = { "usb-node", { WORD_PATH, WORD_TEXT, WORD_PATH, WORD_FLAGS } },
        [LAUNCH_OP_MATCH_LINKS] = { "match-links", { WORD_PATH, WORD_BELOW, WORD_PATH } },
        [LAUNCH_OP_SHARE] = { "share", { WORD_NUMBER, WORD_PATH, WORD_PATH } },
        [LAUNCH_OP_DEVICE] = { "device", { WORD_NAME } },
        [LAUNCH_OP_DEVICE_RULE] = { "device-rule",
                                    { WORD_NAME, WORD_NUMBER, WORD_NUMBER, WORD_FLAGS } },
        [LAUNCH_OP_DEVICE_FILTER] = { "device-filter", { WORD_NAME } },
        [LAUNCH_OP_BUS] = { "bus", { WORD_NAME, WORD_PATH, WORD_PATH, WORD_FLAGS } },
        [LAUNCH_OP_BUS_RULE] = { "bus-rule", { WORD_NAME, WORD_TEXT } },
        [LAUNCH_OP_PROC] = { "proc", { WORD_PATH } },
        [LAUNCH_OP_TERMINALS] = { "terminals", { WORD_PATH } },
        [LAUNCH_OP_SHIELD] = { "shield", { WORD_PATH } },
        [LAUNCH_OP_MASK] = { "mask", { WORD_PATH } },
        [LAUNCH_OP_NETWORK] = { "network", { WORD_NAME } },
        [LAUNCH_OP_QUEUES] = { "queues", { WORD_NUMBER, WORD_RIGHTS } },
        [LAUNCH_OP_NAMESPACES] = { "namespaces", { WORD_NAME } },
        [LAUNCH_OP_SETENV] = { "setenv", { WORD_KEY, WORD_TEXT } },
        [LAUNCH_OP_EXPAND] = { "expand", { WORD_KEY, WORD_TEXT } },
        [LAUNCH_OP_UNSETENV] = { "unsetenv", { WORD_TEXT } },
        [LAUNCH_OP_ARGUMENT] = { "argument", { WORD_TEXT } },
        [LAUNCH_OP_DIRECTORY] = { "directory", { WORD_PATH } },
        [LAUNCH_OP_ALLOW] = { "allow", { WORD_PATH, WORD_RIGHTS } },
        [LAUNCH_OP_LANDLOCK] = { "landlock", { WORD_RESTRICTIONS } },
        [LAUNCH_OP_CAPABILITIES] = { "capabilities", { WORD_NUMBER, WORD_NUMBER } },
        [LAUNCH_OP_LABEL] = { "label", { WORD_NAME } },
        [LAUNCH_OP_NEW_PRIVILEGES] = { "new-privileges", { WORD_NAME } },
        [LAUNCH_OP_SECCOMP] = { "seccomp", { WORD_NUMBER, WORD_NUMBER, WORD_NUMBER } },
        [LAUNCH_OP_GENERATION] = { "generation", { WORD_NAME } },
};

static const struct {
        const char *name;
        bool has_message;
} ANSWERS[LAUNCH_ANSWER_COUNT] = {
        [LAUNCH_ANSWER_PLAN] = { "plan", false },
        [LAUNCH_ANSWER_PLAN_FILE] = { "plan-file", false },
        [LAUNCH_ANSWER_WAIT] = { "wait", true },
        [LAUNCH_ANSWER_NO] = { "no", true },
        [LAUNCH_ANSWER_GO] = { "go", false },
        [LAUNCH_ANSWER_AGAIN] = { "again", false },
        [LAUNCH_ANSWER_EXEC] = { "exec", true },
};

const char *launch_op_get_name(LaunchOp op) {
        return OPS[op].name;
}

/* ── lines ── */

void launch_reader_init(LaunchReader *reader, char *bytes, size_t length) {
        *reader = (LaunchReader){ .at = bytes, .end = bytes + length };
}

/* The letter after a backslash and what it stands for. */
static const char ESCAPES[][2] = { { 's', ' ' }, { 'n', '\n' }, { '\\', '\\' } };

static const char *find_escape(char letter) {
        for (size_t i = 0; i < ARRAY_COUNT(ESCAPES); i++)
                if (ESCAPES[i][0] == letter)
                        return &ESCAPES[i][1];
        return NULL;
}

static int find_digit(char letter) {
        static const char digits[] = "0123456789abcdef";
        const char *found = letter ? strchr(digits, letter) : NULL;

        return found ? (int)(found - digits) : -1;
}

/* The character that "\..." at `from` stands for; its length, 0 when it stands for none. */
static size_t read_escape(const char *from, const char *end, char *ret) {
        if (end - from >= 2 && find_escape(from[1])) {
                *ret = *find_escape(from[1]);
                return 2;
        }
        if (end - from < 4 || from[1] != 'x')
                return 0;
        int high = find_digit(from[2]), low = find_digit(from[3]);
        if (high < 0 || low < 0 || high + low == 0)
                return 0;
        *ret = (char)(high * 16 + low);
        return 4;
}

/* Unescapes the word [word, end) in place and ends it with NUL. */
static bool unescape_word(char *word, char *end) {
        char *to = word;

        if (end - word == 2 && word[0] == '\\' && word[1] == 'e') {
                *word = '\0';
                return true;
        }
        for (char *from = word; from < end; from++) {
                if (*from == '\\') {
                        size_t length = read_escape(from, end, to);

                        if (length == 0)
                                return false;
                        to++;
                        from += length - 1;
                        continue;
                }
                if ((unsigned char)*from < 0x20 || *from == 0x7f)
                        return false;
                *to++ = *from;
        }
        *to = '\0';
        return to > word;
}

int launch_reader_next(LaunchReader *reader, LaunchLine *ret, Error *err) {
        *ret = (LaunchLine){ 0 };
        if (reader->at == reader->end)
                return 0;
        reader->line++;
        char *end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
        if (!end || end == reader->at || reader->line > LAUNCH_LINE_COUNT_MAX)
                return error_set(err, ERROR_BAD_REQUEST, "line %u is empty, endless or too many",
                                 reader->line);
        char *word = reader->at;
        reader->at = end + 1;
        if (*word == '?') {
                ret->is_optional = true;
                word++;
        }
        while (word) {
                char *space = memchr(word, ' ', (size_t)(end - word));
                char *stop = space ? space : end;

                if (ret->word_count == LAUNCH_WORD_COUNT_MAX || !unescape_word(word, stop))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "line %u: word %zu is not as it should be", reader->line,
                                         ret->word_count + 1);
                ret->words[ret->word_count++] = word;
                word = space ? space + 1 : NULL;
        }
        /* "\e" is a right word, but names nothing that could be asked for. */
        if (!*ret->words[0])
                return error_set(err, ERROR_BAD_REQUEST, "line %u: its first word is empty",
                                 reader->line);
        return 1;
}

static void append_letter(Text *text, char letter) {
        for (size_t i = 0; i < ARRAY_COUNT(ESCAPES); i++) {
                if (ESCAPES[i][1] != letter)
                        continue;
                text_append_bytes(text, (const char[]){ '\\', ESCAPES[i][0] }, 2);
                return;
        }
        if ((unsigned char)letter < 0x20 || letter == 0x7f)
                text_append_format(text, "\\x%02x", (unsigned)letter);
        else
                text_append_bytes(text, &letter, 1);
}

static void append_word(Text *text, const char *word) {
        if (!*word)
                text_append(text, "\\e");
        for (; *word; word++)
                append_letter(text, *word);
}

void launch_line_append(Text *text, const char *op, ...) {
        va_list words;
        const char *word;

        text_append(text, op);
        va_start(words, op);
        while ((word = va_arg(words, const char *))) {
                text_append(text, " ");
                append_word(text, word);
        }
        va_end(words);
        text_append(text, "\n");
}

/* ── words ── */

static bool is_name(const char *word) {
        return *word && !strchr(word, '/') && !string_equal(word, ".") &&
               !string_equal(word, "..") && strlen(word) <= NAME_MAX;
}

static bool is_below(const char *word) {
        if (strlen(word) >= PATH_MAX - 1)
                return false;
        while (true) {
                size_t length = strcspn(word, "/");

                if (length == 0 || length > NAME_MAX || (length == 1 && word[0] == '.') ||
                    (length == 2 && word[0] == '.' && word[1] == '.'))
                        return false;
                if (!word[length])
                        return true;
                word += length + 1;
        }
}

bool launch_path_is_clean(const char *path) {
        return path[0] == '/' && (!path[1] || is_below(path + 1));
}

bool launch_list_has(const char *list, const char *word) {
        size_t length = strlen(word);

        for (;; list++) {
                size_t part = strcspn(list, ",");

                if (part == length && strncmp(list, word, length) == 0)
                        return true;
                list += part;
                if (!*list)
                        return false;
        }
}

static bool is_list_of(const char *list, const char *known) {
        while (true) {
                size_t length = strcspn(list, ",");
                char word[32];

                if (length == 0 || length >= sizeof(word))
                        return false;
                (void)snprintf(word, sizeof(word), "%.*s", (int)length, list);
                if (!launch_list_has(known, word))
                        return false;
                if (!list[length])
                        return true;
                list += length + 1;
        }
}

static bool is_key(const char *word) {
        if (!*word || (*word >= '0' && *word <= '9'))
                return false;
        return strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
               strlen(word);
}

static bool parse_mode(const char *word, uint64_t *ret) {
        size_t length = strlen(word);

        *ret = 0;
        if (length == 0 || length > 4 || strspn(word, "01234567") != length)
                return false;
        for (; *word; word++)
                *ret = *ret * 8 + (uint64_t)(*word - '0');
        return (*ret & 06000) == 0;
}

static bool check_word(WordKind kind, const char *word, uint64_t *ret_number) {
        Error unused = ERROR_INIT;

        switch (kind) {
        case WORD_NONE:
                return false;
        case WORD_PATH:
                return launch_path_is_clean(word);
        case WORD_BELOW:
                return is_below(word);
        case WORD_TEXT:
                return true;
        case WORD_NAME:
                return is_name(word);
        case WORD_KEY:
                return is_key(word);
        case WORD_NUMBER:
                return string_parse_u64(word, UINT32_MAX, ret_number, &unused) >= 0;
        case WORD_MODE:
                return parse_mode(word, ret_number);
        case WORD_FLAGS:
                return is_list_of(word, "rw,ro,noexec,tree,optional,device,socket");
        case WORD_RIGHTS:
                return is_list_of(word, "read,execute,write,ioctl");
        case WORD_RESTRICTIONS:
                return is_list_of(word, "files,tcp,abstract,signals");
        }
        return false;
}

/* ── the plan ── */

static const OpRow *find_op(const char *name) {
        const char *own = generation_builtin.word;

        if (string_equal(name, OPS[LAUNCH_OP_GENERATION].name) &&
            (!own || !string_equal(own, name)))
                return NULL;
        for (size_t i = 0; i < LAUNCH_OP_COUNT; i++)
                if (string_equal(OPS[i].name, name))
                        return &OPS[i];
        return NULL;
}

int launch_plan_next(LaunchReader *reader, LaunchStep *ret, Error *err) {
        LaunchLine line;
        const OpRow *row = NULL;

        *ret = (LaunchStep){ 0 };
        do {
                int found = launch_reader_next(reader, &line, err);
                if (found <= 0)
                        return found;
                row = find_op(line.words[0]);
        } while (!row && line.is_optional);
        if (!row) {
                ret->line = reader->line;
                ret->words[0] = line.words[0];
                return LAUNCH_STEP_UNKNOWN;
        }
        ret->op = (LaunchOp)(row - OPS);
        ret->line = reader->line;
        size_t count = 0;
        while (count < ARRAY_COUNT(row->words) && row->words[count] != WORD_NONE)
                count++;
        if (line.word_count != count + 1)
                return error_set(err, ERROR_BAD_REQUEST, "line %u: \"%s\" has %zu words, not %zu",
                                 reader->line, row->name, line.word_count - 1, count);
        for (size_t i = 0; i < count; i++) {
                if (!check_word(row->words[i], line.words[i + 1], &ret->numbers[i]))
                        return error_set(err, ERROR_BAD_REQUEST, "line %u: bad word %zu of \"%s\"",
                                         reader->line, i + 1, row->name);
                ret->words[i] = line.words[i + 1];
        }
        return 1;
}

/* ── the request ── */

static void append_number(Text *text, const char *op, uint64_t number) {
        char word[24];

        (void)snprintf(word, sizeof(word), "%llu", (unsigned long long)number);
        launch_line_append(text, op, word, NULL);
}

void launch_request_format(const LaunchRequest *request, Text *ret) {
        append_number(ret, "request", request->version);
        append_number(ret, "?oldest", request->oldest);
        if (request->hook)
                launch_line_append(ret, "hook", request->instance, request->hook, NULL);
        else
                launch_line_append(ret, "command", request->command, NULL);
        if (request->home)
                launch_line_append(ret, "home", request->home, NULL);
        if (request->wants_shell)
                launch_line_append(ret, "shell", NULL);
        append_number(ret, "?landlock", request->landlock_abi);
}

/* A version is 1 or more. */
static bool parse_version(const char *word, unsigned *ret) {
        Error unused = ERROR_INIT;
        uint64_t number = 0;

        if (string_parse_u64(word, VERSION_MAX, &number, &unused) < 0 || number == 0)
                return false;
        *ret = (unsigned)number;
        return true;
}

unsigned launch_request_get_version(const LaunchRequest *request) {
        const Generation *own = &generation_builtin;
        unsigned newest = request->version < own->protocol ? request->version : own->protocol;

        return newest >= own->protocol_oldest && newest >= request->oldest ? newest : 0;
}

/* One line of a request after its first; false = not as it should be. */
static bool take_request_line(const LaunchLine *line, LaunchRequest *request) {
        const char *op = line->words[0];
        const char *first = line->word_count > 1 ? line->words[1] : NULL;
        Error unused = ERROR_INIT;

        if (string_equal(op, "command") && line->word_count == 2 && !request->command) {
                request->command = first;
                return is_name(first);
        }
        if (string_equal(op, "hook") && line->word_count == 3 && !request->hook) {
                request->instance = first;
                request->hook = line->words[2];
                return is_name(first) && is_name(line->words[2]);
        }
        if (string_equal(op, "home") && line->word_count == 2 && !request->home) {
                request->home = first;
                return launch_path_is_clean(first) && first[1];
        }
        if (string_equal(op, "shell") && line->word_count == 1) {
                request->wants_shell = true;
                return true;
        }
        if (string_equal(op, "landlock") && line->word_count == 2)
                return string_parse_u64(first, 1000, &request->landlock_abi, &unused) >= 0;
        if (string_equal(op, "oldest") && line->word_count == 2)
                return parse_version(first, &request->oldest) &&
                       request->oldest <= request->version;
        return line->is_optional;
}

/* What follows the first line. */
static int take_request_lines(LaunchReader *reader, LaunchRequest *request, Error *err) {
        LaunchLine line;
        int found;

        while ((found = launch_reader_next(reader, &line, err)) > 0)
                if (!take_request_line(&line, request))
                        return error_set(err, ERROR_BAD_REQUEST, "line %u of the request is wrong",
                                         reader->line);
        if (found == 0 && !request->command == !request->hook)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "a request is for one command or one hook");
        return found;
}

int launch_request_parse(char *bytes, size_t length, LaunchRequest *ret, Error *err) {
        LaunchRequest request = { 0 };
        LaunchReader reader;
        LaunchLine line;
        int found;

        if (length > LAUNCH_REQUEST_MAX)
                return error_set(err, ERROR_TOO_LARGE, "a request of %zu bytes", length);
        launch_reader_init(&reader, bytes, length);
        if ((found = launch_reader_next(&reader, &line, err)) < 0)
                return -1;
        if (found == 0 || line.word_count != 2 || !string_equal(line.words[0], "request"))
                return error_set(err, ERROR_BAD_REQUEST, "not a launch request");
        if (!parse_version(line.words[1], &request.version))
                return error_set(err, ERROR_BAD_REQUEST, "a request of no version");
        request.oldest = request.version;
        bool is_newer = request.version > generation_builtin.protocol;
        int taken = request.version < generation_builtin.protocol_oldest
                            ? 0 /* of a version that was forgotten: not read at all */
                            : take_request_lines(&reader, &request, err);
        if (taken < 0 && !is_newer)
                return -1;
        if (taken < 0 || launch_request_get_version(&request) == 0) {
                *ret = (LaunchRequest){ .version = request.version, .oldest = request.oldest };
                return 1;
        }
        *ret = request;
        return 0;
}

/* ── the answers ── */

void launch_answer_format(LaunchAnswerKind kind, const char *message, Text *ret) {
        launch_line_append(ret, ANSWERS[kind].name, message, NULL);
}

static int find_answer(const LaunchLine *line) {
        for (size_t i = 0; i < LAUNCH_ANSWER_COUNT; i++)
                if (string_equal(ANSWERS[i].name, line->words[0]))
                        return (int)i;
        return -1;
}

static bool is_spoken(const char *word) {
        unsigned version;

        return parse_version(word, &version) && version >= generation_builtin.protocol_oldest &&
               version <= generation_builtin.protocol;
}

int launch_answer_parse(char *bytes, size_t length, LaunchAnswer *ret, Error *err) {
        LaunchAnswer answer = { 0 };
        LaunchLine line;

        launch_reader_init(&answer.plan, bytes, length);
        int found = launch_reader_next(&answer.plan, &line, err);
        if (found < 0)
                return -1;
        int kind = found > 0 ? find_answer(&line) : -1;
        if (kind < 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "pawld answered in words that this pawl-run does not know");
        answer.kind = (LaunchAnswerKind)kind;
        bool is_plan = kind == LAUNCH_ANSWER_PLAN || kind == LAUNCH_ANSWER_PLAN_FILE;
        if (line.word_count != (ANSWERS[kind].has_message || is_plan ? 2 : 1))
                return error_set(err, ERROR_BAD_REQUEST, "pawld answered a broken \"%s\"",
                                 ANSWERS[kind].name);
        if (is_plan && !is_spoken(line.words[1]))
                return error_set(err, ERROR_BAD_REQUEST, "pawld sent a plan of version %s, not %u",
                                 line.words[1], generation_builtin.protocol);
        if (kind != LAUNCH_ANSWER_PLAN && answer.plan.at != answer.plan.end)
                return error_set(err, ERROR_BAD_REQUEST, "something follows pawld's \"%s\"",
                                 ANSWERS[kind].name);
        answer.message = ANSWERS[kind].has_message ? line.words[1] : NULL;
        *ret = answer;
        return 0;
}
