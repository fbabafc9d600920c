#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# All addresses of a prefix are the engine's: the Linux kernel finds and pings any of them, and
# none that no host has.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

COMMANDS="addr add $OWN4/24 port 0
addr add $OWN6/64 port 0
addr add 198.18.1.0/24 port 0 all
addr add 2001:db8:1::/64 port 0 all"
start_tap direct --
ip route add 198.18.1.0/24 dev $TAP
ip route add 2001:db8:1::/64 dev $TAP

run pmdping --json show addr
json_holds "the first host's address stands for the prefix" '.addresses |
	(map(select(.all)) | map(.address)) == ["198.18.1.1/24", "2001:db8:1::1/64"] and
	(map(select(.all | not)) | length) == 2'
run pmdping show addr
said "as text" '^198\.18\.1\.1/24 +0 +- +yes +preferred'

check "every address of the IPv4 prefix" fping -q -r 0 -c 1 -t 5000 -g 198.18.1.1 198.18.1.254
is "254 answered" "$(grep -c 'xmt/rcv/%loss = 1/1/0%' "$OUT")" 254
check "any of the IPv6 prefix" fping -6 -q -c 1 -t 5000 2001:db8:1::1 2001:db8:1::2 \
	2001:db8:1:0:ffff:ffff:ffff:ffff 2001:db8:1::dead:beef
is "4 answered" "$(grep -c 'xmt/rcv/%loss = 1/1/0%' "$OUT")" 4
check "by ping, from an address of another subnet" ping -n -c 2 -i 0.1 -W 2 -I $PEER4 198.18.1.77
check "it pings from one of them" pmdping ping $PEER4 source 198.18.1.99 count 2 interval 100ms
said "and is answered" '2 packets transmitted, 2 received'
check "ARP: one of them" arping -I $TAP -c 2 -w 5 198.18.1.200
said "once each" 'Received 2 response'
ip link set $TAP address 02:00:5e:00:53:01
check_exit 1 "ARP: the broadcast address is nobody's" arping -I $TAP -c 1 -w 1 198.18.1.255
check_exit 1 "ARP: the prefix itself is nobody's" arping -I $TAP -c 1 -w 1 198.18.1.0
check_exit 1 "ND: the routers' anycast address is not ours" ping -n -c 1 -W 1 2001:db8:1::
check_exit 1 "ARP: a neighbour prefix is not ours" arping -I $TAP -c 1 -w 1 198.18.2.1
check_exit 1 "a probe for one of them is told that it is in use" arping -D -I $TAP -c 2 -w 3 198.18.1.9

check_exit 2 "not from the broadcast address" pmdping ping $PEER4 source 198.18.1.255 count 1
check_exit 2 "its own addresses are no targets" pmdping ping 198.18.1.50 count 1

# Somebody else has one of them.
ip addr add 198.18.1.66/24 dev $TAP
arping -q -U -I $TAP -c 1 198.18.1.66 || true
conflict() { [ "$(counter address_conflicts show neigh)" -gt 0 ]; }
check "its use by another is a conflict" within 5 conflict
check "and logged" within 5 grep -q 'address 198.18.1.66 on port 0: 02:00:5e:00:53:01 uses it too' "$T/engine.log"
ip addr del 198.18.1.66/24 dev $TAP

check_exit 2 "one of them alone cannot be deleted" pmdping addr del 198.18.1.66
check "the prefix can" pmdping addr del 198.18.1.0/24
silent() { ! arping -I $TAP -c 1 -w 1 198.18.1.77; }
check "then nothing of it is answered" within 5 silent
check_exit 2 "too large a prefix" pmdping addr add 10.0.0.0/7 port 0 all
check_stop
