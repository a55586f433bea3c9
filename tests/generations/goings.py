# SPDX-License-Identifier: Apache-2.0
"""The narrowest place: a launcher that was told to go by a daemon that is no more, and has not come to its exec."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from stage import now


def start_slow(stage, milliseconds):
    """A launch whose every exec takes so long; under strace, which notes when it returned."""
    trace = stage.scratch / "trace"
    command = ["strace", "-f", "-qq", "-ttt", "-o", trace, "-e", "trace=execve",
               "-e", f"inject=execve:delay_enter={milliseconds * 1000}",
               stage.libexec["A"] / "pawl-run", "--root", stage.root, "gen.run"]
    return trace, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   cwd="/", env={"HOME": "/root", "PATH": os.environ["PATH"]},
                                   preexec_fn=stage.enter_cgroup)


def wait_going(stage):
    place = pathlib.Path(stage.root / "run/pawl/going/0")
    for _ in range(4000):
        if place.exists() and subprocess.run(["flock", "-n", place, "true"], capture_output=True).returncode != 0:
            return True
        time.sleep(0.005)
    return False


def replace(stage):
    """B for A, killed; the wall clock when B was first seen to be the running one, and how long that took."""
    before = stage.read_generation()
    stage.stop(signal.SIGKILL)
    begun = now()
    stage.spawn("B")
    while stage.read_generation() == before and stage.daemon.poll() is None:
        time.sleep(0.0005)
    seen = time.time()
    taken = (now() - begun) / 1e6
    stage.wait_answer()
    return seen, taken


def check(stage, say):
    if not shutil.which("strace"):
        say(True, "a launch between go and exec # SKIP no strace")
        return
    stage.start("A")
    trace, launch = start_slow(stage, 400)
    say(wait_going(stage), "a launch was told to go and is held before its exec")
    seen, taken = replace(stage)
    output = launch.communicate(timeout=30)[0].split()
    execs = [float(t) for t in re.findall(r"([0-9.]+) execve\(\"/snap/gen[^\n]*= 0", trace.read_text())] + [
        float(t) for t in re.findall(r"([0-9.]+) <\.\.\. execve resumed>[^\n]*= 0", trace.read_text())]
    say(output[1:] == ["A", "A"] and execs and max(execs) <= seen,
        f"B began only after that program had begun, under A's policy: B took {taken:.0f} ms "
        f"({output}, {execs}, {seen:.3f})")
    stage.stop(signal.SIGTERM)
    stage.start("A")
    _, launch = start_slow(stage, 2800)
    say(wait_going(stage), "another is held for longer than B waits")
    _, taken = replace(stage)
    output, error = launch.communicate(timeout=30)
    say(output == "" and 1900 <= taken <= 3500, f"it was ended, nothing ran, and B waited {taken:.0f} ms: {output} {error}")
    stage.stop(signal.SIGTERM)
