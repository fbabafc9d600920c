# SPDX-License-Identifier: BSD-3-Clause
"""Clients that cancel, hang up, shout noise, never read, or come in crowds. The engine
must answer the next one, and keep its memory and descriptors. Usage: clients.py SOCKET PID"""

import json
import os
import random
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rpc import Checks, Rpc  # noqa: E402

PATH, PID = sys.argv[1], int(sys.argv[2])
SEED = int(os.environ.get("PMDPING_SEED", time.time_ns() % 2**32))
FOREVER = {"address": "192.0.2.1", "interval": 10_000_000}


def descriptors():
    return len(os.listdir(f"/proc/{PID}/fd"))


def resident_kb():
    with open(f"/proc/{PID}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def connect():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(PATH)  # waits while the queue is full, which it would not with a timeout
    sock.settimeout(10)
    return sock


def until(seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def answers():
    rpc = Rpc(PATH, timeout=5)
    good = "result" in rpc.call("show.version")
    rpc.close()
    return good


def cancel(checks):
    rpc = Rpc(PATH)
    ping = rpc.send("ping", FOREVER)
    replies = 0
    while replies < 5:
        replies += rpc.receive().get("params", {}).get("event") == "reply"
    rpc.send("cancel", {"id": ping})
    result = rpc.answer(ping).get("result", {})
    checks.check("cancel ends a ping with its summary", result.get("received", 0) >= 5, str(result))
    checks.check("and the connection goes on", "result" in rpc.call("show.version"))
    unknown = rpc.call("cancel", {"id": 4711})
    checks.check("cancel of nothing is answered", "result" in unknown or "error" in unknown, str(unknown))
    rpc.close()


def two_at_once(checks):
    rpc = Rpc(PATH)
    targets = ("192.0.2.1", "2001:db8::1")
    ids = [rpc.send("ping", {"address": target, "count": 20, "interval": 5_000_000, "quiet": True})
           for target in targets]
    results = {}
    while len(results) < 2:
        message = rpc.receive()
        if message.get("id") in ids and "result" in message:
            results[message["id"]] = message["result"]["received"]
    checks.check("two pings on one connection each get their own replies",
                 list(results.values()) == [20, 20], str(results))
    rpc.close()


def sessions_left():
    rpc = Rpc(PATH)
    sessions = rpc.call("show.sessions")["result"]["sessions"]
    rpc.close()
    return sessions


def hang_up(checks):
    for _ in range(20):
        rpc = Rpc(PATH)
        rpc.send("ping", FOREVER)
        rpc.receive()
        rpc.sock.close()
    checks.check("twenty clients that hang up in mid-ping", answers())


def requests_of(rng):
    methods = ["ping", "exec", "show.version", "show.port.info", "addr.add", "route.add", "neigh.add",
               "session.add", "cancel", "commands", "load", "nosuch", "", "ping." * 50]
    values = [None, True, False, 0, -1, 2**31, 2**63 - 1, 1e300, "", "x" * 300, "192.0.2.1", "::1", [],
              {}, [1, 2], {"a": {}}, "\u0000", "\udcff".encode("utf-8", "surrogatepass").decode("latin-1")]
    names = ["address", "count", "interval", "line", "id", "prefix", "port", "mac", "name", "content", "size"]
    request = {"jsonrpc": "2.0", "id": rng.choice(values + [1, 2, 3]), "method": rng.choice(methods),
               "params": {rng.choice(names): rng.choice(values) for _ in range(rng.randrange(4))}}
    if rng.random() < 0.2:
        del request[rng.choice(list(request))]
    line = bytearray(json.dumps(request).encode() + b"\n")
    for _ in range(rng.choice([0, 0, 1, 3, 20])):
        line[rng.randrange(len(line))] = rng.randrange(256)
    return bytes(line)


def noise(checks):
    """Random requests and random bytes, a few on each connection."""
    rng = random.Random(SEED)
    print(f"seed {SEED} (repeat with PMDPING_SEED={SEED})")
    for _ in range(250):
        sock = connect()
        try:
            for _ in range(4):
                sock.sendall(requests_of(rng) if rng.random() < 0.8 else rng.randbytes(rng.randrange(1, 3000)))
            if rng.random() < 0.5:
                sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the engine may hang up on noise
        sock.close()
    checks.check("a thousand random requests", answers())


def oversized(checks):
    sock = connect()
    try:
        sock.sendall(b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * 200_000)
        sock.shutdown(socket.SHUT_WR)
        data = b"".join(iter(lambda: sock.recv(65536), b""))
    except (BrokenPipeError, ConnectionResetError):
        data = b"closed"
    checks.check("a request over 64 KiB is refused", data, "no answer at all")
    sock.close()
    sock = connect()
    try:
        sock.sendall(b"show " + b"y" * 200_000 + b"\n")
        sock.shutdown(socket.SHUT_WR)
        data = b"".join(iter(lambda: sock.recv(65536), b""))
    except (BrokenPipeError, ConnectionResetError):
        data = b"ERR"
    checks.check("a line over 64 KiB is refused", b"ERR" in data, data[:80].decode("latin-1"))
    sock.close()
    checks.check("and the engine answers", answers())


def silent(checks):
    """A client that asks for much and reads nothing."""
    sock = connect()
    sock.sendall(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":'
                 b'{"address":"192.0.2.1","count":20000,"rate":"10kpps"}}\n')
    before = time.monotonic()
    good = all(answers() for _ in range(50))
    checks.check("a client that does not read delays nobody", good and time.monotonic() - before < 5)
    sock.close()


def first_answer(sock):
    """Of a client that begins to speak, and may have been told to go away before."""
    try:
        sock.sendall(b"{")
    except BrokenPipeError:
        pass
    return sock.recv(4096)


def crowd(checks):
    socks = [connect() for _ in range(45)]
    first = [first_answer(sock) for sock in socks]
    refused = sum(b"busy" in data for data in first)
    checks.check("32 clients are served, all others are told so", refused == len(socks) - 32, f"{refused} refused")
    for sock in socks:
        sock.close()
    checks.check("and when they have gone there is room", until(5, answers_quietly))


def answers_quietly():
    try:
        return answers()
    except (OSError, ValueError, AttributeError):
        return False


def main():
    checks = Checks()
    answers()
    fds, memory = descriptors(), resident_kb()
    for attack in (cancel, two_at_once, hang_up, noise, oversized, silent, crowd):
        attack(checks)
    checks.check("no descriptor is left open", until(5, lambda: descriptors() <= fds), f"{fds}, now {descriptors()}")
    grown = resident_kb() - memory
    limit = 300_000 if os.environ.get("PMDPING_ASAN") else 8_000  # the sanitizer keeps freed memory
    checks.check("memory has not grown", grown < limit, f"{grown} kB")
    checks.check("no session is left behind", until(5, lambda: not sessions_left()))


main()
