#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A worker does not look at its port while more comes than fits before it: what the kernel or
# the driver then drops is our own loss, on each kind of port with a kernel behind it, and a run
# that goes on meanwhile says so.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

COMMANDS=$ADDRESSES
SENT=30000 # more than any of them holds

worker() { grep -lE 'worker-?1$' /proc/"$ENGINE_PID"/task/*/comm | cut -d / -f 5; }
missed() { pmdping --json show workers | jq '.ports[0].rx_missed'; }
stopped() { pmdping --json show session s | jq -es 'last.state == "stopped"'; }
received() { [ "$(pmdping --json show session s | jq -s last.received)" -gt "$1" ]; }

# crowd NAME [PREFIX OF THE KERNEL'S PING]...
crowd() {
	local name=$1 before
	shift
	meet $PEER4
	before=$(missed)
	check "$name: a session" pmdping session add s ping $PEER4 rate 500pps timeout 2s
	check "$name: starts" pmdping session start s
	check "$name: is answered" within 20 received 100
	run pmdping --json show session s
	json_holds "$name: without losses of our own" '.own_losses == null'
	$PYTHON "$PMDPING_ROOT/tests/hold.py" "$(worker)" 3 &
	holder=$!
	"$@" ping -n -q -c $SENT -l $SENT -s 18 -W 1 $OWN4 >"$T/flood" 2>&1 || true
	wait $holder
	check "$name: is answered again" within 20 received "$(($(pmdping --json show session s | jq -s last.received) + 100))"
	check "$name: is stopped" pmdping session stop s
	check "$name: and decided" within 20 stopped
	run pmdping --json show session s
	json_holds "$name: thousands were missed" '.own_losses.ports[] | select(.port == 0) | .rx_missed > 10000'
	is "$name: as many as show workers has" \
		"$(jq -s 'last.own_losses.ports[0].rx_missed' "$OUT")" $(($(missed) - before))
	check "$name: as text" pmdping show session s
	said "$name: in a line of its own" '^our own losses: [0-9]+ rx missed on port 0'
	check_stop
}

start_tap direct --
crowd net_tap
"$LAB" veth
for port in net_af_packet net_af_xdp; do
	start_engine --vdev="${port}0,iface=pmd0" -- && crowd $port ip netns exec peer
done
