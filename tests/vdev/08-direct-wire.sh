#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A direct wire: two ring ports and nothing between them. Probes and answers cross it in
# one worker and in two; it has no behaviour that a selftest could be held against.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

COMMANDS=
start_engine -- --wire direct
check "the neighbours meet" pmdping ping 198.18.0.2 count 1
check "a ping over a direct wire" pmdping ping 198.18.0.2 count 1000 interval 1ms
said "every probe has its answer" '^1000 packets transmitted, 1000 received, 0% packet loss'
check "the neighbours meet over IPv6" pmdping ping 2001:2::2 count 1
check "and over IPv6" pmdping ping 2001:2::2 count 100 interval 1ms quiet
said "every probe has its answer, over IPv6" '^100 packets transmitted, 100 received, 0% packet loss'
check "back to back" pmdping --json ping 198.18.0.2 count 200000 rate 1000Mpps slack 20s timeout 20s quiet
json_holds "every one is sent, and answered" '.due == 200000 and .sent == .due and .received == .sent'
check_exit 2 "a selftest is refused" pmdping selftest quick
said "and says why" 'the wire is direct: it has no delay, and no truth'
run pmdping --json show counters
json_holds "every frame is in a counter" '.sum == .delivered'
check_stop

WORKERS=2 start_engine -- --wire direct,queues=3,cross=1 \
	--config '(0,0,1),(0,1,2),(0,2,2),(1,0,2),(1,1,2),(1,2,2)'
check "the neighbours meet again" pmdping ping 198.18.0.2 count 1
check "a ping whose answers come in at another worker" pmdping ping 198.18.0.2 count 1000 interval 1ms quiet
said "every probe has its answer, by a receipt" '^1000 packets transmitted, 1000 received, 0% packet loss'
run pmdping --json show workers
json_holds "and the worker that sent has received nothing" \
	'[.workers[] | [.lcore, .rx > 1000, .tx > 1000]] == [[1, false, true], [2, true, true]]'
check_stop

try_engine "a direct wire with a delay" 2 'delay: a direct wire does nothing to frames' \
	-- --wire direct,delay=10us
