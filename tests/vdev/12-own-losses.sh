#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What the engine itself loses, from real causes: a thread of it is held. Each loss is in the
# counter of its cause, and no probe is missing that these counters do not explain: the wire
# loses none.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

EAL_MEMORY=(--no-huge --no-shconf -m 320)
TARGET=198.18.0.2
WORKERS=2 # lcore 1 polls port 0, which sends; lcore 2 polls port 1, which answers

# worker LCORE: number of its thread, whatever this DPDK calls it.
worker() { grep -lE "worker-?$1\$" /proc/"$ENGINE_PID"/task/*/comm | cut -d / -f 5; }
# hold THREAD SECONDS
hold() { $PYTHON "$PMDPING_ROOT/tests/hold.py" "$1" "$2"; }
# begin NAME WORDS...: a session that has sent something.
begin() {
	check "$1: a session" pmdping session add "$1" ping $TARGET "${@:2}"
	check "$1: starts" pmdping session start "$1"
	check "$1: sends" within 20 has "$1" .sent 100
}
# has NAME KEY N: at least that many.
has() { [ "$(pmdping --json show session "$1" | jq -s "last | $2 // 0")" -ge "$3" ]; }
finish() {
	check "$1: stops" pmdping session stop "$1"
	check "$1: all is decided" within 20 stopped "$1"
	run pmdping --json show session "$1"
	json_holds "$1: the counters add up" '.consistent'
}
stopped() { pmdping --json show session "$1" | jq -es 'last.state == "stopped"'; }

start_engine -- --wire delay=1ms
if ! hold "$ENGINE_PID" 0 2>"$OUT"; then
	skip "own losses: one thread cannot be held here ($(cat "$OUT"))"
	exit 0
fi
check "the neighbour is met" pmdping ping $TARGET count 1
run pmdping --json show workers
json_holds "nothing is lost yet" '[.queues[], .ports[] | to_entries[] |
	select(.key | test("refused|dropped|missed|buf")).value] | add == 0'

# ---- the far end does not look: its ring fills, and the port refuses probes

begin full rate 50kpps slack 10s
hold "$(worker 2)" 0.5
check "full: the port has refused probes" within 10 has full .refused 1
finish full
json_holds "full: own losses say which port refused how many" \
	'.own_losses.ports[] | select(.port == 0) | .probes_refused == '"$(jq -s last.refused "$OUT")"
json_holds "full: what is lost, the ports refused to answer" \
	'.lost <= ([.own_losses.ports[].answers_refused] | add)'
check "full: as text" pmdping show session full
said "full: in a line of its own" '^our own losses: [0-9]+ probes refused by port 0(,|$)'
run pmdping --json show workers
json_holds "full: by queue" '.queues[] | select(.port == 0 and .queue == 0) | .probes_refused > 0'
check "as text" pmdping show workers
said "show workers has rings that were full" 'EVENTS LOST  RECEIPTS LOST$'
said "and queues that refused" '^ +0 +0 +1 +[1-9][0-9]* '
check "full: is cleared" pmdping session clear full
run pmdping --json show session full
json_holds "full: and has no losses then" '.own_losses == null'

# ---- the control thread does not look: lines are lost, answers are not

# The run ends meanwhile as well: that must not get lost.
timeout 30 "$CLIENT" --socket "$SOCKET" ping $TARGET rate 40kpps slack 10s count 20000 >"$T/lines" 2>&1 &
client=$!
check "events: replies are shown" within 20 grep -q 'icmp_seq=100 ' "$T/lines"
hold "$ENGINE_PID" 1.5
STATUS=0
wait $client || STATUS=$?
cp "$T/lines" "$OUT"
is "events: the ping goes on, and ends" "$STATUS" 0
said "events: every answer is counted" ', 20000 received, 0% packet loss'
said "events: the summary says how many lines are missing" '^our own losses: .*[0-9]+ lines not shown'
run pmdping --json show workers
json_holds "events: by worker" '.workers[] | select(.lcore == 1) | .events_lost > 0'
check_stop

# ---- the sender does not look: answers do not get back to it

start_engine -- --wire ab.delay=150ms
check "the neighbour is met" pmdping ping $TARGET count 1
begin back rate 90kpps slack 10s timeout 3s
check "back: many are under way" within 20 has back .in_flight 10000
hold "$(worker 1)" 0.5
check "back: the far port has refused answers" within 10 has back '.own_losses.ports[]? | select(.port == 1) | .answers_refused' 1
finish back
json_holds "back: each lost probe is one of our own losses" \
	'.lost > 0 and .lost == ([.own_losses.ports[].answers_refused] | add)'
check "back: as text" pmdping show session back
said "back: in a line of its own" '^our own losses: .*[0-9]+ answers refused by port 1'

# ---- more under way than there are buffers

check "buffers: a session" pmdping session add a ping $TARGET rate 80kpps slack 10s
check "buffers: another" pmdping session add b ping $TARGET rate 80kpps slack 10s
check "buffers: starts" pmdping session start a
check "buffers: both" pmdping session start b
check "buffers: there is none left" within 20 has a '.own_losses.ports[]? | .no_mbuf' 1
check "buffers: and probes are not sent for it" within 10 has a .refused 1
finish a
finish b
json_holds "buffers: none is lost for it" '.lost <= ([.own_losses.ports[].answers_refused] | add)'
check_stop
