# SPDX-License-Identifier: Apache-2.0
"""What the fake daemon answers: one function per scenario, each giving a fresh table."""
import datetime
import json

from fake_server import Dropped, Raw, Sequence, accepted, error, sync


def ago(**delta):
    """A time relative to now: relative ages are printed by both clients in the same second or so."""
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**delta)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def noon(days):
    """Noon UTC so many days ago, so that words like yesterday do not depend on the hour of the test."""
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    return moment.strftime("%Y-%m-%dT12:00:00.123456789Z")


SYSTEM_INFO = {
    "series": "16", "version": "0.1.0", "build-id": "abc", "os-release": {"id": "debian", "version-id": "12"},
    "on-classic": True, "managed": False, "kernel-version": "6.1.0-9-amd64",
    "locations": {"snap-mount-dir": "/snap", "snap-bin-dir": "/snap/bin"},
    "refresh": {"timer": "00:00~24:00/4", "last": "2024-03-01T10:00Z", "next": "2024-03-01T18:00Z"},
    "architecture": "amd64", "system-mode": "run", "confinement": "partial",
    "sandbox-features": {"confinement-options": ["classic", "devmode"]},
}


def snap(name, **more):
    base = {
        "id": "", "title": name, "summary": "The %s program" % name, "description": "It does what %s does." % name,
        "installed-size": 4096, "install-date": "2024-03-01T10:20:30.5Z", "name": name, "developer": "",
        "status": "active", "type": "app", "version": "1.0", "channel": "", "ignore-validation": False,
        "revision": "x1", "confinement": "strict", "private": False, "devmode": False, "jailmode": False,
        "contact": "", "mounted-from": "/var/lib/snapd/snaps/%s_x1.snap" % name,
    }
    base.update({key.replace("_", "-"): value for key, value in more.items()})
    return base


CANONICAL = {"id": "canonical", "username": "canonical", "display-name": "Canonical", "validation": "verified"}
STARRED = {"id": "star1", "username": "star", "display-name": "Star Maker", "validation": "starred"}
PLAIN = {"id": "joe1", "username": "joe-doe", "display-name": "Joe Doe", "validation": "unproven"}
OTHER = {"id": "a1", "username": "acme", "display-name": "Acme Incorporated", "validation": "verified"}

HELLO = snap("hello", version="2.10", base="core22", apps=[
    {"snap": "hello", "name": "hello"}, {"snap": "hello", "name": "extra"},
    {"snap": "hello", "name": "server", "daemon": "simple", "enabled": True, "active": True}], license="GPL-3.0",
    website="https://hello.example", contact="mailto:a@b.example")
LIST = [
    HELLO,
    snap("core22", id="id22", type="base", version="20240111", revision="1122", channel="stable",
         tracking_channel="latest/stable", publisher=CANONICAL, developer="canonical"),
    snap("core", id="idc", type="os", version="16-2.61", revision="99", tracking_channel="latest/edge",
         publisher=CANONICAL),
    snap("snapd", id="ids", type="snapd", version="2.61", revision="20671", tracking_channel="latest/stable",
         publisher=CANONICAL),
    snap("devel", confinement="devmode", devmode=True, version="0+git", publisher=PLAIN, revision="7",
         tracking_channel="1.0/candidate/fix-123"),
    snap("jailed", jailmode=True, confinement="devmode", devmode=False, publisher=STARRED, revision="8",
         tracking_channel="latest/beta"),
    snap("classy", confinement="classic", version="", revision="12", publisher=OTHER, tracking_channel="9/stable"),
    snap("asleep", status="installed"),
    snap("tried", trymode=True, mounted_from="/home/me/tried"),
    snap("wreck", broken="cannot read", status="installed", version=""),
    snap("hidden", private=True, ignore_validation=True, cohort_key="abc", publisher=PLAIN),
    snap("sick", health={"revision": "x1", "timestamp": "2024-01-01T00:00:00Z", "status": "waiting",
                         "message": "for network"}),
    snap("fine", health={"revision": "x1", "timestamp": "2024-01-01T00:00:00Z", "status": "okay"}),
    snap("hello_two", version="2.10~ü", revision="x12"),
    snap("board", type="gadget"), snap("linux", type="kernel"),
]


def task(ident, kind, summary, status="Done", **more):
    value = {"id": ident, "kind": kind, "summary": summary, "status": status,
             "progress": {"label": "", "done": 1, "total": 1}, "spawn-time": "2024-03-01T10:20:30.5Z"}
    if status in ("Done", "Undone", "Error", "Hold"):
        value["ready-time"] = "2024-03-01T10:20:33.25Z"
    value.update({key.replace("_", "-"): v for key, v in more.items()})
    return value


def change(ident, kind="install-snap", summary='Install "hello" snap', status="Done", tasks=None, **more):
    ready = status in ("Done", "Undone", "Error", "Hold")
    value = {"id": ident, "kind": kind, "summary": summary, "status": status, "ready": ready,
             "spawn-time": "2024-03-01T10:20:30.123456789Z",
             "tasks": tasks if tasks is not None else [task("1", "prepare-snap", 'Prepare snap "hello"', status)]}
    if ready:
        value["ready-time"] = "2024-03-01T10:20:34.123456789Z"
    value.update({key.replace("_", "-"): v for key, v in more.items()})
    return value


FAILED = ('cannot perform the following tasks:\n- Mount snap "hello" (x1) (cannot mount: '
          "no such device)\n- Run install hook (exit status 1)")
LOGGED = change("7", status="Error", err=FAILED, summary='Install "broken" snap', tasks=[
    task("70", "prerequisites", 'Ensure prerequisites for "hello" are available'),
    task("71", "prepare-snap", 'Prepare snap "/tmp/hello.snap" (unset)', "Undone"),
    task("72", "mount-snap", 'Mount snap "hello" (x1)', "Error", log=[
        "2024-03-01T10:20:31Z INFO starting", "2024-03-01T10:20:32Z ERROR cannot mount: no such device"]),
    task("73", "copy-snap-data", 'Copy snap "hello" data', "Hold"),
])
RUNNING = change("8", kind="refresh-snap", summary='Refresh "hello" snap', status="Doing", tasks=[
    task("80", "prerequisites", 'Ensure prerequisites for "hello" are available'),
    task("81", "download-snap", 'Download snap "hello" (12) from channel "latest/stable"', "Doing",
         progress={"label": "hello", "done": 500000, "total": 1000000}),
    task("82", "mount-snap", 'Mount snap "hello" (12)', "Do")])
CHANGES = [
    change("5", spawn_time=noon(3), ready_time=noon(3)),
    change("6", kind="remove-snap", summary='Remove "hello" snap', spawn_time=noon(1), ready_time=noon(0)),
    LOGGED, change("9", kind="auto-refresh", summary='Auto-refresh snaps "a", "b"', spawn_time=noon(20),
                   ready_time=noon(19)), RUNNING,
    change("10", kind="revert-snap", summary='Revert "hello" snap', status="Hold", spawn_time=noon(90),
           ready_time=noon(61)),
]


def filter_snaps(snaps):
    def answer(query, body):
        names = query.get("snaps")
        found = [s for s in snaps if not names or s["name"] in names.split(",")]
        return sync(found)
    return answer


def filter_changes(changes):
    def answer(query, body):
        wanted = query.get("for")
        return sync([c for c in changes if not wanted or '"%s"' % wanted in c["summary"]])
    return answer


def normal():
    table = {
        ("GET", "/v2/system-info"): sync(SYSTEM_INFO),
        ("GET", "/v2/snaps"): filter_snaps(LIST),
        ("GET", "/v2/changes"): filter_changes(CHANGES),
        ("GET", "/v2/find"): error(404, "snap not found", "snap-not-found", reason="Not Found"),
        ("GET", "/v2/warnings"): sync([]),
        ("POST", "/v2/snaps"): accepted("42"),
        ("POST", "/v2/changes/8"): sync(RUNNING),
        ("POST", "/v2/changes/5"): error(400, "cannot abort change 5 with nothing pending"),
    }
    for entry in CHANGES:
        table["GET", "/v2/changes/" + entry["id"]] = sync(entry)
    table["GET", "/v2/changes/9999"] = error(404, 'cannot find change with id "9999"')
    for entry in LIST:
        table["GET", "/v2/snaps/" + entry["name"]] = sync(entry)
        table["POST", "/v2/snaps/" + entry["name"]] = accepted("42")
    table["GET", "/v2/changes/42"] = Sequence(
        sync(change("42", status="Do")), sync(change("42", status="Doing")),
        sync(change("42", data={"snap-name": "hello", "snap-names": ["hello"]})))
    return table


def end(kind, snap, name, interface, **more):
    return {"snap": snap, kind: name, "interface": interface, **more}


def connection(plug, slot, interface, **more):
    return {"plug": dict(zip(("snap", "plug"), plug.split(":"))), "slot": dict(zip(("snap", "slot"), slot.split(":"))),
            "interface": interface, **more}


def connected():
    table = normal()
    system = [end("slot", "core", "network", "network", connections=[{"snap": "hello", "plug": "network"}]),
              end("slot", "core", "home", "home")]
    table["GET", "/v2/connections"] = sync({
        "established": [
            connection("hello:network", "core:network", "network"),
            connection("hello:shared", "other:things", "content", manual=True,
                       **{"plug-attrs": {"content": "things", "target": "$SNAP/in"}}),
            connection("hello:state", "other:state", "content", manual=True, gadget=True),
            connection("zed:network", "snapd:network", "network", gadget=True)],
        "plugs": [end("plug", "hello", "network", "network", connections=[{"snap": "core", "slot": "network"}]),
                  end("plug", "hello", "home", "home"), end("plug", "hello", "away", "content")],
        "slots": system + [end("slot", "other", "extra", "content")]})
    table["POST", "/v2/interfaces"] = accepted("42")
    return table


def interfaces_refused(*answer):
    def make():
        table = connected()
        table["POST", "/v2/interfaces"] = error(*answer)
        table["GET", "/v2/connections"] = error(404, 'no snap named "x" is installed', "snap-not-found", "x")
        return table
    return make


# As the daemon has them: name, summary and, where asked for, who has it.
INTERFACES = [
    {"name": "content", "summary": "allows sharing code and data with other snaps", "doc-url": "https://example.org/content",
     "plugs": [end("plug", "hello", "shared", "", label="Things of others",
                   attrs={"content": "things", "target": "$SNAP/in", "number": 7, "large": 1234567890123456789, "part": 1.5,
                          "yes": True, "no": False, "none": None, "list": ["a", 2], "map": {"k": "v"}, "text": "a: b\nc"}),
               end("plug", "hello", "away", "")],
     "slots": [end("slot", "other", "things", "", attrs={"content": "things"}), end("slot", "other", "content", "")]},
    {"name": "home", "summary": "allows access to non-hidden files in the home directory",
     "slots": [end("slot", "core", "home", "")]},
    {"name": "network", "summary": "allows access to the network", "plugs": [end("plug", "hello", "network", "")],
     "slots": [end("slot", "snapd", "network", ""), end("slot", "system", "network", ""), end("slot", "core", "net", "")]},
    {"name": "nameless"}]


def answer_interfaces(query, body):
    """Of the kinds of answers the one that was asked for; without "select" that of old."""
    if "select" not in query:
        return connected()["GET", "/v2/connections"]
    names = query.get("names")
    return sync([i for i in INTERFACES if (not names or i["name"] in names.split(",")) and
                 (query["select"] == "all" or i["name"] != "nameless")])


def with_interfaces():
    table = connected()
    table["GET", "/v2/interfaces"] = answer_interfaces
    return table


def no_interfaces():
    table = unconnected()
    table["GET", "/v2/interfaces"] = sync([])
    return table


def unconnected():
    table = connected()
    table["GET", "/v2/connections"] = sync({"established": [], "plugs": [], "slots": []})
    return table


def with_snap(**more):
    def make():
        table = normal()
        changed = dict(HELLO, **{key.replace("_", "-"): value for key, value in more.items()})
        table["GET", "/v2/snaps"] = filter_snaps([changed] + LIST[1:])
        table["GET", "/v2/snaps/hello"] = sync(changed)
        return table
    return make


def empty():
    table = normal()
    table["GET", "/v2/snaps"] = sync([])
    table["GET", "/v2/changes"] = sync([])
    return table


def refused(*answer, **more):
    """Every request that wants something done gets this error."""
    def make():
        table = normal()
        for method, path in list(table):
            if method == "POST":
                table[method, path] = error(*answer, **more)
        return table
    return make


def finishing(*changes):
    """The change that an operation starts goes through these and stays at the last."""
    def make():
        table = normal()
        table["GET", "/v2/changes/42"] = Sequence(*changes)
        return table
    return make


def everything(answer):
    def make():
        table = normal()
        for key in table:
            table[key] = answer
        return table
    return make


def warned():
    table = normal()
    for key in [("GET", "/v2/snaps"), ("GET", "/v2/system-info"), ("GET", "/v2/changes")]:
        old = table[key]
        value = old({}, b"") if callable(old) else old
        table[key] = dict(value, **{"warning-count": 2, "warning-timestamp": "2024-03-01T10:00:00Z"})
    table["GET", "/v2/warnings"] = sync([
        {"message": "something is wrong", "first-added": noon(2), "last-added": noon(1),
         "expire-after": "672h0m0s", "repeat-after": "24h0m0s"},
        {"message": "a longer text which goes on and on, past the width of any terminal of eighty columns, and on",
         "first-added": noon(5), "last-added": noon(4), "last-shown": noon(3), "expire-after": "672h0m0s",
         "repeat-after": "24h0m0s"}])
    table["POST", "/v2/warnings"] = sync(2)
    return table


def several(names):
    def make():
        table = normal()
        table["GET", "/v2/changes/42"] = Sequence(
            sync(change("42", status="Doing")), sync(change("42", data={"snap-names": names})))
        return table
    return make


def boundary():
    """Both sides of what is told in days, and what comes; sixty days are the last."""
    table = normal()
    entries = [change(str(100 + day), spawn_time=noon(day), ready_time=noon(day - 1), summary="day %d" % day)
               for day in (-62, -61, -60, -2, -1, 0, 1, 2, 59, 60, 61, 62)]
    entries.append(change("300", spawn_time="2024-02-29T23:59:59+02:00", ready_time="0001-01-01T00:00:00Z"))
    table["GET", "/v2/changes"] = sync(entries)
    info = dict(SYSTEM_INFO, refresh={"timer": "00:00~24:00/4", "last": noon(1), "next": noon(-1), "hold": noon(-70)})
    table["GET", "/v2/system-info"] = sync(info)
    strange = dict(HELLO, health={"revision": "x1", "timestamp": noon(2), "status": "blocked", "message": "no disk"},
                   description="One line.\n\nA second paragraph that is so long that it must be broken somewhere, as a "
                   "terminal has but eighty columns and this has more.\n- a list\n  indented", license="")
    table["GET", "/v2/snaps/hello"] = sync(strange)
    return table


LONG = ("A line that is so long that it must be broken somewhere, as a terminal has but eighty columns, and more.  \n"
        "\n   \n    - an indented one, averyveryverylongwordwithoutanyblanks" + "averyveryverylongwordwithoutanyblanks" * 3 +
        "      with gaps          and more of them                   between  words \nümläüte " + "überlänge " * 12 + "\n\n")


def odd():
    """Texts that a package chose: long, empty, or like YAML; durations of every size."""
    table = normal()
    table["GET", "/v2/snaps/hello"] = sync(dict(HELLO, summary="a: summary " + "which goes on and on " * 8, description=LONG))
    table["GET", "/v2/warnings"] = sync([
        {"message": LONG, "first-added": noon(2), "last-added": noon(1), "expire-after": after, "repeat-after": "1h0m0s"}
        for after in ("1m1s", "10m0s", "1h1m0s", "9h59m0s", "10h0m0s", "23h59m0s", "24h0m0s", "239h59m0s", "672h0m0s",
                      "2400h0m0s", "9000h0m0s")])
    return table


def sizes():
    table = normal()
    for name, size in (("a", 0), ("b", 999), ("c", 1000), ("d", 123456789), ("e", 9999999999)):
        table["GET", "/v2/snaps/" + name] = sync(snap(name, installed_size=size))
    return table


def broken_body(text):
    data = text.encode()
    return Raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data)


SCENARIOS = {
    "normal": normal,
    "empty": empty,
    "connected": connected,
    "unconnected": unconnected,
    "interfaces": with_interfaces,
    "no-interfaces": no_interfaces,
    "unchanged": interfaces_refused(400, "nothing to do", "interfaces-unchanged"),
    "no-plug": interfaces_refused(400, 'snap "hello" has no plug named "x"'),
    "conflict": refused(409, 'snap "hello" has "install-snap" change in progress', "snap-change-conflict",
                        {"snap-name": "hello", "change-kind": "install-snap"}),
    "not-a-snap": refused(400, "there is no meta/snap.yaml", "snap-not-a-snap"),
    "installed": refused(400, 'snap "hello" is already installed', "snap-already-installed", "hello"),
    "not-installed": refused(400, 'snap "hello" is not installed', "snap-not-installed", "hello"),
    "denied": refused(401, "access denied", "login-required"),
    "forbidden": refused(403, "access denied", "login-required"),
    "cancelled": refused(403, "cancelled", "auth-cancelled"),
    "needs-classic": refused(400, 'snap "hello" requires classic confinement', "snap-needs-classic", "hello"),
    "needs-devmode": refused(400, 'snap "hello" requires devmode', "snap-needs-devmode", "hello"),
    "needs-classic-system": refused(400, "no classic", "snap-needs-classic-system", "hello"),
    "not-classic": refused(400, "not a classic snap", "snap-not-classic", "hello"),
    "no-update": refused(400, "snap has no updates available", "snap-no-update-available", ""),
    "local": refused(400, "local snap", "snap-local", ""),
    "not-found": refused(404, "snap not found", "snap-not-found", "hello"),
    "no-revision": refused(404, "no snap revision available as specified", "snap-revision-not-available", "hello"),
    "disk": refused(507, "insufficient space in /var/lib/snapd to perform install", "insufficient-disk-space",
                    {"snap-names": ["hello"], "change-kind": "install"}),
    "unsigned": refused(400, 'cannot find signatures with metadata for snap "hello.snap"'),
    "plain-error": refused(500, "something broke\nin two lines"),
    "empty-error": refused(500, "", reason="Internal Server Error"),
    "busy": refused(409, 'snap "hello" has running apps (hello), pids: 12', "busy"),
    "network": refused(400, "unable to contact snap store", "network-timeout"),
    "failed": finishing(sync(change("42", status="Doing")), sync(change("42", status="Error", err=FAILED))),
    "held": finishing(sync(change("42", status="Hold"))),
    "undone": finishing(sync(change("42", status="Undone", err="cannot do it"))),
    "gone": finishing(sync(change("42", status="Doing")), error(404, 'cannot find change with id "42"')),
    "no-data": finishing(sync(change("42"))),
    "dropped-poll": finishing(sync(change("42", status="Doing")), Dropped(),
                              sync(change("42", data={"snap-name": "hello", "snap-names": ["hello"]}))),
    "many": several(["hello", "core22"]),
    "many-none": several([]),
    "warned": warned,
    "no-change": everything(sync(None)),
    "all-errors": everything(error(500, "no database", reason="Internal Server Error")),
    "not-json": everything(broken_body("hello there")),
    "half-json": everything(broken_body('{"type": "sync", ')),
    "beta": with_snap(publisher=PLAIN, channel="beta", tracking_channel="latest/beta"),
    "stable": with_snap(publisher=CANONICAL, channel="stable", tracking_channel="latest/stable"),
    "tracked": with_snap(publisher=OTHER, channel="2.0/edge", tracking_channel="2.0/edge"),
    "mismatch": with_snap(publisher=STARRED, channel="stable", tracking_channel="latest/edge"),
    "devmode": with_snap(confinement="devmode", devmode=True),
    "jailmode": with_snap(confinement="devmode", devmode=False, jailmode=True),
    "boundary": boundary,
    "sizes": sizes,
    "odd": odd,
}
