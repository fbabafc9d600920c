#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ports without any hardware or kernel behind them. A net_ring port hears what it says
# itself: nothing of it may be taken for an answer.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

COMMANDS="addr add 192.0.2.2/24 port 0
addr add 2001:db8::2/64 port 0"

start_engine --vdev=net_ring0 --
mac=$(port_value 0 mac)
check "net_ring has no MAC address, so the engine has one" test "$mac" != 00:00:00:00:00:00
check_exit 1 "a ping on net_ring hears itself, and no answer" pmdping ping 192.0.2.9 -c 5 -i 0.2 -W 0.5
said "none is received" ' 0 received'
check "a static neighbour on net_ring" pmdping neigh add 192.0.2.9 mac "$mac" port 0
check_exit 1 "probes that come back are not replies" pmdping ping 192.0.2.9 -c 50 -i 0.01 -W 0.5
said "all fifty are lost" '^50 packets transmitted, 0 received, 100% packet loss'
check "the ring is quiet" replayed 1
is "I2 what came round is counted" "$(counted)" "$(delivered 1)"
check_stop

start_engine --vdev=net_null0,no-rx=1 --
check_exit 1 "a ping on net_null" pmdping ping 192.0.2.9 -c 2 -i 0.2 -W 0.2
check_stop

# Frames of 64 zero bytes as fast as the worker can read them: a flood of nonsense.
start_engine --vdev=net_null0 --
# The counters and their sum are read one after the other: they agree when it pauses.
flooded() { [ "$(pmdping --json show counters | jq .delivered)" -gt 1000000 ]; }
check "a million frames of zeroes" within 20 flooded
check "and the engine still talks" pmdping show version
check_stop
