# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the scripts of the vdev tier, which need no root: the engine on ports that
# read capture files and write them.
# shellcheck shell=bash disable=SC2034

# shellcheck source=tests/init.sh
. "$(dirname "${BASH_SOURCE[0]}")/../init.sh"

HERE=$PMDPING_ROOT/tests/vdev

# pcap_port N IN OUT: the argument that makes it.
pcap_port() { echo "--vdev=net_pcap$1,rx_pcap=$2,tx_pcap=$3"; }

# port_value PORT FIELD: of show port info.
port_value() {
	pmdping --json show port info "$1" | jq -r "[.. | objects | .$2? // empty] | first"
}

# replayed PORTS: captures are replayed once, from the start of the port on; what has
# arrived when nothing more does is all there is.
replayed() {
	local port waits=()
	for ((port = 0; port < $1; port++)); do
		pmdping wait port "$port" idle 300ms >/dev/null &
		waits+=("$!")
	done
	for port in "${waits[@]}"; do
		wait "$port" || return 1
	done
}

# delivered PORTS: frames that these ports gave to the engine.
delivered() {
	pmdping --json show port stats all | jq "[.ports[:$1][].ipackets] | add"
}

# counted: the sum of the terminal counters, or how it differs from what was delivered.
counted() {
	pmdping --json show counters |
		jq -r 'if .sum == .delivered then .sum else "\(.sum) counted of \(.delivered)" end'
}
