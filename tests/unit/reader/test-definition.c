/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "reader/definition.h"

/* Four lines; what a case is about begins at line 5. */
#define HEAD                                             \
        "summary: allows nothing but this test\n"        \
        "implicit: [classic]\nslot-types: [core, app]\n" \
        "auto-connect: never\n"

typedef struct Case {
        const char *text;
        const char *message; /* whole */
} Case;

static void check_all(const Case *cases, size_t count) {
        size_t bad = 0;

        for (size_t i = 0; i < count; i++) {
                Error err = ERROR_INIT;
                autojson wire = NULL;
                int outcome =
                        definition_read("some", cases[i].text, strlen(cases[i].text), &wire, &err);
                if (outcome < 0 && string_equal(err.message, cases[i].message))
                        continue;
                bad++;
                print_message("case %zu:\n%s\n  wanted: %s\n  is:     %s\n", i, cases[i].text,
                              cases[i].message, outcome < 0 ? err.message : "right");
        }
        assert_int_equal(bad, 0);
}

static const Case SHAPES[] = {
        { "", "line 1: file: must be a mapping (found nothing); write KEY: VALUE" },
        { "- a\n", "line 1: file: must be a mapping (found list); write KEY: VALUE" },
        { "summary: [", "line 2: did not find expected node content" },
        { "a: b\n\tc: d\n", "line 2: found a tab character that violates indentation" },
        { HEAD "plug: {}\nplug: {}\n", "line 6: found duplicate key \"plug\"" },
        { HEAD "plug: !!map {}\n", "line 5: tags are not supported" },
        { HEAD "plug: *nobody\n", "line 5: unknown anchor" },
        { HEAD "---\n" HEAD, "line 5: more than one document" },
        { HEAD "plug:\n  environment: {A: \"a\\x01b\"}\n",
          "line 6: control characters are not allowed" },
        { "implicit: []\nslot-types: [app]\nauto-connect: never\n",
          "line 1: file: \"summary\" is missing; add it" },
        { "summary: allows nothing at all\nslot-types: [app]\nauto-connect: never\n",
          "line 1: file: \"implicit\" is missing; add it" },
        { "summary: allows nothing at all\nimplicit: []\nauto-connect: never\n",
          "line 1: file: \"slot-types\" is missing; add it" },
        { "summary: allows nothing at all\nimplicit: []\nslot-types: [app]\n",
          "line 1: file: \"auto-connect\" is missing; add it" },
        { HEAD "plugs: {}\n", "line 5: file: unknown key \"plugs\"; did you mean \"plug\"?" },
        { HEAD "nonsense: {}\n",
          "line 5: file: unknown key \"nonsense\"; known are: summary, implicit, slot-types, auto-connect, never-auto-connect-if, super-privileged, must-match, plug-sees-slot, replaces, policy, plug, slot" },
        { HEAD "plug: []\n", "line 5: file: \"plug\" must be a mapping (found list)" },
        { HEAD "plug:\n", "line 5: file: \"plug\" must be a mapping (found nothing)" },
        { HEAD "super-privileged: 1\n",
          "line 5: file: \"super-privileged\" must be true or false (found int)" },
        { HEAD "must-match: 1.5\n", "line 5: file: \"must-match\" must be a text (found float)" },
};

static void bad_shapes_are_told_with_their_line(void **state) {
        (void)state;
        check_all(SHAPES, ARRAY_COUNT(SHAPES));
}

static const Case HEADS[] = {
        { "summary: Allows nothing at all\nimplicit: []\nslot-types: [app]\nauto-connect: never\n",
          "line 1: summary: \"Allows nothing at all\" is not one line that begins with a small letter and ends without a full stop" },
        { "summary: allows nothing at all.\nimplicit: []\nslot-types: [app]\nauto-connect: never\n",
          "line 1: summary: \"allows nothing at all.\" is not one line that begins with a small letter and ends without a full stop" },
        { "summary: short\nimplicit: []\nslot-types: [app]\nauto-connect: never\n",
          "line 1: summary: has 5 bytes; write 7 to 81" },
        { "summary: allows nothing at all\nimplicit: [clasic]\nslot-types: [app]\nauto-connect: never\n",
          "line 2: implicit: unknown word \"clasic\"; did you mean \"classic\"?" },
        { "summary: allows nothing at all\nimplicit: []\nslot-types: []\nauto-connect: never\n",
          "line 3: slot-types: nobody could have a slot; name core, app, gadget or kernel" },
        { "summary: allows nothing at all\nimplicit: []\nslot-types: [app, app]\nauto-connect: never\n",
          "line 3: slot-types: \"app\" is there twice; remove one" },
        { "summary: allows nothing at all\nimplicit: [core]\nslot-types: [app]\nauto-connect: never\n",
          "line 3: slot-types: the system has a slot by \"implicit\", but may have none; add core" },
        { "summary: allows nothing at all\nimplicit: []\nslot-types: [snap]\nauto-connect: never\n",
          "line 3: slot-types: unknown word \"snap\"; known are: core, app, gadget, kernel" },
        { "summary: allows nothing at all\nimplicit: []\nslot-types: [app]\nauto-connect: sometimes\n",
          "line 4: auto-connect: unknown word \"sometimes\"; known are: never, always, classic, same-publisher" },
        { HEAD "never-auto-connect-if: {a: b}\n",
          "line 5: never-auto-connect-if: plugs have no attribute \"a\"; declare it in \"attributes\"" },
        { HEAD "never-auto-connect-if: {a: 7}\nplug:\n  attributes: [{name: a, type: text}]\n",
          "line 5: never-auto-connect-if: \"a\" is neither a text nor true or false" },
        { HEAD "must-match: a\n",
          "line 5: must-match: plugs have no attribute \"a\"; declare it in \"attributes\" of both sides" },
        { HEAD "must-match: a\nplug:\n  attributes: [{name: a, type: text}]\n",
          "line 5: must-match: slots have no attribute \"a\"; declare it in \"attributes\" of both sides" },
        { HEAD "plug-sees-slot: true\n",
          "line 5: plug-sees-slot: needs an attribute \"target\" of type share-path of the plug; declare it in \"attributes\"" },
        { HEAD "plug-sees-slot: true\nplug:\n  attributes: [{name: target, type: text}]\n",
          "line 5: plug-sees-slot: needs an attribute \"target\" of type share-path of the plug; declare it in \"attributes\"" },
};

static void bad_heads_are_told(void **state) {
        (void)state;
        check_all(HEADS, ARRAY_COUNT(HEADS));
}

#define PLUG       HEAD "plug:\n"
#define ATTRIBUTES PLUG "  attributes:\n"
#define ENTRIES    ATTRIBUTES "    - {name: a, type: entries, fields: [{name: b, type: text}], "

static const Case ATTRIBUTE_CASES[] = {
        { ATTRIBUTES "    - {name: a}\n", "line 7: plug attribute: \"type\" is missing; add it" },
        { ATTRIBUTES "    - {type: text}\n",
          "line 7: plug attribute: \"name\" is missing; add it" },
        { ATTRIBUTES "    - {name: a, type: string}\n",
          "line 7: plug attribute \"a\": unknown word \"string\"; known are: text, texts, choice, choices, bool, int, path, paths, device, devices, dbus-name, home-paths, system-paths, share-path, share-paths, share-source, entries, any" },
        { ATTRIBUTES "    - {name: a, type: txt}\n",
          "line 7: plug attribute \"a\": unknown word \"txt\"; did you mean \"text\"?" },
        { ATTRIBUTES "    - {name: a, type: 1}\n",
          "line 7: plug attribute: \"type\" must be a text (found int)" },
        { ATTRIBUTES "    - {name: \"a b\", type: text}\n",
          "line 7: plug attribute: \"a b\" is no attribute's name; letters, digits, - and _, 60 at the most" },
        { ATTRIBUTES "    - a\n",
          "line 7: plug attribute: an entry is no mapping (found string); write {KEY: VALUE, …}" },
        { ATTRIBUTES "    - {name: a, type: text, require: true}\n",
          "line 7: plug attribute: unknown key \"require\"; known are: name, type, is-required, choices, pattern, minimum, maximum, default, fields, rules, message" },
        { ATTRIBUTES "    - {name: a, type: text, is-required: maybe}\n",
          "line 7: plug attribute: \"is-required\" must be true or false (found string)" },
        { ATTRIBUTES "    - {name: a, type: choice}\n",
          "line 7: plug attribute \"a\": type choice needs \"choices\"; add it" },
        { ATTRIBUTES "    - {name: a, type: choice, choices: []}\n",
          "line 7: plug attribute \"a\": no choice at all; name some" },
        { ATTRIBUTES "    - {name: a, type: choice, choices: [1]}\n",
          "line 7: plug attribute \"a\": \"1\" is no text (int); put it in quotes" },
        { ATTRIBUTES "    - {name: a, type: text, choices: [b]}\n",
          "line 7: plug attribute \"a\": type text has no \"choices\"; it goes with choice and choices" },
        { ATTRIBUTES "    - {name: a, type: bool, pattern: b}\n",
          "line 7: plug attribute \"a\": type bool has no \"pattern\"; it goes with texts, paths, devices and names" },
        { ATTRIBUTES "    - {name: a, type: text, minimum: 1}\n",
          "line 7: plug attribute \"a\": type text has no \"minimum\"; it goes with int" },
        { ATTRIBUTES "    - {name: a, type: int, minimum: 2, maximum: 1}\n",
          "line 7: plug attribute \"a\": minimum is above maximum: no number is right; swap them" },
        { ATTRIBUTES "    - {name: a, type: int, maximum: many}\n",
          "line 7: plug attribute: \"maximum\" must be a whole number (found string)" },
        { ATTRIBUTES "    - {name: a, type: entries}\n",
          "line 7: plug attribute \"a\": type entries needs \"fields\"; add it" },
        { ATTRIBUTES
          "    - {name: a, type: entries, fields: [{name: b, type: entries, fields: []}]}\n",
          "line 7: plug attribute \"a\" field \"b\": entries in entries; fields are flat" },
        { ATTRIBUTES "    - {name: a, type: text}\n    - {name: a, type: bool}\n",
          "line 8: plug attribute: \"a\" is there twice; remove one" },
        { ATTRIBUTES "    - {name: a, type: text, default: \"$NOBODY\"}\n",
          "line 7: plug attribute \"a\": \"$NOBODY\" has a variable that is none; known are $HOME, $RUNTIME, $NAME, $INSTANCE, $OTHER, $SYSTEM, $PEER, $SELF, $PLUG(a), $SLOT(a)" },
        { ATTRIBUTES "    - {name: a, type: text, pattern: \"(a\"}\n",
          "line 7: plug attribute \"a\": pattern \"(a\" cannot be used (Unmatched ( or \\(); see regex(7)" },
        { ATTRIBUTES "    - {name: a, type: text, pattern: \"a{2,1}\"}\n",
          "line 7: plug attribute \"a\": pattern \"a{2,1}\" cannot be used (Invalid content of \\{\\}); see regex(7)" },
        { ATTRIBUTES "    - {name: a, type: text, pattern: \"(?:a)\"}\n",
          "line 7: plug attribute \"a\": pattern \"(?:a)\" is none of POSIX; patterns have no \"(?\"" },
        { ATTRIBUTES "    - {name: a, type: text, pattern: \"\\\\d+\"}\n",
          "line 7: plug attribute \"a\": pattern \"\\d+\" is none of POSIX; write [0-9], [A-Za-z0-9_], [[:space:]]" },
        { ATTRIBUTES "    - {name: a, type: text, pattern: \"(a)\\\\1\"}\n",
          "line 7: plug attribute \"a\": pattern \"(a)\\1\" has a reference back; patterns have none" },
        { ATTRIBUTES "    - {name: a, type: text, pattern: \"((a{100}){100}){100}\"}\n",
          "line 7: plug attribute \"a\": pattern \"((a{100}){100}){100}\" repeats too much; its intervals multiply to more than 1024" },
        { PLUG "  requires-one-of: [a]\n  requires-message: m\n",
          "line 6: plug: this side has no attribute \"a\"; declare it in \"attributes\"" },
        { PLUG "  requires-message: m\n",
          "line 6: plug: requires-one-of and requires-message belong together; add the other" },
        { PLUG "  rules: [{attribute: a, excludes: [], message: m}]\n",
          "line 6: plug rules: this side has no attribute \"a\"; declare it in \"attributes\"" },
        { PLUG "  rules: [{attribute: a, excludes: []}]\n",
          "line 6: plug rules: \"message\" is missing; add it" },
        { ATTRIBUTES "    - {name: a, type: text}\n  rules: [{attribute: a, message: m}]\n",
          "line 8: plug rules: nothing follows from it; add \"excludes\", \"needs\", \"limits\" or \"alone\"" },
        { ATTRIBUTES
          "    - {name: a, type: text}\n  rules: [{attribute: a, alone: false, message: m}]\n",
          "line 8: plug rules: nothing follows from it; add \"excludes\", \"needs\", \"limits\" or \"alone\"" },
        { ATTRIBUTES
          "    - {name: a, type: text}\n  rules: [{attribute: a, needs: [b], message: m}]\n",
          "line 8: plug rules: this side has no attribute \"b\"; declare it in \"attributes\"" },
        { ATTRIBUTES
          "    - {name: a, type: text}\n  rules: [{attribute: a, limits: {b: [c]}, message: m}]\n",
          "line 8: plug rules: this side has no attribute \"b\"; declare it in \"attributes\"" },
        { ATTRIBUTES
          "    - {name: a, type: text}\n  rules: [{attribute: a, limits: {a: c}, message: m}]\n",
          "line 8: plug rules: what \"a\" may be is a list with values in it; write [VALUE, …]" },
        { ATTRIBUTES
          "    - {name: a, type: text}\n  rules: [{attribute: a, limits: {a: []}, message: m}]\n",
          "line 8: plug rules: what \"a\" may be is a list with values in it; write [VALUE, …]" },
        { ATTRIBUTES
          "    - {name: a, type: text}\n  rules: [{attribute: a, limits: {a: [[c]]}, message: m}]\n",
          "line 8: plug rules: a value is a text, a number, true or false" },
        { ATTRIBUTES
          "    - {name: a, type: text}\n  rules: [{attribute: a, value: b, pattern: c, excludes: [a], message: m}]\n",
          "line 8: plug rules: \"value\" and \"pattern\" say the same; remove one" },
        { ATTRIBUTES
          "    - {name: a, type: text}\n  rules: [{attribute: a, pattern: \"(c\", excludes: [a], message: m}]\n",
          "line 8: plug rules: pattern \"(c\" cannot be used (Unmatched ( or \\(); see regex(7)" },
        { ATTRIBUTES
          "    - {name: a, type: text}\n  rules: [{attribute: a, value: [b], excludes: [a], message: m}]\n",
          "line 8: plug rules: \"value\" must be a text, or true or false, or a whole number (found list)" },
        { ATTRIBUTES "    - {name: a, type: text, rules: []}\n",
          "line 7: plug attribute \"a\": type text has no \"rules\"; it goes with entries" },
        { ENTRIES "rules: [{attribute: a, excludes: [b], message: m}]}\n",
          "line 7: plug attribute \"a\" rules: an entry has no field \"a\"; declare it in \"fields\"" },
        { ENTRIES "rules: [{attribute: b, alone: true, message: m}]}\n",
          "line 7: plug attribute \"a\" rules: \"alone\" is about a plug or slot, not about one entry of it; move it to the side's rules" },
};

static void bad_attributes_are_told(void **state) {
        (void)state;
        check_all(ATTRIBUTE_CASES, ARRAY_COUNT(ATTRIBUTE_CASES));
}

static const Case GRANTS[] = {
        { PLUG "  fils: []\n", "line 6: plug: unknown key \"fils\"; did you mean \"files\"?" },
        { PLUG "  files: {path: /etc/a, access: r}\n",
          "line 6: plug: \"files\" must be a list (found map)" },
        { PLUG "  files: [/etc/a]\n",
          "line 6: plug files: an entry is no mapping (found string); write {KEY: VALUE, …}" },
        { PLUG "  files:\n    - {path: /etc/a}\n",
          "line 7: plug files: \"access\" is missing; add it" },
        { PLUG "  files:\n    - {path: etc/a, access: r}\n",
          "line 7: plug files: path \"etc/a\" is not absolute; begin with /, $HOME/, $RUNTIME/ or an attribute" },
        { PLUG "  files:\n    - {path: /etc/../a, access: r}\n",
          "line 7: plug files: path \"/etc/../a\" is not clean; no \"//\", \".\", \"..\" or \"/\" at its end, and \"**\" as the last part alone" },
        { PLUG "  files:\n    - {path: /etc//a, access: r}\n",
          "line 7: plug files: path \"/etc//a\" is not clean; no \"//\", \".\", \"..\" or \"/\" at its end, and \"**\" as the last part alone" },
        { PLUG "  files:\n    - {path: /etc/, access: r}\n",
          "line 7: plug files: path \"/etc/\" is not clean; no \"//\", \".\", \"..\" or \"/\" at its end, and \"**\" as the last part alone" },
        { PLUG "  files:\n    - {path: \"/etc/**/a\", access: r}\n",
          "line 7: plug files: path \"/etc/**/a\" is not clean; no \"//\", \".\", \"..\" or \"/\" at its end, and \"**\" as the last part alone" },
        { PLUG "  files:\n    - {path: \"/etc/a'b\", access: r}\n",
          "line 7: plug files: path \"/etc/a'b\" has strange characters; letters, digits and ._/@:+*?{},[]^ - may be there" },
        { PLUG "  files:\n    - {path: $HOMER/a, access: r}\n",
          "line 7: plug files: path \"$HOMER/a\" is not absolute; begin with /, $HOME/, $RUNTIME/ or an attribute" },
        { PLUG "  files:\n    - {path: /dev/null, access: r}\n",
          "line 7: plug files: \"/dev/null\" is a device; move it to \"devices\"" },
        { PLUG "  files:\n    - {path: /etc/a, access: rr}\n",
          "line 7: plug files: access \"rr\" is wrong; write some of the letters of \"rwx\", each once" },
        { PLUG "  files:\n    - {path: /etc/a, access: m}\n",
          "line 7: plug files: access \"m\" is wrong; write some of the letters of \"rwx\", each once" },
        { PLUG "  files:\n    - {path: /etc/a, access: \"\"}\n",
          "line 7: plug files: access \"\" is wrong; write some of the letters of \"rwx\", each once" },
        { PLUG "  files:\n    - {path: /etc/a, access: r, make: \"9\"}\n",
          "line 7: plug files: make \"9\" is no mode; write it as \"0755\"" },
        { PLUG "  files:\n    - {path: \"/etc/*\", access: r, make: \"0755\"}\n",
          "line 7: plug files: \"/etc/*\" cannot be made; name one directory, no pattern" },
        { PLUG "  files:\n    - {path: $PLUG(a), access: r}\n",
          "line 7: plug: plugs have no attribute \"a\"; declare it in \"attributes\"" },
        { PLUG "  files:\n    - {path: \"/run/$SLOT(a:hex3)\", access: r}\n",
          "line 7: plug files: \"/run/$SLOT(a:hex3)\" has a variable that is none; known are $HOME, $RUNTIME, $NAME, $INSTANCE, $OTHER, $SYSTEM, $PEER, $SELF, $PLUG(a), $SLOT(a)" },
        { PLUG "  devices:\n    - {access: rw}\n",
          "line 7: plug devices: neither path nor major; add one of them" },
        { PLUG "  devices:\n    - {path: /etc/a, access: rw}\n",
          "line 7: plug devices: \"/etc/a\" is not below /dev; move it to \"files\"" },
        { PLUG "  devices:\n    - {path: /dev/a, access: x}\n",
          "line 7: plug devices: access \"x\" is wrong; write some of the letters of \"rw\", each once" },
        { PLUG "  devices:\n    - {major: 1, access: rw}\n",
          "line 7: plug devices: major and kind belong together; add \"kind\"" },
        { PLUG "  devices:\n    - {kind: chr, major: 1, access: rw}\n",
          "line 7: plug devices: unknown word \"chr\"; did you mean \"char\"?" },
        { PLUG "  devices:\n    - {kind: char, major: 5000, access: rw}\n",
          "line 7: plug devices: 5000 is no number of a device; major is at most 4095, minor 1048575" },
        { PLUG "  devices:\n    - {path: /dev/a, minor: 1, access: rw}\n",
          "line 7: plug devices: minor without major; add \"major\"" },
        { PLUG "  devices:\n    - {path: /dev/a, property: id, access: rw}\n",
          "line 7: plug devices: property \"id\" is wrong; it is one of udev's (ID_INPUT_JOYSTICK), of a path without a number" },
        { PLUG "  sockets: [inet4]\n",
          "line 6: plug sockets: unknown word \"inet4\"; did you mean \"inet\"?" },
        { PLUG "  sockets: [inet, inet]\n",
          "line 6: plug sockets: \"inet\" is there twice; remove one" },
        { PLUG "  sockets: inet\n", "line 6: plug: \"sockets\" must be a list (found string)" },
        { PLUG "  listens: true\n", "line 6: plug: who listens needs sockets; add \"sockets\"" },
        { PLUG "  capabilities: [CAP_SYS_ADMIN]\n",
          "line 6: plug capabilities: unknown word \"CAP_SYS_ADMIN\"; known are: chown, dac_override, dac_read_search, fowner, fsetid, kill, setgid, setuid, setpcap, linux_immutable, net_bind_service, net_broadcast, net_admin, net_raw, ipc_lock, ipc_owner, sys_module, sys_rawio, sys_chroot, …" },
        { PLUG "  capabilities: [sys-admin]\n",
          "line 6: plug capabilities: unknown word \"sys-admin\"; did you mean \"sys_admin\"?" },
        { PLUG "  unix-sockets: [run/a]\n",
          "line 6: plug unix-sockets: path \"run/a\" is not absolute; begin with /, $HOME/, $RUNTIME/ or an attribute" },
        { PLUG "  unix-sockets: [7]\n",
          "line 6: plug unix-sockets: \"7\" is no text (int); put it in quotes" },
        { PLUG "  abstract-sockets: [/tmp/a]\n",
          "line 6: plug abstract-sockets: \"/tmp/a\" is no abstract socket; begin with @" },
        { PLUG "  system-calls: [\"socket AF_NETLNK\"]\n",
          "line 6: plug system-calls: line \"socket AF_NETLNK\": \"AF_NETLNK\" is no number and no constant; see \"Rules of interfaces\" in docs/seccomp-template.md" },
        { PLUG "  system-calls: [\"socket  AF_UNIX\"]\n",
          "line 6: plug system-calls: \"socket  AF_UNIX\" is no rule; write NAME or ~NAME and arguments, with one blank between" },
        { PLUG "  system-calls: [\"socket 1 2 3 4 5 6 7\"]\n",
          "line 6: plug system-calls: too many arguments specified for syscall 'socket' in line \"socket 1 2 3 4 5 6 7\"; see \"Rules of interfaces\" in docs/seccomp-template.md" },
        { PLUG "  system-calls: [\"socket -1\"]\n",
          "line 6: plug system-calls: line \"socket -1\": \"-1\" must not be negative; see \"Rules of interfaces\" in docs/seccomp-template.md" },
        { PLUG "  system-calls: [\"@unrestricted\"]\n",
          "line 6: plug system-calls: \"@unrestricted\" is no rule; write NAME or ~NAME and arguments, with one blank between" },
        { PLUG "  system-calls: [\"chown - u:no:body\"]\n",
          "line 6: plug system-calls: line \"chown - u:no:body\": \"u:no:body\" names no account; see \"Rules of interfaces\" in docs/seccomp-template.md" },
        { PLUG "  system-calls: [\"\"]\n",
          "line 6: plug system-calls: a text is empty; remove it or fill it" },
        { PLUG "  kernel-modules: [Some/module]\n",
          "line 6: plug kernel-modules: \"Some/module\" is no module; its name has small letters, digits, _ and -" },
        { PLUG "  apparmor: [\"/etc/a r\"]\n",
          "line 6: plug apparmor: \"/etc/a r\" does not end with a comma; add it" },
        { PLUG "  apparmor: [\"} profile b {,\"]\n",
          "line 6: plug apparmor: \"} profile b {,\" opens or closes a block; write one rule a line" },
        { PLUG "  udev: ['SUBSYSTEM==\"a\", TAG+=\"b\"']\n",
          "line 6: plug udev: \"SUBSYSTEM==\"a\", TAG+=\"b\"\" does more than match; write KEY==\"VALUE\", …, the tag is added" },
        { PLUG "  udev: ['SUBSYSTEM']\n",
          "line 6: plug udev: \"SUBSYSTEM\" does more than match; write KEY==\"VALUE\", …, the tag is added" },
        { PLUG "  dbus:\n    - {bus: system}\n",
          "line 7: plug dbus: says nothing; write one of own, talk, see, call, broadcast" },
        { PLUG "  dbus:\n    - {bus: system, own: a.b, talk: c.d}\n",
          "line 7: plug dbus: says several things; write one of own, talk, see, call, broadcast" },
        { PLUG "  dbus:\n    - {bus: user, talk: a.b}\n",
          "line 7: plug dbus: unknown word \"user\"; known are: system, session, $SLOT(ATTRIBUTE), $PLUG(ATTRIBUTE)" },
        { PLUG "  dbus:\n    - {bus: system, talk: a}\n",
          "line 7: plug dbus: \"a\" is no name of a bus; write org.example.Name, org.example.* or *" },
        { PLUG "  dbus:\n    - {bus: system, talk: a.b, member: M}\n",
          "line 7: plug dbus: \"member\" goes with call and broadcast alone; remove it" },
        { PLUG "  dbus:\n    - {bus: system, call: a.b, member: M}\n",
          "line 7: plug dbus: member without interface; add \"interface\"" },
        { PLUG "  dbus:\n    - {bus: system, call: a.b, path: org/a}\n",
          "line 7: plug dbus: path \"org/a\" is none of a bus; write it as /org/example or /org/example/*" },
        { PLUG "  mounts:\n    - {what: /a, where: /b}\n",
          "line 7: plug mounts: \"access\" is missing; add it" },
        { PLUG "  mounts:\n    - {what: \"/a/*\", where: /b, access: r}\n",
          "line 7: plug mounts: \"/a/*\" is a pattern; what names one place" },
        { PLUG "  environment: {path: /a}\n",
          "line 6: plug environment: \"path\" is no variable's name; write it in capitals" },
        { PLUG "  environment: {PATH: 7}\n",
          "line 6: plug environment: \"7\" is no text (int); put it in quotes" },
        { PLUG
          "  always:\n    files: [{path: $SLOT(a), access: r}]\nslot:\n  attributes: [{name: a, type: path}]\n",
          "line 7: plug: $SLOT(…) is of the other side, which nobody knows in \"always\"; move it to where it is granted connected" },
        { PLUG "  always:\n    attributes: {a: b}\n",
          "line 7: plug always: unknown key \"attributes\"; known are: files, devices, sockets, mounts, dbus, environment, capabilities, unix-sockets, abstract-sockets, system-calls, kernel-modules, apparmor, udev, listens, shows-home, sees-processes, signals-processes, traces-processes, …" },
        { PLUG "  when:\n    - {listens: true}\n",
          "line 7: plug when: \"attributes\" is missing; add it" },
        { PLUG "  when:\n    - {attributes: {a: b}}\n",
          "line 7: plug when: this side has no attribute \"a\"; declare it in \"attributes\"" },
        { PLUG "  unless:\n    - {attributes: {}}\n",
          "line 7: plug unless: attributes are needed; name one" },
        { ATTRIBUTES "    - {name: a, type: text}\n  when:\n    - {attributes: {a: [b]}}\n",
          "line 9: plug when: a condition is a text, a number, true or false; write one block for each value" },
        { HEAD "slot:\n  files:\n    - {path: $PLUG(a), access: r}\n",
          "line 7: slot: plugs have no attribute \"a\"; declare it in \"attributes\"" },
};

static void bad_grants_are_told(void **state) {
        (void)state;
        check_all(GRANTS, ARRAY_COUNT(GRANTS));
}

#define POLICY HEAD "policy:\n"

static const Case RULES[] = {
        { POLICY "  plugs: {}\n", "line 6: policy: unknown key \"plugs\"; did you mean \"plug\"?" },
        { POLICY "  plug: {allow-conection: true}\n",
          "line 6: policy plug: unknown key \"allow-conection\"; did you mean \"allow-connection\"?" },
        { POLICY "  plug: {allow-connection: \"true\"}\n",
          "line 6: policy plug: \"allow-connection\" must be true or false, or a list, or a mapping (found string)" },
        { POLICY "  plug: {allow-connection: {}}\n",
          "line 6: policy plug allow-connection: no constraint at all; write true, false or constraints" },
        { POLICY "  plug: {allow-connection: []}\n",
          "line 6: policy plug allow-connection: no alternative at all; write true, false or constraints" },
        { POLICY "  plug: {allow-connection: [yes please]}\n",
          "line 6: policy plug allow-connection: an alternative is neither true, false nor constraints (found string)" },
        { POLICY "  plug: {allow-connection: {plug-name: [a]}}\n",
          "line 6: policy plug allow-connection: unknown key \"plug-name\"; did you mean \"plug-names\"?" },
        { POLICY "  plug: {allow-connection: {plug-names: a}}\n",
          "line 6: policy plug allow-connection: \"plug-names\" must be a list (found string)" },
        { POLICY "  plug: {allow-connection: {plug-names: [\"a(\"]}}\n",
          "line 6: policy plug allow-connection plug-names: pattern \"a(\" cannot be used (Unmatched ( or \\(); see regex(7)" },
        { POLICY "  plug: {allow-connection: {plug-snap-type: [os]}}\n",
          "line 6: policy plug allow-connection plug-snap-type: unknown word \"os\"; known are: core, app, gadget, kernel" },
        { POLICY "  plug: {allow-connection: {slots-per-plug: 2}}\n",
          "line 6: policy plug allow-connection slots-per-plug: a number of ends is \"2\"; write 1 or \"*\"" },
        { POLICY "  plug: {allow-connection: {plug-attributes: {a: 1}}}\n",
          "line 6: policy plug allow-connection plug-attributes: must be a pattern, true or false (found int); put it in quotes" },
        { POLICY "  plug: {allow-connection: {plug-attributes: {a: $OTHER}}}\n",
          "line 6: policy plug allow-connection plug-attributes: \"$OTHER\" is no such word; known are $MISSING, $INTERFACE, $PLUG(a), $SLOT(a), $PLUG_PUBLISHER_ID, $SLOT_PUBLISHER_ID" },
        { POLICY "  plug: {allow-connection: {on-classic: sometimes}}\n",
          "line 6: policy plug allow-connection: \"on-classic\" must be true or false, or a list (found string)" },
        { POLICY "  slot: {allow-connection: {on-classic: true}, deny-connection: true}\n",
          "line 6: policy slot: deny-connection is true, so allow-connection never counts; remove one of them" },
};

static void bad_rules_are_told(void **state) {
        (void)state;
        check_all(RULES, ARRAY_COUNT(RULES));
}

/* Sizes: each limit is said with its number. */
static void too_much_is_told(void **state) {
        static const struct {
                const char *head, *part, *tail;
                size_t count;
                const char *message;
        } cases[] = {
                { PLUG "  files: ", "[", "", 100, "line 6: nested too deep" },
                { PLUG "  unix-sockets: [", "/a,", "/a]\n", 600,
                  "line 6: plug unix-sockets: has more than 512 entries; leave some out" },
                { PLUG "  unix-sockets: [/", "abcdefgh", "]\n", 200,
                  "line 6: plug unix-sockets: a text is longer than 1000 bytes; shorten it" },
                { ATTRIBUTES "    - {name: a, type: text, pattern: ", "abcdefgh", "}\n", 40,
                  "line 7: plug attribute \"a\": a pattern is longer than 256 bytes; shorten it" },
                { HEAD "# ", "0123456789abcdef", "\n", 5000,
                  "line 1: file: larger than 65536 bytes; make two interfaces of it" },
                { HEAD "plug: {a: [", "0,", "0]}\n", 20100, "line 5: more than 20000 values" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autotext text = TEXT_INIT;
                Error err = ERROR_INIT;
                autojson wire = NULL;
                text_append(&text, cases[i].head);
                for (size_t j = 0; j < cases[i].count; j++)
                        text_append(&text, cases[i].part);
                text_append(&text, cases[i].tail);
                assert_int_equal(definition_read("some", text.bytes, text.length, &wire, &err), -1);
                assert_string_equal(err.message, cases[i].message);
        }
}

static void bad_names_are_told(void **state) {
        static const char *const names[] = {
                "",     "Some",
                "a--b", "-a",
                "a.b",  "9a",
                "a/b",  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
                Error err = ERROR_INIT;
                autojson wire = NULL;
                assert_int_equal(definition_read(names[i], HEAD, strlen(HEAD), &wire, &err), -1);
                assert_non_null(strstr(err.message, "is no interface's name; name the file with"));
        }
}

/* What a file says, and what it stands for. */
static void the_wire_form_has_what_short_keys_stand_for(void **state) {
        static const char TEXT[] =
                "summary: allows nothing but this test\nimplicit: []\nslot-types: [app]\n"
                "auto-connect: same-publisher\nmust-match: a\nsuper-privileged: true\n"
                "never-auto-connect-if: {a: b}\n"
                "plug:\n  attributes: [&a {name: a, type: text}]\n"
                "  sockets: [inet, netlink-route]\n  capabilities: [chown, net_admin]\n"
                "slot:\n  attributes: [*a]\n";
        static const char POLICY_TEXT[] =
                "{\"plug\":{\"allow-auto-connection\":{\"plug-attributes\":{\"a\":\"$SLOT(a)\"},"
                "\"plug-publisher-id\":[\"$SLOT_PUBLISHER_ID\"]},\"allow-installation\":false,"
                "\"deny-auto-connection\":{\"plug-attributes\":{\"a\":\"b\"}}},"
                "\"slot\":{\"allow-auto-connection\":{\"plug-attributes\":{\"a\":\"$SLOT(a)\"},"
                "\"plug-publisher-id\":[\"$SLOT_PUBLISHER_ID\"]},"
                "\"allow-installation\":{\"slot-snap-type\":[\"app\"]},"
                "\"deny-auto-connection\":{\"plug-attributes\":{\"a\":\"b\"}}}}";
        Error err = ERROR_INIT;
        autojson wire = NULL;

        (void)state;
        if (definition_read("some", TEXT, strlen(TEXT), &wire, &err) < 0)
                fail_msg("%s", err.message);
        const json_t *plug = json_object_get(json_object_get(wire, "kind"), "plug");
        autofree char *policy = json_format_canonical(json_object_get(wire, "policy"));
        autofree char *sockets = json_format_canonical(json_object_get(plug, "sockets"));
        assert_string_equal(policy, POLICY_TEXT);
        assert_string_equal(sockets, "[[\"inet\",2,-1],[\"netlink-route\",16,0]]");
        assert_int_equal(json_get_int(plug, "capabilities", 0), 1 | 1 << 12);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(bad_shapes_are_told_with_their_line),
                cmocka_unit_test(bad_heads_are_told),
                cmocka_unit_test(bad_attributes_are_told),
                cmocka_unit_test(bad_grants_are_told),
                cmocka_unit_test(bad_rules_are_told),
                cmocka_unit_test(too_much_is_told),
                cmocka_unit_test(bad_names_are_told),
                cmocka_unit_test(the_wire_form_has_what_short_keys_stand_for),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
