#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The neighbour cache on the wire: what it learns, what it refuses to learn, what it
# announces, and addresses that somebody else has.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

# neigh ADDRESS FIELD: of show neigh; empty when there is no such entry.
neigh() {
	pmdping --json show neigh |
		jq -r --arg a "$1" "[.. | objects | select(.address? == \$a)] | first | .$2 // empty"
}
is_state() { [ "$(neigh "$1" state)" = "$2" ]; }
forge() { $PYTHON "$(dirname "$0")/forge.py" $TAP "$@"; }

start_tap direct --
peer_mac=$(cat /sys/class/net/$TAP/address)

check "a ping" pmdping ping $PEER4 -c 2 -i 0.01
is "leaves a reachable neighbour" "$(neigh $PEER4 state)" reachable
is "with its MAC address" "$(neigh $PEER4 mac)" "$peer_mac"
check "a ping over IPv6" pmdping ping $PEER6 -c 2 -i 0.01
is "leaves one too" "$(neigh $PEER6 state) $(neigh $PEER6 mac)" "reachable $peer_mac"
run pmdping show neigh
said "show neigh shows it" "$PEER4 .*$peer_mac"

check_exit 1 "a dead host" pmdping ping 192.0.2.88 -c 20 -i 0.2 -W 1
check "ends as failed" within 5 is_state 192.0.2.88 failed

check "flush" pmdping neigh flush
is "forgets" "$(neigh 192.0.2.88 state)" ""
check "a static entry" pmdping neigh add 192.0.2.50 mac 02:00:00:00:00:50 port 0
check "flush leaves it" pmdping neigh flush
is "static it is" "$(neigh 192.0.2.50 state) $(neigh 192.0.2.50 mac)" "static 02:00:00:00:00:50"
sniff "$T/static.pcap" $TAP
check_exit 1 "packets to it" pmdping ping 192.0.2.50 -c 2 -i 0.05 -W 0.2
stop_sniff
is "go to that MAC address" \
	"$(frames "$T/static.pcap" 'icmp.type == 8' eth.dst | sort -u)" 02:00:00:00:00:50
is "and nobody asks for it" \
	"$(frames "$T/static.pcap" 'arp.dst.proto_ipv4 == 192.0.2.50' | wc -l)" 0
check "del" pmdping neigh del 192.0.2.50 port 0
is "removes it" "$(neigh 192.0.2.50 state)" ""

# ---- nobody asked (conformance D-12)

check "the peer is known again" pmdping ping $PEER4 -c 1
check "over IPv6 too" pmdping ping $PEER6 -c 1
before=$(counter refused_moves show neigh)
check "forged ARP and neighbour advertisements" forge takeover $PEER4 $PEER6 $OWN4
refused_all() { [ "$(counter refused_moves show neigh)" -ge $((before + 4)) ]; }
check "D-12 are refused and counted" within 5 refused_all
is "ARP-05 ARP-24 the cache keeps the MAC address it asked for" "$(neigh $PEER4 mac)" "$peer_mac"
is "ND-08 in IPv6 as well" "$(neigh $PEER6 mac)" "$peer_mac"
check "forged requests from hosts that do not exist" forge strangers
check "ARP-03 an answer to others makes no entry" test -z "$(neigh 192.0.2.201 state)"
check "and a ping goes on" pmdping ping $PEER4 -c 10 -i 0.01
said "losing nothing" '10 received, 0% packet loss'

# ---- announcements and duplicates

sniff "$T/announce.pcap" $TAP
check "another address" pmdping addr add 192.0.2.20/24 port 0
check "another IPv6 address" pmdping addr add 2001:db8::20/64 port 0
announced() { frames "$T/announce.pcap" "$1" | grep -q .; }
check "ARP-18 it is announced" within 5 announced \
	'arp.src.proto_ipv4 == 192.0.2.20 && arp.dst.proto_ipv4 == 192.0.2.20 && eth.dst == ff:ff:ff:ff:ff:ff'
check "RFC 4861 7.2.6 IPv6 too" within 5 announced \
	'icmpv6.type == 136 && icmpv6.nd.na.target_address == 2001:db8::20'
stop_sniff
check "it is answered for" arping -I $TAP -c 1 -w 2 192.0.2.20
check "and answers" ping -n -c 1 -W 2 2001:db8::20

ip address add 192.0.2.30/24 dev $TAP
ip -6 address add 2001:db8::30/64 dev $TAP nodad
run pmdping addr add 192.0.2.30/24 port 0 dad on
run pmdping addr add 2001:db8::30/64 port 0 dad on
address_state() {
	pmdping --json show addr |
		jq -r --arg a "$1" "[.. | objects | select(.address? | tostring | startswith(\$a))] | first | .state // empty"
}
duplicate() { [ "$(address_state "$1")" = duplicate ]; }
check "ARP-15 an address that the kernel has is a duplicate" within 10 duplicate 192.0.2.30
check "in IPv6 as well" within 10 duplicate 2001:db8::30
check "an address that nobody has, with detection" pmdping addr add 192.0.2.31/24 port 0 dad on
check "ARP-14 may be used after some seconds" within 12 ping -n -c 1 -W 1 192.0.2.31
check_stop
