# SPDX-License-Identifier: Apache-2.0
"""What the tests of the transport share: a daemon that echoes, clients, and how cases are said."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PAWL_BUILD", os.path.join(TOP, "build"))
HTTP = os.path.join(BUILD, "src/http/pawl-http")
NOBODY, OTHER = 65534, 65533


def wait_until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Reply:
    """One HTTP answer, read from a socket."""

    def __init__(self, stream):
        line = stream.readline().decode()
        if not line:
            raise ConnectionError("no answer")
        self.status = int(line.split()[1])
        self.headers = {}
        while (line := stream.readline().decode().strip()):
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.bytes = stream.read(int(self.headers.get("content-length", 0)))

    @property
    def json(self):
        return json.loads(self.bytes)

    @property
    def result(self):
        return self.json["result"]


class Stage:
    """A daemon in a directory of its own; everything is gone at the end."""

    def __init__(self, http=HTTP, idle_ms=1000, timeout_s=2):
        self.dir = tempfile.mkdtemp(prefix="pawl-http-")
        os.chmod(self.dir, 0o755)
        os.makedirs(f"{self.dir}/run")
        self.incoming = f"{self.dir}/incoming"
        os.mkdir(self.incoming, 0o700)
        self.socket_name = "run/snapd.socket"
        self.daemon = subprocess.Popen(
            [f"{BUILD}/tests/http/echo-daemon", self.socket_name, "incoming", http, str(idle_ms), str(timeout_s)],
            cwd=self.dir, stdin=subprocess.PIPE)
        if not wait_until(lambda: os.path.exists(f"{self.dir}/{self.socket_name}")):
            raise RuntimeError("the daemon does not start")

    def connect(self, uid=0):
        """A connected socket; the kernel notes who connects, so that is done by a child of that uid."""
        if uid == 0:
            client = socket.socket(socket.AF_UNIX)
            client.connect(f"{self.dir}/{self.socket_name}")
            client.settimeout(60)
            return client
        return self.connect_many(uid, 1)[0]

    def connect_many(self, uid, count):
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                os.chdir(self.dir)
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
                clients = [socket.socket(socket.AF_UNIX) for _ in range(count)]
                for client in clients:
                    client.connect(self.socket_name)
                socket.send_fds(theirs, [b"x"], [client.fileno() for client in clients])
                # Stays until its socket was accepted: one who has ended counts as confined.
                theirs.recv(1)
            finally:
                os._exit(0)
        theirs.close()
        _, fds, _, _ = socket.recv_fds(ours, 1, count)
        clients = [socket.socket(fileno=fd) for fd in fds]
        for client in clients:
            client.settimeout(60)
        self.helpers = getattr(self, "helpers", [])
        self.helpers.append((ours, pid))
        return clients

    def release_helpers(self):
        for ours, pid in getattr(self, "helpers", []):
            ours.close()
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self.helpers = []

    def ask(self, raw, uid=0):
        """Sends bytes, or "METHOD target", on a new connection; the one answer."""
        if isinstance(raw, str):
            raw = f"{raw} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        with self.connect(uid) as client:
            try:
                client.sendall(raw)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return Reply(client.makefile("rb"))

    def post(self, target, body, headers=""):
        return self.ask(f"POST {target} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode()
                        + body)

    def stats(self):
        return self.ask("GET /v2/stats").result

    def stay(self):
        """A connection that keeps its pawl-http from being idle, for as long as it is in use."""
        client = self.connect()
        client.sendall(b"GET /v2/echo HTTP/1.1\r\nHost: x\r\n\r\n")
        Reply(client.makefile("rb"))
        return client

    def curl(self, *arguments, uid=0):
        run = subprocess.run(["curl", "-sS", "--max-time", "300", "--unix-socket", self.socket_name, *arguments],
                             cwd=self.dir, capture_output=True, user=uid, check=False)
        return run.stdout.decode(errors="replace") + run.stderr.decode()

    def http_pids(self):
        path = f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children"
        with open(path, encoding="ascii") as children:
            return [int(pid) for pid in children.read().split()]

    def count_fds(self):
        return len(os.listdir(f"/proc/{self.daemon.pid}/fd"))

    def count_upload_fds(self):
        """Descriptors of unnamed files that somebody still holds."""
        total = 0
        for pid in [self.daemon.pid, *self.http_pids()]:
            try:
                links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            except OSError:
                # It ended, or closed one just now: asked again by whoever waits.
                return -1
            total += sum(link.startswith(f"{self.incoming}/") for link in links)
        return total

    def close(self):
        self.release_helpers()
        self.daemon.stdin.close()
        try:
            status = self.daemon.wait(60)
        except subprocess.TimeoutExpired:
            self.daemon.send_signal(signal.SIGKILL)
            status = self.daemon.wait()
        left = os.listdir(self.incoming)
        shutil.rmtree(self.dir)
        return status, left


def peak_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
