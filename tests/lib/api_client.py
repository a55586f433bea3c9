# SPDX-License-Identifier: Apache-2.0
"""Requests to a daemon's socket."""
import http.client
import json
import socket

LIMIT_S = 60.0


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT_S)
        self.sock.connect(str(self.path))


def ask(root, method, target, body=None, headers=None):
    """The answer's JSON; OSError or HTTPException where none came."""
    connection = Connection(f"{root}/run/snapd.socket")
    try:
        connection.request(method, target, body, headers or {})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
