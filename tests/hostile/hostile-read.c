/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays a pawl-read that an image has taken over.  The image (descriptor 3) is one word, which says
 * what it does to the daemon at the other end of descriptor 4.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANSWER   4
#define DIGITS   "0123456789abcdef0123456789abcdef"
#define MANIFEST "{\"format\":1,\"size\":5,\"sha3-384\":\"" DIGITS DIGITS DIGITS "\",\"raw\":\"x\","

static void repeat(const char *bytes, size_t length) {
        while (write(ANSWER, bytes, length) > 0)
                ;
}

static void say_garbage(void) {
        (void)!write(ANSWER, "\xff\xfe\0{]", 5);
}

static void say_too_much(void) {
        char many[4096];

        memset(many, ' ', sizeof(many));
        repeat(many, sizeof(many));
}

static void nest(void) {
        char many[4096];

        memset(many, '[', sizeof(many));
        for (int i = 0; i < 40; i++)
                (void)!write(ANSWER, many, sizeof(many));
}

static void be_silent(void) {
        for (;;)
                (void)pause();
}

static void die_halfway(void) {
        (void)!write(ANSWER, "{\"format\":1,", 12);
        (void)raise(SIGKILL);
}

static void say(const char *text) {
        (void)!write(ANSWER, text, strlen(text));
}

static void lead_out(void) {
        say(MANIFEST
            "\"manifest\":{\"name\":\"../../etc\",\"version\":\"1\",\"type\":\"app\",\"base\":\"testbase\"}}");
}

static void name_a_path(void) {
        say(MANIFEST
            "\"manifest\":{\"name\":\"hello\",\"version\":\"1\",\"type\":\"app\",\"base\":\"testbase\",\"apps\":"
            "{\"../../x\":{\"command\":\"/bin/sh\"}}}}");
}

static void mistake_types(void) {
        say(MANIFEST
            "\"manifest\":{\"name\":\"hello\",\"version\":\"1\",\"type\":7,\"base\":\"testbase\",\"apps\":[1,2],"
            "\"plugs\":\"x\",\"slots\":[{}],\"epoch\":[],\"layout\":3,\"aliases\":{}},"
            "\"hooks\":{\"a\":1},\"desktop\":5,\"icons\":\"\",\"findings\":{}}");
}

static void say_escapes(void) {
        say("{\"error\":{\"kind\":\"\\u001b[2Jx\",\"message\":\"\\u001b]0;x\\u0007\\u009b2Jseen\"}}");
}

static const struct {
        const char *name;
        void (*act)(void);
} ACTS[] = {
        { "garbage", say_garbage }, { "huge", say_too_much },   { "deep", nest },
        { "slow", be_silent },      { "dies", die_halfway },    { "outside", lead_out },
        { "paths", name_a_path },   { "types", mistake_types }, { "escapes", say_escapes },
};

int main(void) {
        char word[16] = "";

        if (pread(3, word, sizeof(word) - 1, 0) <= 0)
                return 1;
        word[strcspn(word, "\n")] = '\0';
        for (size_t i = 0; i < sizeof(ACTS) / sizeof(ACTS[0]); i++)
                if (strcmp(ACTS[i].name, word) == 0)
                        ACTS[i].act();
        return 0;
}
