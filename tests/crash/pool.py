# SPDX-License-Identifier: Apache-2.0
"""Processes that try points side by side, none longer than a point may take; and the journal of what they found.

A point that hangs ends by an alarm in its own process, which says what hangs.  Where even that does not come, the
process is killed with all that it started, and another takes its place.
"""
import json
import multiprocessing
import os
import signal
import time
from multiprocessing import connection

import point
import stage

LIMIT_S = 90
GRACE_S = 30


def on_alarm(_signal, _frame):
    raise point.Hang(f"hangs: not over within {LIMIT_S} s")


def serve(pipe, campaign, number):
    stage.become_subreaper()
    # Tracer and traced take turns: on one processor that costs half.
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[number % len(processors)]})
    signal.signal(signal.SIGALRM, on_alarm)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while (task := pipe.recv()) is not None:
        signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
        begun = time.monotonic()
        result = point.make_point(campaign, *task).run()
        pipe.send((result, time.monotonic() - begun))


class Server:
    def __init__(self, campaign, number):
        self.number = number
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(target=serve, args=(theirs, campaign, number),
                                                                   daemon=True)
        self.process.start()
        theirs.close()
        self.task, self.deadline = None, 0

    def give(self, task):
        self.task, self.deadline = task, time.monotonic() + LIMIT_S + GRACE_S
        self.pipe.send(task)

    def take(self):
        """(task, result, seconds) of what it was given; one that died or hung is a failure of its point."""
        task, self.task = self.task, None
        try:
            return task, *self.pipe.recv()
        except (EOFError, OSError):
            return task, point.Result(failure=f"{task}: the process that tried it died"), 0

    def end(self):
        if self.process.is_alive():
            try:
                self.pipe.send(None)
            except OSError:
                pass
            self.process.join(5)
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Pool:
    def __init__(self, campaign, jobs):
        self.campaign = campaign
        self.servers = [Server(campaign, number) for number in range(jobs)]

    def replace(self, server):
        server.process.kill()
        server.process.join()
        server.pipe.close()
        self.servers.remove(server)
        stage.kill_leftovers([other.process.pid for other in self.servers])
        self.servers.append(Server(self.campaign, server.number))

    def run(self, tasks):
        """(task, result, seconds) of each, as they come."""
        tasks = iter(tasks)
        while True:
            for server in self.servers:
                if server.task is None and (task := next(tasks, None)) is not None:
                    server.give(task)
            busy = [server for server in self.servers if server.task]
            if not busy:
                return
            ready = connection.wait([server.pipe for server in busy], 1)
            for server in busy:
                if server.pipe in ready:
                    yield server.take()
                    if not server.process.is_alive():
                        self.replace(server)
                elif time.monotonic() > server.deadline:
                    task = server.task
                    self.replace(server)
                    yield task, point.Result(failure=f"{task}: hangs, and so does the process that tried it"), LIMIT_S

    def end(self):
        for server in self.servers:
            server.end()


class Journal:
    """One line for each point that is over: a run that was interrupted goes on from there."""

    def __init__(self, path, identity):
        self.path, self.results, self.seconds = path, {}, 0.0
        self.file, self.length = None, 0
        if path is None:
            return
        lines = self.read()
        if lines and identity and lines[0] != identity:
            raise SystemExit(f"{path} is the journal of another build or list: name another, or remove it\n"
                             f"  there: {lines[0]}\n  here:  {identity}")
        for line in lines[1:]:
            name, way, numbers, hit, call, end, failure, seconds, *undone = line
            self.seconds += seconds
            self.results[name, way, tuple(numbers)] = point.Result(hit, call, end, failure, undone=undone)
        self.file = open(path, "a", encoding="ascii")
        self.file.truncate(self.length)
        if not lines and identity:
            self.write(identity)

    def keep_list(self, make):
        """Which points there are is measured and drawn once: kept beside the journal."""
        if self.path is None:
            return make()
        path = f"{self.path}.points"
        if not self.results or not os.path.exists(path):
            with open(path, "w", encoding="ascii") as file:
                json.dump(make(), file)
        with open(path, encoding="ascii") as file:
            return [(name, way, tuple(numbers)) for name, way, numbers in json.load(file)]

    def read(self):
        """Whole lines: the last one may have been cut."""
        self.length = 0
        if not os.path.exists(self.path):
            return []
        with open(self.path, encoding="ascii") as file:
            text = file.read()
        self.length = text.rfind("\n") + 1
        return [json.loads(line) for line in text[:self.length].splitlines()]

    def write(self, line):
        if self.file:
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()

    def add(self, task, result, seconds):
        self.write([*task, result.hit, result.call, result.end, result.failure, round(seconds, 3), *result.undone])
