#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Beyond the link: a router, what it says of packets that it cannot forward, and two
# gateways of which one dies.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

FAR4=198.51.100.2 FAR6=2001:db8:2::2
COMMANDS="$ADDRESSES
route add default via $PEER4
route add ::/0 via $PEER6"
start_tap router --
sniff "$T/arp.pcap" $TAP
meet $FAR4 $FAR6

check "a host behind the router" pmdping ping $FAR4 -c 10 -i 0.01
said "its TTL has come down by one" "^64 bytes from $FAR4: icmp_seq=1 ttl=63 "
said "none lost" '10 received, 0% packet loss'
check "IPv6 as well" pmdping ping $FAR6 -c 10 -i 0.01
said "its hop limit has come down by one" "^64 bytes from $FAR6: icmp_seq=1 ttl=63 "
said "none lost" '10 received, 0% packet loss'
check "the far host pings the engine" ip netns exec far ping -n -c 10 -i 0.01 -W 2 $OWN4
check "the far host pings the engine's IPv6" ip netns exec far ping -n -c 10 -i 0.01 -W 2 $OWN6

stop_sniff
asked=$(frames "$T/arp.pcap" "arp.opcode == 1 && arp.src.proto_ipv4 == $OWN4 && arp.dst.proto_ipv4 != $OWN4" \
	arp.dst.proto_ipv4 | sort -u | tr '\n' ' ')
is "IP-11 ARP asks for the gateway, never for the target" "$asked" "$PEER4 "
asked=$(frames "$T/arp.pcap" "icmpv6.type == 135 && ipv6.src == $OWN6 && icmpv6.nd.ns.target_address != $OWN6" \
	icmpv6.nd.ns.target_address | sort -u | tr '\n' ' ')
is "IP-11 neighbour discovery too" "$asked" "$PEER6 "

check_exit 1 "a TTL of 1 gets no further than the router" pmdping ping $FAR4 -c 2 -i 0.2 -t 1 -W 1
said "IPv4: time exceeded" "^From $PEER4 icmp_seq=1 Time to live exceeded$"
said "both are errors" '2 packets transmitted, 0 received, \+2 errors, 100% packet loss'
check_exit 1 "a hop limit of 1 neither" pmdping ping $FAR6 -c 2 -i 0.2 -t 1 -W 1
said "IPv6: time exceeded" "^From $PEER6 icmp_seq=1 Time exceeded: Hop limit$"

check_exit 1 "a network that the router does not know" pmdping ping 203.0.113.1 -c 1 -W 1
said "IPv4: net unreachable" "^From $PEER4 icmp_seq=1 Destination Net Unreachable$"
check_exit 1 "one that it calls unreachable" pmdping ping 203.0.113.65 -c 1 -W 1
said "IPv4: host unreachable" "^From $PEER4 icmp_seq=1 Destination Host Unreachable$"
check_exit 1 "one that it prohibits" pmdping ping 203.0.113.129 -c 1 -W 1
said "IPv4: filtered" "^From $PEER4 icmp_seq=1 Packet filtered$"
check_exit 1 "a network that the router does not know, IPv6" pmdping ping 2001:db8:4::1 -c 1 -W 1
said "IPv6: no route" "^From $PEER6 icmp_seq=1 Destination unreachable: No route$"
check_exit 1 "one that it prohibits, IPv6" pmdping ping 2001:db8:3::1 -c 1 -W 1
said "IPv6: prohibited" "^From $PEER6 icmp_seq=1 Destination unreachable: Administratively prohibited$"

check_exit 1 "a packet that does not fit the next link" pmdping ping $FAR4 -c 1 -W 1 -s 1472
said "ID-03 IPv4: fragmentation needed, DF being the default" "^From $PEER4 icmp_seq=1 Frag needed and DF set \(mtu = 1400\)$"
check_exit 1 "a packet that does not fit the next link, IPv6" pmdping ping $FAR6 -c 1 -W 1 -s 1452
said "IPv6: packet too big" "^From $PEER6 icmp_seq=1 Packet too big: mtu=1400$"
check "one that fits" pmdping ping $FAR4 -c 1 -W 1 -s 1372

check "a route goes" pmdping route del default via $PEER4
check_exit 2 "and with it the far host" pmdping ping $FAR4 -c 1
said "which is unreachable now" 'connect: Network is unreachable'
check_stop

# ---- two gateways

COMMANDS="addr add $OWN4/24 port 0
route add default via 192.0.2.1 preference 10
route add default via 192.0.2.3 preference 20"
start_tap gateways --
# echo_requests GATEWAY: those that it has been sent.
echo_requests() { ip netns exec "$1" nstat -asz IcmpInEchos | awk '/IcmpInEchos/ { print $2 }'; }

meet $FAR4
check "IP-12 two gateways" pmdping ping $FAR4 -c 10 -i 0.01
is "IP-12 the preferred one got it all" "$(echo_requests gw1) $(echo_requests gw2)" "11 0"
ip link set port1 down
pmdping neigh flush >/dev/null
check "IP-13 when it does not answer any more, the other one is used" \
	pmdping ping $FAR4 -c 30 -i 0.2 -W 1
holds "IP-13 and gets the packets" "$(echo_requests gw2) > 0"
check_stop
