# SPDX-License-Identifier: Apache-2.0
"""Daemons of three generations over one root, on a file system of its own whose power can be cut.

Everything runs in a mount namespace and a cgroup of its own.  A cut kills all processes of the cgroup at once, ends
the file system without writing its log (what was not synced is lost) and empties R/run, as a boot does."""
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

from image import make_image

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("PAWL_BUILD", TOP / "build")).resolve()
LETTERS = "ABC"
USER = 12345
EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def run(*words, **options):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True, **options)


def build_generation(letter):
    """The programs in which the generations differ; the others are of the ordinary build."""
    place = TOP / f"build-generation-{letter}"
    if not (place / "build.ninja").exists():
        run("meson", "setup", place, TOP, f"-Dgeneration={letter}", "-Dtests=false", "-Doptimization=0")
    run("ninja", "-C", place, "src/daemon/pawld", "src/launcher/pawl-run")
    return place


def find_cgroups():
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(place)
    raise SystemExit("ok - generations # SKIP no cgroup2 file system")


class Stage:
    def __init__(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="generations-", dir=os.environ.get("TMPDIR", "/tmp")))
        self.scratch.chmod(0o755)
        self.cgroup = find_cgroups() / f"pawl-generations-{os.getpid()}"
        self.cgroup.mkdir()
        self.disk, self.root = self.scratch / "disk", self.scratch / "disk/root"
        self.disk.mkdir()
        self.libexec = {letter: self.copy_programs(letter) for letter in LETTERS}
        run("truncate", "-s", "96M", self.scratch / "disk.img")
        run("mkfs.ext4", "-q", "-F", self.scratch / "disk.img")
        self.mount_disk()
        self.root.mkdir()
        for uid in (0, USER):
            home = self.root / self.home(uid)[1:]
            home.mkdir(parents=True)
            os.chown(home, uid, uid)
        self.mount_run()
        self.daemon = self.letter = None
        self.sockets = []
        self.log = open(self.scratch / "log", "a")

    @staticmethod
    def home(uid):
        return "/home/u" if uid else "/root"

    def copy_programs(self, letter):
        build = build_generation(letter)
        place = self.scratch / f"libexec-{letter}"
        place.mkdir(mode=0o755)
        for program in (build / "src/daemon/pawld", build / "src/launcher/pawl-run", BUILD / "src/http/pawl-http",
                        BUILD / "src/reader/pawl-read"):
            shutil.copy(program, place)
        return place

    # --- the disk and the power

    def mount_disk(self):
        run("mount", "-o", "loop", self.scratch / "disk.img", self.disk)

    def mount_run(self):
        (self.root / "run").mkdir(exist_ok=True)
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.root / "run")

    def kill_all(self):
        """True when something ran."""
        ran = bool((self.cgroup / "cgroup.procs").read_text())
        for _ in range(12000):
            (self.cgroup / "cgroup.kill").write_text("1")  # again: one may just have been entering
            if not (self.cgroup / "cgroup.procs").read_text():
                break
            time.sleep(0.005)
        else:
            raise SystemExit("not ok - all processes end")
        if self.daemon:
            self.daemon.wait()
            self.daemon = None
        return ran

    def unmount(self, place):
        """Namespaces of processes that were killed end a moment later."""
        for _ in range(2400):
            if subprocess.run(["umount", place], capture_output=True).returncode == 0:
                return
            time.sleep(0.025)
        raise SystemExit(f"not ok - {place} can be unmounted")

    def close_sockets(self):
        for kept in self.sockets:
            kept.close()
        self.sockets = []

    def cut_power(self):
        self.kill_all()
        self.close_sockets()
        directory = os.open(self.disk, os.O_RDONLY)
        fcntl.ioctl(directory, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        os.close(directory)
        self.unmount(self.root / "run")
        self.unmount(self.disk)
        self.mount_disk()
        self.mount_run()

    # --- daemons

    def enter_cgroup(self):
        (self.cgroup / "cgroup.procs").write_text(str(os.getpid()))

    def listen(self):
        """What a supervisor does early in a boot: launches may come from here on."""
        (self.root / "run/pawl").mkdir(mode=0o755, exist_ok=True)
        for name, mode in (("launch", 0o666), ("service", 0o600)):
            path = str(self.root / f"run/pawl/{name}.socket")
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(path)
            os.chmod(path, mode)
            listener.listen(128)
            self.sockets.append(listener)

    def spawn(self, letter):
        script, passed = 'exec "$@"', []
        if self.sockets:
            passed = [s.fileno() for s in self.sockets]
            script = f'exec 3<&{passed[0]} 4<&{passed[1]}; export LISTEN_FDS=2 LISTEN_PID=$$; exec "$@"'
        self.daemon = subprocess.Popen(
            ["bash", "-c", script, "x", self.libexec[letter] / "pawld", "--root", self.root], pass_fds=passed,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=self.enter_cgroup)
        self.letter = letter

    def wait_answer(self):
        for _ in range(12000):
            if self.daemon.poll() is not None:
                raise SystemExit(f"not ok - pawld {self.letter} starts: see below\n" + self.read_log())
            with socket.socket(socket.AF_UNIX) as client:
                if client.connect_ex(str(self.root / "run/snapd.socket")) == 0:
                    return
            time.sleep(0.005)
        raise SystemExit("not ok - pawld answers\n" + self.read_log())

    def start(self, letter):
        self.spawn(letter)
        self.wait_answer()

    def stop(self, number):
        self.daemon.send_signal(number)
        status = self.daemon.wait(timeout=120)
        self.daemon = None
        return status

    def read_log(self):
        return "".join(f"# {line}\n" for line in (self.scratch / "log").read_text().splitlines()[-20:])

    def read_generation(self):
        try:
            return (self.root / "run/pawl/generation").read_text().strip()
        except FileNotFoundError:
            return ""

    # --- packages

    def pack(self, name, manifest, hooks=()):
        tree = self.scratch / f"tree-{name}"
        (tree / "meta/hooks").mkdir(parents=True)
        (tree / "meta/snap.yaml").write_text(manifest)
        for place in ("bin/probe", *(f"meta/hooks/{hook}" for hook in hooks)):
            (tree / place).parent.mkdir(exist_ok=True)
            shutil.copy(BUILD / "tests/generations/policy-probe", tree / place)
        run("chmod", "-R", "u=rwX,go=rX", tree)
        image = self.scratch / f"{name}_1.snap"
        make_image(tree, image)
        shutil.rmtree(tree)
        return image

    def install(self, *images):
        for image in images:
            done = subprocess.run([BUILD / "src/cli/pawl", "--root", self.root, "install", "--dangerous", image],
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                raise SystemExit(f"not ok - install {image}: {done.stderr}\n" + self.read_log())

    def remove(self):
        self.kill_all()
        self.close_sockets()
        self.log.close()
        self.unmount(self.root / "run")
        self.unmount(self.disk)
        self.cgroup.rmdir()
        shutil.rmtree(self.scratch)


def kill_on_term():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
