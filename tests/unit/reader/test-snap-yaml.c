/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of the format, each by a manifest that keeps or breaks it. Where the message is the
 * format's, it is what snapd 2.57.6 was seen to print for the same file.
 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "reader/snap-yaml.h"
#include "unit.h"

#define BODY    "name: xx\nversion: 1\n"
#define INVALID "cannot validate snap \"xx\": "

static const struct {
        const char *text;
        const char *message; /* NULL = accepted */
} CASES[] = {
        { "version: 1", "cannot validate snap \"\": snap name cannot be empty" },
        { "name: x", "cannot validate snap \"x\": invalid snap name: \"x\"" },
        { "name: X_y\nversion: 1", "cannot validate snap \"X_y\": invalid snap name: \"X_y\"" },
        { "name: xx", INVALID "invalid snap version: cannot be empty" },
        { "name: xx\nversion: '%'", INVALID
          "invalid snap version \"%\": must be letters, digits and :.+~-, start with a letter or digit and not end with one of :.-" },
        { "name: xx\nversion: 1111111111111111111111111111111111111111", INVALID
          "invalid snap version \"1111111111111111111111111111111111111111\": cannot be longer than 32 characters (got: 40)" },
        { "name: [a]\nversion: 1",
          "cannot parse snap.yaml: line 1: \"name\" must be a string (found list)" },
        { BODY "type: foo", "cannot parse snap.yaml: invalid snap type: \"foo\"" },
        { BODY "confinement: foo", "cannot parse snap.yaml: invalid confinement type: \"foo\"" },
        { BODY "title: ttttttttttttttttttttttttttttttttttttttttt",
          INVALID "title can have up to 40 codepoints, got 41" },
        { BODY
          "summary: tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt",
          NULL },
        { BODY "license: foo bar",
          INVALID "cannot validate license \"foo bar\": unknown license: foo" },
        { BODY "license: GPL-3.0 AND",
          INVALID "cannot validate license \"GPL-3.0 AND\": missing license after AND" },
        { BODY "epoch: 0*", "cannot parse snap.yaml: 0* is an invalid epoch" },
        { BODY "epoch: x",
          "cannot parse snap.yaml: epoch numbers must be base 10 with no zero padding, but got \"x\"" },
        { BODY "epoch: {read: [1,1],write: [1]}",
          "cannot parse snap.yaml: epoch list must be a strictly increasing sequence" },
        { BODY "epoch: {read: [1],write: [2]}",
          "cannot parse snap.yaml: epoch read and write lists must have a non-empty intersection" },
        { BODY "epoch: {read: [],write: [2]}",
          "cannot parse snap.yaml: epoch list cannot be explicitly empty" },
        { BODY "epoch: -1",
          "cannot parse snap.yaml: epoch numbers must be base 10 with no zero padding, but got \"-1\"" },
        { BODY "epoch: {read: [1,2,3,4,5,6,7,8,9,10,11],write: [2]}",
          "cannot parse snap.yaml: epoch list must not have more than 10 entries" },
        { BODY "epoch: {write: [2,3]}", NULL },
        { BODY "epoch: 00",
          "cannot parse snap.yaml: epoch numbers must be base 10 with no zero padding, but got \"00\"" },
        { BODY "base: X", INVALID "invalid base name: invalid snap name: \"X\"" },
        { BODY "base: a_b", INVALID "base cannot specify a snap instance name: \"a_b\"" },
        { BODY "base: none\napps: {a: {command: x}}",
          INVALID "cannot have apps or hooks with base \"none\"" },
        { BODY "base: foo\ntype: base",
          INVALID "cannot have \"base\" field on \"base\" snap \"xx\"" },
        { BODY "base: none\nhooks: {configure: {}}",
          INVALID "cannot have apps or hooks with base \"none\"" },
        { BODY "plugs: {A: null}", NULL },
        { BODY "plugs: {a: B}", NULL },
        { BODY "plugs: {a: [x]}",
          "cannot parse snap.yaml: plug \"a\" has malformed definition (found list)" },
        { BODY "plugs: {a: {interface: 3}}",
          "cannot parse snap.yaml: interface name on plug \"a\" is not a string (found int)" },
        { BODY "plugs: {a: {label: 3}}",
          "cannot parse snap.yaml: label of plug \"a\" is not a string (found int)" },
        { BODY "plugs: {a: {$x: 3}}",
          "cannot parse snap.yaml: plug \"a\" uses reserved attribute \"$x\"" },
        { BODY "plugs: {a: null}\nslots: {a: null}",
          INVALID "cannot have plug and slot with the same name: \"a\"" },
        { BODY "plugs: [a]",
          "cannot parse snap.yaml: line 3: \"plugs\" must be a map (found list)" },
        { BODY "plugs: {a: {x: {1: 2}}}",
          "cannot parse snap.yaml: attribute \"x\" of plug \"a\": non-string key: 1" },
        { BODY "plugs: {a: {1: 2}}",
          "cannot parse snap.yaml: plug \"a\" has attribute key that is not a string (found int)" },
        { BODY "plugs: {a: {x: ~}}",
          "cannot parse snap.yaml: attribute \"x\" of plug \"a\": invalid scalar: no value" },
        { BODY "layouts: {}",
          "cannot parse snap.yaml: typo detected: use singular \"layout\" instead of plural \"layouts\"" },
        { BODY "layout: {/usr/x: {}}",
          INVALID "layout \"/usr/x\" must define a bind mount, a filesystem mount or a symlink" },
        { BODY "layout: {/usr/x: {type: foo}}",
          INVALID "layout \"/usr/x\" uses invalid filesystem \"foo\"" },
        { BODY "layout: {/usr/x: {bind: $SNAP/x, type: tmpfs}}",
          INVALID "layout \"/usr/x\" must define a bind mount, a filesystem mount or a symlink" },
        { BODY "layout: {/dev/x: {type: tmpfs}}",
          INVALID "layout \"/dev/x\" defines a new top-level directory \"/dev\"" },
        { BODY "layout: {usr/x: {type: tmpfs}}",
          INVALID "layout \"usr/x\" is a relative filename" },
        { BODY "layout: {/usr/../x: {type: tmpfs}}",
          INVALID "layout \"/usr/../x\" uses invalid mount point: must be absolute and clean" },
        { BODY "layout: {/foo: {type: tmpfs}}",
          INVALID "layout \"/foo\" defines a new top-level directory \"/foo\"" },
        { BODY "layout: {/usr/x*: {type: tmpfs}}", INVALID
          "invalid layout path: \"/usr/x*\" contains a reserved apparmor char from ?*[]{}^\"" },
        { BODY "layout: {/usr/x: {bind: /x}}", INVALID
          "layout \"/usr/x\" uses invalid bind mount source \"/x\": must start with $SNAP, $SNAP_DATA or $SNAP_COMMON" },
        { BODY "layout: {/usr/x: {bind: $SNAP/../x}}", INVALID
          "layout \"/usr/x\" uses invalid bind mount source \"/snap/xx/unset/../x\": must be absolute and clean" },
        { BODY "layout: {/usr/x: {type: tmpfs}, /usr/x/y: {type: tmpfs}}",
          INVALID "layout \"/usr/x/y\" underneath prior layout item \"/usr/x\"" },
        { BODY "layout: {/usr/x: {type: tmpfs, mode: '99'}}",
          "cannot parse snap.yaml: line 3: \"99\" is not a mode" },
        { BODY "layout: {/usr/x: {type: tmpfs, mode: '07777'}}",
          INVALID "layout \"/usr/x\" uses invalid mode 07777" },
        { BODY "layout: {/usr/x: {type: tmpfs, user: joe}}",
          INVALID "layout \"/usr/x\" uses invalid user \"joe\"" },
        { BODY "layout: {/usr/x: {type: tmpfs, group: joe}}",
          INVALID "layout \"/usr/x\" uses invalid group \"joe\"" },
        { BODY "layout: {/usr/x: {bind: $SNAP/x}, /usr/y: {bind-file: $SNAP/x}}", INVALID
          "layout \"/usr/y\" refers to file \"$SNAP/x\" but another layout treats it as a directory" },
        { BODY "layout: {/snap/other/x: {type: tmpfs}}",
          INVALID "layout \"/snap/other/x\" defines a layout in space belonging to another snap" },
        { BODY "layout: {/: {type: tmpfs}}",
          INVALID "layout \"/\" uses invalid mount point: must be absolute and clean" },
        { BODY "layout: {/usr/x: {symlink: /x}}", INVALID
          "layout \"/usr/x\" uses invalid symlink old name \"/x\": must start with $SNAP, $SNAP_DATA or $SNAP_COMMON" },
        { BODY "layout: {/usr/x: {symlink: $SNAP/*}}", INVALID
          "layout \"/usr/x\" uses invalid symlink: \"/snap/xx/unset/*\" contains a reserved apparmor char from ?*[]{}^\"" },
        { BODY "layout: {/usr/x: {bind: $FOO/x}}", INVALID
          "layout \"/usr/x\" uses invalid bind mount source \"$FOO/x\": reference to unknown variable \"$FOO\"" },
        { BODY "type: base\nlayout: {/usr/x: {type: tmpfs}}", NULL },
        { BODY "layout: {$FOO/x: {type: tmpfs}}", INVALID
          "layout \"$FOO/x\" uses invalid mount point: reference to unknown variable \"$FOO\"" },
        { BODY "layout: {/usr/$A_9/x: {type: tmpfs}}", INVALID
          "layout \"/usr/$A_9/x\" uses invalid mount point: reference to unknown variable \"$A_\"" },
        { BODY "system-usernames: {foo: shared}", NULL },
        { BODY "system-usernames: {snap_daemon: private}", NULL },
        { BODY "system-usernames: {-a: shared}", INVALID "invalid system username \"-a\"" },
        { BODY "system-usernames: {snap_daemon: zz}", NULL },
        { BODY "system-usernames: {snap_daemon: {scope: shared, x: y}}", NULL },
        { BODY "system-usernames: {snap_daemon: [1]}",
          "cannot parse snap.yaml: system username \"snap_daemon\" has malformed definition (found list)" },
        { BODY "system-usernames: {snap_daemon: {x: shared}}",
          "cannot parse snap.yaml: system username \"snap_daemon\" does not specify a scope" },
        { BODY "links: {'': [a]}", "cannot parse snap.yaml: links key cannot be empty" },
        { BODY "links: {a_b: [a@b.c]}", "cannot parse snap.yaml: links key is invalid: a_b" },
        { BODY "links: {website: []}", INVALID "\"website\" links cannot be specified and empty" },
        { BODY "links: {website: ['ftp://x']}", INVALID
          "\"website\" link must have one of http|https schemes or it must be an email address: \"ftp://x\"" },
        { BODY "links: {contact: [joe]}", INVALID "invalid \"contact\" email address \"joe\"" },
        { BODY "links: {website: ['']}", INVALID "empty \"website\" link" },
        { BODY "links: {website: ['http:/x']}", NULL },
        { BODY "links: {website: http://x}",
          "cannot parse snap.yaml: line 3: \"website\" must be a list (found string)" },
        { BODY "provenance: global-upload",
          INVALID "provenance cannot be set to default (global-upload) explicitly" },
        { BODY "provenance: '--'", INVALID "invalid provenance: \"--\"" },
        { BODY "assumes: [Foo]", NULL },
        { BODY "assumes: ['']", NULL },
        { BODY "assumes: foo",
          "cannot parse snap.yaml: line 3: \"assumes\" must be a list (found string)" },
        { BODY "architectures: amd64",
          "cannot parse snap.yaml: line 3: \"architectures\" must be a list (found string)" },
        { BODY "hooks: {Foo: {}}", NULL },
        { BODY "hooks: {configure: {command-chain: ['a b']}}",
          INVALID "hook command-chain contains illegal \"a b\" (legal: '^[A-Za-z0-9/._#:$-]*$')" },
        { BODY "environment: [a]",
          "cannot parse snap.yaml: line 3: \"environment\" must be a map (found list)" },
        { BODY "environment: {a: [b]}",
          "cannot parse snap.yaml: line 3: \"environment\" must be a string (found list)" },
        { BODY "a: [", "cannot parse snap.yaml: line 4: did not find expected node content" },
        { BODY "- a", "cannot parse snap.yaml: line 3: did not find expected key" },
        { "name: ~\nversion: 1", "cannot validate snap \"\": snap name cannot be empty" },
        { "[a]", "cannot parse snap.yaml: the document must be a map (found list)" },
        { "a", "cannot parse snap.yaml: the document must be a map (found string)" },
        { "", "cannot validate snap \"\": snap name cannot be empty" },
        { BODY "apps: {a: {command: bin/x, daemon: foo}}", INVALID
          "invalid definition of application \"a\": \"daemon\" field contains invalid value \"foo\"" },
        { BODY "apps: {a: {command: bin/x, daemon-scope: user}}", INVALID
          "invalid definition of application \"a\": \"daemon-scope\" can only be set for daemons" },
        { BODY "apps: {a: {command: bin/x, daemon-scope: foo, daemon: simple}}",
          "cannot parse snap.yaml: invalid daemon scope: \"foo\"" },
        { BODY "apps: {a: {command: bin/x, command: 'a;b'}}",
          "cannot parse snap.yaml: line 3: found duplicate key \"command\"" },
        { BODY "apps: {a: {command: bin/x, command: ''}}",
          "cannot parse snap.yaml: line 3: found duplicate key \"command\"" },
        { BODY "apps: {a: {command: bin/x, command-chain: ['a b']}}", INVALID
          "invalid definition of application \"a\": app description field 'command-chain' contains illegal \"a b\" (legal: '^[A-Za-z0-9/._#:$-]*$')" },
        { BODY "apps: {a: {command: bin/x, stop-command: x}}", NULL },
        { BODY "apps: {a: {command: bin/x, daemon: simple, stop-command: 'x;y'}}", INVALID
          "invalid definition of application \"a\": app description field 'stop-command' contains illegal \"x;y\" (legal: '^[A-Za-z0-9/. _#:$-]*$')" },
        { BODY "apps: {a: {command: bin/x, start-timeout: 3s}}", INVALID
          "invalid definition of application \"a\": start-timeout is only applicable to services" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, start-timeout: 3x}}",
          "cannot parse snap.yaml: time: unknown unit \"x\" in duration \"3x\"" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, stop-timeout: -3s}}",
          INVALID "invalid definition of application \"a\": stop-timeout cannot be negative" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, stop-timeout: 3}}",
          "cannot parse snap.yaml: time: missing unit in duration \"3\"" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, stop-mode: foo}}", INVALID
          "invalid definition of application \"a\": \"stop-mode\" field contains invalid value \"foo\"" },
        { BODY "apps: {a: {command: bin/x, stop-mode: sigterm}}", INVALID
          "invalid definition of application \"a\": \"stop-mode\" cannot be used for \"a\", only for services" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, restart-condition: foo}}",
          "cannot parse snap.yaml: invalid restart condition" },
        { BODY "apps: {a: {command: bin/x, restart-condition: always}}", INVALID
          "invalid definition of application \"a\": restart-condition is only applicable to services" },
        { BODY "apps: {a: {command: bin/x, refresh-mode: foo}}", INVALID
          "invalid definition of application \"a\": \"refresh-mode\" field contains invalid value \"foo\"" },
        { BODY "apps: {a: {command: bin/x, refresh-mode: endure}}", INVALID
          "invalid definition of application \"a\": \"refresh-mode\" for app \"a\" can only have value \"ignore-running\"" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, refresh-mode: ignore-running}}", INVALID
          "invalid definition of application \"a\": \"refresh-mode\" cannot be set to \"ignore-running\" for services" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, refresh-mode: foo}}", INVALID
          "invalid definition of application \"a\": \"refresh-mode\" field contains invalid value \"foo\"" },
        { BODY "apps: {a: {command: bin/x, install-mode: disable}}", INVALID
          "invalid definition of application \"a\": \"install-mode\" cannot be used for \"a\", only for services" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, install-mode: foo}}", INVALID
          "invalid definition of application \"a\": \"install-mode\" field contains invalid value \"foo\"" },
        { BODY "apps: {a: {command: bin/x, daemon: dbus}}", NULL },
        { BODY "apps: {a: {command: bin/x, daemon: dbus, bus-name: 'a;'}}", INVALID
          "invalid definition of application \"a\": app description field 'bus-name' contains illegal \"a;\" (legal: '^[A-Za-z0-9/. _#:$-]*$')" },
        { BODY "apps: {a: {command: bin/x, bus-name: a.b}}", NULL },
        { BODY "apps: {a: {command: bin/x, activates-on: [x]}}", INVALID
          "invalid definition of application \"a\": activates-on is only applicable to services" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, activates-on: [x]}}", INVALID
          "invalid definition of application \"a\": invalid activates-on value \"x\": slot not found" },
        { BODY "apps: {a: {command: bin/x, sockets: {s: {listen-stream: 80}}}}", INVALID
          "invalid definition of application \"a\": \"network-bind\" interface plug is required when sockets are used" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, sockets: {s: {listen-stream: 80}}}}",
          INVALID
          "invalid definition of application \"a\": \"network-bind\" interface plug is required when sockets are used" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {S: {listen-stream: 80}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"S\": invalid socket name: \"S\"" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {s: {}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": \"listen-stream\" is not defined" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {s: {listen-stream: 0}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": invalid \"listen-stream\" port number \"0\"" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {s: {listen-stream: 70000}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": invalid \"listen-stream\" port number \"70000\"" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {s: {listen-stream: '1.2.3.4:80'}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": invalid \"listen-stream\" address \"1.2.3.4\", must be one of: 127.0.0.1, [::1], [::]" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {s: {listen-stream: /x}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": invalid \"listen-stream\": system daemon sockets must have a prefix of $SNAP_DATA, $SNAP_COMMON or $XDG_RUNTIME_DIR" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {s: {listen-stream: $SNAP/x}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": invalid \"listen-stream\": system daemon sockets must have a prefix of $SNAP_DATA, $SNAP_COMMON or $XDG_RUNTIME_DIR" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {s: {listen-stream: $SNAP_DATA/../x}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": invalid \"listen-stream\": \"$SNAP_DATA/../x\" must be a clean path" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {s: {listen-stream: '@foo'}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": path for \"listen-stream\" must be prefixed with \"@snap.xx.\"" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {s: {listen-stream: '@snap.xx.a', socket-mode: 01777}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": cannot use mode: 1777" },
        { BODY
          "apps: {a: {command: bin/x, daemon: simple, plugs: [network-bind], sockets: {s: {listen-stream: '$SNAP_USER_DATA/x'}}}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": invalid \"listen-stream\": system daemon sockets must have a prefix of $SNAP_DATA, $SNAP_COMMON or $XDG_RUNTIME_DIR" },
        { BODY "apps: {a: {command: bin/x, after: [b]}}", INVALID
          "invalid definition of application \"a\": must be a service to define before/after ordering" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, after: [b]}}", INVALID
          "invalid definition of application \"a\": before/after references a missing application \"b\"" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, after: [a]}}",
          INVALID "applications are part of a before/after cycle: a" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, before: b}}",
          "cannot parse snap.yaml: line 3: \"before\" must be a list (found string)" },
        { BODY "apps: {a: {command: bin/x, timer: '10:00'}}",
          INVALID "invalid definition of application \"a\": timer is only applicable to services" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, timer: 'x'}}", INVALID
          "invalid definition of application \"a\": timer has invalid format: cannot parse \"x\": \"x\" is not a valid weekday" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, timer: '25:00'}}", INVALID
          "invalid definition of application \"a\": timer has invalid format: cannot parse \"25:00\": not a valid time" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, timer: mon4-mon1}}", INVALID
          "invalid definition of application \"a\": timer has invalid format: cannot parse \"mon4-mon1\": unsupported schedule" },
        { BODY "apps: {a: {command: bin/x, autostart: a/b}}", NULL },
        { BODY "apps: {a: {command: bin/x, autostart: a.desktop}}", NULL },
        { BODY "apps: {a: {command: bin/x, common-id: ''}}", NULL },
        { BODY "apps: {a: {command: bin/x, completer: ../x}}", NULL },
        { BODY "apps: {a: {command: bin/x, completer: a;b}}", NULL },
        { BODY "apps: {a: {command: bin/x, watchdog-timeout: 3s}}", INVALID
          "invalid definition of application \"a\": watchdog-timeout is only applicable to services" },
        { BODY "apps: {a: {command: bin/x, restart-delay: 3s}}", INVALID
          "invalid definition of application \"a\": restart-delay is only applicable to services" },
        { BODY "apps: {a: {command: bin/x, daemon: simple, watchdog-timeout: -1s}}",
          INVALID "invalid definition of application \"a\": watchdog-timeout cannot be negative" },
        { BODY "apps: {a: {command: bin/x, aliases: [-x]}}", INVALID
          "cannot have \"-x\" as alias name for app \"a\" - use only letters, digits, dash, underscore and dot characters" },
        { BODY "apps: {a: {command: bin/x, aliases: x}}",
          "cannot parse snap.yaml: line 3: \"aliases\" must be a list (found string)" },
        { BODY "apps: {a: {command: bin/x, plugs: [A]}}", NULL },
        { BODY "apps: {a: {command: bin/x, plugs: x}}",
          "cannot parse snap.yaml: line 3: \"plugs\" must be a list (found string)" },
        { BODY "apps: {a: {command: bin/x, slots: [A]}}", NULL },
        { BODY "apps: {a: {command: bin/x, daemon: 3}}", INVALID
          "invalid definition of application \"a\": \"daemon\" field contains invalid value \"3\"" },
        { BODY "apps: {a: {command: bin/x, environment: {a: b, a: c}}}",
          "cannot parse snap.yaml: line 3: found duplicate key \"a\"" },
        { BODY "apps: {a: {command: bin/x, post-stop-command: x}}", NULL },
        { BODY "apps: {a: {command: bin/x, reload-command: x}}", NULL },
        { BODY "apps: {a: {command: bin/x, daemon: simple, restart-delay: -1s}}",
          INVALID "invalid definition of application \"a\": restart-delay cannot be negative" },
        { BODY "apps: {a: {command: bin/x, adapter: foo}}", NULL },
        { BODY "apps: {a: {command: bin/x, adapter: none}}", NULL },
        { BODY "apps: {a: {command: bin/x, success-exit-status: [1]}}", NULL },
        { BODY "apps: {A_b: {command: x}}", INVALID
          "invalid definition of application \"A_b\": cannot have \"A_b\" as app name - use letters, digits, and dash as separator" },
        { BODY "apps: {a: null}", NULL },
        { BODY "apps: {a: {}}", NULL },
        { BODY "apps: [a]", "cannot parse snap.yaml: line 3: \"apps\" must be a map (found list)" },
        { BODY "apps: {a: {command: x, daemon: simple, after: [b]}, b: {command: x}}", INVALID
          "invalid definition of application \"a\": before/after references a non-service application \"b\"" },
        { BODY
          "apps: {a: {command: x, daemon: simple, after: [b]}, b: {command: x, daemon: simple, after: [a]}}",
          INVALID "applications are part of a before/after cycle: a, b" },
        { BODY "apps: {a: {command: x, common-id: i}, b: {command: x, common-id: i}}", INVALID
          "application \"a\" common-id \"i\" must be unique, already used by application \"b\"" },
        { BODY "apps: {a: {command: x, autostart: i}, b: {command: x, autostart: i}}", NULL },
        { BODY
          "apps: {a: {command: x, daemon: simple, after: [b]}, b: {command: x, daemon: simple, daemon-scope: user}}",
          INVALID
          "invalid definition of application \"a\": before/after references service with different daemon-scope \"b\"" },
        { BODY "apps: {a: {command: x, aliases: [q]}, b: {command: x, aliases: [q]}}",
          INVALID "cannot set \"q\" as alias for both \"a\" and \"b\"" },
        { BODY
          "slots: {s: {interface: content}}\napps: {a: {command: x, daemon: simple, activates-on: [s], slots: [s]}}",
          INVALID
          "invalid definition of application \"a\": invalid activates-on value \"s\": slot does not use dbus interface" },
        { BODY
          "slots: {s: {interface: dbus, bus: session, name: a.b}}\napps: {a: {command: x, daemon: simple, activates-on: [s], slots: [s]}}",
          INVALID
          "invalid definition of application \"a\": invalid activates-on value \"s\": bus \"session\" does not match daemon-scope \"system\"" },
        { BODY
          "slots: {s: {interface: dbus, bus: system, name: a.b}}\napps: {a: {command: x, daemon: simple, activates-on: [s], slots: [s]}, b: {command: x, daemon: simple, activates-on: [s], slots: [s]}}",
          INVALID
          "invalid definition of application \"a\": invalid activates-on value \"s\": slot is also activatable on app \"b\"" },
        { BODY
          "slots: {s: {interface: dbus, bus: system, name: a.b}}\napps: {a: {command: x, daemon: simple, activates-on: [s]}}",
          NULL },
        { BODY "license: Proprietary", NULL },
        { BODY "license: GPL-3.0+", NULL },
        { BODY "license: (GPL-3.0 OR MIT)", NULL },
        { BODY "license: GPL-2.0 WITH Classpath-exception-2.0", NULL },
        { BODY "license: ''", NULL },
        { BODY "license: GPL-3.0 MIT", INVALID
          "cannot validate license \"GPL-3.0 MIT\": missing AND or OR between \"GPL-3.0\" and \"MIT\"" },
        { BODY "license: (MIT",
          INVALID "cannot validate license \"(MIT\": expected \")\" got \"\"" },
        { BODY "license: MIT)", INVALID "cannot validate license \"MIT)\": unexpected \")\"" },
        { BODY "license: AND",
          INVALID "cannot validate license \"AND\": missing license before AND" },
        { BODY "license: mit", INVALID "cannot validate license \"mit\": unknown license: mit" },
        { BODY "license: 'MIT AND AND MIT'", INVALID
          "cannot validate license \"MIT AND AND MIT\": expected license name, got \"AND\"" },
        { BODY "license: Other Open Source",
          INVALID "cannot validate license \"Other Open Source\": unknown license: Other" },
        { BODY "layout: {$SNAP_DATA/x: {type: tmpfs}}",
          INVALID "layout \"$SNAP_DATA/x\" in an off-limits area" },
        { BODY "layout: {/var/snap/xx/common/x: {type: tmpfs}}",
          INVALID "layout \"/var/snap/xx/common/x\" in an off-limits area" },
        { BODY "layout: {/var/snap/yy: {type: tmpfs}}",
          INVALID "layout \"/var/snap/yy\" in an off-limits area" },
        { BODY "layout: {/lib/firmware/x: {type: tmpfs}}",
          INVALID "layout \"/lib/firmware/x\" in an off-limits area" },
        { BODY "layout: {/var/lib/snapd/x: {type: tmpfs}}",
          INVALID "layout \"/var/lib/snapd/x\" in an off-limits area" },
        { BODY "layout: {/lib/modules: {type: tmpfs}}",
          INVALID "layout \"/lib/modules\" in an off-limits area" },
        { BODY "layout: {$SNAP/x: {bind: $SNAP/y}}", NULL },
        { BODY "layout: {/usr/x/: {type: tmpfs}}",
          INVALID "layout \"/usr/x/\" uses invalid mount point: must be absolute and clean" },
        { BODY "layout: {/usr/./x: {type: tmpfs}}",
          INVALID "layout \"/usr/./x\" uses invalid mount point: must be absolute and clean" },
        { BODY "layout: {/usr/x: {type: tmpfs, user: root, mode: 01777}}", NULL },
        { BODY "layout: {/usr/x: {symlink: $SNAP/../y}}", INVALID
          "layout \"/usr/x\" uses invalid symlink old name \"/snap/xx/unset/../y\": must be absolute and clean" },
        { BODY "layout: {/usr/x: [a]}",
          "cannot parse snap.yaml: line 3: \"layout\" must be a map (found list)" },
        { BODY "system-usernames: {snap_daemon: ~}",
          "cannot parse snap.yaml: system username \"snap_daemon\" does not specify a scope" },
        { BODY "plugs: {home: null}\nslots: {home: null}",
          INVALID "cannot have plug and slot with the same name: \"home\"" },
        { BODY "plugs: {a: {interface: ''}}", NULL },
        { BODY "hooks: {configure: {plugs: [home]}}", NULL },
        { BODY
          "apps: {a: {command: x, daemon: simple, sockets: {s: {listen-stream: '$SNAP_DATA/x', socket-mode: 0600}},plugs: [network-bind]}}",
          NULL },
        { BODY
          "apps: {a: {command: x, daemon: simple, sockets: {s: {listen-stream: '$SNAP_DATA/x', socket-mode: '0600'}},plugs: [network-bind]}}",
          "cannot parse snap.yaml: line 3: \"socket-mode\" must be a mode like 0660" },
        { BODY
          "apps: {a: {command: x, daemon: simple, sockets: {s: {listen-stream: 'vsock:1'}},plugs: [network-bind]}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": invalid \"listen-stream\" address \"vsock\", must be one of: 127.0.0.1, [::1], [::]" },
        { BODY
          "apps: {a: {command: x, daemon: simple, daemon-scope: user, sockets: {s: {listen-stream: '$SNAP_DATA/x'}},plugs: [network-bind]}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": invalid \"listen-stream\": user daemon sockets must have a prefix of $SNAP_USER_DATA, $SNAP_USER_COMMON, or $XDG_RUNTIME_DIR" },
        { BODY
          "apps: {a: {command: x, daemon: simple, sockets: {s: {listen-stream: '[::]:80'}},plugs: [network-bind]}}",
          NULL },
        { BODY
          "apps: {a: {command: x, daemon: simple, sockets: {s: {listen-stream: '$SNAP_DATA/'}},plugs: [network-bind]}}",
          INVALID
          "invalid definition of application \"a\": invalid definition of socket \"s\": invalid \"listen-stream\": \"$SNAP_DATA/\" must be a clean path" },
        { BODY
          "apps: {a: {command: x, daemon: simple, sockets: {s: {listen-stream: '@snap.xx.'}},plugs: [network-bind]}}",
          NULL },
        { BODY "apps: {a: {command: x, daemon: simple, timer: 'mon1-tue2'}}", NULL },
        { BODY "apps: {a: {command: x, daemon: simple, timer: '10:00,mon'}}", INVALID
          "invalid definition of application \"a\": timer has invalid format: cannot parse \"mon\": invalid schedule fragment" },
        { BODY "apps: {a: {command: x, daemon: simple, timer: '10:00-12:00/0'}}", INVALID
          "invalid definition of application \"a\": timer has invalid format: cannot parse \"10:00-12:00/0\": not a valid interval" },
        { BODY "apps: {a: {command: x, daemon: simple, timer: '10:00/2'}}", NULL },
        { BODY "apps: {a: {command: x, daemon: simple, timer: '24:00'}}", NULL },
        { BODY "apps: {a: {command: x, daemon: simple, timer: 'mon6'}}", INVALID
          "invalid definition of application \"a\": timer has invalid format: cannot parse \"mon6\": \"mon6\" is not a valid weekday" },
        { BODY "apps: {a: {command: x, daemon: simple, timer: ''}}", NULL },
        { BODY "apps: {a: {command: x, daemon: simple, timer: 'mon,,'}}", INVALID
          "invalid definition of application \"a\": timer has invalid format: cannot parse \"\": not a valid fragment" },
        { BODY "apps: {a: {command: x, daemon: simple, timer: 'mon,'}}", INVALID
          "invalid definition of application \"a\": timer has invalid format: cannot parse \"mon,\": not a valid fragment" },
        { BODY "apps: {a: {command: x, daemon: simple, timer: 'Mon'}}", INVALID
          "invalid definition of application \"a\": timer has invalid format: cannot parse \"Mon\": \"Mon\" is not a valid weekday" },
        { BODY "apps: {a: {command: x, daemon: simple, timer: '1:2'}}", INVALID
          "invalid definition of application \"a\": timer has invalid format: cannot parse \"1:2\": not a valid time" },
        { BODY "apps: {a: {command: /bin/x}}", NULL },
        { BODY "apps: {a: {command: ../x}}", NULL },
        { BODY "environment: {'a=b': c}",
          "cannot parse snap.yaml: line 3: invalid environment variable name \"a=b\"" },
        { BODY "environment: {'': c}",
          "cannot parse snap.yaml: line 3: invalid environment variable name \"\"" },
        { BODY "links: {contact: 'mailto:a@b.c'}",
          "cannot parse snap.yaml: line 3: \"contact\" must be a list (found string)" },
        { BODY "links: {contact: ['mailto:a@b.c']}", NULL },
        { BODY "links: {website: [a@b.c]}", NULL },
        { BODY "plugs: {a: {x: 1e400}}",
          "cannot parse snap.yaml: attribute \"x\" of plug \"a\": number out of range" },
        { BODY "plugs: {a: {x: 99999999999999999999}}", NULL },
        { BODY "plugs: {a: {x: .inf}}", NULL },
        { BODY "architectures: []", NULL },
        { BODY "architectures: [foo]", NULL },
        { BODY "components: {c: {type: foo}}",
          "cannot parse snap.yaml: invalid component name: \"c\"" },
        { BODY "apps: {a: {command: x, daemon: simple, daemon-scope: user}}", NULL },
        { BODY "plugs: {-a: {interface: home}}", NULL },
        { BODY "plugs: {A: {interface: home}}", NULL },
        { BODY "slots: {A: {interface: home}}", NULL },
        { BODY "confinement: ''", "cannot parse snap.yaml: invalid confinement type: \"\"" },
        { BODY "type: ''", "cannot parse snap.yaml: invalid snap type: \"\"" },
        { BODY "type: application", NULL },
        { BODY "name: snapd", "cannot parse snap.yaml: line 3: found duplicate key \"name\"" },
        { BODY "apps: {a: {command: '  '}}", NULL },
        { BODY "plugs: {a: {interface: home, apps: [x]}}", NULL },
        { BODY "base: none", NULL },
        { BODY "base: bare", NULL },
        { BODY "base: none\ntype: base", NULL },
        { BODY "epoch: '1*'", NULL },
        { BODY "epoch: {read: [1,2]}", NULL },
        { BODY "title: 5", NULL },
        { BODY "plugs: {a: {interface: content, label: 5}}",
          "cannot parse snap.yaml: label of plug \"a\" is not a string (found int)" },
        { BODY "layout: {/usr/share/x: {bind-file: $SNAP/x}, /usr/share/y: {bind-file: $SNAP/x}}",
          NULL },
        { BODY "layout: {/usr/x: {bind: $SNAP_DATA}}", NULL },
        { BODY "layout: {/usr/x: {bind: $SNAPX/q}}", INVALID
          "layout \"/usr/x\" uses invalid bind mount source \"$SNAPX/q\": reference to unknown variable \"$SNAPX\"" },
        { BODY "type: gadget", NULL },
        { BODY "type: os", NULL },
        { BODY "confinement: classic", NULL },
        { BODY "unknown-key: [1, {a: b}]", NULL },
        { BODY "title: !!str x", "cannot parse snap.yaml: line 3: tags are not supported" },
        { BODY "a: *nobody", "cannot parse snap.yaml: line 3: unknown anchor" },
        { BODY "a: &x [*x]", "cannot parse snap.yaml: line 3: anchor contains itself" },
        { BODY "[a]: b", "cannot parse snap.yaml: line 3: a key must be a scalar" },
        { BODY "---\na: b", "cannot parse snap.yaml: line 3: more than one document" },
        { BODY "x: {<<: 3}", "cannot parse snap.yaml: line 3: map merge requires map or list of "
                             "maps as the value" },
        { BODY "title: \"a\\0b\"",
          "cannot parse snap.yaml: line 3: control characters are not allowed" },
        { BODY "plugs: {p: {interface: i, a: yes, b: [1, 2.5, {c: off}]}}", NULL },
        { BODY "plugs: {p: {interface: i, x: 0x8000000000000000}}", NULL },
};

static int read_text(const char *text, json_t **ret, Error *err) {
        autojson hooks = json_pack("[s, s]", "configure", "not-a-hook");

        return snap_yaml_read(text, strlen(text), hooks, ret, err);
}

static void each_rule_is_kept(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                autojson manifest = NULL;
                Error err = ERROR_INIT;
                int outcome =
                        snap_yaml_read(CASES[i].text, strlen(CASES[i].text), NULL, &manifest, &err);
                if (CASES[i].message && outcome == 0)
                        fail_msg("case %zu was accepted:\n%s", i, CASES[i].text);
                if (!CASES[i].message && outcome < 0)
                        fail_msg("case %zu was refused: %s\n%s", i, err.message, CASES[i].text);
                if (CASES[i].message && !string_equal(err.message, CASES[i].message))
                        fail_msg("case %zu says\n%s\ninstead of\n%s", i, err.message,
                                 CASES[i].message);
        }
}

/* ---- what is written for what is read ---- */

/* A path of keys and numbers into the JSON, and the text of what is there. */
static const struct {
        const char *body;
        const char *path;
        const char *expected;
} VALUES[] = {
        { "", "type", "\"app\"" },
        { "type: application", "type", "\"app\"" },
        { "", "confinement", "\"strict\"" },
        { "", "architectures", "[\"all\"]" },
        { "", "epoch", "{\"read\":[0],\"write\":[0]}" },
        { "epoch: 3*", "epoch", "{\"read\":[2,3],\"write\":[3]}" },
        { "epoch: {read: [1, 2]}", "epoch", "{\"read\":[1,2],\"write\":[2]}" },
        { "", "hooks/configure/plugs", "[]" },
        { "", "hooks/not-a-hook", NULL },
        { "environment: {B: 1, A: yes, C: ~}", "environment",
          "[[\"B\",\"1\"],[\"A\",\"yes\"],[\"C\",\"\"]]" },
        { "plugs: {p: }", "plugs/p/interface", "\"p\"" },
        { "plugs: {p: i}", "plugs/p/interface", "\"i\"" },
        { "plugs: {p: {interface: i, label: l}}", "plugs/p/label", "\"l\"" },
        { "plugs: {p: {a: yes, b: 0644, c: 1_000, d: 1.5, e: 'yes', f: 0x1F, g: -3, h: 0b11}}",
          "plugs/p/attrs",
          "{\"a\":true,\"b\":420,\"c\":1000,\"d\":1.5,\"e\":\"yes\",\"f\":31,\"g\":-3,\"h\":3}" },
        { "plugs: {p: {a: 12e03, b: 0o17, c: 089, d: y, e: 1:30, f: 9223372036854775807}}",
          "plugs/p/attrs",
          "{\"a\":12000.0,\"b\":15,\"c\":89.0,\"d\":\"y\",\"e\":\"1:30\",\"f\":9223372036854775807}" },
        { "plugs: {p: {a: &x {k: 1, l: 2}, b: {<<: *x, l: 3}}}", "plugs/p/attrs/b",
          "{\"k\":1,\"l\":3}" },
        { "plugs: {p: {b: {<<: [{a: 1}, {a: 2, c: 3}]}}}", "plugs/p/attrs/b", "{\"a\":1,\"c\":3}" },
        { "plugs: {p: }\napps: {a: {command: x}}", "plugs/p/apps", "[\"a\"]" },
        { "plugs: {p: }\napps: {a: {command: x}}", "plugs/p/hooks", "[\"configure\"]" },
        { "plugs: {p: }\napps: {a: {plugs: [p]}, b: }", "plugs/p/apps", "[\"a\"]" },
        { "plugs: {p: }\napps: {a: {plugs: [p]}, b: }", "plugs/p/hooks", "[]" },
        { "apps: {a: {plugs: [home]}}", "plugs/home/interface", "\"home\"" },
        { "hooks: {configure: {slots: [s]}}", "slots/s/hooks", "[\"configure\"]" },
        { "plugs: {A: home}", "bad-interfaces/A", "\"invalid plug name: \\\"A\\\"\"" },
        { "plugs: {A: home}", "plugs", "{}" },
        { "apps: {a: {daemon: simple}}", "apps/a/restart-condition", "\"on-failure\"" },
        { "apps: {a: {daemon: oneshot}}", "apps/a/restart-condition", "\"never\"" },
        { "apps: {a: {daemon: simple, restart-condition: no}}", "apps/a/restart-condition",
          "\"never\"" },
        { "apps: {a: {daemon: simple}}", "apps/a/daemon-scope", "\"system\"" },
        { "apps: {a: {}}", "apps/a/daemon-scope", NULL },
        { "apps: {a: {daemon: simple, start-timeout: 1h1m1.5s}}", "apps/a/start-timeout",
          "3661500000000" },
        { "apps: {a: {daemon: simple, start-timeout: 0}}", "apps/a/start-timeout", "0" },
        { "apps: {a: {daemon: simple, start-timeout: 3us}}", "apps/a/start-timeout", "3000" },
        { "layout: {/usr/x: {type: tmpfs, mode: 01777}}", "layout/~usr~x/mode", "1023" },
        { "layout: {/usr/x: {bind: $SNAP/x}}", "layout/~usr~x/mode", "493" },
        { "system-usernames: {snap_daemon: shared}", "system-usernames/snap_daemon",
          "{\"scope\":\"shared\"}" },
        { "links: {website: [http://x]}", "links/website", "[\"http://x\"]" },
        { "components: {comp: {type: test}}", "components/comp/type", "\"test\"" },
};

/* "~" in a path stands for a slash in a key. */
static const json_t *find_path(const json_t *value, const char *path) {
        autofree char *copy = string_copy(path);
        char *rest = copy;

        for (char *key = strsep(&rest, "/"); key && value; key = strsep(&rest, "/")) {
                for (char *at = key; *at; at++)
                        if (*at == '~')
                                *at = '/';
                value = json_object_get(value, key);
        }
        return value;
}

static void each_value_is_normalised(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(VALUES); i++) {
                autojson manifest = NULL;
                Error err = ERROR_INIT;
                autofree char *text = string_format("%s%s\n", BODY, VALUES[i].body);
                if (read_text(text, &manifest, &err) < 0)
                        fail_msg("value %zu: %s\n%s", i, err.message, text);
                const json_t *found = find_path(manifest, VALUES[i].path);
                autofree char *seen = found ? json_format_canonical(found) : NULL;
                if ((seen == NULL) != (VALUES[i].expected == NULL) ||
                    (seen && !string_equal(seen, VALUES[i].expected)))
                        fail_msg("value %zu: %s is %s, not %s\n%s", i, VALUES[i].path,
                                 seen ? seen : "absent", VALUES[i].expected, text);
        }
}

/* ---- limits ---- */

static void expect_refusal(const char *text, size_t length, ErrorKind kind, const char *message) {
        autojson manifest = NULL;
        Error err = ERROR_INIT;

        assert_true(snap_yaml_read(text, length, NULL, &manifest, &err) < 0);
        assert_string_equal(err.message, message);
        assert_int_equal(err.kind, kind);
}

static void a_hundred_thousand_levels_are_refused(void **state) {
        autotext text = TEXT_INIT;

        (void)state;
        text_append(&text, BODY "a: ");
        for (int i = 0; i < 100000; i++)
                text_append(&text, "[");
        expect_refusal(text.bytes, text.length, ERROR_BAD_REQUEST,
                       "cannot parse snap.yaml: line 3: nested too deep");
}

static void a_billion_laughs_are_refused(void **state) {
        autotext text = TEXT_INIT;

        (void)state;
        text_append(&text, BODY "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 10; i++) {
                text_append_format(&text, "a%d: &a%d [", i, i);
                for (int j = 0; j < 9; j++)
                        text_append_format(&text, "%s*a%d", j ? ", " : "", i - 1);
                text_append(&text, "]\n");
        }
        expect_refusal(text.bytes, text.length, ERROR_TOO_LARGE,
                       "cannot parse snap.yaml: line 7: too many values once aliases are expanded");
}

/* Each step adds one level only, so no single text is deep. */
static void aliases_cannot_build_depth(void **state) {
        autotext text = TEXT_INIT;

        (void)state;
        text_append(&text, BODY "a0: &a0 [x]\n");
        for (int i = 1; i < 70; i++)
                text_append_format(&text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
        expect_refusal(text.bytes, text.length, ERROR_BAD_REQUEST,
                       "cannot parse snap.yaml: line 49: nested too deep");
}

static void merges_count_as_what_they_add(void **state) {
        autotext text = TEXT_INIT;

        (void)state;
        text_append(&text, BODY "a: &a {");
        for (int i = 0; i < 1000; i++)
                text_append_format(&text, "%sk%d: v", i ? ", " : "", i);
        text_append(&text, "}\nb:\n");
        for (int i = 0; i < 12; i++)
                text_append(&text, "- {<<: *a}\n");
        expect_refusal(text.bytes, text.length, ERROR_TOO_LARGE,
                       "cannot parse snap.yaml: line 9: too many values once aliases are expanded");
}

static void too_many_values_are_refused(void **state) {
        autotext text = TEXT_INIT;

        (void)state;
        text_append(&text, BODY "a: [");
        for (int i = 0; i < 21000; i++)
                text_append(&text, "1,");
        text_append(&text, "]");
        expect_refusal(text.bytes, text.length, ERROR_TOO_LARGE,
                       "cannot parse snap.yaml: line 3: more than 20000 values");
}

static void a_large_text_is_not_even_parsed(void **state) {
        size_t length = 10 << 20;
        autofree char *text = memory_new(length);

        (void)state;
        memset(text, 'a', length);
        expect_refusal(text, length, ERROR_TOO_LARGE,
                       "cannot parse snap.yaml: larger than 262144 bytes");
}

/* 2000 plugs for 2000 apps would be four million names. */
static void bindings_are_limited(void **state) {
        autotext text = TEXT_INIT;

        (void)state;
        text_append(&text, BODY "plugs:\n");
        for (int i = 0; i < 2000; i++)
                text_append_format(&text, "  p%d: home\n", i);
        text_append(&text, "apps:\n");
        for (int i = 0; i < 2000; i++)
                text_append_format(&text, "  a%d:\n", i);
        expect_refusal(text.bytes, text.length, ERROR_TOO_LARGE,
                       "cannot parse snap.yaml: too many plugs and slots");
}

static void a_name_of_300_characters_is_refused(void **state) {
        autotext text = TEXT_INIT;
        autojson manifest = NULL;
        Error err = ERROR_INIT;

        (void)state;
        text_append(&text, "version: 1\nname: ");
        for (int i = 0; i < 300; i++)
                text_append(&text, "n");
        assert_true(read_text(text.bytes, &manifest, &err) < 0);
        assert_non_null(strstr(err.message, "invalid snap name: \"nnnnnnnn"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_rule_is_kept),
                cmocka_unit_test(each_value_is_normalised),
                cmocka_unit_test(a_hundred_thousand_levels_are_refused),
                cmocka_unit_test(a_billion_laughs_are_refused),
                cmocka_unit_test(aliases_cannot_build_depth),
                cmocka_unit_test(merges_count_as_what_they_add),
                cmocka_unit_test(too_many_values_are_refused),
                cmocka_unit_test(a_large_text_is_not_even_parsed),
                cmocka_unit_test(bindings_are_limited),
                cmocka_unit_test(a_name_of_300_characters_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
