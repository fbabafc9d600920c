#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Where the memory of a real engine is, as the kernel says. What happens with a second node is
# in the unit test, on machines that are played.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

EAL_MEMORY=(--no-huge --no-shconf -m 256)
mapfile -t NODES < <(find /sys/devices/system/node/ -maxdepth 1 -name 'node[0-9]*' 2>/dev/null)

start_engine -- --wire delay=10us --strict-numa
check "a session" pmdping session add s ping 198.18.0.2 rate 10kpps samples 1000
check "is started" pmdping session start s
sent() { [ "$(pmdping --json show session s | jq -s 'last.sent')" -gt 1000 ]; }
check "and sends" within 20 sent
run pmdping --json show numa
json_holds "as many nodes as the kernel has (${#NODES[@]}), or none that it lets us use" \
	".nodes | length == ${#NODES[@]} or length == 0"
json_holds "each at distance 10 from itself" \
	'.nodes | to_entries | all(.value.distances[.key] == 10)'
json_holds "every port and every worker" '(.ports | length) == 2 and (.workers | length) == 1'
json_holds "every piece of memory" '[.memory[].what] | sort == ["counters", "in-flight log",
	"in-flight log", "rings", "rx mempool", "rx mempool", "sessions", "tx mempool", "tx mempool"]'
if jq -es 'last | [.memory[].unknown] | add > 0' "$OUT" >/dev/null; then
	skip "where pages are: the kernel does not let us ask (move_pages)"
else
	json_holds "all pages are where they should be" '[.memory[].elsewhere] | add == 0'
	json_holds "mempools and sessions have been touched, and are told to be somewhere" \
		'.memory | map(select(.what | test("mempool|sessions"))) |
			all(.local >= 40 and .untouched == 0)'
	json_holds "the in-flight log as far as it is in use" \
		'.memory | map(select(.what == "in-flight log" and .port == 0)) |
			all(.local >= 1 and .untouched > 0)'
fi
check "as text" pmdping show numa
said "the pages of a mempool" '^tx mempool +0 '
check_stop
