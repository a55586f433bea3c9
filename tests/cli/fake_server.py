#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP over a unix socket with canned answers: the daemon as a client sees it, without a daemon.

Each scenario is a table of (method, path) → answer; every request is recorded in a canonical form, so that
two clients can be compared in what they ask as well as in what they print.
"""
import argparse
import email.parser
import http.server
import json
import os
import socketserver
import sys
import threading
import urllib.parse

VOLATILE_HEADERS = ("user-agent", "host", "content-length", "transfer-encoding", "accept-encoding", "connection")


def sync(result, **extra):
    return {"type": "sync", "status-code": 200, "status": "OK", "result": result, **extra}


def accepted(change):
    return {"type": "async", "status-code": 202, "status": "Accepted", "result": None, "change": change}


def error(status, message, kind=None, value=None, reason="Error"):
    result = {"message": message}
    if kind:
        result["kind"] = kind
    if value is not None:
        result["value"] = value
    return {"type": "error", "status-code": status, "status": reason, "result": result}


class Sequence:
    """An answer that differs from request to request; the last one stays."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def next(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Raw:
    """Bytes for the wire as they are (broken replies), or other content types."""

    def __init__(self, data, close=True):
        self.data, self.close = data, close


class Dropped:
    """The connection is closed without an answer."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, format, *args):
        pass

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                if size == 0:
                    self.rfile.readline()
                    return b"".join(parts)
                parts.append(self.rfile.read(size))
                self.rfile.readline()
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def canonical_body(self, body):
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            message = email.parser.BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
            return [[sorted((k.lower(), v) for k, v in part.items()), part.get_payload(decode=True).decode("latin-1")]
                    for part in message.get_payload()]
        try:
            return json.loads(body) if body else None
        except ValueError:
            return body.decode("latin-1")

    def answer(self):
        body = self.read_body()
        url = urllib.parse.urlsplit(self.path)
        query = sorted((k, ",".join(sorted(v.split(",")))) for k, v in urllib.parse.parse_qsl(url.query, True))
        headers = {k.lower(): v.split(";")[0] for k, v in self.headers.items() if k.lower() not in VOLATILE_HEADERS}
        self.server.record([self.command, url.path, query, headers, self.canonical_body(body)])
        reply = self.server.find(self.command, url.path, dict(query), body)
        if isinstance(reply, Dropped):
            self.close_connection = True
            return
        if isinstance(reply, Raw):
            self.wfile.write(reply.data)
            self.close_connection = reply.close
            return
        data = json.dumps(reply, ensure_ascii=False).encode()
        self.send_response(reply["status-code"])
        self.send_header("Content-Type", "application/json")
        if self.server.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(data), 700):
                piece = data[at:at + 700]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = answer


class FakeServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 16

    def __init__(self, root, scenario=None, chunked=False):
        self.path = os.path.join(root, "run/snapd.socket")
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.lock = threading.Lock()
        self.chunked = chunked
        self.reset(scenario or {})
        super().__init__(self.path, Handler)

    def handle_error(self, request, client_address):
        pass  # a client that hung up is part of the tests

    def reset(self, scenario):
        with self.lock:
            self.scenario, self.requests = scenario, []

    def record(self, request):
        with self.lock:
            self.requests.append(request)

    def find(self, method, path, query, body):
        with self.lock:
            reply = self.scenario.get((method, path))
            if callable(reply):
                reply = reply(query, body)
            if isinstance(reply, Sequence):
                reply = reply.next()
        if reply is None:
            reply = error(404, "not found", reason="Not Found")
        return reply

    def start(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        self.shutdown()
        self.server_close()
        if os.path.exists(self.path):
            os.unlink(self.path)


def main():
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import scenarios
    parser = argparse.ArgumentParser(description="serve one scenario on ROOT/run/snapd.socket until interrupted")
    parser.add_argument("root")
    parser.add_argument("scenario", nargs="?", default="normal", choices=sorted(scenarios.SCENARIOS))
    parser.add_argument("--chunked", action="store_true")
    options = parser.parse_args()
    server = FakeServer(options.root, scenarios.SCENARIOS[options.scenario](), options.chunked)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
