#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A tap port of two queues, each with a worker of its own: the kernel deals its flows to them,
# asks and answers, and queues move meanwhile.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

EAL_MEMORY=(--no-huge --no-shconf -m 256)
WORKERS=3
N=8 # addresses of the kernel's
idle() { pmdping --json session show "$1" | jq -e '.state == "stopped"'; }
both_work() { pmdping --json show workers | jq -e '[.workers[] | select(.queues != "idle") | .rx > 5] == [true, true]'; }
# replied FILE: what ping counted.
replied() { sed -nE 's/.* ([0-9]+) received.*/\1/p' "$1"; }

start_tap direct -- --config '(0,0,1),(0,1,2)'
for ((i = 11; i < 11 + N; i++)); do
	ip addr add 192.0.2.$i/24 dev $TAP
	ip addr add 2001:db8::$i/64 dev $TAP nodad
done
run pmdping --json show port info 0
json_holds "two queues" '.ports[0] | .rx_queues == 2 and .tx_queues == 2'

# all_ping FAMILY TO: from each of the kernel's addresses at once.
all_ping() {
	local i pids=()
	for ((i = 11; i < 11 + N; i++)); do
		ping "-$1" -n -q -c 20 -i 0.05 -W 5 -I "$3$i" "$2" >"$T/ping.$1.$i" 2>&1 &
		pids+=("$!")
	done
	wait "${pids[@]}" || return 1
}
all_ping 4 $OWN4 192.0.2. &
four=$!
all_ping 6 $OWN6 2001:db8:: &
six=$!
check "a queue moves while the kernel asks" pmdping queue move port 0 queue 0 lcore 3
check "back again" pmdping queue move port 0 queue 0 lcore 1
wait "$four" "$six" || true
for ((i = 11; i < 11 + N; i++)); do
	is "the kernel's 192.0.2.$i has all answers" "$(replied "$T/ping.4.$i")" 20
	is "and 2001:db8::$i" "$(replied "$T/ping.6.$i")" 20
done
check "both workers have received" both_work

check "a session of the kernel's addresses" pmdping session add four ping 192.0.2.11-192.0.2.18 \
	rate 400pps count 150 slack 5s timeout 5s
check "another" pmdping session add six ping 2001:db8::11-2001:db8::18 rate 400pps count 150 slack 5s timeout 5s
for address in 192.0.2.1{1,2,3,4,5,6,7,8} 2001:db8::1{1,2,3,4,5,6,7,8}; do meet "$address"; done
check "starts" pmdping session start four
check "starts, too" pmdping session start six
for move in "0 3" "1 1" "0 2" "1 3" "0 1" "1 2"; do
	check "queue ${move% *} to lcore ${move#* }" pmdping queue move port 0 queue "${move% *}" lcore "${move#* }"
done
run pmdping --json show sessions
json_holds "while both went on" '[.sessions[].state] == ["running", "running"]'
for name in four six; do
	check "$name ends" within 30 idle $name
	run pmdping --json session show $name
	json_holds "$name: every probe has its answer" '.consistent and .in_flight == 0 and .due == 1200 and
		.sent == 1200 and .received == 1200 and .duplicate == 0'
done
is "all frames counted" "$(pmdping --json show counters | jq '.sum == .delivered')" true
check "both workers" both_work
check_stop
