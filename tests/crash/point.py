# SPDX-License-Identifier: Apache-2.0
"""One point of the crash campaign: a copy of a prepared root, a pawld, a client, the kill or failure, the pawld that
finishes, and the look at what came of it."""
import errno
import http.client
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import operations
import stage
from stage import Failure

ERRNOS = {"io": errno.EIO, "space": errno.ENOSPC}
SYNCED = ["--who", "any", "--only", "sync", "--after"]
TWICE = ("again", "both")
DAEMON_DIES = ("daemon", "any", "synced", *TWICE)
NEVER = 10 ** 9
# A page and what is counted in: the file system of `full` has so many more of them than the root needs.
FULL_STEP = 16384


class Hang(Failure):
    """A point that took longer than any may."""


def get_options(way, number):
    """Of kill-at."""
    if way in ERRNOS:
        return ["--who", "all", "--fail", str(ERRNOS[way]), "--at", str(number)]
    if way == "synced":
        return [*SYNCED, "--at", str(number)]
    return ["--who", "daemon" if way in TWICE else way, "--at", str(number)]


def wait_or_not(condition, limit=stage.LIMIT_S):
    try:
        stage.wait_until(condition, "", limit)
    except Failure:
        pass


def copy_root(source, root):
    subprocess.run(["cp", "-aT", "--reflink=auto", source, root], check=True)


class Result:
    """What came of a point: `hit` is whether it was one."""

    def __init__(self, hit=False, call="", end="", failure=None, totals=None, undone=()):
        self.hit, self.call, self.end, self.failure, self.totals = hit, call, end, failure, totals or {}
        self.undone = undone  # kinds of tasks


class Point:
    """One try: `way` and the number of the call; with `second` the call at which the next pawld dies too."""

    def __init__(self, campaign, name, way, numbers):
        self.campaign, self.operation, self.way = campaign, operations.find(name), way
        self.number, self.second = (*numbers, 0)[:2]
        self.images = campaign.images[name]
        self.scratch = tempfile.mkdtemp(prefix="point-", dir=campaign.scratch)
        os.chmod(self.scratch, 0o755)
        self.root, self.log = f"{self.scratch}/root", f"{self.scratch}/log"
        self.call, self.end, self.answer = "", "", None
        self.totals, self.undone = {}, []
        self.is_hit = False
        self.program = None

    # The first daemon.

    def start(self, kill_at=None):
        return stage.Daemon(self.root, self.campaign.libexec, self.log, kill_at)

    def is_finished(self):
        """What others are told follows a change, it is no part of it."""
        return stage.count_unfinished(self.root, self.scratch) == 0 and stage.is_told(self.root, self.scratch)

    def act(self):
        try:
            self.answer = self.operation.act(self.root, self.campaign.packages)
        except (OSError, ValueError, http.client.HTTPException, Failure, KeyError) as error:
            self.answer = error

    def request(self, daemon, tracer):
        """Until the hit, or until the operation is over."""
        client = threading.Thread(target=self.act, daemon=True)
        client.start()
        stage.wait_until(lambda: tracer.look() and self.way not in ERRNOS or daemon.is_gone()
                         or not client.is_alive() and self.is_finished(), "the operation does not end")
        if self.way in DAEMON_DIES and tracer.hit:
            daemon.process.wait(stage.LIMIT_S)
        elif not daemon.is_gone():
            stage.wait_until(lambda: daemon.is_gone() or not client.is_alive() and self.is_finished(),
                             f"the operation does not end after the death of a {self.way}")
        client.join(stage.LIMIT_S)

    def run_first(self, options):
        """With a client: traced from the request on."""
        daemon = self.start().wait_ready()
        self.begin_program(daemon)
        tracer = stage.Tracer(["--pid", str(daemon.pid), *options, *self.operation.tracing])
        try:
            self.request(daemon, tracer)
            self.end_traced(daemon, tracer)
        finally:
            if not daemon.is_gone():
                daemon.process.kill()
                daemon.process.wait()
            tracer.finish()
            self.is_hit, self.call = tracer.hit is not None, tracer.hit or ""
            self.totals = {"first": tracer.total or 0, **tracer.tallies}

    def begin_program(self, daemon):
        """It is past its exec when it says its version."""
        if not self.operation.running:
            return
        self.program = stage.start_program(self.root, self.operation.running, "stay")
        said = []
        # What it waited for is said before.
        while not said or (said[-1] and not said[-1].strip().isdigit()):
            said.append(self.program.stdout.readline())
        if not said[-1]:
            daemon.process.kill()
            daemon.process.wait()
            raise Failure(f"the program does not start: {said}")

    def end_program(self):
        """Whether it had ended; it has then."""
        if not self.program:
            return True
        wait_or_not(lambda: self.program.poll() is not None, 0.5)
        had_ended = self.program.poll() is not None
        self.program.kill()
        self.program.wait()
        self.program.stdout.close()
        self.program = None
        return had_ended

    def end_traced(self, daemon, tracer):
        """The end has calls too: it may be killed there."""
        try:
            if not daemon.is_gone():
                daemon.end()
        except Failure:
            # One whose state had an error ends by itself, and says so by its status.
            if not tracer.look() or self.way in ("worker", "helper"):
                raise

    # The next ones.

    def run_second(self, number):
        """Traced from the exec of pawld on, until what it finds in the state is finished."""
        daemon = self.start(["--who", "daemon", "--at", str(number)])
        tracer = daemon.tracer
        end = time.monotonic() + stage.LIMIT_S
        while time.monotonic() < end and not daemon.is_gone() and not tracer.look():
            if daemon.is_listening() and self.is_finished():
                os.kill(daemon.pid, signal.SIGTERM)
                break
            time.sleep(0.003)
        wait_or_not(daemon.is_gone)
        if not daemon.is_gone():
            os.kill(daemon.pid, signal.SIGKILL)
        tracer.finish()
        stage.wait_until(lambda: stage.is_dead(daemon.pid), "the daemon itself does not end")
        self.call += f", then {tracer.hit or 'nothing'}"
        self.is_hit = self.is_hit and tracer.hit is not None
        self.totals["second"] = tracer.total or 0

    def recover(self):
        if self.way in TWICE:
            self.run_second(self.second)
        daemon = self.start().wait_ready()
        try:
            if self.operation.insists and not self.is_finished():
                self.act()
            stage.wait_until(self.is_finished, "the change does not end")
            # What a program still used goes when the daemon next rests.
            wait_or_not(lambda: not os.listdir(f"{self.root}/var/lib/pawl/trash"))
        finally:
            daemon.end()

    # What came of it.

    def judge(self):
        had_ended, is_running = self.end_program(), self.operation.running
        stage.check_nothing_left(self.root)
        told = stage.explain_told(self.root, self.scratch)
        if told:
            raise Failure(f"state and world differ: {told}")
        stage.check_state(self.root)
        image = stage.take_image(self.root)
        wanted = self.choose_image()
        if is_running and wanted == "after" and not had_ended:
            raise Failure("its program outlived the removal")
        if is_running and self.end == "none" and had_ended:
            raise Failure("its program was ended by a change that is not there")
        if image != self.images[wanted] and not self.waits_for_start(image, self.images[wanted]):
            third = "" if any(image == other for other in self.images.values()) else ", but none of those known"
            raise Failure(f"should be as {wanted}{third}:\n"
                          + "\n".join(stage.explain_difference(image, self.images[wanted])))
        unknown = image.known.difference(*(other.known for other in self.images.values()))
        if unknown:
            raise Failure("left over, and in no image: " + ", ".join(sorted(unknown)))

    def waits_for_start(self, image, wanted):
        """No user holds up the machine: where his home was full or failed, his data is copied at his first start of the
        revision, and the log says so."""
        if self.way not in operations.FAILURES or set(image.exact.splitlines()) - set(wanted.exact.splitlines()):
            return False
        missing = set(wanted.exact.splitlines()) - set(image.exact.splitlines())
        said = self.query("SELECT count(*) FROM task_log WHERE text LIKE '%is copied when the new revision is first started%'")
        return bool(said[0][0]) and all(line.startswith(stage.USER_HOME[1:] + "/snap/") for line in missing)

    def choose_image(self):
        has = "EXISTS (SELECT 1 FROM task WHERE change = c.id AND status IN ({}))"
        rows = self.query("SELECT {}, {}, {} FROM change c WHERE id > {}".format(
            has.format("'Error'"), has.format("'Hold', 'Undone', 'Error'"), has.format("'Undone'"),
            self.campaign.changes[self.operation.name]))
        if not rows:
            self.end = "none"
            return "before"
        has_failed, is_back, is_undone = rows[-1]
        self.end = "undone" if is_undone else "back" if is_back else "done"
        self.undone = [kind for kind, in self.query("SELECT DISTINCT kind FROM task WHERE status = 'Undone' AND change > "
                                                    f"{self.campaign.changes[self.operation.name]} ORDER BY kind")]
        if self.operation.plain:
            return "before" if is_back else "plain"
        may_fail = self.operation.goes_back or self.operation.is_mixed or self.way in ("helper", *operations.FAILURES)
        if has_failed and not may_fail:
            raise Failure("the change ended in Error")
        return "before" if has_failed and self.way in ("helper", *operations.FAILURES) else "after"

    def query(self, sql):
        with stage.sqlite3.connect(f"{self.root}/var/lib/pawl/state/pawl.db") as database:
            rows = database.execute(sql).fetchall()
        database.close()
        return rows

    # The whole.

    def run(self):
        failure = None
        try:
            self.try_it()
        except (Failure, OSError, subprocess.SubprocessError, AssertionError, stage.sqlite3.Error) as error:
            if isinstance(error, Hang):
                error = f"{error}\n" + "\n".join(f"  {line}" for line in stage.describe_processes())
            signal.setitimer(signal.ITIMER_REAL, 0)
            failure = f"{self.name_point()} ({self.call}): {error}{self.describe_end()}\n  again: {self.name_command()}"
            self.end_program()
            stage.kill_leftovers()
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.clear(failure)
        return Result(self.is_hit, self.call, self.end, failure, self.totals, self.undone)

    def try_it(self):
        copy_root(self.campaign.get_template(self.operation), self.root)
        self.run_first(get_options(self.way, self.number))
        if self.is_hit:
            self.recover()
        self.judge()

    def name_point(self):
        return f"{self.operation.name}, {self.way}, call {self.number}" + (f" and {self.second}" if self.second else "")

    def name_command(self):
        at = f"{self.number},{self.second}" if self.second else str(self.number)
        return f"tools/crash-campaign --operations '{self.operation.name}' --ways {self.way} --at {at} --keep"

    def describe_end(self):
        tasks = stage.query_copy(self.root, self.scratch, "SELECT id, kind, status, attempt FROM task WHERE change = "
                                 "(SELECT max(id) FROM change) AND status <> 'Done'") or []
        tasks += stage.query_copy(self.root, self.scratch, "SELECT task, text FROM task_log WHERE task IN (SELECT id FROM "
                                  "task WHERE change = (SELECT max(id) FROM change))") or []
        log = ""
        if os.path.exists(self.log):
            with open(self.log, encoding="utf-8", errors="replace") as file:
                log = "".join(f"\n  | {line.rstrip()}" for line in file.readlines()[-8:])
        return "".join(f"\n  task {task}" for task in tasks) + log

    def run_whole(self, options=("--tally",), act=None):
        """Nothing happens: the image of after."""
        copy_root(self.campaign.get_template(self.operation), self.root)
        if act:
            self.operation = operations.Operation("plain", act)
        self.run_first(list(options))
        operations.require_success(self.answer)
        if not self.end_program():
            raise Failure("its program outlives the operation even undisturbed")
        stage.check_nothing_left(self.root)
        stage.check_state(self.root)
        image = stage.take_image(self.root)
        self.clear(None)
        return image

    def clear(self, failure):
        if failure and self.campaign.keeps:
            print(f"# kept: {self.scratch}", flush=True)
        else:
            shutil.rmtree(self.scratch)


class FullPoint(Point):
    """The file system is full for good after so many more pages: a real one, of its own."""

    def try_it(self):
        os.mkdir(self.root)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=64m", "tmpfs", self.root], check=True)
        copy_root(self.campaign.get_template(self.operation), self.root)
        daemon = self.start().wait_ready()
        try:
            self.begin_program(daemon)
            daemon = self.run_full(daemon)
            stage.wait_until(self.is_finished, "the change does not end with space again")
        finally:
            daemon.end()
        self.start().wait_ready().end()
        self.judge()
        self.is_hit = bool(self.call) or self.end != "done"

    def run_full(self, daemon):
        status = os.statvfs(self.root)
        self.resize((status.f_blocks - status.f_bfree) * status.f_frsize + self.number * FULL_STEP)
        self.act()
        try:
            stage.wait_until(lambda: daemon.is_gone() or self.is_finished(), "the change does not end", 1)
        except Hang:
            raise
        except Failure:
            self.call = "waits for space"
        self.resize(64 << 20)
        if not daemon.is_gone():
            return daemon
        self.call = "ended"
        return self.start().wait_ready()

    def resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.root], check=True)

    def clear(self, failure):
        if os.path.ismount(self.root) and not (failure and self.campaign.keeps):
            subprocess.run(["umount", "-l", self.root], check=True)
        super().clear(failure)


def make_point(campaign, name, way, numbers):
    return (FullPoint if way == "full" else Point)(campaign, name, way, numbers)
