#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The same short ping, in both directions, on each kind of port that needs root, with two
# queues and two workers, and on hugepages.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

PAGES=/sys/kernel/mm/hugepages/hugepages-2048kB
COMMANDS=$ADDRESSES

# ping_both NAME [PREFIX OF THE KERNEL'S PING]...
ping_both() {
	local name=$1
	shift
	meet $PEER4 $PEER6
	check "$name: the engine pings IPv4" pmdping ping $PEER4 -c 100 -i 0.005 -q
	said "$name: none lost" '^100 packets transmitted, 100 received, 0% packet loss'
	check "$name: the engine pings IPv6" pmdping ping $PEER6 -c 100 -i 0.005 -q
	said "$name: none lost" '^100 packets transmitted, 100 received, 0% packet loss'
	check "$name: the kernel pings IPv4" "$@" ping -n -q -c 100 -i 0.005 -W 2 $OWN4
	said "$name: none lost" '^100 packets transmitted, 100 received, 0% packet loss'
	check "$name: the kernel pings IPv6" "$@" ping -n -q -c 100 -i 0.005 -W 2 $OWN6
	said "$name: none lost" '^100 packets transmitted, 100 received, 0% packet loss'
}

on_veth() {
	start_engine --vdev="$1" -- || return 0
	ping_both "${1%%0,*}" ip netns exec peer
	check_stop
}

on_two_queues() {
	WORKERS=2 start_tap direct -- --config '(0,0,1),(0,1,2)'
	ping_both "net_tap with two queues"
	run pmdping --json show workers
	json_holds "both workers are there" '[.. | objects | select(has("lcore")) | .lcore] | index(1) != null and index(2) != null'
	check_stop
}

on_hugepages() {
	local before
	if [ ! -w $PAGES/nr_hugepages ]; then
		skip "hugepages: this kernel has none of 2 MB"
		return
	fi
	before=$(cat $PAGES/nr_hugepages)
	echo $((before + 96)) >$PAGES/nr_hugepages
	if [ "$(cat $PAGES/free_hugepages)" -lt 80 ]; then
		echo "$before" >$PAGES/nr_hugepages
		skip "hugepages: no 80 free ones to be had"
		return
	fi
	EAL_MEMORY=(--in-memory -m 128)
	start_tap direct --
	ping_both "net_tap on hugepages"
	holds "hugepages are in use" "$(cat $PAGES/nr_hugepages) - $(cat $PAGES/free_hugepages) >= 64"
	check_stop
	echo "$before" >$PAGES/nr_hugepages
}

start_tap direct --
ping_both "net_tap"
check_stop
on_two_queues
"$LAB" veth
on_veth net_af_packet0,iface=pmd0
on_veth net_af_xdp0,iface=pmd0
on_hugepages
