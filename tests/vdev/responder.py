# SPDX-License-Identifier: BSD-3-Clause
"""Questions for the responder in a capture, and the check of what it answered.

    responder.py questions MAC FILE                    for an engine with that MAC address
    responder.py check REPLIES COUNTERS GOLDEN MAC     one ok or not ok line per question

The golden file has a line per question: name | counter it must end in | answer as tshark
decodes it. COUNTERS is what `pmdping --json show counters` printed."""

import collections
import json
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from capture import read_frames, write_frames  # noqa: E402
from questions import DATA, ICMP_ID, questions  # noqa: E402
from rpc import Checks  # noqa: E402

BEFORE_NOBODY, FROM_NOBODY = "ND-04 NS from a link-local address", "ND-04 NS from ::"
FIELDS = """eth.dst eth.src vlan.id arp.opcode arp.src.proto_ipv4 arp.dst.proto_ipv4
ip.src ip.dst ip.ttl ip.dsfield ip.checksum.status icmp.type icmp.code icmp.ident icmp.seq
icmp.checksum.status ipv6.src ipv6.dst ipv6.hlim ipv6.tclass icmpv6.type icmpv6.code
icmpv6.echo.identifier icmpv6.echo.sequence_number icmpv6.checksum.status icmpv6.nd.na.flag.s icmpv6.nd.na.flag.o
icmpv6.nd.na.target_address icmpv6.opt.linkaddr data.data frame.len""".split()


def tshark(file):
    """A dictionary of fields for each frame."""
    command = ["tshark", "-n", "-r", file, "-o", "ip.check_checksum:TRUE", "-T", "fields", "-E", "separator=|"]
    for field in FIELDS:
        command += ["-e", field]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [dict(zip(FIELDS, line.split("|"))) for line in lines]


def describe_arp(f):
    return f"arp reply {f['arp.src.proto_ipv4']} to {f['arp.dst.proto_ipv4']}"


def describe_echo(f, v6):
    if v6:
        names = ("ipv6.src", "ipv6.dst", "ipv6.hlim", "ipv6.tclass", "icmpv6.code",
                 "icmpv6.echo.identifier", "icmpv6.echo.sequence_number")
    else:
        names = ("ip.src", "ip.dst", "ip.ttl", "ip.dsfield", "icmp.code", "icmp.ident", "icmp.seq")
    src, dst, ttl, tos, code, ident, seq = (f[n].split(",")[0] for n in names)
    data = bytes.fromhex(f["data.data"].replace(":", ""))
    text = f"echo reply {src} to {dst} ttl {ttl} tos {int(tos, 0):#04x} code {code} data {len(data)}"
    if int(ident, 0) != ICMP_ID or int(seq, 0) != 7:
        text += f" ID {ident} SEQ {seq}"
    return text if DATA.startswith(data) else text + " DATA DIFFERS"


def describe_na(f, mac):
    flags = "".join(letter for letter, field in (("S", "s"), ("O", "o"))
                    if f[f"icmpv6.nd.na.flag.{field}"] in ("1", "True"))
    lla = f["icmpv6.opt.linkaddr"]
    return (f"na {f['icmpv6.nd.na.target_address']} from {f['ipv6.src']} to {f['ipv6.dst']} hlim {f['ipv6.hlim']} "
            f"flags {flags} lla {'ours' if lla == mac else lla or 'none'}")


def describe(f, frame, mac):
    """One line for an answer; anything wrong with it is in capitals."""
    if f["arp.opcode"]:
        text = describe_arp(f) if f["arp.opcode"] == "2" else f"ARP {f['arp.opcode']}"
    elif f["icmp.type"] == "0":
        text = describe_echo(f, False)
    elif f["icmpv6.type"] == "129":
        text = describe_echo(f, True)
    elif f["icmpv6.type"] == "136":
        text = describe_na(f, mac)
    else:
        text = "UNEXPECTED " + frame.hex()
    if f["vlan.id"]:
        text += f" vlan {f['vlan.id']}"
    for check in ("ip.checksum.status", "icmp.checksum.status", "icmpv6.checksum.status"):
        if f[check] not in ("", "1"):
            text += f" WRONG {check}"
    if f["eth.src"] != mac:
        text += " SOURCE " + f["eth.src"]
    if any(frame[used_bytes(f, frame):]):
        text += " PADDING NOT ZERO"
    return f"{text}, {f['frame.len']} bytes"


def used_bytes(f, frame):
    """Where the padding starts."""
    link = 18 if f["vlan.id"] else 14
    if f["arp.opcode"]:
        return link + 28
    if f["ip.src"]:
        return link + struct.unpack("!H", frame[link + 2:link + 4])[0]
    return link + 40 + struct.unpack("!H", frame[link + 4:link + 6])[0]


def announcement(f):
    """What the engine says of its own addresses without being asked."""
    gratuitous = f["arp.opcode"] == "1" and f["arp.src.proto_ipv4"] == f["arp.dst.proto_ipv4"]
    return gratuitous or (f["icmpv6.type"] == "136" and f["ipv6.dst"] == "ff02::1"
                          and f["icmpv6.nd.na.flag.s"] in ("0", "False") and f["eth.dst"] == "33:33:00:00:00:01")


def answers(replies, asked, mac):
    """{name of the question: [description]}; under None what belongs to no question. The
    answer to a question from :: goes to everybody, as announcements do: it is the one
    that follows the answer to the question before."""
    found, last = collections.defaultdict(list), None
    frames = read_frames(replies)
    macs = {frame[6:12]: name for name, frame in zip(asked.names, asked.frames) if len(frame) >= 12}
    for f, frame in zip(tshark(replies), frames):
        if not announcement(f):
            last = macs.get(frame[:6])
        elif f["ipv6.dst"] and last == BEFORE_NOBODY:
            last = FROM_NOBODY
        else:
            continue
        found[last].append(describe(f, frame, mac))
    return found


def read_golden(file):
    with open(file, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split(" | ") for line in lines if line.strip() and line[0] != "#"]
    return {name: (counter, answer) for name, counter, answer in rows}


def find_counters(node, names):
    """The counters of `show counters`, wherever in the object they are."""
    totals = collections.Counter()
    if isinstance(node, dict):
        for key, value in node.items():
            if key in names and isinstance(value, int):
                totals[key] += value
            totals.update(find_counters(value, names))
        if node.get("name") in names:
            totals[node["name"]] += node.get("value", node.get("count", 0))
    elif isinstance(node, list):
        for value in node:
            totals.update(find_counters(value, names))
    return totals


def check(replies, counters, golden, mac):
    checks = Checks()
    asked, wanted = questions(mac), read_golden(golden)
    found = answers(replies, asked, mac)
    for name in asked.names:
        got = "; ".join(found[name]) or "nothing"
        counter, answer = wanted.get(name, ("?", "not in the golden file"))
        checks.check(name, got == answer, f"wanted: {answer}; got: {got}")
    checks.check("the golden file has no other questions", set(wanted) == set(asked.names),
                 str(set(wanted) ^ set(asked.names)))
    checks.check("no frame belongs to no question", not found[None], "; ".join(found[None]))
    with open(counters, encoding="utf-8") as lines:
        shown = json.loads(lines.readlines()[-1])
    expected = collections.Counter(counter for counter, _ in wanted.values())
    got = find_counters(shown, set(expected))
    for counter, count in sorted(expected.items()):
        checks.check(f"counter {counter}", got[counter] == count, f"wanted {count}, got {got[counter]}")
    checks.finish()


def main():
    what, *arguments = sys.argv[1:]
    if what == "questions":
        mac, file = arguments
        write_frames(file, questions(mac).frames)
    elif what == "check":
        check(*arguments)


main()
