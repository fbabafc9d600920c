#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A capture full of ARP requests, neighbour solicitations and echo requests in, the answers
# out, decoded by tshark and compared with responder.golden; every frame in its counter.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

# The port's MAC address, of an engine that has nothing to read.
$PYTHON "$HERE/responder.py" questions 02:00:00:00:00:00 "$T/none.pcap"
start_engine "$(pcap_port 0 "$T/none.pcap" "$T/out.pcap")" --
mac=$(port_value 0 mac)
stop_engine

$PYTHON "$HERE/responder.py" questions "$mac" "$T/questions.pcap"
COMMANDS="addr add 192.0.2.2/24 port 0
addr add 2001:db8::2/64 port 0
addr add 198.51.100.2/24 port 0 vlan 10"
start_engine "$(pcap_port 0 "$T/questions.pcap" "$T/replies.pcap")" --
check "the capture is read to its end" replayed 1
pmdping --json show counters >"$T/counters"
asked=$(capinfos -c -M -T -r "$T/questions.pcap" | cut -f 2)
is "all of it is delivered" "$(delivered 1)" "$asked"
is "I2 each frame ends in one counter" "$(counted)" "$asked"
check_stop
$PYTHON "$HERE/responder.py" check "$T/replies.pcap" "$T/counters" "$HERE/responder.golden" "$mac"
