# SPDX-License-Identifier: Apache-2.0
"""What the crash campaign stands on: packages, roots, a pawld, requests, and images of state and files.

An image is what must be equal: the database without what may differ between two runs that ended alike (times,
ids, epochs, finished changes), and every file beneath the root with type, mode, owner, content.
"""
import ctypes
import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import struct
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/tests/lib")
from api_client import ask  # noqa: E402

BUILD = os.environ.get("PAWL_BUILD", os.path.join(TOP, "build"))
PR_SET_CHILD_SUBREAPER = 36
LIMIT_S = 60.0
USER_ID, USER_HOME = 1000, "/home/alice"
# The hook of a package in a removal that is aborted notes here that it was reached.
UNSEEN_FILES = ("holding",)


class Failure(Exception):
    """What must not be: said with the point where it happened."""


def become_subreaper():
    """Whatever a point leaves running becomes a child of ours, so that it is seen."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_until(condition, what, limit=LIMIT_S):
    end, pause = time.monotonic() + limit, 0.002
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
    raise Failure(f"{what}: not within {limit:.0f} s")


# --- packages -------------------------------------------------------------------------------------

APPS = "apps:\n  {name}:\n    command: bin/run\n  two:\n    command: bin/run\nplugs:\n  network:\n"
# More to connect than before it.
SERVER = "apps:\n  server:\n    command: bin/run\n    daemon: simple\nplugs:\n  network:\n"
MORE_PLUGS = {("app", 4): "  network-bind:\n"}
# What others are told of: its second version has another name on the bus, no USB, and virtual machines.
TOLD = ("apps:\n  told:\n    command: bin/run\nplugs:\n  firewall-control:\n  {plug}:\n"
        "slots:\n  service: {{interface: dbus, bus: system, name: com.example.told{version}}}\n")
TOLD_PLUGS = {1: "raw-usb", 2: "kvm"}
# Two whose hooks say something of what connects them, and a second plug for the same slot.
GIVER = "slots:\n  share:\n    interface: content\n    content: share\n    read: [$SNAP/bin]\n"
TAKER = APPS + "".join(f"  {plug}:\n    interface: content\n    content: share\n    target: $SNAP_DATA/{plug}\n"
                       for plug in ("files", "more"))
# Asks polkit of actions of its own.
ASKER = APPS + "  ask: {{interface: polkit, action-prefix: org.example.asker}}\n"
ACTIONS = ('<policyconfig><action id="org.example.asker.v{}"><message>Who?</message><defaults><allow_active>yes'
           '</allow_active></defaults></action></policyconfig>\n')
# A pin, which only a system or its board has, and who uses it.
PIN = "17"
BOARD = "type: os\nslots:\n  led: {{interface: gpio, number: " + PIN + "}}\n"
BLINKER = APPS + "  led: {{interface: gpio}}\n"
MANIFESTS = {"server": SERVER, "giver": GIVER, "taker": TAKER, "asker": ASKER, "board": BOARD, "blinker": BLINKER}
# Fails where the data of its root says so: the same package serves operations that succeed and that are undone.
CONFIGURE = '#!/bin/sh\necho "$SNAP_REVISION" >"$SNAP_DATA/configured"\n[ ! -e "$SNAP_COMMON/fail" ]\n'
REMOVE = ('#!/bin/sh\n[ -e "$SNAP_COMMON/hold" ] || exit 0\ntouch "$SNAP_COMMON/holding"\n'
          'while [ -e "$SNAP_COMMON/hold" ]; do sleep 0.02; done\n')


# What a hook says of its connection is said again when it runs again.
GIVER_HOOKS = {"prepare-slot-share": "#!/bin/sh\nsnapctl set :share late.one=1 late.two=text\n",
               "connect-slot-share": "#!/bin/sh\nsnapctl get :share late.two >/dev/null\n",
               "disconnect-slot-share": "#!/bin/sh\nexit 0\n", "unprepare-slot-share": "#!/bin/sh\nexit 0\n"}
TAKER_HOOKS = {"prepare-plug-files": "#!/bin/sh\nsnapctl set :files note=said\n",
               "connect-plug-files": '#!/bin/sh\n[ ! -e "$SNAP_COMMON/fail" ]\n',
               "disconnect-plug-files": "#!/bin/sh\nexit 0\n", "unprepare-plug-files": "#!/bin/sh\nexit 0\n",
               "prepare-plug-more": "#!/bin/sh\nsnapctl set :more note=more\n", "disconnect-plug-more": REMOVE}


def format_apps(name, version):
    if name == "told":
        return TOLD.format(plug=TOLD_PLUGS[version], version=version)
    return MANIFESTS.get(name, APPS).format(name=name)


def pack(directory, name, version, hooks, base=False):
    tree = f"{directory}/tree"
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(f"{tree}/meta/hooks")
    manifest = f"name: {name}\nversion: '{version}'\nsummary: s\ndescription: d\n"
    if base:
        for path in ("bin dev etc home media meta mnt opt proc root run snap sys tmp usr/bin usr/lib/snapd usr/sbin "
                     "usr/share var/lib/snapd var/log var/snap var/tmp lib lib64 sbin").split():
            os.makedirs(f"{tree}/{path}", exist_ok=True)
        shutil.copy(shutil.which("busybox"), f"{tree}/bin/busybox")
        for applet in ("sh", "sleep", "touch", "echo", "cat"):
            os.symlink("busybox", f"{tree}/bin/{applet}")
        manifest += "type: base\n"
    else:
        os.makedirs(f"{tree}/bin")
        with open(f"{tree}/bin/run", "w", encoding="ascii") as script:
            # One that is asked to stays until it is ended.
            script.write(f'#!/bin/sh\necho {version}\n[ "$1" != stay ] || exec sleep 600\n')
        manifest += ("" if name == "board" else "base: testbase\n") + format_apps(name, version)
        manifest += MORE_PLUGS.get((name, version), "")
    if name == "asker":
        os.makedirs(f"{tree}/meta/polkit")
        with open(f"{tree}/meta/polkit/ask.one.policy", "w", encoding="ascii") as file:
            file.write(ACTIONS.format(version))
    for hook, text in hooks.items():
        with open(f"{tree}/meta/hooks/{hook}", "w", encoding="ascii") as script:
            script.write(text)
    with open(f"{tree}/meta/snap.yaml", "w", encoding="ascii") as file:
        file.write(manifest)
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", tree], check=True)
    for script in glob.glob(f"{tree}/bin/run") + glob.glob(f"{tree}/meta/hooks/*") + glob.glob(f"{tree}/bin/busybox"):
        os.chmod(script, 0o755)
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    subprocess.run(["mksquashfs", tree, f"{directory}/{name}_{version}.snap", "-noappend", "-no-progress", "-quiet",
                    "-all-root", "-comp", "gzip"], check=True, env=environment, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)


def make_root(root):
    """A machine with one account besides root, and the directories of those who are told of packages."""
    for directory in TOLD_DIRECTORIES:
        os.makedirs(f"{root}/{directory}")
    with open(f"{root}/etc/passwd", "w", encoding="ascii") as accounts:
        accounts.write(f"root:x:0:0::/root:/bin/sh\nalice:x:{USER_ID}:{USER_ID}::{USER_HOME}:/bin/sh\n")
    # The hooks of packages are root's programs: its home has been used so before.
    for directory in (USER_HOME, "/root/snap"):
        os.makedirs(f"{root}{directory}")
    os.chmod(f"{root}/root", 0o700)
    os.chmod(f"{root}/root/snap", 0o700)
    os.chown(f"{root}{USER_HOME}", USER_ID, USER_ID)


def make_packages(directory):
    os.makedirs(directory)
    pack(directory, "testbase", 1, {}, base=True)
    for version in (1, 2, 3, 4):
        pack(directory, "app", version, {"configure": CONFIGURE})
    pack(directory, "second", 1, {})
    pack(directory, "server", 1, {})
    pack(directory, "bad", 1, {"configure": "#!/bin/sh\nexit 3\n"})
    for version in (1, 2):
        pack(directory, "told", version, {"configure": CONFIGURE})
    # A launch makes what content is shown in; it stays.
    pack(directory, "giver", 1, {"configure": "#!/bin/sh\n", **GIVER_HOOKS})
    pack(directory, "taker", 1, {"configure": '#!/bin/sh\nbusybox mkdir -p "$SNAP_DATA/files" "$SNAP_DATA/more"\n',
                                 **TAKER_HOOKS})
    for version in (1, 2):
        pack(directory, "asker", version, {"configure": CONFIGURE})
    pack(directory, "board", 1, {})
    pack(directory, "blinker", 1, {})
    # Its configure is what makes its directories in root's home, before the removal starts a hook too.
    pack(directory, "held", 1, {"remove": REMOVE, "configure": "#!/bin/sh\n"})


# --- requests -------------------------------------------------------------------------------------

def unpack(image, directory):
    subprocess.run(["unsquashfs", "-no-progress", "-quiet", "-dest", directory, image], check=True, stdout=subprocess.DEVNULL)


def act_on(root, name, action, **more):
    body = json.dumps({"action": action, **more})
    return ask(root, "POST", f"/v2/snaps/{name}" if name else "/v2/snaps", body, {"Content-Type": "application/json"})


def install(root, packages, files, **fields):
    fields = {"action": "install", "dangerous": "true", **fields}
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in fields.items()]
    for file in files:
        with open(f"{packages}/{file}", "rb") as image:
            parts.append(f'--x\r\nContent-Disposition: form-data; name="snap"; filename="{file}"\r\n\r\n'.encode()
                         + image.read() + b"\r\n")
    return ask(root, "POST", "/v2/snaps", b"".join(parts) + b"--x--\r\n",
               {"Content-Type": "multipart/form-data; boundary=x"})


# --- a daemon -------------------------------------------------------------------------------------

def link_programs(libexec):
    os.makedirs(libexec)
    for program in ("http/pawl-http", "reader/pawl-read", "launcher/pawl-run"):
        os.symlink(f"{BUILD}/src/{program}", f"{libexec}/{os.path.basename(program)}")
    # What is shown inside of packages is never reached through a link.
    shutil.copy(f"{BUILD}/src/cli/snapctl", f"{libexec}/snapctl")


class Daemon:
    """A pawld on one root; `kill_at` is a list of options: it is then started beneath kill-at."""

    def __init__(self, root, libexec, log, kill_at=None):
        self.root, self.log = root, log
        command = [f"{BUILD}/src/daemon/pawld", "--root", root, "--libexec", libexec]
        with open(log, "ab") as output:
            if kill_at is None:
                self.process = subprocess.Popen(command, stdout=output, stderr=output)
                self.pid = self.process.pid
            else:
                self.tracer = Tracer(kill_at + ["--"] + command, output)
                self.process, self.pid = self.tracer.process, self.tracer.daemon

    def is_gone(self):
        return self.process.poll() is not None

    def is_listening(self):
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(f"{self.root}/run/snapd.socket")
                # Who called listen(): not the one before us, whose socket a child may hold for a moment more.
                listener = struct.unpack("iii", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
                return listener == self.pid
            except OSError:
                return False

    def wait_ready(self):
        wait_until(lambda: self.is_gone() or self.is_listening(), "pawld does not start")
        if self.is_gone():
            raise Failure(f"pawld does not start: {self.tail()}")
        return self

    def tail(self):
        with open(self.log, "rb") as log:
            return log.read()[-600:].decode(errors="replace")

    def end(self):
        """As a supervisor does; how it ended is looked at."""
        if not self.is_gone():
            self.process.terminate()
        try:
            status = self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("pawld does not end when it is told to") from None
        if status != 0:
            raise Failure(f"pawld ended with {status}: {self.tail()}")


def start_program(root, name, *arguments):
    """As the user; it is a child of ours."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": USER_HOME}
    return subprocess.Popen([f"{BUILD}/src/launcher/pawl-run", "--root", root, name, *arguments], env=environment, cwd="/",
                            user=USER_ID, group=USER_ID, extra_groups=[], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Tracer:
    """A kill-at, and what it said."""

    def __init__(self, options, output=None):
        self.process = subprocess.Popen([f"{BUILD}/tests/crash/kill-at", *options], stdout=subprocess.PIPE,
                                        stderr=output)
        word, pid = self.process.stdout.readline().split()
        assert word == b"ready"
        self.daemon = int(pid)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.said = b""
        self.hit = None
        self.total = None
        self.tallies = {}

    def look(self):
        """Reads what it has said meanwhile; True after a hit."""
        while (piece := self.process.stdout.read()):
            self.said += piece
        for line in self.said.decode().splitlines():
            words = line.split()
            if words[0] == "hit" and len(words) == 4:
                self.hit = words[2]
            elif words[0] == "total" and len(words) == 2:
                self.total = int(words[1])
            elif words[0] == "tally" and len(words) == 3:
                self.tallies[words[1]] = int(words[2])
        return self.hit is not None

    def finish(self):
        self.process.wait(LIMIT_S)
        os.set_blocking(self.process.stdout.fileno(), True)
        self.look()
        self.process.stdout.close()


# --- looking at a state that a daemon holds -------------------------------------------------------

def read_or_none(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def copy_state(root, copy):
    """Database and log of one moment: while the log stays what it was, whatever is written back from it stands in it too."""
    source = f"{root}/var/lib/pawl/state/pawl.db"
    log, state = read_or_none(source + "-wal"), read_or_none(source)
    if state is None or log != read_or_none(source + "-wal"):
        return False
    for path, content in ((copy, state), (copy + "-wal", log)):
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
    return True


def query_copy(root, scratch, sql):
    """Asks a copy: the daemon keeps others out of its own.  None while there is nothing whole to read."""
    copy = f"{scratch}/copy.db"
    if not copy_state(root, copy):
        return None
    database = sqlite3.connect(copy)
    try:
        return database.execute(sql).fetchall()
    except sqlite3.Error:
        return None
    finally:
        database.close()
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(copy + suffix):
                os.unlink(copy + suffix)


def count_unfinished(root, scratch):
    rows = query_copy(root, scratch, "SELECT count(*) FROM change WHERE ready_at IS NULL OR is_clean = 0")
    return None if rows is None else rows[0][0]


# --- what other programs are told -----------------------------------------------------------------

TOLD_DIRECTORIES = ("etc/udev/rules.d", "etc/modules-load.d", "etc/modprobe.d", "etc/dbus-1/system.d",
                    "usr/share/polkit-1/actions")
GPIO_DIRECTORY = "var/lib/pawl/gpio"
# (side, interface): the files that it makes, and what stands in them.  Written from interfaces/*.yaml, not from pawld.
TELLS = {
    ("plug", "raw-usb"): {"etc/udev/rules.d/70-snap.{}.rules": 'SUBSYSTEM=="usbmisc", TAG+="snap_{0}_{0}"'},
    ("plug", "kvm"): {"etc/udev/rules.d/70-snap.{}.rules": 'KERNEL=="kvm", TAG+="snap_{0}_{0}"',
                      "etc/modules-load.d/snap.{}.conf": "kvm_amd"},
    ("plug", "polkit"): {"usr/share/polkit-1/actions/snap.{}.interface.polkit.policy": "org.example.asker.v"},
    ("plug", "gpio"): {GPIO_DIRECTORY + "/snap.{}.conf": "\n" + PIN + "\n"},
    ("plug", "firewall-control"): {"etc/modules-load.d/snap.{}.conf": "arp_tables"},
}
# A slot tells of itself, a plug when it is connected to something that is there.
TOLD_ROWS = (
    "SELECT e.instance, e.side, e.interface, json_extract(e.attributes, '$.name') FROM endpoint e JOIN snap s ON s.instance = "
    "e.instance AND s.current = e.revision WHERE s.is_active AND (e.side = 'slot' AND e.interface = 'dbus' OR e.side = 'plug' "
    "AND EXISTS (SELECT 1 FROM connection c WHERE c.plug_snap = e.instance AND c.plug = e.name AND NOT c.is_undesired))")


def list_wanted_files(rows):
    """{path: texts}, as the state wants it."""
    wanted = {}
    for instance, side, interface, name in rows:
        files = TELLS.get((side, interface), {})
        if side == "slot":
            files = {"etc/dbus-1/system.d/snap.{}.conf": f'"{name}"'}
        for path, text in files.items():
            wanted.setdefault(path.format(instance), []).append(text.format(instance))
    return wanted


def read_told(root):
    found = {}
    for directory in (*TOLD_DIRECTORIES, GPIO_DIRECTORY):
        for name in os.listdir(f"{root}/{directory}") if os.path.exists(f"{root}/{directory}") else []:
            content = read_or_none(f"{root}/{directory}/{name}")
            if content is not None:
                found[f"{directory}/{name}"] = content.decode()
    return found


def explain_told(root, scratch):
    """How the files of udev, kmod and the bus differ from what the state wants; "" where they do not.  Files first: a row
    is stale before its files change."""
    found = read_told(root)
    rows = query_copy(root, scratch, TOLD_ROWS + " UNION ALL SELECT name, 'stale', '', '' FROM artefact WHERE "
                                     "kind = 'backend' AND is_stale")
    if rows is None:
        return "nothing whole to read"
    wanted = list_wanted_files(row for row in rows if row[1] != "stale")
    words = [f"{path} is there" for path in found if path not in wanted]
    for path, texts in wanted.items():
        words += [f"{path} says nothing of {text}" for text in texts if text not in found.get(path, "")]
    return "; ".join(words + [f"{name} is stale" for name, side, _, _ in rows if side == "stale"])


def is_told(root, scratch):
    return not explain_told(root, scratch)


# --- images ---------------------------------------------------------------------------------------

TABLES = {
    "snap": "SELECT instance, name, type, current, is_active, tracking, is_devmode, is_jailmode, is_classic, is_try, "
            "paused_by IS NOT NULL FROM snap",
    "revision": "SELECT instance, revision, file, size, sha3_384, version, base, confinement, snap_id, manifest, "
                "raw_manifest, is_blocked, (SELECT count(*) FROM revision b WHERE b.instance = a.instance AND "
                "b.position < a.position) FROM revision a",
    "app": "SELECT * FROM app",
    "hook": "SELECT * FROM hook",
    "endpoint": "SELECT * FROM endpoint",
    "connection": "SELECT * FROM connection",
    "artefact": "SELECT kind, name, instance, digest, is_stale FROM artefact",
    "unfinished": "SELECT id, kind FROM change WHERE ready_at IS NULL OR is_clean = 0",
    "parked": "SELECT * FROM parked",
}


def dump_state(root):
    """Of a daemon that has ended."""
    path = f"{root}/var/lib/pawl/state/pawl.db"
    if os.path.exists(path + "-wal"):
        raise Failure("the database was not closed: a write-ahead log is left")
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as database:
        lines = [f"{table}: {row}" for table, sql in TABLES.items() for row in sorted(map(repr, database.execute(sql)))]
    database.close()
    return lines


def describe_file(path, name):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    text = f"{name} {status.st_mode:o} {status.st_uid}:{status.st_gid}"
    if stat.S_ISLNK(kind):
        return f"{text} -> {os.readlink(path)}"
    if stat.S_ISREG(kind):
        with open(path, "rb") as file:
            return f"{text} {status.st_size} {hashlib.sha256(file.read()).hexdigest()[:16]}"
    return text


# Not equal but known: compiled policy is found by the digest of its inputs, so that it is right wherever it lies, and
# R/run lives as long as a boot.  Each of these is as in the image of before or in that of after, and none is new.
KNOWN = ("run", "var/lib/pawl/policy")
NUMBERED = re.compile(r"(?<=^run/pawl/going/)\d+$")
# In a home: names the revision that its user started last, which is none of the daemon's doing.
LINK_OF_HOME = re.compile(r"(root|home/[^/]+)/snap/[^/]+/current$")
# Their content names the root that they are in.
NAMED_BY_ROOT = re.compile(r"run/pawl/(work\.lock|work\.cgroup|boot|.*\.pid)$")


class Image:
    """`exact` is what must be equal, `known` what may be there."""

    def __init__(self, exact, known):
        self.exact, self.known = "\n".join(exact), frozenset(known)

    def __eq__(self, other):
        return self.exact == other.exact


def is_known_only(name):
    return bool(LINK_OF_HOME.match(name)) or any(name == known or name.startswith(known + "/") for known in KNOWN)


def dump_files(root):
    """The state has its own dump: of its files only the names are here."""
    exact, known = [], []
    for directory, names, files in os.walk(root):
        where = os.path.relpath(directory, root)
        if where == "var/lib/pawl/state":
            exact += [f"{where}/{name}" for name in files]
            names.clear()
            continue
        for name in names + [name for name in files if name not in UNSEEN_FILES]:
            path = NUMBERED.sub("N", os.path.normpath(f"{where}/{name}"))
            if NAMED_BY_ROOT.match(path):
                known.append(path)
            else:
                (known if is_known_only(path) else exact).append(describe_file(f"{directory}/{name}", path))
    return sorted(exact), known


# What a clean end leaves in R/run until the next boot: names, nothing that is held.
RUN_FILES = re.compile(r"run/pawl/(work\.lock|work\.cgroup|launch\.socket|service\.socket|generation|going/\d+|"
                       r"lease/[^/]+/x\d+/\d+)$")


def list_run(root):
    """What is in R/run after a clean end, and should not be."""
    names = [os.path.relpath(f"{directory}/{name}", root)
             for directory, _, files in os.walk(f"{root}/run") for name in files]
    return sorted(name for name in names if not RUN_FILES.match(name))


def take_image(root):
    exact, known = dump_files(root)
    rows = dump_state(root)
    # Which policy was compiled for whom is known as the policy itself is.
    is_policy = re.compile(r"artefact: \('policy'").match
    return Image([row for row in rows if not is_policy(row)] + exact, known + [row for row in rows if is_policy(row)])


def explain_difference(image, wanted):
    found, expected = set(image.exact.splitlines()), set(wanted.exact.splitlines())
    return ([f"  there, and should not be: {line[:200]}" for line in sorted(found - expected)]
            + [f"  not there: {line[:200]}" for line in sorted(expected - found)])


# --- what must not be left ------------------------------------------------------------------------

def check_state(root):
    done = subprocess.run([f"{BUILD}/src/daemon/pawld", "--root", root, "--check-state"], capture_output=True, text=True,
                          timeout=LIMIT_S, check=False)
    if done.returncode != 0:
        raise Failure(f"state_verify: {done.stderr.strip()}")


def list_children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as children:
        return [int(pid) for pid in children.read().split()]


def bury(pids=(-1,)):
    """Zombies of processes that nobody else waits for."""
    for pid in pids:
        try:
            while os.waitpid(pid, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


def describe_processes(pid=None, depth=0):
    """What hangs, and where: state and kernel function of each process beneath us."""
    lines = []
    try:
        with open(f"/proc/{pid or os.getpid()}/task/{pid or os.getpid()}/children", encoding="ascii") as file:
            children = file.read().split()
    except OSError:
        return lines
    for child in children:
        words = []
        for name in ("comm", "wchan", "syscall"):
            try:
                with open(f"/proc/{child}/{name}", encoding="ascii") as file:
                    words.append(file.read().strip()[:60])
            except OSError as error:
                words.append(error.strerror)
        try:
            with open(f"/proc/{child}/stat", encoding="ascii") as file:
                words.append(file.read().rsplit(")", 1)[1].split()[0])
        except OSError:
            pass
        lines.append("  " * depth + f"{child}: {' | '.join(words)}")
        lines += describe_processes(child, depth + 1)
    return lines


def is_dead(pid):
    """All of it: one that is still dying may still listen."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def list_processes():
    bury()
    found = []
    for pid in list_children():
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as comm:
                found.append(f"{pid} ({comm.read().strip()})")
        except OSError:
            continue
    return found


def list_loop_devices(root):
    found = []
    for path in glob.glob("/sys/block/loop*/loop/backing_file"):
        try:
            with open(path, encoding="utf-8") as file:
                if root in file.read():
                    found.append(path.split("/")[3])
        except OSError:
            continue
    return found


def list_mounts(root):
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        return [line.split()[4] for line in mounts if f" {root}/" in line]


def list_cgroups(root):
    status = os.stat(f"{root}/run/pawl")
    return glob.glob(f"/sys/fs/cgroup/**/pawl-work.{status.st_dev:x}-{status.st_ino:x}", recursive=True)


def list_locks(root):
    held = []
    for path in [f"{root}/var/lib/pawl/state/lock", f"{root}/run/pawl/work.lock",
                 *glob.glob(f"{root}/run/pawl/lease/*/*/*")]:
        with open(path, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(os.path.relpath(path, root))
    return held


def check_nothing_left(root):
    """Right after the daemon's end; the kernel lets go of a loop device a moment later."""
    looks = {"process": list_processes, "mount": lambda: list_mounts(root), "lock": lambda: list_locks(root),
             "loop device": lambda: list_loop_devices(root), "cgroup": lambda: list_cgroups(root),
             "file in run": lambda: list_run(root)}
    for what, look in looks.items():
        try:
            wait_until(lambda look=look: not look(), what, 30)
        except Failure:
            raise Failure(f"left over: {what} {', '.join(map(str, look()))}") from None


def kill_leftovers(spared=()):
    """Before the next point, so that one failure is not many.  What they leave becomes ours, and ends too."""
    for _ in range(50):
        children = [pid for pid in list_children() if pid not in spared]
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not children:
            return
        time.sleep(0.02)
        bury(children)
