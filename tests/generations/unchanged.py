# SPDX-License-Identifier: Apache-2.0
"""A hundred packages and another build of the daemon whose policy inputs are the same: nothing is written, compiled or
loaded; the launches that follow find everything."""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess

from power_stage import BUILD

COUNT = 100
ADDED = "refuse sched_get_priority_max 0&0xffffffff=20801"  # src/wire/generation-a.c


def add_packages(stage):
    """Copies of "gen" in the state, and their images."""
    database = sqlite3.connect(stage.root / "var/lib/pawl/state/pawl.db")
    for i in range(COUNT):
        for table in ("snap", "revision", "app"):
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            values = {"instance": f"'gen{i}'", "name": f"'gen{i}'" if table == "snap" else "name",
                      "file": f"'gen{i}_x1.snap'"}
            database.execute(f"INSERT INTO {table} ({','.join(columns)}) SELECT "
                             f"{','.join(values.get(c, c) for c in columns)} FROM {table} WHERE instance = 'gen'")
        os.link(stage.root / "var/lib/pawl/images/gen_x1.snap", stage.root / f"var/lib/pawl/images/gen{i}_x1.snap")
    database.commit()
    database.close()
    for i in range(COUNT):
        (stage.root / f"var/snap/gen{i}/common").mkdir(parents=True)
        (stage.root / f"var/snap/gen{i}/x1").mkdir()


def launch(stage, i):
    return subprocess.run([stage.libexec["A"] / "pawl-run", "--root", stage.root, f"gen{i}.run"], capture_output=True,
                          text=True, cwd="/", env={"HOME": "/root", "PATH": os.environ["PATH"]}).stdout.split()[1:]


def ask(stage, *words):
    return subprocess.run([BUILD / "src/cli/pawl", "--root", stage.root, *words], capture_output=True, text=True,
                          check=True).stdout


def look(stage):
    """Every compiled policy: its place, inode and time of change; and the last row about one."""
    files = {(str(p), p.stat().st_ino, p.stat().st_mtime_ns) for p in (stage.root / "var/lib/pawl/policy").rglob("*")}
    database = sqlite3.connect(f"file:{stage.root}/var/lib/pawl/state/pawl.db?mode=ro", uri=True)
    row = database.execute("SELECT max(rowid), count(*) FROM artefact WHERE kind = 'policy'").fetchone()
    database.close()
    return files, row


def start_traced(stage, trace):
    """Files that were written and children that were made between start and first answer."""
    stage.daemon = subprocess.Popen(
        ["strace", "-D", "-f", "-qq", "-y", "-o", trace, "-e", "trace=openat,openat2,mkdirat,renameat,renameat2,unlinkat,fork,clone",
         stage.libexec["A"] / "pawld", "--root", stage.root], stdin=subprocess.DEVNULL, stdout=stage.log,
        stderr=stage.log, preexec_fn=stage.enter_cgroup)
    stage.wait_answer()


def check(stage, say):
    stage.close_sockets()
    add_packages(stage)
    stage.start("A")
    generation = stage.read_generation()
    say(all(launch(stage, i) == ["A", "A"] for i in range(0, COUNT, 10)), f"{COUNT} packages, some of them launched")
    told = json.loads(ask(stage, "policy", "show", "gen0"))
    say(told["generation"] == [generation] and ADDED in told["template"] and
        ADDED in ask(stage, "explain", "gen0.run", "--seccomp").splitlines(),
        "the policy that is told is that of the daemon that runs, with what only its build adds")
    stage.stop(signal.SIGTERM)
    before = look(stage)
    program = stage.libexec["A"] / "pawld"
    shutil.copy(program, stage.scratch / "pawld.before")
    subprocess.run(["strip", program], check=True)
    say(program.read_bytes() != (stage.scratch / "pawld.before").read_bytes(), "another build of the same generation")
    trace = stage.scratch / "trace"
    start_traced(stage, trace)
    touched = [line for line in trace.read_text().splitlines()
               if "pawl/policy" in line and re.search(r"O_WRONLY|O_RDWR|O_CREAT|mkdir|rename|unlink", line)
               and " = -1 " not in line]
    say(not touched and stage.read_generation() == generation,
        f"its start touched {len(touched)} files of policy with {COUNT} packages: {touched[:1]}")
    ran = all(launch(stage, i) == ["A", "A"] for i in range(0, COUNT, 10))
    stage.stop(signal.SIGTERM)
    say(ran and look(stage) == before,
        f"nor did launches: {len(before[0])} files and {before[1][1]} rows as before")
