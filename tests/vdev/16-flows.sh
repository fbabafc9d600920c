#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Flows for RSS over the virtual wire: all of a prefix answers, several sources of another ask,
# each target from each of them, and what is counted is one schedule's.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

EAL_MEMORY=(--no-huge --no-shconf -m 512)
WORKERS=2
SLOW=(slack 5s timeout 5s)
COMMANDS='addr add 198.18.2.0/24 port 0 all
addr add 198.18.0.9/16 port 0
addr add 198.18.1.0/24 port 1 all
addr add 2001:db8:2::/64 port 0 all
addr add 2001:db8::9/32 port 0
addr add 2001:db8:1::/64 port 1 all'

idle() { pmdping --json session show "$1" | jq -e '.state == "stopped"'; }
# ends NAME: all its slots are decided.
ends() {
	check "$1 starts" pmdping session start "$1"
	check "$1 ends" within 30 idle "$1"
	run pmdping --json session show "$1"
}

start_engine -- --wire 'delay=10us,queues=2,cross=1' --config '(0,0,1),(0,1,2),(1,0,1),(1,1,2)' --max-rate 100kpps
run pmdping --json show addr
json_holds "the first address of each stands for it" '[.addresses[] | select(.all) | .address] ==
	["198.18.2.1/24", "198.18.1.1/24", "2001:db8:2::1/64", "2001:db8:1::1/64"]'

for workers in 1 2; do
	check "254 targets from 4 sources" pmdping session add many ping 198.18.1.0/24 port 0 rate 20kpps count 10 \
		source 198.18.2.1-198.18.2.4 workers $workers "${SLOW[@]}"
	ends many # meets the neighbours
	json_holds "$workers: each slot once, the neighbours unknown" \
		'.due == 2540 and .received == .sent and .sent + .not_sent == 2540 and .consistent'
	check "again" pmdping session clear many
	ends many
	json_holds "$workers: each slot once, each answered" '.due == 2540 and .sent == 2540 and .received == 2540 and
		.lost == 0 and .duplicate == 0 and .consistent and .targets == 254 and .sources == 4'
	json_holds "$workers: for as long as from one source" '.time_ns | . >= 80e6 and . < 2e9'
	run pmdping --json session targets many count 1000
	json_holds "$workers: as often from each target" '.of == 254 and
		(.targets | map(.sent == 10 and .received == 10) | all) and
		(.targets | map(.address)[:3] == ["198.18.1.1", "198.18.1.2", "198.18.1.3"]) and
		(.targets | all(.min_ns > 0 and .min_ns <= .avg_ns and .avg_ns <= .max_ns))'
	run pmdping session export many format hgrm
	said "$workers: one distribution" 'Total count *= *2540'
	check "and away" pmdping session del many
done

check "one target from 64" pmdping ping 198.18.1.77 port 0 source 198.18.2.1-198.18.2.64 rate 5kpps count 1001 quiet "${SLOW[@]}"
said "all of them answered" '1001 packets transmitted, 1001 received, 0% packet loss'
said "the sources as they were named" 'from 198\.18\.2\.1-198\.18\.2\.64 '
check "IPv6, lists" pmdping session add six ping 2001:db8:1::1-2001:db8:1::6 port 0 rate 5kpps count 30 \
	source 2001:db8:2::1-2001:db8:2::3,2001:db8:2::ffff "${SLOW[@]}"
ends six
check "again" pmdping session clear six
ends six
json_holds "IPv6: each" '.due == 180 and .received == 180'
run pmdping --json session targets six
json_holds "IPv6: 30 of each" '.targets | length == 6 and all(.received == 30)'

check "it runs" pmdping session add gone ping 198.18.1.5 port 0 rate 1kpps source 198.18.2.7,198.18.0.9 "${SLOW[@]}"
check "it starts" pmdping session start gone
check "one of its sources goes" pmdping addr del 198.18.2.0/24
half() { pmdping --json session show gone | jq -e '.unreachable > 100 and .received > 100'; }
check "the other goes on" within 10 half
check "it comes back" pmdping addr add 198.18.2.0/24 port 0 all
run pmdping --json session show gone
before=$(jq .received "$OUT")
more() { [ "$(pmdping --json session show gone | jq .received)" -gt $((before + 1000)) ]; }
check "so do its answers" within 10 more
check "away as it runs" pmdping session del gone

check_exit 2 "not ours" pmdping ping 198.18.1.5 port 0 quiet count 9 source 198.18.2.9,198.18.3.1
said "says which" 'source 198\.18\.3\.1: not an address of ours on port 0'
check_exit 2 "another link's" pmdping ping 198.18.1.5 port 0 quiet count 9 source 198.18.2.9,198.18.1.1
check_exit 2 "another family's" pmdping ping 198.18.1.5 port 0 quiet count 9 source 198.18.2.9,2001:db8:2::1
check_exit 2 "too many" pmdping ping 198.18.1.5 port 0 quiet count 99 source 198.18.2.0/24
said "says how many" '254 sources: a session has 1 to 64'
check_exit 2 "no line per answer" pmdping ping 198.18.1.5 port 0 count 9 source 198.18.2.1-198.18.2.2
said "says why" 'a line per answer \(quiet is not\) is of one source only'
check_exit 2 "no flood" pmdping ping 198.18.1.5 port 0 flood source 198.18.2.1-198.18.2.2
check_exit 2 "a slot for each" pmdping ping 198.18.1.5 port 0 quiet count 3 source 198.18.2.1-198.18.2.4
said "says how many there are" ' 3 slots only'
check_exit 2 "a slot for each worker" pmdping ping 198.18.1.5 port 0 quiet count 1 workers 2
check_exit 2 "more workers than sources" pmdping session add w ping 198.18.1.5 port 0 source 198.18.2.1-198.18.2.1 workers 3
check_stop
