# SPDX-License-Identifier: BSD-3-Clause
"""The engine's socket for the tests: newline-delimited JSON-RPC, and the ok/not ok
lines that scripts/test counts."""

import json
import socket
import sys


class Rpc:
    def __init__(self, path, timeout=20):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)
        self.sock.settimeout(timeout)
        self.lines = self.sock.makefile("rb")
        self.next_id = 0
        self.hello = None

    def send(self, method, params=None):
        """Sends a request and returns its id."""
        self.next_id += 1
        request = {"jsonrpc": "2.0", "id": self.next_id, "method": method}
        if params is not None:
            request["params"] = params
        self.sock.sendall(json.dumps(request).encode() + b"\n")
        return self.next_id

    def receive(self):
        """The next message; None when the engine has closed."""
        line = self.lines.readline()
        if not line:
            return None
        message = json.loads(line)
        if message.get("method") == "hello":
            self.hello = message["params"]
            return self.receive()
        return message

    def answer(self, wanted):
        """The response with that id; notifications on the way are dropped."""
        while True:
            message = self.receive()
            if message is None:
                raise ConnectionError("the engine closed the connection")
            if message.get("id") == wanted and "method" not in message:
                return message

    def call(self, method, params=None):
        return self.answer(self.send(method, params))

    def close(self):
        self.lines.close()
        self.sock.close()


class Checks:
    def __init__(self):
        self.failed = 0

    def check(self, text, good, detail=""):
        if good:
            print(f"ok - {text}")
        else:
            self.failed += 1
            print(f"not ok - {text}")
            if detail:
                print(f"    # {detail}")
        return good

    def finish(self):
        sys.exit(0)  # the lines are what is counted
