# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the scripts of the netns tier: re-executes the script in mount, network and
# process namespaces of its own, so that nothing it makes or starts can outlive it or
# touch the host, and adds what only these tests use.
# shellcheck shell=bash disable=SC2034

if [ -z "${PMDPING_NETNS:-}" ]; then
	if [ "$(id -u)" -ne 0 ]; then
		echo "skip - ${0##*/}: needs root to make network namespaces"
		exit 0
	fi
	PMDPING_NETNS=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc -- "$0" "$@"
fi
mount -t tmpfs tmpfs /run
mount -t sysfs sysfs /sys
# Detection of duplicates holds an interface's addresses back for a second or two.
sysctl -q -w net.ipv6.conf.default.accept_dad=0

# shellcheck source=tests/init.sh
. "$(dirname "${BASH_SOURCE[0]}")/../init.sh"

LAB=$PMDPING_ROOT/scripts/lab-netns
TAP=pmdtap0
OWN4=192.0.2.2 OWN6=2001:db8::2
PEER4=192.0.2.1 PEER6=2001:db8::1
ADDRESSES="addr add $OWN4/24 port 0
addr add $OWN6/64 port 0"

# start_tap LAYOUT [EAL] -- [ENGINE]: the engine on a tap port, and the network around it.
start_tap() {
	local layout=$1
	shift
	COMMANDS=${COMMANDS-$ADDRESSES}
	start_engine --vdev="net_tap0,iface=$TAP" "$@"
	"$LAB" "$layout" "$TAP"
	[ "$layout" != direct ] || meet $PEER4 $PEER6
}

# meet ADDRESS...: of probes that are due while a neighbour is asked for its address, one
# is held and the others are not sent; those who have met lose none.
meet() {
	local address
	for address; do
		pmdping ping "$address" count 1 timeout 5s quiet >/dev/null || true
	done
}

# sniff FILE IFACE [FILTER]: captures until stop_sniff, and returns when it listens.
sniff() {
	tcpdump -U --immediate-mode -n -w "$1" -i "$2" ${3:+"$3"} 2>"$1.log" &
	SNIFFER=$!
	BACKGROUND+=("$SNIFFER")
	within 5 grep -q 'listening on' "$1.log"
}

# What was captured is complete: tcpdump writes frames out as they come, and ends by
# SIGINT after it has read what the kernel still holds.
stop_sniff() {
	kill -INT "$SNIFFER"
	wait "$SNIFFER" || true
}

# frames FILE [DISPLAY FILTER] [FIELD]...: one line per frame that matches.
frames() {
	local file=$1 filter=${2:-} fields=()
	shift 2
	for field; do fields+=(-e "$field"); done
	[ ${#fields[@]} -gt 0 ] || fields=(-e frame.number)
	tshark -n -r "$file" ${filter:+-Y "$filter"} -T fields "${fields[@]}" 2>/dev/null
}
