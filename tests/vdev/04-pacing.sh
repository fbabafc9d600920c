#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Pacing, from the words of a command to what leaves: on a wire without loss each slot is
# answered, and the last one is sent when its law has it. From the first transmission to
# the last answer, so a run is one gap shorter than its slots.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

TARGET=198.18.0.2
EAL_MEMORY=(--no-huge --no-shconf -m 320)
EARLY=150 # ms: the last slots may be missed in a stall
LATE=2000 # ms that a busy machine may add at an end

# paced TEXT MS WORDS...: each slot is sent, and the run takes that long.
paced() {
	local text=$1 wanted=$2
	shift 2
	run pmdping --json ping $TARGET "$@" quiet
	json_holds "$text: each slot is sent, or missed" '.due == .sent + .not_sent + .missed'
	json_holds "$text: what is sent comes back" '.received > 0 and .received + .late == .sent'
	# A stall of the machine may take slots; the wire takes none.
	json_holds "$text: only a stall may take a slot" '.not_sent == 0 and (.missed == 0 or .suspect > 0)'
	json_holds "$text: takes $wanted ms" "(.time_ns / 1e6 - $wanted) | . > -$EARLY and . < $LATE"
}

due() { json_holds "$1 slots" ".due == $1"; }

start_engine -- --wire delay=10us
# The first probe of all waits for its neighbour, and those due meanwhile with it.
check "the neighbour is met" pmdping ping $TARGET count 1

paced "periodic" 999 count 2000 rate 2kpps
due 2000
# Seed 1 is the default; another one has another sum of gaps: mean 1 s, sigma 22 ms.
paced "MET-13 Poisson" 1000 count 2000 rate 2kpps poisson
due 2000
paced "MET-13 Poisson, another seed" 1000 count 2000 rate 2kpps poisson seed 99
due 2000
paced "bursts, at the packets' rate" 980 count 500 rate 500pps burst 10
due 500
paced "on and off: four times 100 slots, three pauses" 1000 count 400 interval 1ms on 100ms off 200ms
due 400
paced "a trace, a hundred times over" 600 count 301 gaps 1ms,2ms,3ms
due 301

# Only the schedule's absolute times give this: seed by seed the same sum.
seeds_agree() {
	local a b
	a=$(pmdping --json ping $TARGET count 500 rate 1kpps poisson seed 5 quiet | jq -s 'last.time_ns / 1e6 | round')
	b=$(pmdping --json ping $TARGET count 500 rate 1kpps poisson seed 5 quiet | jq -s 'last.time_ns / 1e6 | round')
	echo "$a ms and $b ms"
	((a - b < 20 && b - a < 20))
}
check "MET-13 one seed, one duration" within 10 seeds_agree

check_exit 2 "on without off" pmdping ping $TARGET count 1 on 1ms
check_exit 2 "poisson and burst" pmdping ping $TARGET count 1 poisson burst 2
check_exit 2 "a trace that is none" pmdping ping $TARGET count 1 gaps 1ms,,x
check_exit 2 "on-times without a slot" pmdping ping $TARGET count 1 interval 2ms on 1ms off 1ms
check_stop
