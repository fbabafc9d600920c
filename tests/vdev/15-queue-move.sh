#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Queues that move from worker to worker while sessions run: every slot and every answer is
# counted once, in its order, and the instrument still holds what it promises.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

EAL_MEMORY=(--no-huge --no-shconf -m 512)
WORKERS=3
NEAR=198.18.0.2
declare -A AT # lcore of "port queue"

idle() { pmdping --json session show "$1" | jq -e '.state == "stopped"'; }
move() { # PORT QUEUE LCORE
	pmdping --json queue move port "$1" queue "$2" lcore "$3" >>"$T/moves" || return 1
	AT["$1 $2"]=$3
}

# wander N: so many moves, each of the next queue to another lcore than it is on.
wander() {
	local i q
	for ((i = 0; i < $1; i++)); do
		q="$((i % 2)) $((i / 2 % 3))"
		# shellcheck disable=SC2086 # two words
		move $q $(((AT[$q] + i / 6 % 2) % 3 + 1)) || return 1
	done
}

# all_to LCORE
all_to() {
	local q
	for q in "${!AT[@]}"; do
		# shellcheck disable=SC2086
		[ "${AT[$q]}" = "$1" ] || move $q "$1" || return 1
	done
}

# moved_well TEXT: nothing of the session's was lost, counted twice or out of order.
moved_well() {
	run pmdping --json session show s
	json_holds "$1: slots add up" '.consistent and .due == .sent + .not_sent + .missed and .sent > 1000'
	# A wire whose far end is not scheduled for 80 ms has its ring full: then its port says so.
	json_holds "$1: every answer once, in order" '.late == 0 and .in_flight == 0 and .duplicate == 0 and
		.reordered == 0 and .received + .lost == .sent and
		.lost == ([.own_losses.ports[]?.answers_refused] | add // 0)'
	run pmdping --json show workers
	json_holds "$1: nothing lost between workers" '[.workers[] | .receipts_lost + .events_lost] | add == 0'
	is "$1: no answer without a probe" "$(counter echo_unmatched)" 0
	is "$1: all frames counted" "$(counted)" "$(counter sum show counters)"
}

for q in 0 1 2; do AT["0 $q"]=1 AT["1 $q"]=2; done
start_engine -- --wire delay=200us,queues=3,cross=1 \
	--config '(0,0,1),(0,1,1),(0,2,1),(1,0,2),(1,1,2),(1,2,2)'
check "the neighbour is met" pmdping ping $NEAR count 1

check_exit 2 "no such port" pmdping queue move port 7 queue 0 lcore 2
said "says so" 'port 7 has no queue 0'
check_exit 2 "no such queue" pmdping queue move port 0 queue 3 lcore 2
said "says so, too" 'port 0 has no queue 3'
check_exit 2 "the main lcore" pmdping queue move port 0 queue 0 lcore 0
said "is the control thread's" 'lcore 0 is the main lcore'
check_exit 2 "a lcore that is not there" pmdping queue move port 0 queue 0 lcore 9
said "is not enabled" 'lcore 9 is not enabled'
check_exit 2 "where it is" pmdping queue move port 0 queue 0 lcore 1
said "is where it is" 'lcore 1 polls port 0 queue 0 already'

check "a session" pmdping session add s ping $NEAR rate 100kpps timeout 5s
check "starts" pmdping session start s
check "50 moves while it runs" wander 50
check "all queues to a worker of their own" all_to 3
run pmdping --json show workers
json_holds "the others are idle" '[.workers[] | {(.lcore | tostring): .queues}] | add |
	.["1"] == "idle" and .["2"] == "idle" and (.["3"] | split(" ") | length) == 6'
polls() { pmdping --json show workers | jq '[.workers[] | select(.lcore != 3) | .polls] | add'; }
ended() { [ "$(polls)" = "$(polls)" ]; }
check "the others' loops end" within 10 ended
run pmdping --json session show s
json_holds "which goes on" '.state == "running" and .consistent'
check "to a worker that begins again" all_to 2
check "20 more" wander 20
check "the session stops" pmdping session stop s
check "and ends" within 20 idle s
moved_well "100 kpps"
run pmdping --json show stalls count 1000
json_holds "what was in flight across a move may be suspect" '[.stalls[].cause] | index("moved") != null'

# A session of all three queues, each of which moves.
check "a session of several workers" pmdping session add sharded ping $NEAR rate 30kpps workers 3 timeout 5s
check "it starts" pmdping session start sharded
check "moves under it" wander 20
check "it stops" pmdping session stop sharded
check "it ends" within 20 idle sharded
run pmdping --json session show sharded
json_holds "its slots and answers add up" '.consistent and .due == .sent + .not_sent + .missed and .sent > 1000 and
	.in_flight == 0 and .duplicate == 0 and .received + .lost == .sent and
	.lost == ([.own_losses.ports[]?.answers_refused] | add // 0)'

# What is said of each answer comes in order too, whoever says it.
pmdping --json ping $NEAR count 2000 interval 500us timeout 5s slack 5s >"$T/ping" &
pinger=$!
check "moves under a ping" wander 30
wait "$pinger" || not_ok "ping ends with 0"
run jq -s '[.[] | select(.event == "reply") | .seq] as $seq | [length, ($seq | length), $seq == [range(1; 2001)], last.event]' "$T/ping"
jsons_hold "which tells every answer, in order, before its summary" '.[0][1:] == [2000, true, "result"]'

# Commands find the session while its queue moves.
check "cleared" pmdping session clear s
for i in 1 2 3 4 5 6; do
	check "started, round $i" pmdping session start s
	wander 3 &
	mover=$!
	check "stopped while it moves, round $i" pmdping session stop s
	check "ends, round $i" within 20 idle s
	wait "$mover" || not_ok "moves, round $i"
	for q in 0 1 2; do for p in 0 1; do
		AT["$p $q"]=$(pmdping --json show workers | jq ".queues[] | select(.port == $p and .queue == $q) | .lcore")
	done; done
done
run pmdping --json session show s
json_holds "started and stopped: adds up" '.consistent and .received + .lost == .sent and .in_flight == 0 and .reordered == 0'

check "all queues to one worker" all_to 1
check "the selftest after so many moves" pmdping selftest quick
pmdping --json selftest quick >"$T/selftest" &
tester=$!
check "moves during a selftest" wander 20
wait "$tester" || true
run jq 'select(.event == "result").cases[] | {case, samples, covered, states, states_expected, faults}' "$T/selftest"
# Lanes of the wire that nobody polls overflow, and slots are missed: these two are said.
jsons_hold "in which every sample has the truth in it, and every probe its state" 'length > 3 and
	all(.covered == .samples and .states == .states_expected and (.faults - ["wire", "schedule"] == []))'
echo "# $(jq -s 'sort_by(.took_ns) | "moves: \(length), took ns: median \(.[length / 2 | floor].took_ns), unpolled ns: median \(sort_by(.unpolled_ns)[length / 2 | floor].unpolled_ns), most \(map(.unpolled_ns) | max)"' "$T/moves")"
check_stop
said_last() { grep -q INCONSISTENT "$T/engine.log"; }
check_exit 1 "consistent at the exit" said_last

# In a command file, before anybody polls.
COMMANDS="queue move port 0 queue 0 lcore 3"
start_engine -- --wire delay=10us,queues=2 --config '(0,0,1),(0,1,1),(1,0,2),(1,1,2)'
run pmdping --json show workers
json_holds "moved at the start" '.queues[] | select(.port == 0 and .queue == 0) | .lcore == 3'
check "and it works" pmdping ping $NEAR count 5 interval 10ms
check_stop
