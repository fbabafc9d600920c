#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A session of several targets against the kernel: its addresses answer, one that nobody has
# is lost, and one that goes away while it is probed is lost from then on.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

idle() { pmdping --json session show "$1" | jq -e '.state == "stopped"'; }
target() { # NAME ADDRESS FIELD
	pmdping --json session targets "$1" | jq -r --arg a "$2" ".targets[] | select(.address == \$a) | .$3"
}

start_tap direct --
for i in 11 12 13; do
	ip addr add 192.0.2.$i/24 dev $TAP
	ip addr add 2001:db8::$i/64 dev $TAP nodad
done

check "IPv4: three that are there, one that is not" pmdping session add four ping \
	192.0.2.11-192.0.2.14 interval 100ms count 40 slack 2s timeout 500ms
check "IPv6: the same" pmdping session add six ping \
	2001:db8::11-2001:db8::13,2001:db8::14 interval 100ms count 40 slack 2s timeout 500ms
check "starts" pmdping session start four
check "starts, too" pmdping session start six
check "IPv4 ends" within 20 idle four
check "IPv6 ends" within 20 idle six
for name in four six; do
	run pmdping --json session targets $name
	json_holds "$name: the kernel's answer" \
		'.of == 4 and ([.targets[:3][] | .sent > 20 and .received == .sent and .loss_percent == 0
			and .duplicate == 0 and .errors == 0 and .min_ns > 0] | all)'
	json_holds "$name: nobody's does not" \
		'.targets[3] | .sent == 0 and .not_sent == 40 and .unreachable > 0 and .loss_percent == 100'
	run pmdping --json session show $name
	json_holds "$name: adds up" '.consistent and .due == 160 and .in_flight == 0 and .reordered == 0'
done

check "two more" pmdping session add gone ping 192.0.2.11,192.0.2.12 interval 20ms timeout 1s
check "start" pmdping session start gone
answers() { [ "$(target gone 192.0.2.12 received)" -gt 10 ]; }
check "both answer" within 10 answers
ip addr del 192.0.2.12/24 dev $TAP
lossy() { [ "$(target gone 192.0.2.12 loss_percent | cut -d. -f1)" -gt 0 ]; }
check "the one that went is lost" within 20 lossy
is "the other is not" "$(target gone 192.0.2.11 loss_percent)" 0
check "delete it as it runs" pmdping session del gone
check_stop
