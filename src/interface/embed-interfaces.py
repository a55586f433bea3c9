#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks interfaces/NAME.yaml files and turns them into one C table: embed-interfaces.py OUT FILE..."""
import json
import pathlib
import re
import sys

import yaml

AUTO = {"never": "NEVER", "always": "ALWAYS", "classic": "CLASSIC", "same-publisher": "SAME_PUBLISHER"}
TYPES = ("text", "choice", "home-paths", "system-paths", "share-path", "share-paths", "share-source")
SOCKETS = ("inet", "inet6", "netlink-route")
TOP = {"summary": str, "implicit": list, "slot-types": list, "auto-connect": str, "never-auto-connect-if": dict,
       "must-match": str, "plug-sees-slot": bool, "plug": dict, "slot": dict}
SIDE = {"attributes": list, "requires-one-of": list, "requires-message": str, "message-prefix": str, "sockets": list,
        "lifts-tcp": bool, "listens": bool, "shows-home": bool, "places": list}
ATTRIBUTE = {"name": str, "type": str, "is-required": bool, "choices": list, "message": str}
PLACE = {"path": str, "attribute": str, "writable": bool}


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
        check(isinstance(part, known[key]), f"{what}: {key} is no {known[key].__name__}")
    for key in required:
        check(key in value, f"{what}: {key} is missing")


def check_words(words, known, what):
    for word in words:
        check(word in known, f"{what}: {word!r} is none of {', '.join(known)}")
    check(len(words) == len(set(words)), f"{what}: a word is there twice")


def check_place(place, names, what):
    check_keys(place, PLACE, ["writable"], what)
    check(("path" in place) != ("attribute" in place), f"{what}: either path or attribute")
    if "path" in place:
        check(re.fullmatch(r"(/[A-Za-z0-9._-]*[A-Za-z0-9_-])+", place["path"]), f"{what}: {place['path']} is not clean")
    else:
        check(names.get(place["attribute"]) in ("home-paths", "system-paths"),
              f"{what}: {place['attribute']} is no attribute with paths")


def check_side(side, what):
    check_keys(side, SIDE, [], what)
    names = {}
    for attribute in side.get("attributes", []):
        check_keys(attribute, ATTRIBUTE, ["name", "type"], f"{what} attribute")
        check(attribute["name"] not in names, f"{what}: attribute {attribute['name']} is there twice")
        check(attribute["type"] in TYPES, f"{what}: {attribute['type']!r} is none of {', '.join(TYPES)}")
        check((attribute["type"] == "choice") == ("choices" in attribute), f"{what}: a choice has choices, no other has")
        names[attribute["name"]] = attribute["type"]
    check_words(side.get("requires-one-of", []), names, f"{what} requires-one-of")
    check(("requires-one-of" in side) == ("requires-message" in side), f"{what}: requires-one-of and its message")
    check_words(side.get("sockets", []), SOCKETS, f"{what} sockets")
    check(not side.get("listens") or side.get("sockets"), f"{what}: who listens needs sockets")
    for place in side.get("places", []):
        check_place(place, names, f"{what} place")


def check_kind(kind):
    check_keys(kind, TOP, ["summary", "implicit", "slot-types", "auto-connect"], "the file")
    check(re.fullmatch(r"[a-z][^\n]{5,79}[^.\n]", kind["summary"]), "summary: one line, no capital, no full stop")
    check_words(kind["implicit"], ("classic", "core"), "implicit")
    check_words(kind["slot-types"], ("core", "app", "gadget"), "slot-types")
    check(kind["slot-types"], "slot-types: nobody could have a slot")
    check(kind["auto-connect"] in AUTO, f"auto-connect: one of {', '.join(AUTO)}")
    for key, value in kind.get("never-auto-connect-if", {}).items():
        check(isinstance(value, str), f"never-auto-connect-if: {key} is no text")
    for side in ("plug", "slot"):
        check_side(kind.get(side, {}), side)


def text(value):
    return "NULL" if value is None else json.dumps(value)


def words(values):
    return "(const char *const[]){ " + ", ".join([text(v) for v in values] + ["NULL"]) + " }"


def flag(value):
    return "true" if value else "false"


def write_attributes(attributes):
    rows = []
    for a in attributes:
        kind = "ATTRIBUTE_" + a["type"].upper().replace("-", "_")
        choices = words(a["choices"]) if "choices" in a else "NULL"
        rows.append(f"{{ {text(a['name'])}, {kind}, {flag(a.get('is-required'))}, {choices}, {text(a.get('message'))} }}")
    return "(const InterfaceAttribute[]){ " + ", ".join(rows + ["{ 0 }"]) + " }"


def write_places(places):
    rows = [f"{{ {text(p.get('path'))}, {text(p.get('attribute'))}, {flag(p['writable'])} }}" for p in places]
    return "(const InterfacePlace[]){ " + ", ".join(rows + ["{ 0 }"]) + " }"


def write_side(side):
    sockets = " | ".join("INTERFACE_SOCKET_" + s.upper().replace("-", "_") for s in side.get("sockets", [])) or "0"
    required = words(side["requires-one-of"]) if "requires-one-of" in side else "NULL"
    return f"""{{
                .attributes = {write_attributes(side.get("attributes", []))},
                .requires_one_of = {required},
                .requires_message = {text(side.get("requires-message"))},
                .message_prefix = {text(side.get("message-prefix", ""))},
                .sockets = {sockets},
                .lifts_tcp = {flag(side.get("lifts-tcp"))},
                .listens = {flag(side.get("listens"))},
                .shows_home = {flag(side.get("shows-home"))},
                .places = {write_places(side.get("places", []))},
        }}"""


def write_kind(name, kind):
    never = json.dumps(kind.get("never-auto-connect-if", {}), sort_keys=True, separators=(",", ":"))
    return f"""        {{
        .name = {text(name)},
        .summary = {text(kind["summary"])},
        .is_implicit_on_classic = {flag("classic" in kind["implicit"])},
        .is_implicit_on_core = {flag("core" in kind["implicit"])},
        .slot_types = {words(kind["slot-types"])},
        .auto_connect = INTERFACE_AUTO_{AUTO[kind["auto-connect"]]},
        .never_auto_if = {text(never)},
        .must_match = {text(kind.get("must-match"))},
        .plug_sees_slot = {flag(kind.get("plug-sees-slot"))},
        .plug = {write_side(kind.get("plug", {}))},
        .slot = {write_side(kind.get("slot", {}))},
        }},
"""


def read_kind(file):
    name = pathlib.Path(file).stem
    try:
        check(re.fullmatch(r"[a-z](?:-?[a-z0-9])*", name), "the file's name is no interface's")
        kind = yaml.load(pathlib.Path(file).read_text(), Loader)
        check_kind(kind)
        return write_kind(name, kind)
    except (Wrong, yaml.YAMLError) as error:
        sys.exit(f"{file}: {error}")


def main():
    out, files = sys.argv[1], sorted(sys.argv[2:], key=lambda f: pathlib.Path(f).stem)
    pathlib.Path(out).write_text(
        "/* SPDX-License-Identifier: Apache-2.0 -- made by embed-interfaces.py */\n"
        '#include "interface/interface-kind.h"\n\n'
        "const InterfaceKind interface_kinds[] = {\n" + "".join(map(read_kind, files)) + "};\n"
        f"const size_t interface_kind_count = {len(files)};\n")


main()
