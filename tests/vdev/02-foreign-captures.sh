#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Captures that others recorded, malformed ones among them, from the folder PMDPING_PCAPS:
# first as they are, then those of LINUX_ORACLE.tsv with the engine in the place of the
# host that was asked. I1: the engine ends with 0 and the sanitizers are silent. I2: each
# frame ends in one counter. I4: as many echo and ARP replies as Linux gave. Runs with the
# sanitizer build when there is one.
set -euo pipefail
if [ -x "$(dirname "$0")/../../build-asan/app/pmdpingd/pmdpingd" ]; then
	PMDPING_BUILD=${PMDPING_BUILD:-$(cd "$(dirname "$0")/../.." && pwd)/build-asan}
fi
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

GROUP=16 # captures replayed by one engine, one port each
EAL_MEMORY=(--no-huge --no-shconf -m 320)

# Where the rules of docs/conformance.md differ from what Linux does: "ECHO ARP".
declare -A INSTEAD=(
	# Linux answers senders whose MAC address is a group; we do not (no host has one).
	[tcpdump__arp-oobr.pcap]="0 1483"
)

# judge NAME PORTS: when the captures have been read.
judge() {
	local name=$1 ports=$2 frames
	check "$name: read to the end" replayed "$ports"
	frames=$(delivered "$ports")
	is "I2 $name: $frames frames, each in one counter" "$(counted)" "$frames"
	stop_engine
	is "I1 $name: the engine ends with 0" "$ENGINE_STATUS" 0
	if grep -qE 'Sanitizer|runtime error' "$T/engine.log"; then
		not_ok "I1 $name: the sanitizers are silent" "$T/engine.log"
	fi
}

# replay FILE...: each on a port of its own, $COMMANDS first.
replay() {
	local file arguments=()
	for file; do
		arguments+=("$(pcap_port ${#arguments[@]} "$file" "$T/out${#arguments[@]}.pcap")")
	done
	start_engine "${arguments[@]}" -- || return 0
	judge "${NAME:-${1##*/}} and $(($# - 1)) more" $#
}

# ---- in the place of the host: a group of captures without an address twice

NAMES=() IPS=() WANTED=()

replay_as_hosts() {
	local port files=() got
	COMMANDS=''
	for port in "${!NAMES[@]}"; do
		files+=("$T/in$port.pcap")
		COMMANDS+="addr add ${IPS[port]}/32 port $port"$'\n'
	done
	NAME="${NAMES[0]} as ${IPS[0]}" replay "${files[@]}"
	for port in "${!NAMES[@]}"; do
		got=$($PYTHON "$HERE/foreign.py" replies "$T/out$port.pcap")
		is "I4 ${NAMES[port]} as ${IPS[port]}: echo and ARP replies as Linux" "$got" "${WANTED[port]}"
	done
	NAMES=() IPS=() WANTED=()
}

add_host() {
	local file=$1 ip=$2 mac=$3 wanted=$4 port
	if [ ${#NAMES[@]} -eq $GROUP ] || [[ " ${IPS[*]} " == *" $ip "* ]]; then
		replay_as_hosts
	fi
	port=${#NAMES[@]}
	NAMES+=("$file") IPS+=("$ip") WANTED+=("${INSTEAD[$file]:-$wanted}")
	$PYTHON "$HERE/foreign.py" readdress "$PMDPING_PCAPS/files/$file" "$T/in$port.pcap" "$mac" "${MACS[port]}"
}

# The MAC addresses of the ports, from an engine that has nothing to read.
read_macs() {
	local port arguments=()
	for ((port = 0; port < GROUP; port++)); do
		arguments+=("$(pcap_port $port "$T/none.pcap" "$T/out$port.pcap")")
	done
	$PYTHON "$HERE/foreign.py" empty "$T/none.pcap"
	COMMANDS='' start_engine "${arguments[@]}" --
	mapfile -t MACS < <(pmdping --json show port info all | jq -r '.ports[].mac')
	stop_engine
}

FILES=()
if [ -n "${PMDPING_PCAPS:-}" ]; then
	mapfile -t FILES < <(find "$PMDPING_PCAPS/" -name '*.pcap' | sort)
fi
if [ ${#FILES[@]} -eq 0 ]; then
	skip "foreign captures: PMDPING_PCAPS names no folder with captures"
	exit 0
fi

COMMANDS=''
for ((i = 0; i < ${#FILES[@]}; i += GROUP)); do
	replay "${FILES[@]:i:GROUP}"
done
if [ -r "$PMDPING_PCAPS/LINUX_ORACLE.tsv" ]; then
	read_macs
	while IFS=$'\t' read -r file ip mac _ _ _ echo arp _; do
		add_host "$file" "$ip" "$mac" "$echo $arp"
	done < <(tail -n +2 "$PMDPING_PCAPS/LINUX_ORACLE.tsv")
	replay_as_hosts
fi
