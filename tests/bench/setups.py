# SPDX-License-Identifier: BSD-3-Clause
"""Ports and commands that several cases of scripts/bench have in common."""

import struct

SENT, RECEIVED = 2, 1
OWN = "addr add 192.0.2.2/24 port 0"
PEER_MAC = "02:00:00:00:00:09"
NULL_PORT = "net_null0,no-rx=1"
NULL_COMMANDS = [OWN, f"neigh add 192.0.2.9 mac {PEER_MAC} port 0"]
TRANSMIT = NULL_COMMANDS + ["session add s ping 192.0.2.9 frame 64 rate 1000Mpps timeout 1ms",
                            "session start s"]
LOOP = ["ping 198.18.0.2 count 1 quiet",
        "session add s ping 198.18.0.2 frame 64 rate 1000Mpps timeout 10ms", "session start s"]
# Probes leave queue 0, are answered on queue 1, and their answers arrive on queue 2.
RECEIPTS = ["--wire", "direct,queues=3,cross=1",
            "--config", "(0,0,1),(0,1,2),(0,2,2),(1,0,2),(1,1,2),(1,2,2)"]


# ---- requests in a capture


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo_request(host, mac, target, frame):
    """From 192.0.2.`host`; frame counts the FCS, which no capture holds."""
    icmp = struct.pack(">BBHHH", 8, 0, 0, 1000 + host, 1)
    icmp += bytes(i & 255 for i in range(frame - 4 - 14 - 20 - 8))
    icmp = icmp[:2] + struct.pack(">H", checksum(icmp)) + icmp[4:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(icmp), host, 0, 64, 1, 0)
    ip += bytes([192, 0, 2, host]) + target
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return mac + bytes([2, 0, 0, 0, 0, host]) + b"\x08\0" + ip + icmp


def write_requests(path, frame, sources=200):
    """To the MAC address that the first net_pcap port of a process has."""
    mac = bytes([0x02, 0x70, 0x63, 0x61, 0x70, 0x00])
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i in range(sources):
            data = echo_request(10 + i, mac, bytes([192, 0, 2, 2]), frame)
            out.write(struct.pack("<IIII", 0, i, len(data), len(data)) + data)


def endless_requests(machine, frame):
    """A port that delivers echo requests as fast as it is asked."""
    path = f"{machine.folder}/requests{frame}.pcap"
    write_requests(path, frame)
    return f"net_pcap0,rx_pcap={path},infinite_rx=1"
