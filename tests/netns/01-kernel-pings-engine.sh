#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The Linux kernel and the tools of others ping the engine on a tap port.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

# answered FAMILY SIZE ADDRESS: every byte back, checked by ping itself, which waits for
# the last answer no longer than its interval when it cannot time the others.
answered() {
	check "ICMP-05 V6-01 $1: $2 bytes come back" ping -n -c 3 -i 0.2 -s "$2" "$3"
	said "$1: $2 bytes, none lost" '3 received, 0% packet loss'
	not_said "$1: $2 bytes, none changed or doubled" 'wrong data|DUP!|BAD CHECKSUM|truncated'
}

start_tap direct --

for size in 0 1 33 56 1472; do answered IPv4 "$size" $OWN4; done
for size in 0 1 33 56 1452; do answered IPv6 "$size" $OWN6; done

check "a thousand IPv4 pings, 2 ms apart" ping -n -q -c 1000 -i 0.002 -W 2 $OWN4
said "none of them lost" '1000 received, 0% packet loss'
check "a thousand IPv6 pings, 2 ms apart" ping -n -q -c 1000 -i 0.002 -W 2 $OWN6
said "none of them lost" '1000 received, 0% packet loss'
check "a flood of two thousand" ping -n -q -f -c 2000 $OWN4
said "none of them lost" '2000 received, 0% packet loss'

check "ICMP-08 the TTL of an answer is our own" ping -n -c 1 -W 2 -t 9 $OWN4
said "ICMP-08 and it is 64" 'ttl=64 '
check "a TOS is accepted" ping -n -c 1 -W 2 -Q 0xb8 $OWN4
check "a packet without DF is answered" ping -n -c 1 -W 2 -M dont $OWN4
check_exit 1 "ICMP-07 an echo to the subnet's broadcast address is not answered" \
	ping -n -b -c 2 -i 0.2 -W 0.5 192.0.2.255
said "ICMP-07 not by anybody" ' 0 received'

check "ARP-01 arping finds the engine" arping -I $TAP -c 3 -w 5 $OWN4
said "ARP-01 one answer to each request" 'Received 3 response'
# Not by the MAC address that the kernel's end has from the port: arping ignores its own.
ip link set $TAP address 02:00:5e:00:53:01
check_exit 1 "ARP-21 a probe from 0.0.0.0 is told that the address is in use" \
	arping -D -I $TAP -c 2 -w 3 $OWN4
check_exit 1 "ARP-03 an address that is not ours is not answered" arping -I $TAP -c 1 -w 1 192.0.2.9
check "fping finds both addresses" fping -q -c 20 -p 10 -t 2000 $OWN4 $OWN6
said "fping lost nothing" 'xmt/rcv/%loss = 20/20/0%'
run nmap -n -sn -PR --reason $OWN4
said "nmap finds it by ARP" 'Host is up, received arp-response'
run nmap -n -sn -PE --disable-arp-ping --reason $OWN4
said "nmap finds it by echo" 'Host is up, received echo-reply'

check "respond off" pmdping respond off
check_exit 1 "a mute engine answers no echo" ping -n -c 2 -i 0.2 -W 0.5 $OWN4
check "ARP is answered nevertheless" arping -I $TAP -c 1 -w 2 $OWN4
holds "echo_muted counts them" "$(counter echo_muted) == 2"
check "respond on" pmdping respond on
check "and is heard again" ping -n -c 1 -W 2 $OWN4
check_stop
