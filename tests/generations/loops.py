# SPDX-License-Identifier: Apache-2.0
"""Launches that never stop, and what each of them saw."""
import dataclasses
import os
import subprocess
import threading

from power_stage import LETTERS, USER, now


@dataclasses.dataclass
class Launch:
    kind: str
    launcher: str  # its generation, or "link": the one in R/snap/bin
    began: int
    ended: int = 0
    status: int = 0
    at: int = 0  # the program's own first look at the clock
    seccomp: str = ""
    landlock: str = ""
    error: str = ""
    was_cut: bool = False

    @property
    def milliseconds(self):
        return (self.ended - self.began) / 1e6


# A service is what root starts at the service socket: there is no supervisor of services yet.
KINDS = {"command": (USER, ["gen.run"]), "root": (0, ["gen.run"]), "service": (0, ["gen.service"]),
         "hook": (0, ["--hook", "configure", "gen"])}


class Loops:
    def __init__(self, stage):
        self.stage, self.launches, self.lock = stage, [], threading.Lock()
        self.has_power = threading.Event()
        self.has_power.set()
        self.is_over, self.was_cut_at = False, 0
        self.threads = [threading.Thread(target=self.loop, args=(kind,)) for kind in KINDS]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.is_over = True
        self.has_power.set()
        for thread in self.threads:
            thread.join()

    def argv(self, kind, launcher):
        words = KINDS[kind][1]
        if launcher == "link":
            return [self.stage.root / "snap/bin" / words[0]]
        return [self.stage.libexec[launcher] / "pawl-run", "--root", self.stage.root, *words]

    def loop(self, kind):
        launchers = [*LETTERS, "link"] if "gen.run" in KINDS[kind][1] else [*LETTERS]
        turn = len(kind)  # so that not all loops try the same one at the same time
        while not self.is_over:
            self.has_power.wait()
            turn += 1
            self.launch(kind, launchers[turn % len(launchers)])

    def launch(self, kind, launcher):
        uid = KINDS[kind][0]
        drop = f"setpriv --reuid {uid} --regid {uid} --clear-groups" if uid else ""
        script = f'echo $$ >{self.stage.cgroup}/cgroup.procs; exec {drop} "$@"'
        launch = Launch(kind, launcher, now())
        done = subprocess.run(["sh", "-c", script, "x", *map(str, self.argv(kind, launcher))], text=True, cwd="/",
                              capture_output=True, stdin=subprocess.DEVNULL,
                              env={"HOME": self.stage.home(uid), "PATH": os.environ["PATH"]})
        launch.ended, launch.status, launch.error = now(), done.returncode, done.stderr.strip()
        words = done.stdout.split()
        if len(words) == 3:
            launch.at, launch.seccomp, launch.landlock = int(words[0]), words[1], words[2]
        launch.was_cut = launch.began <= self.was_cut_at <= launch.ended or not self.has_power.is_set()
        with self.lock:
            self.launches.append(launch)

    def count(self):
        with self.lock:
            return len(self.launches)
