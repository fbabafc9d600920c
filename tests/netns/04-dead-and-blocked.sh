#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Hosts that are not there, and hosts that do not want to answer.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

# shortest_gap FILE FILTER: the shortest time between two frames, in ms. A worker that the
# machine has kept waiting sends late, and so shortens the gap that follows.
shortest_gap() {
	frames "$1" "$2" frame.time_epoch |
		awk 'NR > 1 { gap = ($1 - last) * 1000; if (!n++ || gap < least) least = gap }
			{ last = $1 } END { printf "%d\n", n ? least : 999999 }'
}

start_tap direct --

sniff "$T/dead.pcap" $TAP
check_exit 1 "a dead host on the link" pmdping ping 192.0.2.77 -c 25 -i 0.2 -W 1
said "ARP-13 is reported by ourselves" "^From $OWN4 icmp_seq=1 Destination Host Unreachable$"
said "and nothing was received" '25 packets transmitted, 0 received, \+[0-9]+ errors, 100% packet loss'
check_exit 1 "a dead IPv6 host on the link" pmdping ping 2001:db8::77 -c 25 -i 0.2 -W 1
said "ND-06 is reported by ourselves" \
	"^From $OWN6 icmp_seq=1 Destination unreachable: Address unreachable$"
stop_sniff

arp='arp.opcode == 1 && arp.dst.proto_ipv4 == 192.0.2.77'
holds "ARP-11 it was asked for" "$(frames "$T/dead.pcap" "$arp" | wc -l) >= 3"
holds "ARP-11 at most once a second" "$(shortest_gap "$T/dead.pcap" "$arp") >= 900"
nd='icmpv6.type == 135 && icmpv6.nd.ns.target_address == 2001:db8::77'
holds "ND-06 it was asked for" "$(frames "$T/dead.pcap" "$nd" | wc -l) >= 3"
holds "ND-06 at most once a second" "$(shortest_gap "$T/dead.pcap" "$nd") >= 900"
is "no probe left for a host without address" "$(frames "$T/dead.pcap" 'icmp.type == 8' | wc -l)" 0

# ---- a host that filters

nft -f - <<'R'
table inet blocked {
	chain input {
		type filter hook input priority 0
		icmp type echo-request drop
		icmpv6 type echo-request drop
	}
}
R
check_exit 1 "a host that drops echo requests" pmdping ping $PEER4 -c 5 -i 0.1 -W 0.5
said "all of them are lost" '5 packets transmitted, 0 received, 100% packet loss'
not_said "without a word" '^From '
check_exit 1 "the same over IPv6" pmdping ping $PEER6 -c 5 -i 0.1 -W 0.5

# rejects FAMILY ADDRESS STATEMENT MESSAGE
rejects() {
	nft flush chain inet blocked input
	nft add rule inet blocked input meta l4proto "$1" "$1" type echo-request reject with "$3"
	check_exit 1 "a host that rejects with $3" pmdping ping "$2" -c 2 -i 0.1 -W 1
	said "$3: its words" "^From $2 icmp_seq=1 $4$"
	said "$3: counted as errors" '2 packets transmitted, 0 received, \+2 errors, 100% packet loss'
}
rejects icmp $PEER4 "icmp type admin-prohibited" "Packet filtered"
rejects icmp $PEER4 "icmp type port-unreachable" "Destination Port Unreachable"
rejects icmp $PEER4 "icmp type host-prohibited" "Destination Host Prohibited"
rejects icmp $PEER4 "icmp type net-unreachable" "Destination Net Unreachable"
rejects icmpv6 $PEER6 "icmpv6 type admin-prohibited" "Destination unreachable: Administratively prohibited"
rejects icmpv6 $PEER6 "icmpv6 type port-unreachable" "Destination unreachable: Port unreachable"
nft delete table inet blocked
check "and when it answers again" pmdping ping $PEER4 -c 3 -i 0.1 -W 1
said "it is heard" '3 packets transmitted, 3 received, 0% packet loss'

check_exit 2 "no route at all" pmdping ping 203.0.113.9 -c 1
said "the words of ping" '^pmdping: connect: Network is unreachable$'
check_stop
