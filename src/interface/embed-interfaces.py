#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks interfaces/NAME.yaml files and turns them into one C table: embed-interfaces.py OUT DIRECTORY [DEPFILE].

The format is told in docs/interfaces.md; what a key may say is in the tables on top.
"""
import json
import pathlib
import re
import sys

import yaml

AUTO = ("never", "always", "classic", "same-publisher")
TYPES = ("text", "texts", "choice", "choices", "bool", "int", "path", "paths", "device", "devices", "dbus-name",
         "home-paths", "system-paths", "share-path", "share-paths", "share-source", "entries", "any")
WITH_PATTERN = ("text", "texts", "path", "paths", "device", "devices", "dbus-name", "share-path")
SNAP_TYPES = ("core", "app", "gadget", "kernel")

TOP = {"summary": str, "implicit": list, "slot-types": list, "auto-connect": str, "never-auto-connect-if": dict,
       "super-privileged": bool, "must-match": str, "plug-sees-slot": bool, "policy": dict, "plug": dict, "slot": dict}
ATTRIBUTE = {"name": str, "type": str, "is-required": bool, "choices": list, "pattern": str, "minimum": int,
             "maximum": int, "default": str, "fields": list, "message": str}
EXCLUSION = {"attribute": str, "value": (str, bool), "others": list, "message": str}
SIDE = {"attributes": list, "only-known-attributes": bool, "requires-one-of": list, "requires-message": str,
        "message-prefix": str, "excludes": list, "always": dict, "when": list, "unless": list}

# What a side, its "always" and each of its "when" may grant.
FLAGS = ("listens", "shows-home", "sees-processes", "signals-processes", "traces-processes", "lifts-tcp",
         "lifts-abstract-sockets", "lifts-namespaces", "lifts-mounts", "lifts-device-filter",
         "lifts-no-new-privileges", "delegates-cgroup")
LISTS = ("unix-sockets", "abstract-sockets", "system-calls", "kernel-modules", "apparmor", "udev")
GRANTS = {"files": list, "devices": list, "sockets": list, "mounts": list, "dbus": list, "environment": dict,
          "capabilities": list, **{key: list for key in LISTS}, **{key: bool for key in FLAGS}}
FILE = {"path": str, "access": str, "make": str}
DEVICE = {"path": str, "access": str, "property": str, "kind": str, "major": int, "minor": int}
MOUNT = {"what": str, "where": str, "access": str, "make": str}
BUS_VERBS = ("own", "talk", "see", "call", "broadcast")
BUS = {"bus": str, "path": str, "interface": str, "member": str, **{verb: str for verb in BUS_VERBS}}

# Numbers of the kernel, alike on every architecture: family of socket(2), and protocol of netlink(7).
FAMILIES = {"inet": 2, "ax25": 3, "ipx": 4, "appletalk": 5, "netrom": 6, "atmpvc": 8, "x25": 9, "inet6": 10, "rose": 11,
            "netlink": 16, "key": 15, "packet": 17, "rds": 21, "pppox": 24, "llc": 26, "ib": 27, "mpls": 28, "can": 29,
            "tipc": 30, "bluetooth": 31, "iucv": 32, "rxrpc": 33, "isdn": 34, "phonet": 35, "ieee802154": 36,
            "caif": 37, "alg": 38, "nfc": 39, "vsock": 40, "kcm": 41, "qipcrtr": 42, "smc": 43, "xdp": 44, "conn": 123}
NETLINKS = {"route": 0, "usersock": 2, "firewall": 3, "sock-diag": 4, "nflog": 5, "xfrm": 6, "selinux": 7, "iscsi": 8,
            "audit": 9, "fib-lookup": 10, "connector": 11, "netfilter": 12, "ip6-fw": 13, "dnrtmsg": 14,
            "kobject-uevent": 15, "generic": 16, "scsitransport": 18, "ecryptfs": 19, "rdma": 20, "crypto": 21}
SOCKETS = {**{name: (number, -1) for name, number in FAMILIES.items()},
           **{f"netlink-{name}": (16, number) for name, number in NETLINKS.items()}}
# In the order of their numbers (linux/capability.h).
CAPABILITIES = ("chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable "
                "net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot "
                "sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease "
                "audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read "
                "perfmon bpf checkpoint_restore").split()

# A rule of who may install or connect, as declarations write them.
RULES = ("allow-installation", "deny-installation", "allow-connection", "deny-connection", "allow-auto-connection",
         "deny-auto-connection")
CONSTRAINTS = ("plug-names", "slot-names", "plug-attributes", "slot-attributes", "plug-snap-type", "slot-snap-type",
               "plug-snap-id", "slot-snap-id", "plug-publisher-id", "slot-publisher-id", "on-classic", "on-store",
               "on-brand", "on-model", "slots-per-plug", "plugs-per-slot")

VARIABLE = re.compile(r"\$(HOME|RUNTIME|NAME|INSTANCE|OTHER|SYSTEM|PEER|SELF|(?:PLUG|SLOT)\([a-z][a-z0-9.-]*(?::(?:name|hex2|hex4))?\))")
SYSTEM_CALL = re.compile(r"~?[a-z_][a-z0-9_]*( (-|(>=|<=|!|<|>|\|)?(-?[0-9]+|[A-Z][A-Z0-9_]*)|[ug]:[a-z_][a-z0-9_-]*)){0,6}")
BUS_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)+(\.\*)?|\*")


class Wrong(Exception):
    pass


class Loader(yaml.SafeLoader):
    """A key that is there twice is an error, as everywhere in this house."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise Wrong("a key is there twice")
        return super().construct_mapping(node, deep)


def check(is_right, message):
    if not is_right:
        raise Wrong(message)


def check_keys(value, known, required, what):
    check(isinstance(value, dict), f"{what} is no mapping")
    for key, part in value.items():
        check(key in known, f"{what}: unknown key {key!r}")
        wanted = known[key] if isinstance(known[key], tuple) else (known[key],)
        is_right = isinstance(part, wanted) and (bool in wanted or not isinstance(part, bool))
        check(is_right, f"{what}: {key} is no {' or '.join(kind.__name__ for kind in wanted)}")
    for key in required:
        check(key in value, f"{what}: {key} is missing")


def check_words(words, known, what):
    for word in words:
        check(word in known, f"{what}: {word!r} is none of {', '.join(known)}")
    check(len(words) == len(set(words)), f"{what}: a word is there twice")


# --- attributes


def check_attribute(attribute, what, is_field=False):
    kind = attribute.get("type")
    check_keys(attribute, ATTRIBUTE, ["name", "type"], what)
    what = f"{what} {attribute['name']}"
    check(kind in TYPES, f"{what}: {kind!r} is none of {', '.join(TYPES)}")
    check((kind in ("choice", "choices")) == ("choices" in attribute), f"{what}: a choice has choices, no other has")
    check("pattern" not in attribute or kind in WITH_PATTERN, f"{what}: a {kind} has no pattern")
    check(kind == "int" or not {"minimum", "maximum"} & attribute.keys(), f"{what}: only an int has a minimum")
    check((kind == "entries") == ("fields" in attribute), f"{what}: entries have fields, no other has")
    check(not is_field or kind != "entries", f"{what}: entries in entries")
    if "pattern" in attribute:
        try:
            re.compile(attribute["pattern"])
        except re.error as error:
            raise Wrong(f"{what}: pattern: {error}") from error
        check("(?" not in attribute["pattern"] and "\\d" not in attribute["pattern"],
              f"{what}: patterns are POSIX extended ones")
    check_attributes(attribute.get("fields", []), f"{what} field", True)


def check_attributes(attributes, what, is_field=False):
    for attribute in attributes:
        check_attribute(attribute, what, is_field)
    names = [attribute["name"] for attribute in attributes]
    check(len(names) == len(set(names)), f"{what}: an attribute is there twice")
    return names


# --- grants


def check_variables(text, what):
    check("$" not in VARIABLE.sub("", text), f"{what}: {text!r} has a variable that nobody knows")
    check(re.fullmatch(r"[^\x00-\x1f\x7f]+", text), f"{what}: {text!r} has control characters")


def check_pattern(path, what):
    """Absolute or below $HOME, $RUNTIME or an attribute; "**" only as the last part."""
    check_variables(path, what)
    plain = VARIABLE.sub("v", path)
    is_placed = re.match(r"(\$SYSTEM)?(/|\$(HOME|RUNTIME)/)|\$(PLUG|SLOT)\(", path)
    check(is_placed, f"{what}: {path!r} is neither absolute nor below a variable")
    check(re.fullmatch(r"[A-Za-z0-9._/@:+*?{},\[\]^ -]+", plain), f"{what}: {path!r} has strange characters")
    parts = plain.strip("/").split("/")
    check("//" not in path and not path.endswith("/"), f"{what}: {path!r} is not clean")
    for part in parts:
        check(part not in (".", ".."), f"{what}: {path!r} is not clean")
        check("**" not in part or (part == "**" and part is parts[-1]), f"{what}: {path!r}: \"**\" is the last part or none")


def check_access(access, known, what):
    check(access and set(access) <= set(known) and len(access) == len(set(access)),
          f"{what}: access {access!r} is not of {', '.join(known)}")


def check_make(row, path, what):
    """What is made is a directory, by its name."""
    check("make" not in row or re.fullmatch(r"[01]?[0-7]{3}", row["make"]), f"{what}: make is a mode as \"0755\"")
    check("make" not in row or not re.search(r"[*?\[{]", path), f"{what}: a pattern cannot be made")


def check_file(row, what):
    check_keys(row, FILE, ["path", "access"], what)
    check_pattern(row["path"], what)
    check_make(row, row["path"], what)
    check_access(row["access"], "rwx", what)
    check(not row["path"].startswith("/dev/") or row["path"].startswith("/dev/shm/"),
          f"{what}: {row['path']} is a device: it goes into devices")


def check_device(row, what):
    check_keys(row, DEVICE, ["access"], what)
    check_access(row["access"], "rw", what)
    check("path" in row or "major" in row, f"{what}: path or major is needed")
    check(("major" in row) == ("kind" in row), f"{what}: major and kind belong together")
    check(row.get("kind", "char") in ("char", "block"), f"{what}: kind is char or block")
    check("minor" not in row or "major" in row, f"{what}: minor without major")
    check("property" not in row or ("path" in row and "major" not in row and re.fullmatch(r"[A-Z][A-Z0-9_]*", row["property"])),
          f"{what}: a property is one of udev's, of a path without a number")
    if "path" in row:
        check_pattern(row["path"], what)
        check(re.match(r"/dev/|\$(PLUG|SLOT)\(", row["path"]), f"{what}: {row['path']} is not below /dev")


def check_mount(row, what):
    check_keys(row, MOUNT, ["what", "where", "access"], what)
    for key in ("what", "where"):
        check_pattern(row[key], what)
        check(not re.search(r"[*?\[{]", row[key]), f"{what}: {row[key]!r} is a pattern")
    check_make(row, row["what"], what)
    check_access(row["access"], "rwx", what)


def check_bus(row, what):
    check_keys(row, BUS, ["bus"], what)
    verbs = [verb for verb in BUS_VERBS if verb in row]
    check(len(verbs) == 1, f"{what}: one of {', '.join(BUS_VERBS)}")
    check(row["bus"] in ("system", "session") or VARIABLE.fullmatch(row["bus"]), f"{what}: bus is system or session")
    name = row[verbs[0]]
    check_variables(name, what)
    # A variable stands for a whole name, or for a part of one.
    plain = re.sub(r"^\$(PLUG|SLOT)\([^)]*\)$", "a.b", name)
    check(BUS_NAME.fullmatch(VARIABLE.sub("v", plain)), f"{what}: {name!r} is no name of the bus")
    check(verbs[0] in ("call", "broadcast") or not {"path", "interface", "member"} & row.keys(),
          f"{what}: path, interface and member go with call and broadcast")
    check("path" not in row or re.fullmatch(r"/([A-Za-z0-9_]+/)*([A-Za-z0-9_]+|\*)?", VARIABLE.sub("v", row["path"])),
          f"{what}: {row.get('path')!r} is no path of an object")
    check("member" not in row or "interface" in row, f"{what}: member without interface")


def check_list(key, values, what):
    for value in values:
        check(isinstance(value, str) and value, f"{what} {key}: {value!r} is no text")
        check_variables(value, f"{what} {key}")
        if key == "unix-sockets":
            check_pattern(value, f"{what} {key}")
        if key == "abstract-sockets":
            check(value.startswith("@"), f"{what} {key}: {value!r} begins with @")
        if key == "system-calls":
            check(SYSTEM_CALL.fullmatch(VARIABLE.sub("0", value)), f"{what} {key}: {value!r} is no rule")
        if key == "kernel-modules":
            check(re.fullmatch(r"[a-z0-9_-]+", VARIABLE.sub("v", value)), f"{what} {key}: {value!r} is no module")
        if key == "apparmor":
            check(value.endswith(",") or value.startswith("#"), f"{what} {key}: {value!r} does not end with a comma")
        if key == "udev":
            check("==" in value and not re.search(r"TAG|RUN|[^=!]=[^=]", value), f"{what} {key}: {value!r} is not only matches")


def check_grants(block, what):
    for key, checker in (("files", check_file), ("devices", check_device), ("mounts", check_mount), ("dbus", check_bus)):
        for row in block.get(key, []):
            checker(row, f"{what} {key}")
    for key in LISTS:
        check_list(key, block.get(key, []), what)
    check_words(block.get("sockets", []), SOCKETS, f"{what} sockets")
    check_words(block.get("capabilities", []), CAPABILITIES, f"{what} capabilities")
    check(not block.get("listens") or block.get("sockets"), f"{what}: who listens needs sockets")
    for name, value in block.get("environment", {}).items():
        check(isinstance(value, str) and re.fullmatch(r"[A-Z_][A-Z0-9_]*", name), f"{what} environment: {name}")
        check_variables(value, f"{what} environment")


# --- sides, policy, the whole


def check_references(side, what, names):
    """$PLUG(a) and $SLOT(a) name an attribute that the file declares."""
    for which, name in re.findall(r"\$(PLUG|SLOT)\(([^)]*)\)", json.dumps(side)):
        check(re.split("[.:]", name)[0] in names[which.lower()], f"{what}: {which.lower()}s have no attribute {name!r}")


def check_side(side, what):
    check_keys(side, {**SIDE, **GRANTS}, [], what)
    names = check_attributes(side.get("attributes", []), f"{what} attribute")
    check_words(side.get("requires-one-of", []), names, f"{what} requires-one-of")
    check(("requires-one-of" in side) == ("requires-message" in side), f"{what}: requires-one-of and its message")
    for exclusion in side.get("excludes", []):
        check_keys(exclusion, EXCLUSION, ["attribute", "others", "message"], f"{what} excludes")
        check_words([exclusion["attribute"], *exclusion["others"]], names, f"{what} excludes")
    check_grants(side, what)
    check_keys(side.get("always", {}), GRANTS, [], f"{what} always")
    check_grants(side.get("always", {}), f"{what} always")
    for key in ("when", "unless"):
        for block in side.get(key, []):
            check_keys(block, {"attributes": dict, **GRANTS}, ["attributes"], f"{what} {key}")
            check_words(list(block["attributes"]), names, f"{what} {key}")
            check(block["attributes"] or key == "when", f"{what} {key}: attributes are needed")
            check_grants(block, f"{what} {key}")
    return names


def check_rule(rule, what):
    alternatives = rule if isinstance(rule, list) else [rule]
    for alternative in alternatives:
        if isinstance(alternative, bool):
            continue
        check(isinstance(alternative, dict) and alternative, f"{what} is neither true, false nor constraints")
        check_words(list(alternative), CONSTRAINTS, what)
        for key in ("plug-snap-type", "slot-snap-type"):
            check_words(alternative.get(key, []), SNAP_TYPES, f"{what} {key}")
        check(str(alternative.get("slots-per-plug", "1")) in ("1", "*"), f"{what}: slots-per-plug is 1 or *")


def check_policy(policy):
    check_keys(policy, {"plug": dict, "slot": dict}, [], "policy")
    for side, rules in policy.items():
        check_words(list(rules), RULES, f"policy {side}")
        for key, rule in rules.items():
            check_rule(rule, f"policy {side} {key}")


def check_kind(kind):
    check_keys(kind, TOP, ["summary", "implicit", "slot-types", "auto-connect"], "the file")
    check(re.fullmatch(r"[a-z][^\n]{5,79}[^.\n]", kind["summary"]), "summary: one line, no capital, no full stop")
    check_words(kind["implicit"], ("classic", "core"), "implicit")
    check_words(kind["slot-types"], SNAP_TYPES, "slot-types")
    check(kind["slot-types"], "slot-types: nobody could have a slot")
    check(kind["auto-connect"] in AUTO, f"auto-connect: one of {', '.join(AUTO)}")
    for key, value in kind.get("never-auto-connect-if", {}).items():
        check(isinstance(value, (str, bool)), f"never-auto-connect-if: {key} is neither text nor bool")
    check_policy(kind.get("policy", {}))
    names = {side: check_side(kind.get(side, {}), side) for side in ("plug", "slot")}
    for side in ("plug", "slot"):
        check_references(kind.get(side, {}), side, names)


# --- the table


def text(value):
    return "NULL" if value is None else json.dumps(value, ensure_ascii=True)


def data(value):
    return text(json.dumps(value, sort_keys=True, separators=(",", ":")))


def words(values):
    return "(const char *const[]){ " + ", ".join([text(v) for v in values] + ["NULL"]) + " }" if values else "NULL"


def flag(value):
    return "true" if value else "false"


def rows(kind, values):
    """A list that ends with an empty row, or NULL for an empty list."""
    return f"(const {kind}[]){{ " + ", ".join(values + ["{ 0 }"]) + " }" if values else "NULL"


def access(word):
    names = {"r": "READ", "w": "WRITE", "x": "EXECUTE"}
    return " | ".join(f"INTERFACE_ACCESS_{names[letter]}" for letter in word)


def write_attributes(attributes):
    values = []
    for a in attributes:
        parts = [f".name = {text(a['name'])}", f".type = ATTRIBUTE_{a['type'].upper().replace('-', '_')}"]
        parts += [f".is_required = {flag(a.get('is-required'))}", f".minimum = {a.get('minimum', 'INT64_MIN')}",
                  f".maximum = {a.get('maximum', 'INT64_MAX')}"]
        parts += [f".{key} = {text(a[key])}" for key in ("pattern", "message") if key in a]
        if "default" in a:
            parts.append(f".fallback = {text(a['default'])}")
        if "choices" in a:
            parts.append(f".choices = {words(a['choices'])}")
        if "fields" in a:
            parts.append(f".fields = {write_attributes(a['fields'])}")
        values.append("{ " + ", ".join(parts) + " }")
    return rows("InterfaceAttribute", values)


def write_exclusions(exclusions):
    return rows("InterfaceExclusion", [
        f"{{ {text(e['attribute'])}, {data(e['value']) if 'value' in e else 'NULL'}, {words(e['others'])}, "
        f"{text(e['message'])} }}" for e in exclusions])


def write_device(d):
    kind = {"char": "'c'", "block": "'b'"}.get(d.get("kind"), "0")
    return f"{{ {text(d.get('path'))}, {access(d['access'])}, {kind}, {d.get('major', -1)}, {d.get('minor', -1)}, {text(d.get('property'))} }}"


def write_bus(row):
    verb = next(v for v in BUS_VERBS if v in row)
    parts = [text(row["bus"]), f"INTERFACE_BUS_{verb.upper()}", text(row[verb])]
    return "{ " + ", ".join(parts + [text(row.get(key)) for key in ("path", "interface", "member")]) + " }"


def write_grants(g):
    flags = " | ".join("INTERFACE_" + f.upper().replace("-", "_") for f in FLAGS if g.get(f)) or "0"
    bits = sum(1 << CAPABILITIES.index(name) for name in g.get("capabilities", []))
    lists = [f"[INTERFACE_LIST_{key.upper().replace('-', '_')}] = {words(g[key])}" for key in LISTS if g.get(key)]
    sockets = [f"{{ {text(s)}, {SOCKETS[s][0]}, {SOCKETS[s][1]} }}" for s in g.get("sockets", [])]
    mounts = [f"{{ {text(m['what'])}, {text(m['where'])}, {access(m['access'])}, {text(m.get('make'))} }}" for m in g.get("mounts", [])]
    files = [f"{{ {text(f['path'])}, {access(f['access'])}, {text(f.get('make'))} }}" for f in g.get("files", [])]
    variables = [f"{{ {text(k)}, {text(v)} }}" for k, v in g.get("environment", {}).items()]
    parts = [("flags", flags), ("capabilities", f"{bits:#x}"), ("files", rows("InterfaceFile", files)),
             ("devices", rows("InterfaceDevice", [write_device(d) for d in g.get("devices", [])])),
             ("sockets", rows("InterfaceSocket", sockets)), ("mounts", rows("InterfaceMount", mounts)),
             ("dbus", rows("InterfaceBus", [write_bus(b) for b in g.get("dbus", [])])),
             ("environment", rows("InterfaceVariable", variables)), ("lists", "{ " + ", ".join(lists or ["0"]) + " }")]
    return ", ".join(f".{name} = {value}" for name, value in parts if value not in ("NULL", "0", "0x0", "{ 0 }"))


def write_block(grants, when, is_always=False, is_unless=False):
    inner = write_grants(grants) or ".flags = 0"
    condition = f".condition = {data(when)}, " if when else ""
    return f"{{ .is_always = {flag(is_always)}, .is_unless = {flag(is_unless)}, {condition}.grants = &(const InterfaceGrants){{ {inner} }} }}"


def write_side(side):
    blocks = [write_block(side, None)]
    blocks += [write_block(side["always"], None, True)] if "always" in side else []
    blocks += [write_block(block, block["attributes"]) for block in side.get("when", [])]
    blocks += [write_block(block, block["attributes"], is_unless=True) for block in side.get("unless", [])]
    return f"""{{
                .attributes = {write_attributes(side.get("attributes", []))},
                .has_only_known = {flag(side.get("only-known-attributes"))},
                .requires_one_of = {words(side.get("requires-one-of", []))},
                .requires_message = {text(side.get("requires-message"))},
                .message_prefix = {text(side.get("message-prefix", ""))},
                .excludes = {write_exclusions(side.get("excludes", []))},
                .blocks = {rows("InterfaceBlock", blocks)},
        }}"""


def derive_policy(kind):
    """The rules that the short keys stand for; what `policy` says itself goes before."""
    plug, slot = {}, {}
    if kind.get("super-privileged"):
        plug["allow-installation"] = False
    slot["allow-installation"] = {"slot-snap-type": kind["slot-types"]}
    denied = {"never": [True], "classic": [{"on-classic": False}]}.get(kind["auto-connect"], [])
    never = kind.get("never-auto-connect-if")
    denied += [{"plug-attributes": {key: str(value).lower() for key, value in never.items()}}] if never else []
    if denied:
        slot["deny-auto-connection"] = denied[0] if len(denied) == 1 else denied
    if kind["auto-connect"] == "same-publisher":
        name = kind.get("must-match")
        matching = {"plug-attributes": {name: f"$SLOT({name})"}} if name else {}
        slot["allow-auto-connection"] = {"plug-publisher-id": ["$SLOT_PUBLISHER_ID"], **matching}
    own = kind.get("policy", {})
    plug, slot = {**plug, **own.get("plug", {})}, {**slot, **own.get("slot", {})}
    # Where there is a rule of the plug, the slot's is not asked for a connection.
    if plug:
        plug = {**{key: rule for key, rule in slot.items() if key.endswith("connection")}, **plug}
    return {"plug": plug, "slot": slot}


def write_kind(name, kind):
    return f"""        {{
        .name = {text(name)},
        .summary = {text(kind["summary"])},
        .is_implicit_on_classic = {flag("classic" in kind["implicit"])},
        .is_implicit_on_core = {flag("core" in kind["implicit"])},
        .slot_types = {words(kind["slot-types"])},
        .auto_connect = INTERFACE_AUTO_{kind["auto-connect"].upper().replace("-", "_")},
        .never_auto_if = {data(kind.get("never-auto-connect-if", {}))},
        .must_match = {text(kind.get("must-match"))},
        .plug_sees_slot = {flag(kind.get("plug-sees-slot"))},
        .policy = {data(derive_policy(kind))},
        .plug = {write_side(kind.get("plug", {}))},
        .slot = {write_side(kind.get("slot", {}))},
        }},
"""


def read_kind(file):
    try:
        check(re.fullmatch(r"[a-z](?:-?[a-z0-9])*", file.stem), "the file's name is no interface's")
        kind = yaml.load(file.read_text(), Loader)
        check_kind(kind)
        return write_kind(file.stem, kind)
    except (Wrong, yaml.YAMLError) as error:
        sys.exit(f"{file}: {error}")


def main():
    out, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    # In the order of strcmp: the table is searched by halves.
    files = sorted(directory.glob("*.yaml"), key=lambda file: file.stem.encode())
    pathlib.Path(out).write_text(
        "/* SPDX-License-Identifier: Apache-2.0 -- made by embed-interfaces.py */\n"
        '#include "interface/interface-kind.h"\n\n'
        "const InterfaceKind interface_kinds[] = {\n" + "".join(map(read_kind, files)) + "};\n"
        f"const size_t interface_kind_count = {len(files)};\n")
    if len(sys.argv) > 3:
        pathlib.Path(sys.argv[3]).write_text(f"{out}: {' '.join(map(str, [directory, *files]))}\n")


main()
