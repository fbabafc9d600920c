#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# How the engine starts, refuses to start, and ends.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

TAP_PORT=--vdev=net_tap0,iface=$TAP

# ends_by SIGNAL: under load, within a second, with 0.
ends_by() {
	local client start end
	start_tap direct --
	pmdping ping $PEER4 rate 1kpps quiet >"$T/load" 2>&1 </dev/null &
	client=$!
	BACKGROUND+=("$client")
	within 5 load_runs || true
	start=${EPOCHREALTIME/./}
	kill -"$1" "$ENGINE_PID"
	ENGINE_STATUS=0
	wait_engine
	end=${EPOCHREALTIME/./}
	is "SIG$1 under load: 0" "$ENGINE_STATUS" 0
	holds "SIG$1 under load: within a second" "$end - $start < 1000000"
	wait $client || true
	check "SIG$1: the socket is gone" test ! -e "$SOCKET"
	check "SIG$1: the tap port is gone" eval "! ip link show $TAP"
}
load_runs() { [ "$(counter echo_matched)" -gt 20 ]; }

ends_by TERM
ends_by INT

start_tap direct --
check "shutdown" pmdping shutdown
ENGINE_STATUS=0
wait_engine
is "shutdown: 0" "$ENGINE_STATUS" 0

# ---- it refuses, and says why

SOCKET=$T/refused.sock
try_engine "a capture that is not there" 2 'net_pcap0' \
	--vdev=net_pcap0,rx_pcap="$T/nosuch.pcap" -- --socket "$SOCKET"
try_engine "an interface that is not there" 2 'net_af_packet0' \
	--vdev=net_af_packet0,iface=nosuch0 -- --socket "$SOCKET"
try_engine "one port of two that is not there" 2 'net_pcap7' \
	$TAP_PORT --vdev=net_pcap7,rx_pcap="$T/nosuch.pcap" -- --socket "$SOCKET"
try_engine "a driver that is not there" 2 'net_nosuch0' --vdev=net_nosuch0 -- --socket "$SOCKET"
try_engine "an unknown engine option" 2 'nonsense' $TAP_PORT -- --socket "$SOCKET" --nonsense
try_engine "an unknown EAL option" 2 'nonsense' $TAP_PORT --nonsense -- --socket "$SOCKET"
try_engine "a port that does not exist in --config" 2 'config|port' \
	$TAP_PORT -- --socket "$SOCKET" --config '(7,0,1)'
try_engine "an lcore that does not exist in --config" 2 'lcore' \
	$TAP_PORT -- --socket "$SOCKET" --config '(0,0,99)'
try_engine "a malformed --config" 2 'config' $TAP_PORT -- --socket "$SOCKET" --config '(0,0'
try_engine "a rate that is none" 2 'max-rate|rate' $TAP_PORT -- --socket "$SOCKET" --max-rate fast
try_engine "a prefix that is none" 2 'allow|prefix' $TAP_PORT -- --socket "$SOCKET" --allow everywhere
try_engine "a socket path that is too long" 2 'long|socket' \
	$TAP_PORT -- --socket "/tmp/$(printf 'x%.0s' {1..120})"
echo precious >"$T/file"
try_engine "a file where the socket should be" 2 'file' $TAP_PORT -- --socket "$T/file"
is "which is left alone" "$(cat "$T/file")" precious
WORKERS=0 try_engine "no lcore for a worker" 2 'lcore|worker' $TAP_PORT -- --socket "$SOCKET"

printf '%s\n' '# a comment' '' 'addr add 192.0.2.2/24 port 0' 'addr add 192.0.2.3/24 prot 0' >"$T/bad.conf"
try_engine "a command file with an error" 2 'bad\.conf:4:23: ' \
	$TAP_PORT -- --socket "$SOCKET" --commands "$T/bad.conf"
try_engine "a command file that is not there" 2 'nosuch\.conf' \
	$TAP_PORT -- --socket "$SOCKET" --commands "$T/nosuch.conf"
head -c 4096 /dev/urandom >"$T/noise.conf"
try_engine "a command file of noise" 2 'noise\.conf' \
	$TAP_PORT -- --socket "$SOCKET" --commands "$T/noise.conf"

# ---- preflight, one-shot, console

printf 'addr add 192.0.2.2/24 port 0\n' >"$T/good.conf"
eal_arguments
check "--check finds nothing wrong" timeout 20 "$ENGINE" "${EAL[@]}" $TAP_PORT -- \
	--socket "$SOCKET" --commands "$T/good.conf" --check
try_engine "--check names the faulty line" '[12]' 'bad\.conf:4:23' \
	$TAP_PORT -- --socket "$SOCKET" --commands "$T/bad.conf" --check
check "--version" timeout 20 "$ENGINE" "${EAL[@]}" $TAP_PORT -- --version
said "--version says it" 'pmdping'
check "-x runs a command" timeout 20 "$ENGINE" "${EAL[@]}" $TAP_PORT -- \
	--commands "$T/good.conf" -x 'show version'
check_exit 1 "-x exits as the client would" timeout 20 "$ENGINE" "${EAL[@]}" $TAP_PORT -- \
	--commands "$T/good.conf" -x 'ping 192.0.2.77 count 1 timeout 100ms'
check_exit 2 "-x: an error is 2" timeout 20 "$ENGINE" "${EAL[@]}" $TAP_PORT -- -x 'nonsense'
STATUS=0
printf 'show version\nrespond off\nquit\n' | timeout 20 "$ENGINE" "${EAL[@]}" $TAP_PORT -- \
	--socket "$SOCKET" -i >"$OUT" 2>&1 || STATUS=$?
is "-i takes commands from a pipe" "$STATUS" 0

# ---- two engines, and one that died

start_tap direct --
first=$ENGINE_PID
pmdping ping $PEER4 count 200 interval 10ms quiet >"$T/first" 2>&1 </dev/null &
client=$!
FILE_PREFIX=second try_engine "a second engine on the same socket" 2 'use|socket' \
	--vdev=net_tap1,iface=pmdtap1 -- --socket "$SOCKET"
STATUS=0
wait $client || STATUS=$?
cp "$T/first" "$OUT"
is "the first one is not disturbed" "$STATUS" 0
said "it loses nothing" '^200 packets transmitted, 200 received, 0% packet loss'

kill -KILL "$first"
wait "$first" 2>/dev/null || true
ENGINE_PID=
check "a killed engine leaves its socket behind" test -S "$SOCKET"
check_exit 3 "nobody answers there" pmdping show version
within 5 eval "! ip link show $TAP" || true
start_tap direct --
check "the next one takes its place" pmdping ping $PEER4 -c 3 -i 0.1
check_stop
