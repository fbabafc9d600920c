#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The engine pings the Linux kernel on a tap port: what is printed, the exit codes, and
# the sums that must hold.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

# The states of a probe are exclusive and complete.
SUMS='.due == .sent + .not_sent + .missed and
	.sent == .received + .late + .corrupt + .error + .lost + .in_flight'

start_tap direct --

for size in 0 1 7 8 15 16 17 33 56 1472; do
	check "IPv4, $size bytes" pmdping ping $PEER4 -c 3 -i 0.01 -s $size
	said "IPv4, $size bytes: the line of a reply" \
		"^$((size + 8)) bytes from $PEER4: icmp_seq=[0-9]+ ttl=64( time=[0-9.]+ ms)?"
	said "IPv4, $size bytes: none lost" '^3 packets transmitted, 3 received, 0% packet loss, time [0-9]+ms$'
done
for size in 0 8 16 56 1452; do
	check "IPv6, $size bytes" pmdping ping $PEER6 -c 3 -i 0.01 -s $size
	said "IPv6, $size bytes: none lost" '^3 packets transmitted, 3 received, 0% packet loss'
done

check "the lines of ping" pmdping ping $PEER4 -c 2 -i 0.01
said "the first line" "^PING $PEER4 \($PEER4\) 56\(84\) bytes of data\.$"
said "the first sequence number is 1" "^64 bytes from $PEER4: icmp_seq=1 ttl=64 time=[0-9]+\.[0-9]{3,6} ms$"
said "the rule above the summary" "^--- $PEER4 ping statistics ---$"
said "the rtt line" '^rtt min/avg/max/mdev = [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+ ms'
said "the quantiles are intervals" '^rtt p50 [0-9.]+\.\.[0-9.]+ '
said "the clock class" '^clock sw/sw'
check "IPv6" pmdping ping $PEER6 -c 1
said "the first line of IPv6" "^PING $PEER6 ?\($PEER6\) 56 data bytes$"

check "-q" pmdping ping $PEER4 -c 5 -i 0.01 -q
not_said "-q prints no reply" 'icmp_seq='
said "-q prints the summary" '^5 packets transmitted, 5 received'
check "-D" pmdping ping $PEER4 -c 2 -i 0.01 -D
said "-D puts the time before the line" "^\[[0-9]{10}\.[0-9]{6}\] 64 bytes from"
check "-p" pmdping ping $PEER4 -c 2 -i 0.01 -p deadbeef
said "-p prints the pattern" '^PATTERN: 0xdeadbeef'
check "-t and -Q" pmdping ping $PEER4 -c 2 -i 0.01 -t 3 -Q 0xb8
check "-I" pmdping ping $PEER4 -c 2 -i 0.01 -I $OWN4
said "-I shows the source" "from $OWN4"
check "letters before the address" pmdping -c 2 -i 0.01 $PEER4
check "long words" pmdping ping $PEER4 count 2 interval 10ms size 100 timeout 1s
said "size 100" '^108 bytes from'
check "a frame of 64 bytes" pmdping ping $PEER4 count 2 interval 10ms frame 64
said "is 18 bytes of payload" '^26 bytes from'

check "-f" pmdping ping $PEER4 -f -c 500
said "a flood loses nothing" '500 packets transmitted, 500 received, 0% packet loss'
check "rate" pmdping ping $PEER4 count 1000 rate 1kpps quiet
said "at a rate nothing is lost" '1000 packets transmitted, 1000 received, 0% packet loss'
check "-w" pmdping ping $PEER4 -w 1 -i 0.1
said "-w ends after its time" '^(9|10|11) packets transmitted, .* time (8|9|10)[0-9]{2}ms'
check_exit 1 "no answer within the time: 1" pmdping ping 192.0.2.99 -c 1 -W 0.2
check_exit 2 "no route: 2" pmdping ping 198.51.100.1 -c 1
said "no route: the words of ping" '^pmdping: connect: Network is unreachable$'
check_exit 2 "an unknown option: 2" pmdping ping $PEER4 -c 1 nonsense
check_exit 2 "no address: 2" pmdping ping

check "ten thousand probes, 1 ms apart" pmdping ping $PEER4 -c 10000 -i 0.001 -q
said "all received" '10000 packets transmitted, 10000 received, 0% packet loss'

check "JSON" pmdping --json ping $PEER4 count 100 interval 1ms
jsons_hold "JSON: an object per line" 'length == 102 and all(type == "object")'
json_holds "JSON: the sums" "$SUMS"
json_holds "JSON: received" '.received == 100 and .exit == 0 and .loss_percent == 0'
json_holds "JSON: the order of the rtt" '.rtt | .min_ns <= .avg_ns and .avg_ns <= .max_ns'
json_holds "JSON: a quantile's ends" '.quantiles | length > 0 and all(.lo_ns <= .hi_ns or .hi_ns == null)'
run pmdping --json ping 192.0.2.99 count 30 interval 100ms timeout 200ms
json_holds "JSON: the sums when nobody answers" "$SUMS"
json_holds "JSON: nobody answered" '.received == 0 and .exit == 1 and .rtt == null'

# Ctrl-C ends a ping with its summary.
"$CLIENT" --socket "$SOCKET" ping $PEER4 interval 10ms >"$OUT" 2>&1 </dev/null &
client=$!
within 5 grep -q icmp_seq=3 "$OUT" || true
kill -INT $client
STATUS=0
wait $client || STATUS=$?
is "a ping that was interrupted had replies: 0" "$STATUS" 0
said "and prints its summary" ' packets transmitted, .* 0% packet loss'
check_stop
