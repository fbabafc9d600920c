#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Rates as words: in bits and in percent of the link that the route chooses, for the frame
# that leaves; and the limits that no client can raise.
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

# ---- limits: of all that a port sends, and of what targets beyond the link get. net_null
# takes everything and answers nothing.
# limited [OPTION]...: an engine with a port on which two sessions are ready to start.
limited() {
	start_engine --vdev=net_null0,no-rx=1 -- "$@"
	check "an address" pmdping addr add 192.0.2.1/24 port 0
	check "a neighbour" pmdping neigh add 192.0.2.9 mac 02:00:00:00:00:09 port 0
	check "8 kpps" pmdping session add a ping 192.0.2.9 rate 8kpps timeout 10ms
	check "4 kpps" pmdping session add b ping 192.0.2.9 rate 4kpps timeout 10ms
}

limited
check_exit 2 "more than --max-rate's default" pmdping session add c ping 192.0.2.9 rate 10.1kpps
said "with the numbers" '10.1kpps is more than the engine.s --max-rate 10kpps'
check "the first starts" pmdping session start a
check_exit 2 "the second would be too much" pmdping session start b
said "with the numbers" 'port 0 sends 8kpps already: 4kpps more would be above the engine.s --max-rate 10kpps'
check_exit 2 "nor does a ping get more" pmdping ping 192.0.2.9 rate 2.1kpps
not_said "which does not begin" '^PING'
run pmdping --json ping 192.0.2.9 flood count 1000 timeout 10ms
json_holds "a flood gets what is left" '.sent + .missed == 1000 and .time_ns >= 499e6'
run "$PYTHON" -c "
import sys
sys.path.insert(0, '$PMDPING_ROOT/tests')
from rpc import Rpc
rpc = Rpc('$SOCKET')
print(rpc.answer(rpc.send('session.start', {'name': 'b'})))"
said "nor does a program on the socket" 'would be above the engine.s --max-rate'
check "the first stops" pmdping session stop a
check "now there is room" pmdping session start b
check "and is given back by a session that is taken away" pmdping session del b
check "once more the first, when it has ended" within 5 pmdping session start a
check "and stop" pmdping session stop a
check "a session that ends by itself" pmdping session add e ping 192.0.2.9 rate 10kpps count 100 timeout 10ms
check "starts" pmdping session start e
ended() { pmdping --json show sessions | jq -e '.sessions[] | select(.name == "e").state == "stopped"'; }
check "ends" within 5 ended
check "and has given back all" within 5 pmdping session start a
check "stop" pmdping session stop a
check "a gateway" pmdping route add default via 192.0.2.9
check_exit 2 "beyond the link 1 kpps" pmdping session add far ping 198.51.100.1 rate 1001pps
said "unless allowed" '1.001kpps: above 1kpps only to targets that are on-link \(or that --allow covers\)'
for s in far1 far2; do
	check "session $s" pmdping session add $s ping 198.51.100.1 rate 600pps timeout 10ms
done
check "one of them" pmdping session start far1
check_exit 2 "not both" pmdping session start far2
said "with the numbers" '600pps on top of the 600pps that 198.51.100.1 gets: above 1kpps'
check_exit 1 "another target has its own" pmdping ping 198.51.100.2 rate 600pps count 2 timeout 10ms
check_stop

limited --max-rate 8Mbps --allow 192.0.2.0/24
check_exit 2 "bits: alone" pmdping session add c ping 192.0.2.9 rate 20kpps
said "with the numbers" '20kpps of 102 bytes, 16.32Mbps, is more than the engine.s --max-rate 8Mbps'
check "bits: the first starts" pmdping session start a
check_exit 2 "bits: the second would be too much" pmdping session start b
said "with the numbers" 'sends 6.528Mbps already: 4kpps of 102 bytes, 3.264Mbps, more'
check_exit 1 "bits: smaller frames are more" pmdping ping 192.0.2.9 rate 2.8kpps size 1 count 2 timeout 10ms
check_stop

# net_null says that it has 10 Gbit/s: 10.2 thousand of these frames are 0.1 % of that.
limited --max-rate 0.1%
check "percent: the first starts" pmdping session start a
check_exit 2 "percent: the second would be too much" pmdping session start b
said "with the numbers" 'sends 0.07808% already: 4kpps of 102 bytes, 0.03904%, more'
check_exit 2 "percent: no more than there is" pmdping ping 192.0.2.9 rate 0.11%
check_stop

# A wire is ours: all of it, but no more.
start_engine -- --wire rate=10Mbps
check_exit 1 "the link" pmdping ping $NEAR rate 100% count 1 timeout 1ms deadline 1ms
check_exit 2 "more than the link" pmdping ping $NEAR rate 100.1%
said "with the numbers" '102 bytes, 100.1%, is more than the engine.s --max-rate 100%'
check_stop

# ---- IMIX: 361.8 bytes on average, whatever the slot
start_engine -- --wire ab.rate=1Gbps
programmed "bits of an IMIX" 2894667 $NEAR rate 1Mbps frame imix
programmed "half the line with an IMIX" 6109 $NEAR rate 50% frame imix
run pmdping --json ping $NEAR frame imix rate 1kpps slack 10s count 240 quiet
json_holds "each is answered" '.received == 240 and .corrupt == 0'
check "over IPv6" pmdping ping 2001:2::2 frame imix interval 1ms count 24
said "the smallest has room for the token" '^PING 2001:2::2 \(2001:2::2\) IMIX, 16/528/1452 data bytes$'
check "in a session" pmdping session add mixed ping $NEAR frame imix interval 1ms
check_exit 2 "no other word" pmdping ping $NEAR frame simix
run "$PYTHON" -c "
import sys
sys.path.insert(0, '$PMDPING_ROOT/tests')
from rpc import Rpc
rpc = Rpc('$SOCKET')
print(rpc.answer(rpc.send('ping', {'address': '$NEAR', 'frame': 'imix', 'count': 12, 'interval': 1000000})))"
said "by JSON-RPC" "'received': 12"
check_stop
