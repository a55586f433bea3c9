# SPDX-License-Identifier: Apache-2.0
"""The narrowest place: a launcher that was told to go by a daemon that is no more, and has not come to its exec."""
import os
import pathlib
import shutil
import signal
import subprocess
import time

from power_stage import now

HELD_MS = 1200  # B waits 2 s
HELD_LONG_MS = 4500


def start_slow(stage, milliseconds):
    """A launch whose every exec takes so long."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=execve",
               "-e", f"inject=execve:delay_enter={milliseconds * 1000}",
               stage.libexec["A"] / "pawl-run", "--root", stage.root, "gen.run"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   cwd="/", env={"HOME": "/root", "PATH": os.environ["PATH"]},
                                   preexec_fn=stage.enter_cgroup)


def wait_going(stage):
    place = pathlib.Path(stage.root / "run/pawl/going/0")
    for _ in range(12000):
        locks = pathlib.Path("/proc/locks").read_text()  # to try to lock it would be in the way
        if place.exists() and f":{place.stat().st_ino} " in locks:
            return True
        time.sleep(0.005)
    return False


def replace(stage):
    """B for A, killed; when B was first seen to be the running one, and how many milliseconds that took."""
    before = stage.read_generation()
    stage.stop(signal.SIGKILL)
    begun = now()
    stage.spawn("B")
    while stage.read_generation() == before and stage.daemon.poll() is None:
        time.sleep(0.0005)
    seen = now()
    stage.wait_answer()
    return seen, (seen - begun) / 1e6


def check(stage, say):
    if not shutil.which("strace"):
        say(True, "a launch between go and exec # SKIP no strace")
        return
    stage.start("A")
    launch = start_slow(stage, HELD_MS)
    say(wait_going(stage), "a launch was told to go and is held before its exec")
    seen, taken = replace(stage)
    output = launch.communicate(timeout=120)[0].split()
    # Its clock is read a moment after its exec; without the lock B would have begun long before.
    was_first = len(output) == 3 and int(output[0]) <= seen + HELD_MS * 500_000
    say(output[1:] == ["A", "A"] and was_first and taken >= HELD_MS / 2,
        f"B began only when that program had begun, under A's policy: B took {taken:.0f} ms, {output}")
    stage.stop(signal.SIGTERM)
    stage.start("A")
    launch = start_slow(stage, HELD_LONG_MS)
    say(wait_going(stage), "another is held for longer than B waits")
    _, taken = replace(stage)
    output, error = launch.communicate(timeout=120)
    say(output == "" and 1900 <= taken < HELD_LONG_MS, f"it was ended, nothing ran, and B waited {taken:.0f} ms: {output} {error}")
    stage.stop(signal.SIGTERM)
