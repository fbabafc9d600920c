#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sessions of several targets over the virtual wire: a whole prefix, of which some are there
# and some are not, a thousand behind a gateway; what is counted of each; what limits allow.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

EAL_MEMORY=(--no-huge --no-shconf -m 320)

idle() { pmdping --json session show "$1" | jq -e '.state == "stopped"'; }
target() { # NAME ADDRESS FIELD
	pmdping --json session targets "$1" count 1000 |
		jq -r --arg a "$2" ".targets[] | select(.address == \$a) | .$3"
}

# ---- a prefix: .1 is the engine's own on that link, .2 to .7 are there, .9 to .14 are not.
COMMANDS="addr add 203.0.113.1/28 port 0
$(for i in 2 3 4 5 6 7; do echo "addr add 203.0.113.$i/28 port 1"; done)
addr add 2001:db8:7::1/120 port 0
$(for i in 2 3 4; do echo "addr add 2001:db8:7::$i/120 port 1"; done)"
start_engine -- --wire delay=20us --max-rate 100kpps

check "a prefix" pmdping session add a ping 203.0.113.0/28 port 0 interval 100ms count 45 slack 2s timeout 200ms
check "starts" pmdping session start a
check "ends by itself" within 20 idle a
run pmdping --json session targets a
json_holds "13 of 14: the engine's own is no target" '.of == 13 and (.targets | length) == 13'
json_holds "in order" '.targets[0].address == "203.0.113.2" and .targets[12].address == "203.0.113.14"'
json_holds "those that are there" \
	'[.targets[:6][] | .sent + .not_sent == 45 and .sent > 40 and .received == .sent and
	  .loss_percent == 0 and .duplicate == 0 and .errors == 0] | all'
json_holds "answer after the wire's delay, twice" \
	'[.targets[:6][] | .avg_ns >= 35000 and .min_ns <= .avg_ns and .avg_ns <= .max_ns] | all'
json_holds "those that are not" \
	'[.targets[6:][] | .sent == 0 and .received == 0 and .not_sent == 45 and .unreachable > 0 and
	  .loss_percent == 100 and .min_ns == null] | all'
sent=$(jq -s 'last | [.targets[].sent] | add' "$OUT")
not_sent=$(jq -s 'last | [.targets[].not_sent] | add' "$OUT")
unreachable=$(jq -s 'last | [.targets[].unreachable] | add' "$OUT")
run pmdping --json session show a
json_holds "the session is the sum of its targets" \
	".sent == $sent and .not_sent == $not_sent and .unreachable == $unreachable and
	 .received == $sent and .due + 0 == 13 * 45 and .missed == 0"
json_holds "and adds up" '.consistent and .in_flight == 0'
run pmdping session targets a
said "a table" '^ADDRESS +SENT +RECEIVED +NOT SENT +UNREACHABLE +ERRORS +DUPLICATE +LOSS +MIN +AVG +MAX'
said "a line for each" '^203\.0\.113\.2 +4[0-9] +4[0-9] .* 0%'
said "lost" '^203\.0\.113\.14 +0 +0 +45 .* 100%'
run pmdping --json session targets a from 11 count 5
json_holds "the last two" '.of == 13 and (.targets | map(.address)) == ["203.0.113.13", "203.0.113.14"]'
run pmdping --json session targets a from 13
json_holds "none behind them" '.of == 13 and .targets == []'
run pmdping show sessions
said "a list of sessions says how many" '^a +203\.0\.113\.2 \+12 +stopped +130pps '
run pmdping --json show sessions
json_holds "as numbers" '.sessions[0] | .address == "203.0.113.2" and .targets == 13 and .pps == 130'
run pmdping session show a
said "so does the summary" '^--- a \(203\.0\.113\.2 \+12\) ping statistics ---$'
check_exit 2 "no such session" pmdping session targets zz
check "clear" pmdping session clear a
is "nothing is left of a target" "$(target a 203.0.113.3 sent) $(target a 203.0.113.9 not_sent)" "0 0"

check "IPv6, ranges and single ones" pmdping session add six ping \
	2001:db8:7::2-2001:db8:7::3,2001:db8:7::4 port 0 rate 300pps count 10 slack 2s timeout 100ms
check "starts" pmdping session start six
check "ends" within 10 idle six
run pmdping --json session targets six
json_holds "each answered" '.of == 3 and ([.targets[] | .received > 0 and .loss_percent == 0] | all)'

# ---- samples say whose they are
check "samples" pmdping session add smp ping 203.0.113.2-203.0.113.4 port 0 interval 2ms count 20 slack 2s samples 60
check "start" pmdping session start smp
check "end" within 10 idle smp
run pmdping session export smp format csv
said "a column more" '^slot,sequence,number,tx_ns,lo_ns,hi_ns,target$'
for i in 2 3 4; do
	is "each slot of 203.0.113.$i once, its sequence one more" \
		"$(grep ",203\.0\.113\.$i\$" "$OUT" | awk -F, '$2 == $1 + 1 { print $1 }' | sort -n | paste -sd,)" \
		"$(seq 0 19 | paste -sd,)"
done
is "no line without" "$(grep -c '^[0-9]' "$OUT")" 60

# ---- from a file, which the client opens
printf '203.0.113.2\n203.0.113.4-203.0.113.5, 203.0.113.7 # and one\n' >"$T/plain"
check "a file" pmdping session add file ping file "$T/plain" port 0 interval 100ms
is "is its addresses" "$(pmdping --json session targets file | jq -c '[.targets[].address]')" \
	'["203.0.113.2","203.0.113.4","203.0.113.5","203.0.113.7"]'
echo 'no/address' >>"$T/plain"
check_exit 2 "what is no address" pmdping session add file2 ping file "$T/plain"
said "stands at its line" 'plain:3: not an address, .*: no/address'
check_exit 2 "no file" pmdping session add file2 ping file "$T/missing"
said "says so" 'missing: No such file or directory'
echo 'session add inner ping file x' >"$T/lines"
check_exit 2 "not in a file that is loaded" pmdping load "$T/lines"
said "says who opens files" 'files are opened by the client'

# ---- one that goes while it is probed
check "two" pmdping session add gone ping 203.0.113.2,203.0.113.3 port 0 interval 10ms timeout 1s
check "start" pmdping session start gone
received() { [ "$(target gone 203.0.113.3 received)" -gt 20 ]; }
check "both answer" within 10 received
check "take one away" pmdping addr del 203.0.113.3/28
lossy() { [ "$(target gone 203.0.113.3 loss_percent | cut -d. -f1)" -gt 0 ]; }
check "it is lost" within 10 lossy
is "the other is not" "$(target gone 203.0.113.2 loss_percent)" 0
check "delete it as it runs" pmdping session del gone
check_exit 2 "it is gone" pmdping session show gone

# ---- a thousand through a gateway: it is no router, and answers none of them
check "a neighbour" pmdping neigh add 203.0.113.10 mac 02:00:00:00:00:99 port 0
check "as gateway" pmdping route add 198.51.100.0/22 via 203.0.113.10
check "a thousand" pmdping session add k ping 198.51.100.0-198.51.103.231 rate 2kpps count 4 slack 1s timeout 100ms
check "start" pmdping session start k
check "end" within 30 idle k
run pmdping --json session targets k from 0 count 1000
json_holds "each was sent to" \
	'.of == 1000 and ([.targets[] | .sent + .not_sent == 4 and .sent > 0] | all)'
json_holds "nobody answered" '[.targets[] | .received == 0 and .loss_percent == 100] | all'
run pmdping --json session show k
json_holds "identities" '.consistent and .due == 4000 and .lost == .sent and .unreachable == 0'

# ---- what a client may not
check_exit 2 "more than 1 kpps each beyond the link" pmdping session add z ping 198.51.100.1-198.51.100.9 rate 9.1kpps
said "says so" 'above 1kpps only to targets that are on-link'
check "1 kpps each" pmdping session add y ping 198.51.100.1-198.51.100.9 rate 9kpps
run pmdping --json session add x ping 198.51.100.1,198.51.100.1-198.51.100.2,198.51.100.0/30 rate 2kpps
is "an address is a target once" "$(pmdping --json session targets x | jq -c '[.targets[].address]')" \
	'["198.51.100.1","198.51.100.2"]'
check_exit 2 "not more to one by naming it twice" pmdping session add w ping \
	198.51.100.1,198.51.100.1,198.51.100.1 rate 3kpps
check "one alone" pmdping session add one ping 198.51.100.2 rate 600pps
check "start it" pmdping session start one
check "another, that names it second" pmdping session add two ping 198.51.100.1,198.51.100.2 rate 1kpps
check_exit 2 "more than 1 kpps to it together" pmdping session start two
said "says how much it gets" 'on top of the 600pps'
check "stop it" pmdping session stop one
check "then it may" within 5 pmdping session start two
check "stop that" pmdping session stop two
check_exit 2 "too many" pmdping session add big ping 2001:db8:7::/64
said "says how many" 'targets: a session has 1 to 131072'
check_exit 2 "too many in a row" pmdping session add big ping 10.0.0.0-10.255.255.255
said "says how many" 'targets: a session has 1 to 131072'
check_exit 2 "two families" pmdping session add mix ping 203.0.113.2,2001:db8:7::2 port 0
check_exit 2 "a broadcast address in between" pmdping session add bc ping 203.0.113.14-203.0.113.15 port 0
said "is named" '203\.0\.113\.15 is a broadcast address'
check_exit 2 "backwards" pmdping session add back ping 203.0.113.9-203.0.113.2
said "says so" 'the last address is below the first'
check "a count that times its targets is beyond 64 bits" pmdping session add huge ping \
	203.0.113.2,203.0.113.4 port 0 interval 10ms count 9223372036854775807
check "start" pmdping session start huge
huge_runs() { [ "$(target huge 203.0.113.4 received)" -gt 5 ]; }
check "runs" within 10 huge_runs
check "stops" pmdping session stop huge
check "has stopped" within 5 idle huge
check "starts again" pmdping session start huge
before=$(target huge 203.0.113.4 received)
huge_goes_on() { [ "$(target huge 203.0.113.4 received)" -gt $((before + 5)) ]; }
check "and runs on" within 10 huge_goes_on
check_stop
