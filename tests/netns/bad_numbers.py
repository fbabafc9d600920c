# SPDX-License-Identifier: BSD-3-Clause
"""Every number that a command takes, at and beyond the ends of its range: what is out
of range is refused with the range in the message, what is in range is understood, and
the engine is there afterwards. Usage: bad_numbers.py SOCKET"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rpc import Checks, Rpc  # noqa: E402

# What a command needs beside the number under test. Commands that end the engine or
# read a file are left out.
PLACES = {"address": "192.0.2.77", "prefix": "198.18.0.0/24", "mac": "02:00:00:00:00:01", "name": "t"}
TARGET = "192.0.2.1"
LEFT_OUT = {"shutdown", "quit", "load", "help", "save"}
ODD = ["-1", "-9223372036854775808", str(2**31), str(2**32), str(2**63), str(2**64), "9" * 40,
       "1e9", "0x10", "1.5", "nan", "inf", "", "1 0", "+1", "１"]

# Independent of the table's own word: refused, whatever the table says.
REFUSED = """ping 192.0.2.1 -c 0
ping 192.0.2.1 -c -1
ping 192.0.2.1 -i -1
ping 192.0.2.1 -i -0.001
ping 192.0.2.1 -W -1
ping 192.0.2.1 -w -1
ping 192.0.2.1 -s -1
ping 192.0.2.1 -s 65508
ping 192.0.2.1 -s 2147483648
ping 192.0.2.1 -t 0
ping 192.0.2.1 -t 256
ping 192.0.2.1 -Q 256
ping 192.0.2.1 -Q -1
ping 192.0.2.1 interval 1
ping 192.0.2.1 -c 9223372036854775808
ping 192.0.2.1 rate 0pps
ping 192.0.2.1 rate -1pps
ping 192.0.2.1 rate 1000000Gpps
ping 192.0.2.1 port 99
ping 192.0.2.1 port -1
ping 192.0.2.1 -p xyz
ping 192.0.2.1 -p 00112233445566778899aabbccddeeff00
ping 192.0.2.256
ping 192.0.2.1/24
addr add 192.0.2.9/33 port 0
addr add 192.0.2.9/-1 port 0
addr add 192.0.2.9/24 port 4294967296
addr add 192.0.2.9/24 port 31
addr add 2001:db8::9/129 port 0
addr add 224.0.0.1/24 port 0
addr add 127.0.0.1/8 port 0
addr add 0.0.0.0/0 port 0
route add 198.51.100.0/33 via 192.0.2.1
route add default via 203.0.113.1
route add default via 192.0.2.1 preference -1
route add default via 192.0.2.1 preference 65536
neigh add 192.0.2.9 port 0 mac ff:ff:ff:ff:ff:ff
neigh add 192.0.2.9 port 0 mac 02:00:00:00:00
neigh add 192.0.2.9 port 0 mac 02:00:00:00:00:0g
show port info 32
show port info -1""".splitlines()


def value_of(command, param):
    if param["name"] == "targets" or param["name"] == "address" and command["words"] == "ping":
        return TARGET
    if param["type"] == "prefix" and param["name"] == "address":
        return "198.18.0.2/24"
    if param["name"] in PLACES:
        return PLACES[param["name"]]
    if param.get("choices"):
        return param["choices"][0]
    return str(param.get("min", TARGET))


def line_with(command, param, text, word):
    """The command with its required words, and `text` for the one parameter."""
    words = [command["words"]]
    for p in command["params"]:
        chosen = p is param
        if not chosen and not p["required"]:
            continue
        if not p["positional"]:
            words.append(word if chosen else p["name"])
        words.append(text if chosen else value_of(command, p))
    return " ".join(words)


class Probe:
    """Runs lines that might go on for ever: each is cancelled at once."""

    def __init__(self, path):
        self.path = path
        self.rpc = Rpc(path)

    def answer(self, line):
        request = self.rpc.send("exec", {"line": line})
        self.rpc.send("cancel", {"id": request})
        return self.rpc.answer(request)


def check_ranges(checks, probe, command, param):
    time = param["type"] == "time"
    word = param["name"]
    low, high = param["min"], param.get("max", 2**63 - 1)
    shown = f"{command['words']} {word}"
    for n in {low - 1, high + 1}:
        answer = probe.answer(line_with(command, param, f"{n}ns" if time else str(n), word))
        message = answer.get("error", {}).get("message", "")
        checks.check(f"{shown} {n}: refused with the range",
                     "error" in answer and ("out of range" in message or "not a " in message), str(answer))
    for n in {low, high}:
        answer = probe.answer(line_with(command, param, f"{n}ns" if time else str(n), word))
        message = answer.get("error", {}).get("message", "")
        checks.check(f"{shown} {n}: in range", "out of range: " not in message or word not in message, str(answer))
    bad = [text for text in ODD
           if "error" not in (a := probe.answer(line_with(command, param, text, word)))
           and not plausible(text, low, high, time)]
    checks.check(f"{shown}: odd numbers are refused or mean what they say", not bad, str(bad))


def settings(probe):
    return [probe.answer(f"show {what}")["result"] for what in ("addr", "route", "sessions")]


def plausible(text, low, high, time):
    """Whether an odd number may be taken: only plain or hexadecimal ones in range."""
    if time:
        return False
    try:
        return low <= int(text, 0) <= high
    except ValueError:
        return False


def main():
    checks = Checks()
    probe = Probe(sys.argv[1])
    table = probe.rpc.call("commands")["result"]
    table = table.get("commands", table) if isinstance(table, dict) else table
    numbers = 0
    for command in table:
        if command["words"] in LEFT_OUT:
            continue
        for param in command["params"] or []:
            if "min" in param:
                numbers += 1
                check_ranges(checks, probe, command, param)
    checks.check("the table has numbers to check", numbers >= 8, f"{numbers} found")
    before = settings(probe)
    for line in REFUSED:
        answer = probe.answer(line)
        checks.check(f"refused: {line}", bool(answer.get("error", {}).get("message")), str(answer))
    checks.check("what was refused has changed nothing", settings(probe) == before)
    checks.check("the engine answers afterwards", "result" in probe.rpc.call("exec", {"line": "show version"}))
    checks.finish()


main()
