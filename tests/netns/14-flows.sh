#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Three addresses of the kernel from four of the engine's: each of the pairs on the wire, as
# often as the others, in one schedule.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

COMMANDS="addr add $OWN4/24 port 0
addr add 198.18.1.0/24 port 0 all
addr add $OWN6/64 port 0
addr add 2001:db8:1::/64 port 0 all"
idle() { pmdping --json session show "$1" | jq -e '.state == "stopped"'; }

start_tap direct --
ip route add 198.18.1.0/24 dev $TAP
ip route add 2001:db8:1::/64 dev $TAP
for i in 11 12 13; do
	ip addr add 192.0.2.$i/24 dev $TAP
	ip addr add 2001:db8::$i/64 dev $TAP nodad
	meet 192.0.2.$i 2001:db8::$i
done
# The kernel's neighbours: the sources, of which it asks for each address once.
for i in 1 2 3 4; do
	check "the kernel meets 198.18.1.$i" ping -n -c 1 -W 2 198.18.1.$i
	check "and 2001:db8:1::$i" ping -n -c 1 -W 2 2001:db8:1::$i
done

# pairs NAME TARGETS SOURCES TYPE SOURCE-FIELD TARGET-FIELD: 24 slots of each target.
pairs() {
	local name=$1 file=$T/$1.pcap
	check "$name" pmdping session add "$name" ping "$2" source "$3" rate 200pps count 24 slack 5s timeout 5s
	sniff "$file" $TAP "icmp or icmp6"
	check "$name: starts" pmdping session start "$name"
	check "$name: ends" within 20 idle "$name"
	stop_sniff
	run pmdping --json session show "$name"
	json_holds "$name: all answered" '.due == 72 and .sent == 72 and .received == 72 and .lost == 0 and .consistent'
	run pmdping --json session targets "$name"
	json_holds "$name: each target 24 times" '.targets | length == 3 and all(.sent == 24 and .received == 24)'
	frames "$file" "$4" "$5" "$6" | sort | uniq -c >"$OUT"
	is "$name: 12 pairs on the wire" "$(wc -l <"$OUT")" 12
	is "$name: each of them 6 times" "$(awk '{ print $1 }' "$OUT" | sort -u)" 6
}
pairs four 192.0.2.11-192.0.2.13 198.18.1.1-198.18.1.4 'icmp.type == 8' ip.src ip.dst
pairs six 2001:db8::11-2001:db8::13 2001:db8:1::1-2001:db8:1::4 'icmpv6.type == 128' ipv6.src ipv6.dst
check_stop
