# SPDX-License-Identifier: BSD-3-Clause
"""Capture files for the tests: read whatever libpcap reads, write plain Ethernet ones."""

import struct

from scapy.all import RawPcapReader
from scapy.error import Scapy_Exception


def read_frames(file):
    """The frames as bytes; those behind a fault in the file are left out, as libpcap does."""
    frames = []
    try:
        with RawPcapReader(str(file)) as reader:
            for data, _ in reader:
                frames.append(bytes(data))
    except (Scapy_Exception, EOFError, struct.error):
        pass
    return frames


def write_frames(file, frames):
    with open(file, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for n, frame in enumerate(frames):
            out.write(struct.pack("<IIII", n // 1000000, n % 1000000, len(frame), len(frame)) + frame)
