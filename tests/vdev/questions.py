# SPDX-License-Identifier: BSD-3-Clause
"""What the responder is asked: one frame per question, named after what is odd about it,
with a source MAC address of its own, to which the answer comes back."""

import struct

from scapy.all import (ARP, ICMP, IP, TCP, UDP, Dot1Q, Ether, ICMPv6EchoReply, ICMPv6EchoRequest,
                       ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, ICMPv6Unknown, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting,
                       PadN, Raw, in6_chksum)
from scapy.utils import checksum

OWN4, OWN6, VLAN4 = "192.0.2.2", "2001:db8::2", "198.51.100.2"
PEER4, PEER6, LOCAL6 = "192.0.2.9", "2001:db8::9", "fe80::9"
ALL = "ff:ff:ff:ff:ff:ff"
SOLICITED = "ff02::1:ff00:2"
SOLICITED_MAC = "33:33:ff:00:00:02"
ICMP_ID, DATA = 0x4242, bytes(range(256)) * 6


class Questions:
    """Collects frames under names; `mac` is the engine's."""

    def __init__(self, mac):
        self.mac = mac
        self.names, self.frames = [], []

    def source(self):
        n = len(self.frames)
        return f"02:00:00:01:{n >> 8:02x}:{n & 255:02x}"

    def add(self, name, packet, dst=None, ethertype=0x0800, cut=None, tail=b"", vlan=None):
        """A packet of scapy's behind an Ethernet header, or bytes under an EtherType; cut
        to a length, or with bytes behind it."""
        if isinstance(packet, bytes):
            frame = mac_bytes(dst or self.mac) + mac_bytes(self.source()) + struct.pack("!H", ethertype) + packet
        else:
            tag = Dot1Q(vlan=vlan) / packet if vlan is not None else packet
            frame = bytes(Ether(src=self.source(), dst=dst or self.mac) / tag)
        self.raw(name, frame[:cut] + tail)

    def raw(self, name, frame):
        assert name not in self.names, name
        self.names.append(name)
        self.frames.append(frame)

    def sender(self, **fields):
        """An ARP request for us from this question's own MAC address."""
        return ARP(**{"op": 1, "hwsrc": self.source(), "psrc": PEER4, "pdst": OWN4, **fields})

    def ns(self, src=PEER6, dst=SOLICITED, target=OWN6, hlim=255, lla=True, **fields):
        option = ICMPv6NDOptSrcLLAddr(lladdr=self.source()) if lla else b""
        return IPv6(src=src, dst=dst, hlim=hlim) / ICMPv6ND_NS(tgt=target, **fields) / option


def echo(size=56, ip=None, icmp=None):
    return IP(**{"src": PEER4, "dst": OWN4, **(ip or {})}) / \
        ICMP(**{"type": 8, "id": ICMP_ID, "seq": 7, **(icmp or {})}) / DATA[:size]


def echo6(size=56, ip=None, icmp=None, chain=()):
    packet = IPv6(**{"src": PEER6, "dst": OWN6, **(ip or {})})
    for header in chain:
        packet /= header
    return packet / ICMPv6EchoRequest(**{"id": ICMP_ID, "seq": 7, "data": DATA[:size], **(icmp or {})})


def patched(packet, changes, options=b"", hlen=20):
    """The bytes of an IPv4 packet with options put in and single bytes changed, and the
    checksum made right over `hlen` bytes and the options."""
    data = bytearray(bytes(packet))
    data[20:20] = options
    data[0] += len(options) // 4
    data[2:4] = struct.pack("!H", len(data))
    for offset, value in changes.items():
        data[offset] = value
    hlen += len(options)
    data[10:12] = b"\0\0"
    data[10:12] = struct.pack("!H", checksum(bytes(data[:hlen])))
    return bytes(data)


def mac_bytes(mac):
    return bytes(int(part, 16) for part in mac.split(":"))


def ask_arp(q):
    q.add("ARP-01 request for us, broadcast", q.sender(), dst=ALL)
    q.add("ARP-02 request for us, unicast", q.sender())
    q.add("ARP-01 padding of the request is not echoed", q.sender(), dst=ALL, tail=b"\xaa" * 18)
    q.add("ARP-03 request for somebody else", q.sender(pdst="192.0.2.7"), dst=ALL)
    q.add("ARP-06 hardware type 6", q.sender(hwtype=6), dst=ALL)
    q.add("ARP-06 hardware type 2", q.sender(hwtype=2), dst=ALL)
    q.add("ARP-06 protocol type of IPv6", q.sender(ptype=0x86dd), dst=ALL)
    q.add("ARP-06 hardware address length 8", arp_bytes(q, hln=8), ALL, ethertype=0x0806)
    q.add("ARP-06 protocol address length 16", arp_bytes(q, pln=16), ALL, ethertype=0x0806)
    q.add("ARP-06 cut after 27 bytes", q.sender(), dst=ALL, cut=14 + 27)
    q.add("ARP-06 cut after 20 bytes", q.sender(), dst=ALL, cut=14 + 20)
    q.add("ARP-06 no byte at all", q.sender(), dst=ALL, cut=14)
    for op in (0, 3, 4, 9, 0xffff):
        q.add(f"ARP-07 operation {op}", q.sender(op=op), dst=ALL)
    q.add("ARP-21 probe from 0.0.0.0", q.sender(psrc="0.0.0.0"), dst=ALL)
    q.add("D-5 sender off the subnet", q.sender(psrc="203.0.113.9"), dst=ALL)
    q.add("ARP-19 sender has our address", q.sender(psrc=OWN4), dst=ALL)
    q.add("sender is a multicast address", q.sender(psrc="224.0.0.5"), dst=ALL)
    q.add("sender is the broadcast address of the subnet", q.sender(psrc="192.0.2.255"), dst=ALL)
    q.add("sender MAC is a group", q.sender(hwsrc="01:00:5e:00:00:01"), dst=ALL)
    q.add("ARP-24 gratuitous request", q.sender(pdst=PEER4), dst=ALL)
    q.add("ARP-25 no proxy for a host beyond", q.sender(pdst="203.0.113.7"), dst=ALL)


def arp_bytes(q, hln=6, pln=4):
    data = bytearray(bytes(q.sender()))
    data[4], data[5] = hln, pln
    return bytes(data) + bytes(18)


def ask_ip4(q):
    for size in (0, 1, 17, 18, 33, 56, 1472):
        q.add(f"ICMP-05 echo of {size} bytes", echo(size))
    q.add("ICMP-08 TOS 0xb8", echo(ip={"tos": 0xb8}))
    q.add("IP-08 TTL 1", echo(ip={"ttl": 1}))
    q.add("DF set", echo(ip={"flags": "DF"}))
    q.add("ID-02 the same identification again", echo(ip={"flags": "DF", "id": 1}))
    q.add("ICMP-06 code 1", echo(icmp={"code": 1}))
    q.add("IP-04 bytes behind the IP packet", echo(4), tail=b"\xaa" * 40)
    q.add("Etherleak: padding of the request is not echoed", echo(0), tail=b"\xaa" * 18)
    q.add("ICMP-02 wrong ICMP checksum", echo(icmp={"chksum": 0x1234}))
    q.add("IP-02 wrong header checksum", echo(ip={"chksum": 0x1234}))
    q.add("IP-01 version 5", patched(echo(), {0: 0x55}))
    q.add("IP-01 version 6 under the EtherType of IPv4", patched(echo(), {0: 0x65}))
    q.add("IP-03 IHL 4", patched(echo(), {0: 0x44}))
    q.add("IP-03 IHL past the end", patched(echo(0), {0: 0x4f}))
    q.add("IP-03 total length past the frame", echo(ip={"len": 200}))
    q.add("IP-03 total length below the header", echo(ip={"len": 19}))
    q.add("ICMP-03 IP packet that ends with its header", echo(ip={"len": 20}))
    q.add("ICMP-03 four bytes of ICMP", echo(ip={"len": 24}))
    q.add("ICMP-03 seven bytes of ICMP", echo(ip={"len": 27}))
    q.add("cut in the IP header", echo(), cut=14 + 19)
    q.add("an IP packet of no bytes", echo(), cut=14)
    for source in ("0.0.0.0", "127.0.0.1", "255.255.255.255", "224.0.0.5", "240.0.0.1", "192.0.2.255", OWN4):
        q.add(f"IP-06 source {source}", echo(ip={"src": source}))
    q.add("ICMP-07 to the broadcast address of the subnet", echo(ip={"dst": "192.0.2.255"}), dst=ALL)
    q.add("ICMP-07 to 255.255.255.255", echo(ip={"dst": "255.255.255.255"}), dst=ALL)
    q.add("ICMP-07 to 224.0.0.1", echo(ip={"dst": "224.0.0.1"}), dst="01:00:5e:00:00:01")
    q.add("IP-07 our address in a broadcast frame", echo(), dst=ALL)
    q.add("IP-07 our address in a multicast frame", echo(), dst="01:00:5e:00:00:01")
    q.add("smurf: broadcast address in a frame to us", echo(ip={"dst": "192.0.2.255"}))
    q.add("IP-05 not our address", echo(ip={"dst": "192.0.2.7"}))
    q.add("not our MAC address", echo(), dst="02:00:00:00:00:77")
    q.raw("source MAC is a group", mac_bytes(q.mac) + b"\1\0\x5e\0\0\1\x08\0" + bytes(echo()))
    q.add("first fragment", echo(ip={"flags": "MF"}))
    q.add("later fragment", echo(ip={"frag": 3}))
    q.add("OPT-03 no-operations and end of list", patched(echo(), {}, b"\1\1\1\0"))
    q.add("OPT-03 unknown option", patched(echo(), {}, b"\x9e\x04\0\0"))
    q.add("OPT-05 record route", patched(echo(), {}, b"\x07\x07\x04\0\0\0\0\0"))
    q.add("OPT-09 loose source route, finished", patched(echo(), {}, b"\x83\x07\x08\xc0\0\2\7\0"))
    q.add("OPT-09 strict source route, not finished", patched(echo(), {}, b"\x89\x07\x04\xc0\0\2\7\0"))
    q.add("OPT-04 option of length 0", patched(echo(), {}, b"\x07\x00\0\0"))
    q.add("OPT-04 option of length 1", patched(echo(), {}, b"\x44\x01\0\0"))
    q.add("OPT-04 option past the header", patched(echo(), {}, b"\x07\x27\x04\0"))


def ask_icmp4(q):
    for kind, what in ((13, "timestamp request"), (15, "information request"), (17, "mask request"),
                       (42, "extended echo request"), (200, "unknown type")):
        q.add(f"ICMP type {kind}, {what}", echo(icmp={"type": kind}))
    q.add("ICMP-09 echo reply to nothing", echo(icmp={"type": 0}))
    quote = bytes(IP(src=OWN4, dst=PEER4) / ICMP(type=8, id=1, seq=1) / DATA[:8])
    for kind in (3, 4, 11, 12, 5):
        q.add(f"ICMP-10 error type {kind} about nothing we sent",
              IP(src=PEER4, dst=OWN4) / ICMP(type=kind) / quote)
    q.add("ICMP-27 error whose quote is cut", IP(src=PEER4, dst=OWN4) / ICMP(type=3) / quote[:27])
    q.add("ICMP-27 error without a quote", IP(src=PEER4, dst=OWN4) / ICMP(type=3))
    q.add("ICMP-27 error that quotes UDP",
          IP(src=PEER4, dst=OWN4) / ICMP(type=3) / bytes(IP(src=OWN4, dst=PEER4) / UDP() / DATA[:8]))
    q.add("ICMP-27 quoted IHL 15 past the end", IP(src=PEER4, dst=OWN4) / ICMP(type=3) / (b"\x4f" + quote[1:]))
    q.add("UDP to a closed port", IP(src=PEER4, dst=OWN4) / UDP(sport=1, dport=9) / b"x")
    q.add("TCP SYN to a closed port", IP(src=PEER4, dst=OWN4) / TCP(dport=9))
    q.add("protocol 253", IP(src=PEER4, dst=OWN4, proto=253) / b"x")


def ask_link(q):
    q.add("priority tag, VLAN 0", echo(), vlan=0)
    q.add("VLAN 5, where we have no address", echo(), vlan=5)
    q.add("ARP on VLAN 5", q.sender(), dst=ALL, vlan=5)
    q.add("VLAN 10, where we have one", echo(ip={"src": "198.51.100.9", "dst": VLAN4}), vlan=10)
    q.add("ARP on VLAN 10", q.sender(psrc="198.51.100.9", pdst=VLAN4), dst=ALL, vlan=10)
    q.add("VLAN 10: the address of the untagged side", echo(), vlan=10)
    q.add("two tags", Dot1Q(vlan=10) / echo(), vlan=10)
    q.add("a tag and no more", echo(), vlan=10, cut=16)
    q.add("VLAN 4095", echo(), vlan=4095)
    q.add("EtherType 0x88cc", bytes(46), ethertype=0x88cc)
    q.add("ETH-02 802.3 with SNAP", b"\xaa\xaa\3\0\0\0\x08\0" + bytes(echo()), ethertype=92)
    q.add("EtherType 0xffff", bytes(46), ethertype=0xffff)
    for size in (1, 6, 13):
        q.raw(f"a frame of {size} bytes", (mac_bytes(q.mac) + mac_bytes(q.source()) + b"\x08\0")[:size])
    q.add("longer than the MTU", echo(1473))


def ask_ip6(q):
    for size in (0, 1, 33, 56, 1452):
        q.add(f"V6-01 echo of {size} bytes", echo6(size))
    q.add("V6-01 traffic class 0xb8", echo6(ip={"tc": 0xb8}))
    q.add("V6-07 hop limit 1", echo6(ip={"hlim": 1}))
    q.add("V6-08 wrong checksum", echo6(icmp={"cksum": 0x1234}))
    q.add("V6-01 code 1", echo6(icmp={"code": 1}))
    q.add("V6-04 source ::", echo6(ip={"src": "::"}))
    q.add("V6-04 source ff02::1", echo6(ip={"src": "ff02::1"}))
    q.add("source ::ffff:192.0.2.9", echo6(ip={"src": "::ffff:192.0.2.9"}))
    q.add("source ours", echo6(ip={"src": OWN6}))
    q.add("echo to ff02::1", echo6(ip={"src": LOCAL6, "dst": "ff02::1"}), dst="33:33:00:00:00:01")
    q.add("echo to our solicited-node group", echo6(ip={"dst": SOLICITED}), dst=SOLICITED_MAC)
    q.add("our IPv6 address in a multicast frame", echo6(), dst="33:33:00:00:00:01")
    q.add("not our IPv6 address", echo6(ip={"dst": "2001:db8::7"}))
    q.add("payload length past the frame", echo6(ip={"plen": 300}))
    q.add("payload length 0", echo6(ip={"plen": 0}))
    q.add("payload length 7", echo6(ip={"plen": 7}))
    q.add("cut in the IPv6 header", echo6(), cut=14 + 39)
    q.add("IPv6 bytes behind the packet", echo6(8), tail=b"\xaa" * 40)
    q.add("destination options with padding", echo6(chain=[IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0\0\0\0")])]))
    q.add("hop-by-hop options with padding", echo6(chain=[IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0\0\0\0")])]))
    q.add("extension header past the end", echo6(0, chain=[IPv6ExtHdrDestOpt(len=255)]))
    q.add("routing header with segments left", echo6(chain=[IPv6ExtHdrRouting(segleft=1, addresses=["2001:db8::7"])]))
    q.add("a hundred extension headers", echo6(0, chain=[IPv6ExtHdrDestOpt() for _ in range(100)]))
    q.add("FRAG-16 atomic fragment", echo6(chain=[IPv6ExtHdrFragment(id=1)]))
    q.add("first fragment of two", echo6(chain=[IPv6ExtHdrFragment(id=2, m=1)]))
    q.add("V6-02 unknown informational type 200", v6_type(200))
    q.add("V6-02 unknown error type 100", v6_type(100))
    q.add("echo reply to nothing", IPv6(src=PEER6, dst=OWN6) / ICMPv6EchoReply(id=1, seq=1))
    q.add("UDP to a closed IPv6 port", IPv6(src=PEER6, dst=OWN6) / UDP(dport=9) / b"x")
    q.add("next header 253", IPv6(src=PEER6, dst=OWN6, nh=253) / b"x")
    q.add("no next header", IPv6(src=PEER6, dst=OWN6, nh=59) / b"x")


def v6_type(kind):
    return IPv6(src=PEER6, dst=OWN6) / ICMPv6Unknown(type=kind, msgbody=bytes(12))


def ask_nd(q):
    q.add("ND-04 NS to the solicited-node group", q.ns(), dst=SOLICITED_MAC)
    q.add("ND-04 NS by unicast", q.ns(dst=OWN6))
    q.add("ND-04 NS by unicast without a link-layer address", q.ns(dst=OWN6, lla=False))
    q.add("ND-04 NS from a link-local address", q.ns(src=LOCAL6), dst=SOLICITED_MAC)
    q.add("ND-04 NS from ::", q.ns(src="::", lla=False), dst=SOLICITED_MAC)
    q.add("ND-01 hop limit 254", q.ns(hlim=254), dst=SOLICITED_MAC)
    q.add("ND-01 code 1", q.ns(code=1), dst=SOLICITED_MAC)
    q.add("ND-01 wrong checksum", q.ns(cksum=0x1234), dst=SOLICITED_MAC)
    q.add("ND-01 option of length 0", nd_bytes(b"\1\0" + bytes(6)), dst=SOLICITED_MAC)
    q.add("ND-01 option past the end", nd_bytes(b"\1\2" + bytes(6)), dst=SOLICITED_MAC)
    q.add("ND-01 no target", nd_short(), dst=SOLICITED_MAC)
    q.add("ND-01 multicast target", q.ns(target="ff02::1"), dst=SOLICITED_MAC)
    q.add("ND-01 from :: with a link-layer address", q.ns(src="::"), dst=SOLICITED_MAC)
    q.add("ND-01 from :: by unicast", q.ns(src="::", dst=OWN6, lla=False))
    q.add("ND-03 unknown option", nd_bytes(b"\x63\1" + bytes(6)), dst=SOLICITED_MAC)
    q.add("ND-05 NS for somebody else", q.ns(target="2001:db8::7"), dst=SOLICITED_MAC)
    q.add("FRAG-18 NS behind a fragment header",
          IPv6(src=PEER6, dst=OWN6, hlim=255) / IPv6ExtHdrFragment(id=1) / ICMPv6ND_NS(tgt=OWN6))
    q.add("ND-02 solicited NA to a group", IPv6(src=PEER6, dst="ff02::1", hlim=255)
          / ICMPv6ND_NA(tgt=PEER6, S=1), dst="33:33:00:00:00:01")


def nd_bytes(option):
    """An NS for us with an option given as bytes, its checksum right."""
    return nd_message(b"\x87\0\0\0" + bytes(4) + bytes.fromhex("20010db8" + "00" * 11 + "02") + option)


def nd_short():
    return nd_message(b"\x87\0\0\0" + bytes(4) + bytes(15))


def nd_message(message):
    ip = IPv6(src=PEER6, dst=SOLICITED, hlim=255, nh=58, plen=len(message))
    check = in6_chksum(58, ip, message)
    return ip / Raw(message[:2] + struct.pack("!H", check) + message[4:])


def questions(mac):
    q = Questions(mac)
    for ask in (ask_arp, ask_ip4, ask_icmp4, ask_link, ask_ip6, ask_nd):
        ask(q)
    return q
