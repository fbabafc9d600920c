#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sessions that several workers send: one schedule, counters that add up, answers that come
# in at the other worker's queue.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

NEAR=198.18.0.2
EAL_MEMORY=(--no-huge --no-shconf -m 512)
WORKERS=2

idle() { pmdping --json session show "$1" | jq -e '.state == "stopped"'; }

# ends NAME: all its slots are decided.
ends() {
	check "$1 starts" pmdping session start "$1"
	check "$1 ends" within 20 idle "$1"
	run pmdping --json session show "$1"
}

# With three queues crossed, answers come in at another queue than the one that asked.
for wire in queues=2 queues=3,cross=1; do
	config='(0,0,1),(0,1,2),(1,0,1),(1,1,2)'
	[ "$wire" = queues=2 ] || config='(0,0,1),(0,1,2),(0,2,2),(1,0,2),(1,1,2),(1,2,2)'
	start_engine -- --wire "delay=10us,$wire" --config "$config"
	check "the neighbour is met" pmdping ping $NEAR count 1

	check "one target" pmdping session add one ping $NEAR rate 20kpps count 10007 workers 2 slack 5s timeout 5s
	ends one
	jsons_hold "$wire: every slot once, every answer" '.[0] | .due == 10007 and .sent == 10007 and
		.received == 10007 and .lost == 0 and .duplicate == 0 and .consistent'
	jsons_hold "$wire: for as long as one worker would take" '.[0].time_ns | . >= 450e6 and . < 1e9'
	run pmdping --json show workers
	jsons_hold "$wire: both have sent" '[.[0].workers[] | .tx > 4000] | all'
	run pmdping --json session targets one
	jsons_hold "$wire: of the one target" '.[0].targets | length == 1 and .[0].sent == 10007'
	run pmdping session export one format hgrm
	said "$wire: one distribution" 'Total count *= *10007'
	check "again" pmdping session clear one
	ends one
	jsons_hold "$wire: cleared and run again" '.[0] | .due == 10007 and .received == 10007'

	for i in 3 4 5 6; do check "address $i" pmdping addr add "198.18.0.$i/24" port 1; done
	check "five targets" pmdping session add five ping 198.18.0.2-198.18.0.6 rate 10kpps count 501 workers 2 \
		slack 5s timeout 5s
	check "the neighbours are met" pmdping ping 198.18.0.6 count 1
	ends five
	jsons_hold "$wire: each of them" '.[0] | .due == 5 * 501 and .received + .not_sent == .due'
	run pmdping --json session targets five
	jsons_hold "$wire: in their order, with their share" '.[0].targets |
		map(.address) == ["198.18.0.2", "198.18.0.3", "198.18.0.4", "198.18.0.5", "198.18.0.6"] and
		all(.sent + .not_sent == 501 and .received == .sent)'

	check "Poisson" pmdping session add random ping $NEAR rate 10kpps poisson count 5000 workers 2 slack 5s timeout 5s
	ends random
	jsons_hold "$wire: all of them" '.[0] | .received == 5000'
	check "without an end" pmdping session add long ping $NEAR rate 10kpps workers 2
	check "it starts" pmdping session start long
	check "deleted while it runs" pmdping session del long

	check_exit 2 "more than there are" pmdping ping $NEAR count 9 workers 4 quiet
	said "says how many" 'workers 4: port 0 has [23] queues that send'
	check_exit 2 "no line per answer" pmdping ping $NEAR count 1 workers 2
	check_exit 2 "no flood" pmdping ping $NEAR flood quiet workers 2
	check_exit 2 "more than targets" pmdping session add few ping 198.18.0.2,198.18.0.3 workers 3
	check_stop
done
