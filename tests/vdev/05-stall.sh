#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The engine is stopped for two seconds in the middle of a run. What was in flight then
# seems to have been away for as long: nothing of that may pass for a measurement.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

EAL_MEMORY=(--no-huge --no-shconf -m 320)
STOPPED=2 # s

# show FILE COMMAND...: the last object of the answer.
show() {
	local file=$1
	shift
	pmdping --json "$@" | jq -s last >"$file"
}
stop_a_while() {
	kill -STOP "$ENGINE_PID"
	sleep $STOPPED
	kill -CONT "$ENGINE_PID"
}
# has TEXT FILE JQ-EXPRESSION
has() {
	cp "$2" "$OUT"
	json_holds "$1" "$3"
}
sent() { [ "$(pmdping --json show session s | jq -s 'last.sent')" -ge "$1" ]; }

# The wire is long enough that some probe is always under way.
start_engine -- --wire delay=2ms
check "the neighbour is met" pmdping ping 198.18.0.2 count 1
check "a session" pmdping session add s ping 198.18.0.2 rate 1kpps timeout 10s
check "is started" pmdping session start s
check "and sends" within 10 sent 500
stop_a_while
check "it goes on sending" within 10 sent 1000
check "and is stopped" pmdping session stop s
stopped() { pmdping --json show session s | jq -es 'last | .state == "stopped"'; }
check "once all is decided" within 15 stopped
show "$T/session" show session s
show "$T/stalls" show stalls count 1000

has "the stop is a stall in the log" "$T/stalls" '[.stalls[].length_ns] | max >= 1.9e9'
has "the counters add up" "$T/session" '.consistent and .due == .sent + .not_sent + .missed and
	.sent == .received + .late + .corrupt + .error + .lost + .in_flight'
has "the slots of the stop are missed, but for the slack" "$T/session" '.missed > 1500'
has "none is lost: the wire loses none" "$T/session" '.lost == 0'
has "what was in flight is suspect" "$T/session" '.suspect >= 1 and .suspect <= .received'
# On a machine busy enough that hardly one is left there are no quantiles of these.
has "no time near the stop's is left without the suspects" "$T/session" \
	'.quantiles_without_suspect | all(.hi_ns != null and .hi_ns < 1e9)'
has "and there are quantiles of what is left" "$T/session" \
	'.received - .suspect < 100 or (.quantiles_without_suspect | length > 0)'

# Reply by reply, which the summary cannot show: each long one has the mark.
pmdping --json ping 198.18.0.2 rate 1kpps count 3500 timeout 10s >"$T/replies" 2>"$T/errors" &
client=$!
within 10 grep -qE '"seq": *500,' "$T/replies" || true
stop_a_while
STATUS=0
wait $client || STATUS=$?
is "a ping goes on as well" "$STATUS" 0
cp "$T/replies" "$OUT"
jsons_hold "some replies took a second or more, and each has the mark" \
	'[.[] | select((.hi_ns? // 0) > 1e9)] | length > 0 and all(.suspect == true)'
check_stop
