#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What an engine without hugepages and without EAL options takes: resident memory after more
# probes than the in-flight log has lines, so that all of it has been touched.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

LIMIT=$((150 * 1024)) # KiB
LINES=262144          # of the in-flight log

SOCKET=$T/engine.sock
"$ENGINE" -- --wire delay=10us --socket "$SOCKET" >"$T/engine.log" 2>&1 </dev/null &
ENGINE_PID=$!
check "the engine starts without EAL options" within 20 pmdping show version

# resident: the most that was in memory at any time, KiB.
resident() { awk '/^VmHWM/ { print $2 }' "/proc/$ENGINE_PID/status"; }
echo "# at the start: $(resident) KiB"
check "a session" pmdping session add s ping 198.18.0.2 rate 100kpps
check "is started" pmdping session start s
sent() { [ "$(pmdping --json show session s | jq -s 'last.sent')" -gt "$1" ]; }
check "and fills the in-flight log" within 60 sent $LINES
holds "with $(resident) KiB, less than $LIMIT" "$(resident) < LIMIT"
check_stop
