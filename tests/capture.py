# SPDX-License-Identifier: BSD-3-Clause
"""Capture files for the tests, in pcap's classic format: any byte order is read, cut
files as far as they go, as libpcap does."""

import struct

MAGICS = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}


def read_frames(file):
    with open(file, "rb") as source:
        data = source.read()
    order = MAGICS.get(data[:4])
    frames, at = [], 24
    while order and at + 16 <= len(data):
        captured = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        frame = data[at + 16:at + 16 + captured]
        if len(frame) < captured:
            break
        frames.append(frame)
        at += 16 + captured
    return frames


def write_frames(file, frames):
    with open(file, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for n, frame in enumerate(frames):
            out.write(struct.pack("<IIII", n // 1000000, n % 1000000, len(frame), len(frame)) + frame)
