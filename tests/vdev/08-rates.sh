#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Rates as words: in bits and in percent of the link that the route chooses, for the frame
# that leaves.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

NEAR=198.18.0.2
EAL_MEMORY=(--no-huge --no-shconf -m 320)

# programmed TEXT NS WORDS...: the time from slot to slot.
programmed() {
	local text=$1 wanted=$2
	shift 2
	run pmdping --json ping "$@" count 2 quiet
	jsons_hold "$text" "(map(select(.event == \"start\"))[0].interval_ns) == $wanted"
}

# ---- bits and percent. A frame with 56 bytes of payload is 102 bytes with its FCS, 122 on
# the line, 4 more with a tag; over IPv6 122 and 142.
start_engine -- --wire ab.rate=100Mbps,ba.rate=50Mbps
check "an address behind a tag" pmdping addr add 203.0.113.1/24 port 0 vlan 7
check "and its peer" pmdping addr add 203.0.113.2/24 port 1 vlan 7
programmed "packets" 1000000 $NEAR rate 1kpps
programmed "frame bits" 816000 $NEAR rate 1Mbps
programmed "bits on the line" 976000 $NEAR rate 1Mbpsl1
programmed "1 % of the line" 976000 $NEAR rate 1%
programmed "half the line, with smallest frames" 13440 $NEAR rate 50% frame 64
programmed "less than the smallest frame is padded" 512000 $NEAR rate 1Mbps size 1
programmed "IPv6" 1136000 2001:2::2 rate 1%
programmed "frame bits with a tag" 848000 203.0.113.2 rate 1Mbps
programmed "1 % of the line with a tag" 1008000 203.0.113.2 rate 1%
run pmdping --json ping 203.0.113.2 frame 200 count 1
json_holds "a frame's tag is part of it" '.size == 200 - 4 - 20 - 8 - 18'
is "the wire's rate is the port's speed" "$(port_value 0 speed_mbps) $(port_value 1 speed_mbps)" "100 50"
check_exit 2 "a misspelt rate" pmdping ping $NEAR rate 10kps
said "names the units" 'not a rate: "10kps" \(a number with pps, bps or bpsl1, .*%\)'
said "and points at it" '^ {23}\^'
check_stop

start_engine -- --wire delay=10us
check_exit 2 "percent of a wire without a rate" pmdping ping $NEAR rate 10%
said "says what is missing" 'The speed of port 0 is not known \(--wire has no rate=\)'
check "bits need no link" pmdping ping $NEAR rate 1Mbpsl1 count 1
check_stop
