# SPDX-License-Identifier: Apache-2.0
"""A root of its own with a base and packages made on the spot, and a launch-daemon that serves it."""
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from image import make_image

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("PAWL_BUILD", TOP / "build"))
PAWL_RUN = BUILD / "src/launcher/pawl-run"
USER = 12345
OTHER_USER = 12346
NODE = "disk b 0666 0 0 254 0"


def wait_for(wanted, look, *words):
    """What `look` says, once it says what is wanted, or after a minute."""
    end = time.monotonic() + 60
    while (got := look(*words)) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    return got


def run_as(uid, argv, **options):
    """subprocess.run with uid and gid `uid` and nothing else of root's."""
    if uid != 0:
        options.update(user=uid, group=uid, extra_groups=[])
    return subprocess.run([str(a) for a in argv], text=True, capture_output=True, timeout=120, **options)


class LaunchRoot:
    def __init__(self, idle_ms=1000):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="launch-", dir=os.environ.get("TMPDIR", "/tmp")))
        self.scratch.chmod(0o755)
        self.root = self.scratch / "root"
        self.images = self.root / "var/lib/pawl/images"
        self.images.mkdir(parents=True)
        for directory in ("var/lib", "var/lib/pawl"):
            (self.root / directory).chmod(0o755)
        # The build may lie where an unprivileged user cannot reach it.
        self.pawl_run = self.copy_program(PAWL_RUN)
        self.homes = {uid: self.make_home(uid) for uid in (0, USER, OTHER_USER)}
        self.lines = []
        self.idle_ms = idle_ms
        self.daemon = None

    def copy_program(self, path):
        copy = self.scratch / path.name
        shutil.copy(path, copy)
        copy.chmod(0o755)
        return copy

    def make_home(self, uid):
        home = self.scratch / f"home-{uid}"
        inside = pathlib.Path(f"{self.root}{home}")
        for place in (home, inside):
            place.mkdir(parents=True)
            os.chown(place, uid, uid)
        return home

    def add_snap(self, name, tree, kind="app", base="-", manifest=None, options=()):
        """Packs `tree` and names it in the packages that the daemon begins with."""
        manifest = manifest or {}
        image = self.images / f"{name}_1.snap"
        make_image(tree, image, *options)
        image.chmod(0o600)
        (self.scratch / f"{name}.json").write_text(json.dumps({"format": 1, "manifest": dict(manifest, name=name)}))
        (self.root / f"var/snap/{name}/common").mkdir(parents=True)
        apps = ",".join(manifest.get("apps", {})) or "-"
        hooks = ",".join(manifest.get("hooks", {})) or "-"
        self.lines.append(f"{name} {name} {kind} 1 {image.name} {base} {manifest.get('confinement', 'strict')} "
                          f"{self.scratch}/{name}.json {apps} {hooks}\n")

    def add_base(self, extra=None):
        tree = self.scratch / "base"
        for directory in ("bin", "etc", "dev", "proc", "sys", "tmp", "var", "run", "home", "root", "snap", "mnt",
                          "usr", "usr/bin"):
            (tree / directory).mkdir(parents=True)
        shutil.copy("/bin/busybox", tree / "bin/busybox")
        (tree / "bin/bash").write_text('#!/bin/sh\nexec /bin/sh "$@"\n')
        (tree / "bin/bash").chmod(0o755)
        for applet in ("sh", "cat", "ls", "env", "sleep", "id", "pwd", "true", "false", "kill", "stat", "touch", "ps",
                       "echo", "readlink", "setsid"):
            (tree / "bin" / applet).symlink_to("busybox")
        for name in ("passwd", "group", "hosts", "hostname", "resolv.conf"):
            (tree / "etc" / name).write_text(f"the base's {name}\n")
        (tree / "usr/plain").write_text("plain\n")
        self.add_snap("base", tree, kind="base", options=["-p", f"usr/{NODE}"] if extra else [])

    def start(self):
        packages = self.scratch / "packages"
        packages.write_text("".join(self.lines))
        state = self.root / "var/lib/pawl/state/pawl.db"
        self.daemon = subprocess.Popen(
            [BUILD / "tests/launch/launch-daemon", self.root, "-" if state.exists() else packages, str(self.idle_ms)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.daemon.stdout.readline() == "ready\n"

    def ask(self, line):
        self.daemon.stdin.write(line + "\n")
        self.daemon.stdin.flush()
        return self.daemon.stdout.readline().strip()

    def stop(self):
        self.daemon.stdin.close()
        status = self.daemon.wait(timeout=60)
        self.daemon.stdout.close()
        return status

    def kill(self):
        self.daemon.kill()
        self.daemon.wait()
        self.daemon.stdin.close()
        self.daemon.stdout.close()

    def environment(self, uid, **more):
        return {"HOME": str(self.homes[uid]), "PATH": "/usr/bin:/bin", **more}

    def argv(self, *words):
        return [str(self.pawl_run), "--root", str(self.root), *map(str, words)]

    def launch(self, uid, *words, env=None, **options):
        options.setdefault("cwd", "/")
        return run_as(uid, self.argv(*words), env=self.environment(uid, **(env or {})), **options)

    def remove(self):
        shutil.rmtree(self.scratch)


def unshare_ipc_free_key():
    """Keys of shared memory are the host's; this one is ours for the run."""
    return 0x70770000 | (os.getpid() & 0xffff)


def make_shared_memory(key):
    libc = ctypes.CDLL(None, use_errno=True)
    segment = libc.shmget(key, 4096, 0o1666)  # IPC_CREAT
    assert segment >= 0, os.strerror(ctypes.get_errno())
    return lambda: libc.shmctl(segment, 0, None)  # IPC_RMID


class Leaks:
    """What a test may not leave behind: mounts in the host's table, loop devices, processes."""

    def __init__(self):
        self.before = self.look()

    @staticmethod
    def look():
        mounts = set(pathlib.Path("/proc/self/mountinfo").read_text().splitlines())
        return mounts

    def find(self, scratch):
        """What is on its way out has time to get there."""
        return wait_for([], self.find_now, scratch)

    def find_now(self, scratch):
        found = [f"mount {m}" for m in self.look() - self.before if str(scratch) in m]
        for loop in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"):
            try:
                if str(scratch) in loop.read_text():
                    found.append(f"loop device {loop.parts[3]}")
            except OSError:
                pass
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if str(scratch) in line and process.name != str(os.getpid()):
                    found.append(f"process {process.name}: {line}")
            except OSError:
                pass
        return found


def landlock_abi():
    """The version of Landlock that this kernel has, 0 for none."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, libc.syscall(444, None, 0, 1))
