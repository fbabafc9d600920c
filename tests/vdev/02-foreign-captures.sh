#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Captures that others recorded, malformed ones among them, from the folder PMDPING_PCAPS.
# I1: the engine ends with 0 and the sanitizers are silent. I2: each frame ends in one
# counter. I4: as many echo and ARP replies as Linux gave, for the captures whose answers
# LINUX_ORACLE.tsv holds. Runs with the sanitizer build when there is one.
set -euo pipefail
if [ -x "$(dirname "$0")/../../build-asan/app/pmdpingd/pmdpingd" ]; then
	PMDPING_BUILD=${PMDPING_BUILD:-$(cd "$(dirname "$0")/../.." && pwd)/build-asan}
fi
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

PORTS=8 # captures replayed by one engine

# judge NAME PORTS: after the captures have been read.
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

# raw FILE...: as they are, one port each.
raw() {
	local file arguments=() n=0
	for file; do
		arguments+=("$(pcap_port $n "$file" "$T/out$n.pcap")")
		n=$((n + 1))
	done
	COMMANDS='' start_engine "${arguments[@]}" -- || return 0
	judge "${1##*/} and $((n - 1)) more" $n
}

# as_host FILE ADDRESS MAC ECHO ARP: the engine takes the place of the host of the capture.
as_host() {
	local name=${1##*/} echo arp
	$PYTHON "$HERE/foreign.py" readdress "$1" "$T/in.pcap" "$3" "$MAC"
	COMMANDS="addr add $2/24 port 0" start_engine "$(pcap_port 0 "$T/in.pcap" "$T/replies.pcap")" -- || return 0
	judge "$name as $2" 1
	read -r echo arp < <($PYTHON "$HERE/foreign.py" replies "$T/replies.pcap")
	is "I4 $name: echo and ARP replies as Linux" "$echo $arp" "$4 $5"
}

FILES=()
if [ -n "${PMDPING_PCAPS:-}" ]; then
	mapfile -t FILES < <(find "$PMDPING_PCAPS" -name '*.pcap' -o -name '*.pcapng' | sort)
fi
if [ ${#FILES[@]} -eq 0 ]; then
	skip "foreign captures: PMDPING_PCAPS names no folder with captures"
	exit 0
fi

for ((i = 0; i < ${#FILES[@]}; i += PORTS)); do
	raw "${FILES[@]:i:PORTS}"
done

if [ -r "$PMDPING_PCAPS/LINUX_ORACLE.tsv" ]; then
	$PYTHON "$HERE/responder.py" questions 02:00:00:00:00:00 "$T/none.pcap"
	COMMANDS='' start_engine "$(pcap_port 0 "$T/none.pcap" "$T/out.pcap")" --
	MAC=$(port_value 0 mac)
	stop_engine
	while IFS=$'\t' read -r file ip mac _ _ _ echo arp _; do
		as_host "$PMDPING_PCAPS/files/$file" "$ip" "$mac" "$echo" "$arp"
	done < <(tail -n +2 "$PMDPING_PCAPS/LINUX_ORACLE.tsv")
fi
