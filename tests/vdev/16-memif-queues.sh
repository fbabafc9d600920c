#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two engines joined by a memif of two queues, each with two workers: one asks by both queues,
# the other answers on them, and queues move meanwhile, on either side.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

EAL_MEMORY=(--no-huge --no-shconf -m 256)
WORKERS=3
MAP='(0,0,1),(0,1,2)'

far() { "$CLIENT" --socket "$T/far.sock" "$@"; }
memif() { echo "--vdev=net_memif0,role=$1,id=0,socket=$T/memif,socket-abstract=no,rsize=13"; }
idle() { pmdping --json session show "$1" | jq -e '.state == "stopped"'; }

FILE_PREFIX=far eal_arguments
"$ENGINE" "${EAL[@]}" "$(memif server)" -- --config "$MAP" --commands <(echo "addr add 192.0.2.2/24 port 0
addr add 2001:db8::2/64 port 0") --socket "$T/far.sock" >"$T/engine-far.log" 2>&1 </dev/null &
FAR=$!
BACKGROUND+=("$FAR")
check "the other engine listens" within 20 test -S "$T/memif"
COMMANDS="addr add 192.0.2.1/24 port 0
addr add 2001:db8::1/64 port 0"
start_engine "$(memif client)" -- --config "$MAP"
met() { pmdping ping "$1" count 1; }
check "they meet" within 20 met 192.0.2.2
check "they meet over IPv6" within 20 met 2001:db8::2

# The one with the fewest sessions is given the next: one for each queue.
check "a session" pmdping session add four ping 192.0.2.2 rate 2kpps count 8000 slack 5s timeout 5s
check "another" pmdping session add six ping 2001:db8::2 rate 2kpps count 8000 slack 5s timeout 5s
check "starts" pmdping session start four
check "starts, too" pmdping session start six
answered() { pmdping --json session show "$1" | jq -e '.received > 1000'; }
check "is answered" within 20 answered four
check "is answered, too" within 20 answered six
run pmdping --json show workers
json_holds "by both queues of this end" '[.workers[] | .rx > 500 and .tx > 500] == [true, true]'
run far --json show workers
json_holds "and of the other" '[.workers[] | .rx > 500 and .tx > 500] == [true, true]'
for move in "0 3" "1 1" "0 2" "1 3"; do
	check "queue ${move% *} to lcore ${move#* }" pmdping queue move port 0 queue "${move% *}" lcore "${move#* }"
	check "on the other side, too" far queue move port 0 queue "${move% *}" lcore "${move#* }"
done
run pmdping --json show sessions
json_holds "while both went on" '[.sessions[].state] == ["running", "running"]'
check "the one ends" within 30 idle four
check "the other ends" within 30 idle six
for name in four six; do
	run pmdping --json session show $name
	json_holds "$name: every probe has its answer" '.due == 8000 and .sent == 8000 and .received == 8000 and
		.duplicate == 0 and .reordered == 0 and .consistent'
done
run pmdping --json show workers
json_holds "the first worker is idle" '.workers | map(select(.lcore == 1).queues) == ["idle"]'
# When the peer goes, net_memif (22.11) unmaps its rings under the worker that polls them: the
# engine that ends last may be killed by that. Which one ends first is ours to choose.
check_stop
kill "$FAR" 2>/dev/null || true
status=0
wait "$FAR" || status=$?
[ "$status" -eq 139 ] || is "the other engine ends with 0, if the driver lets it" "$status" 0
