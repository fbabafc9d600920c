#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What became of a rate, shown while it runs and at the end: how much of it was achieved,
# what it was limited by, slip.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

NEAR=198.18.0.2
EAL_MEMORY=(--no-huge --no-shconf -m 320)

# runs NAME WORDS...: a session that has run for more than a second.
runs() {
	local name=$1
	shift
	check "session $name" pmdping session add "$name" ping $NEAR "$@"
	check "$name starts" pmdping session start "$name"
	measured() { pmdping --json session show "$1" | jq -e '.rate.last_pps != null'; }
	check "$name has a second behind it" within 10 measured "$name"
	run pmdping --json session show "$name"
	jsons_hold "$name: each slot has a cause" '.[0] | .rate.achieved_percent >= 99.9 or
		([.rate.limits[].slots] | add) >= .missed + .not_sent'
}

start_engine -- --wire delay=10us
check "the neighbour is met" pmdping ping $NEAR count 1
run pmdping ping $NEAR rate 1kpps count 100 slack 1s quiet
said "a rate that is reached" '^rate 1kpps, achieved 1kpps \(100%\)$'
said "its slip" '^slip p50 [0-9.]+ max [0-9.]+ ms$'
runs fast rate 200Mpps timeout 100ms
jsons_hold "more than any worker can" '.[0].rate | .programmed_pps == 200e6 and .achieved_percent < 99 and
	.limits[0].cause == "worker" and .last_pps < 200e6 and .last_pps > 0'
jsons_hold "achieved is what was sent of the slots" '.[0] |
	(.rate.achieved_pps - 200e6 * .sent / .due | fabs) < 1'
run pmdping session show fast
said "in words" '^rate 200Mpps, achieved [0-9.]+[kM]pps \([0-9.]+%\), in the last second .*, limited by the worker \([0-9]+ slots missed\)'
check "fast ends" pmdping session del fast
check_exit 1 "nobody there" pmdping ping 198.18.0.9 rate 10pps count 5 quiet
said "the neighbour" '^rate 10pps, achieved 0pps \(0%\), limited by the neighbour \(5 slots waited for it\)$'
run pmdping ping $NEAR flood count 100 quiet
said "a flood waits for answers" '^rate at most 1Gpps, achieved .*, limited by the replies$'
check_stop

# Half of what is sent fits the wire; the ring before it is full soon.
start_engine -- --wire ab.rate=10Mbps --max-rate 1Mpps
check "the neighbour is met" pmdping ping $NEAR count 1
runs line rate 200% timeout 100ms slack 60s
full() {
	pmdping --json session show line | jq -e '.rate | .limits[0].cause == "port" and
		.last_pps > 10245 * 0.8 and .last_pps < 10246 * 1.05'
}
check "the port refuses what the line cannot carry" within 15 full
run pmdping session show line
said "in words" '^rate 20.4918kpps \(200% of 10Mbps\), achieved .*, limited by the port \([0-9]+ slots refused\)'
check_stop

# Nothing comes back, and a probe is remembered for a minute.
start_engine -- --wire ba.loss=1
check "the neighbour is told" pmdping neigh add $NEAR mac "$(port_value 1 mac)" port 0
runs lost rate 10Mpps timeout 60s
logged() { pmdping --json session show lost | jq -e '.log_full > 0 and any(.rate.limits[]; .cause == "log")'; }
check "the in-flight log is full" within 30 logged
run pmdping session show lost
said "in words" '[ ,]the in-flight log \([0-9]+ slots found it full\)'
check_stop

start_engine --vdev=net_null0,no-rx=1 -- --max-rate 500pps
check "an address" pmdping addr add 192.0.2.1/24 port 0
check "a neighbour" pmdping neigh add 192.0.2.9 mac 02:00:00:00:00:09 port 0
run pmdping ping 192.0.2.9 flood count 50 timeout 10ms quiet
said "a flood may send that much" '^rate at most 500pps \(.*% of 10Gbps\), achieved '
check_stop
