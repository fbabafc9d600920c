# SPDX-License-Identifier: BSD-3-Clause
"""Captures that others recorded, made to reach deeper than the MAC check.

    foreign.py readdress IN OUT OLD NEW   the capture, its frames for one MAC sent to another
    foreign.py empty OUT                  a capture without a frame
    foreign.py replies FILE               "ECHO ARP": how many replies of each kind it has"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from capture import read_frames, write_frames  # noqa: E402


def mac_bytes(mac):
    return bytes(int(part, 16) for part in mac.split(":"))


def readdress(source, target, old, new):
    old, new = mac_bytes(old), mac_bytes(new)
    write_frames(target, [new + f[6:] if f[:6] == old else f for f in read_frames(source)])


def kind(frame):
    if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2":
        return "arp"
    if frame[12:14] == b"\x08\0" and frame[23] == 1 and frame[34] == 0:
        return "echo"
    return "other"


def replies(file):
    found = [kind(frame) for frame in read_frames(file)]
    print(found.count("echo"), found.count("arp"))


def main():
    commands = {"readdress": readdress, "empty": lambda file: write_frames(file, []), "replies": replies}
    commands[sys.argv[1]](*sys.argv[2:])


main()
