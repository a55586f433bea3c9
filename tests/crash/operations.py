# SPDX-License-Identifier: Apache-2.0
"""The operations of the crash campaign: what a client asks for, and on which root.

An undo is reached as a user reaches it: a hook that fails later in the same change, an abort by the client while a
later task is held, a disk that is full.  No state is edited.
"""
import json
import os

import stage
from stage import Failure

KILLS, FAILURES = ("daemon", "worker", "helper", "any", "synced", "again", "both"), ("io", "space", "full")
WAYS = [*KILLS, *FAILURES]
# What ./test has of operations that are like others which it has whole.
BRIEFLY = ("daemon", "worker", "io")
# Every first call with every second one: for one operation of few calls.
BOTH = ("disconnect",)


class Operation:
    """What a client asks for (`act`), on a root that `prepare` made from what was there before."""

    def __init__(self, name, act, prepare=(), marks=(), **traits):
        self.name, self.act, self.prepare, self.marks = name, act, prepare, marks
        self.goes_back = traits.pop("goes_back", False)  # its end is its beginning
        # One lane goes on and another back: where a call fails, there are more than two ends.
        self.is_mixed = traits.pop("is_mixed", False)
        # What leads it back is gone after a kill: then it may also end Done, as `plain` does undisturbed.
        self.plain = traits.pop("plain", None)
        self.is_kill_only = traits.pop("is_kill_only", False)
        self.insists = traits.pop("insists", False)  # the client asks the next daemon again
        self.tracing = traits.pop("tracing", [])  # options of kill-at besides those of the way
        self.is_brief = traits.pop("is_brief", False)
        # A program that runs before; once the change is stored and Done, it has ended.
        self.running = traits.pop("running", None)
        assert not traits, traits

    def may_go(self, way):
        if way == "both":
            return self.name in BOTH
        return way not in ("helper", *FAILURES) or not (self.is_mixed or self.is_kill_only)


def add(*files, **fields):
    return lambda root, packages: stage.install(root, packages, files, **fields)


def do(name, action, **more):
    return lambda root, packages: stage.act_on(root, name, action, **more)


def try_directory(root, packages):
    """The third revision, unpacked: the same directory for every root."""
    return stage.install(root, packages, (), **{"action": "try", "snap-path": f"{packages}/unpacked"})


def interfaces(action, snap="app", plug="network", slot=None, slot_snap=""):
    body = {"action": action, "plugs": [{"snap": snap, "plug": plug}], "slots": [{"snap": slot_snap, "slot": slot or plug}]}
    return lambda root, _: stage.ask(root, "POST", "/v2/interfaces", json.dumps(body),
                                     {"Content-Type": "application/json"})


def content(action, *plugs):
    """Without a plug: all that hang on the slot."""
    body = {"action": action, "plugs": [{"snap": "taker", "plug": plug} for plug in plugs] or [{"snap": "", "plug": ""}],
            "slots": [{"snap": "giver", "slot": "share"}]}
    return lambda root, _: stage.ask(root, "POST", "/v2/interfaces", json.dumps(body),
                                     {"Content-Type": "application/json"})


def put_user_data(root, _packages):
    """What a user has made with the first revision: later ones copy it."""
    for directory in ("x1/notes", "common"):
        path = f"{root}{stage.USER_HOME}/snap/app/{directory}"
        os.makedirs(path)
        with open(f"{path}/file", "w", encoding="ascii") as file:
            file.write(directory)
    for directory, names, files in os.walk(f"{root}{stage.USER_HOME}/snap"):
        for name in [directory] + [f"{directory}/{name}" for name in names + files]:
            os.chown(name, stage.USER_ID, stage.USER_ID)
    return {"type": "sync"}


def run_once(root, _packages):
    """What a program's first start makes in the home of its user."""
    program = stage.start_program(root, "app")
    if program.wait(stage.LIMIT_S) != 0:
        raise Failure(f"app ended with {program.returncode}")
    return {"type": "sync"}


# --- aborts ---------------------------------------------------------------------------------------

def find_change(root):
    changes = stage.ask(root, "GET", "/v2/changes?select=in-progress")["result"]
    return changes[0]["id"] if changes else None


def list_tasks(root, change):
    return stage.ask(root, "GET", f"/v2/changes/{change}")["result"]["tasks"]


def abort(root, change):
    return stage.ask(root, "POST", f"/v2/changes/{change}", '{"action":"abort"}', {"Content-Type": "application/json"})


def remove_and_abort(name):
    """Two snaps in one change: the first one is gone when the second one's hook is reached; then the client aborts."""
    def act(root, _packages):
        holding = f"{root}/var/snap/held/common/holding"
        change = find_change(root) or stage.act_on(root, "", "remove", snaps=[name, "held"])["change"]
        stage.wait_until(lambda: os.path.exists(holding), "the hook of held is not reached")
        stage.wait_until(lambda: all(task["status"] == "Done" for task in list_tasks(root, change)
                                     if f'"{name}"' in task["summary"]), f"{name} is not removed")
        return abort(root, change)
    return act


def disconnect_and_abort(root, packages):
    """Two connections in one change, each its own lane: one is gone when a hook of the other is reached."""
    holding = f"{root}/var/snap/taker/common/holding"
    change = find_change(root)
    if not change:
        answer = content("disconnect")(root, packages)
        if answer["type"] == "error":
            return answer
        change = answer["change"]
    stage.wait_until(lambda: os.path.exists(holding), "the hook of the second plug is not reached")
    stage.wait_until(lambda: any(task["status"] == "Done" and task["kind"] == "disconnect"
                                 for task in list_tasks(root, change)), "the first plug is not disconnected")
    return abort(root, change)


def abort_last(name, action):
    """The worker of the last task is held by the tracer: the client aborts what is done before it."""
    def act(root, _packages):
        change = find_change(root)
        if not change:
            answer = stage.act_on(root, name, action)
            if answer["type"] == "error":
                return answer
            change = answer["change"]
        stage.wait_until(lambda: list_tasks(root, change)[-1]["status"] != "Do", "the last task is not reached")
        # A disk that fails may refuse the first abort.
        stage.wait_until(lambda: abort(root, change)["type"] != "error" or not find_change(root), "no abort is taken")
        return {"type": "sync"}
    return act


# --- the table ------------------------------------------------------------------------------------

BASE, APP1, APP2, APP3 = (add("testbase_1.snap"), add("app_1.snap"), add("app_2.snap"), add("app_3.snap"))
SERVER = add("server_1.snap")
TWO = (BASE, APP1, put_user_data, APP2)
TOLD = (BASE, add("told_1.snap"))
CONNECTED = TOLD + (interfaces("connect", "told", "raw-usb"), interfaces("connect", "told", "firewall-control"))
FAIL, HOLD = "var/snap/app/common/fail", "var/snap/held/common/hold"
TOLD_FAILS = "var/snap/told/common/fail"
HOOKED = (BASE, add("giver_1.snap"), add("taker_1.snap"))
SHARED = HOOKED + (content("connect", "files"),)
TAKER_FAILS, TAKER_HOLDS = "var/snap/taker/common/fail", "var/snap/taker/common/hold"
ASKER = (BASE, add("asker_1.snap"))
ASKING = ASKER + (interfaces("connect", "asker", "ask", "polkit"),)
BOARD = (BASE, add("board_1.snap"), add("blinker_1.snap"))
LIT = BOARD + (interfaces("connect", "blinker", "led", "led", "board"),)
DISABLE, ENABLE, REMOVE = do("app", "disable"), do("app", "enable"), do("app", "remove")
THREE = ("app_3.snap", "second_1.snap", "bad_1.snap")
OPERATIONS = [
    Operation("install", APP1, (BASE,)),
    Operation("install undone", add("bad_1.snap"), (BASE,), goes_back=True),
    Operation("refresh", APP3, TWO),
    Operation("refresh undone", APP3, TWO, (FAIL,), goes_back=True),
    Operation("try", try_directory, TWO),
    Operation("try undone", try_directory, TWO, (FAIL,), goes_back=True),
    Operation("remove what is tried", REMOVE, (BASE, try_directory)),
    Operation("revert", do("app", "revert"), TWO),
    Operation("revert undone", do("app", "revert"), TWO, (FAIL,), goes_back=True),
    Operation("remove", REMOVE, TWO),
    Operation("remove a revision", do("app", "remove", revision="x1"), TWO),
    Operation("remove undone", remove_and_abort("app"), TWO + (add("held_1.snap"),), (HOLD,), goes_back=True,
              is_kill_only=True, insists=True),
    Operation("disable", DISABLE, TWO),
    Operation("enable", ENABLE, TWO + (DISABLE,)),
    # Services have a worker, which is held.
    Operation("enable undone", abort_last("server", "enable"), (BASE, SERVER, do("server", "disable")), goes_back=True,
              insists=True, plain=do("server", "enable"), tracing=["--hold", "2"]),
    Operation("disconnect", interfaces("disconnect"), TWO),
    Operation("connect", interfaces("connect"), TWO + (interfaces("disconnect"),)),
    Operation("connect undone", add("app_4.snap"), TWO, (FAIL,), goes_back=True),
    Operation("three, last fails", add(*THREE, transaction="all-snaps"), TWO, goes_back=True),
    Operation("three, own lanes", add(*THREE), TWO, is_mixed=True),
    Operation("remove what runs", REMOVE, TWO + (run_once,), running="app"),
    Operation("install what is told", TOLD[-1], (BASE,)),
    Operation("refresh what is told", add("told_2.snap"), CONNECTED),
    Operation("its refresh undone", add("told_2.snap"), CONNECTED, (TOLD_FAILS,), goes_back=True),
    Operation("remove what is told", do("told", "remove"), CONNECTED),
    Operation("its removal undone", remove_and_abort("told"), CONNECTED + (add("held_1.snap"),), (HOLD,), goes_back=True,
              is_kill_only=True, insists=True),
    Operation("disable what is told", do("told", "disable"), CONNECTED),
    Operation("disconnect a device", interfaces("disconnect", "told", "raw-usb"), CONNECTED),
    Operation("connect a device", interfaces("connect", "told", "raw-usb"), TOLD),
    Operation("connect with hooks", content("connect", "files"), HOOKED, is_brief=True),
    Operation("that undone by one", content("connect", "files"), HOOKED, (TAKER_FAILS,), goes_back=True),
    Operation("disconnect with hooks", content("disconnect", "files"), SHARED, is_brief=True),
    Operation("disconnect undone", disconnect_and_abort, SHARED + (content("connect", "more"),), (TAKER_HOLDS,),
              goes_back=True, is_kill_only=True, insists=True),
    Operation("remove with hooks", do("giver", "remove"), SHARED, is_brief=True),
    Operation("connect to polkit", interfaces("connect", "asker", "ask", "polkit"), ASKER, is_brief=True),
    Operation("refresh its actions", add("asker_2.snap"), ASKING, is_brief=True),
    Operation("that refresh undone", add("asker_2.snap"), ASKING, ("var/snap/asker/common/fail",), goes_back=True, is_brief=True),
    Operation("remove who asks", do("asker", "remove"), ASKING, is_brief=True),
    Operation("connect a pin", interfaces("connect", "blinker", "led", "led", "board"), BOARD, is_brief=True),
    Operation("disconnect a pin", interfaces("disconnect", "blinker", "led", "led", "board"), LIT, is_brief=True),
    Operation("remove who has a pin", do("blinker", "remove"), LIT, is_brief=True),
]
NAMES = [operation.name for operation in OPERATIONS]


def find(name):
    return OPERATIONS[NAMES.index(name)]


def require_success(answer):
    if isinstance(answer, Exception):
        raise Failure(f"refused: {answer}")
    if answer["type"] == "error":
        raise Failure(f"refused: {answer['result']['message']}")
