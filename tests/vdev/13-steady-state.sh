#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A worker that has what it needs asks nobody for anything: while 100,000 frames pass it makes
# no system call, no allocation, takes no lock and never sleeps, on ports whose drivers do not
# either. strace writes each thread's system calls into a file of its own, and a preloaded
# library counts the rest by thread. The control thread, and a worker whose port writes to a
# file, show that both would have told.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

EAL_MEMORY=(--no-huge --no-shconf -m 320)
FRAMES=100000
REAL_ENGINE=$ENGINE
MODULE=$BUILD/tests/vdev/libcount_calls.so

# The engine under strace, which stays in the background and leaves it its process id.
cat >"$T/traced" <<EOF
#!/bin/sh
exec strace -D -ff -o "$T/calls" -E LD_PRELOAD="$MODULE" -E PMDPING_CALLS="$T/counts" "$REAL_ENGINE" "\$@"
EOF
chmod +x "$T/traced"

worker() { grep -lE 'worker-?1$' /proc/"$ENGINE_PID"/task/*/comm | cut -d / -f 5; }
system_calls() { wc -l <"$T/calls.$1"; }
# counted_calls THREAD: "allocations frees locks".
counted_calls() {
	od -v -A n -t u8 -w32 "$T/counts" | awk -v t="$1" '$1 == t { a += $2; f += $3; l += $4 } END { print a + 0, f + 0, l + 0 }'
}
sleeps() { awk '/^voluntary/ { print $2 }' "/proc/$ENGINE_PID/task/$1/status"; }
frames() { pmdping --json show workers | jq '[.workers[] | .rx + .tx] | add'; }
passed() { [ "$(frames)" -ge "$1" ]; }

# steady NAME: what the worker asks for while the frames pass.
steady() {
	local name=$1 thread from calls counts slept
	thread=$(worker)
	from=$(frames)
	calls=$(system_calls "$thread") counts=$(counted_calls "$thread") slept=$(sleeps "$thread")
	main_calls=$(system_calls "$ENGINE_PID") main_counts=$(counted_calls "$ENGINE_PID")
	check "$name: $FRAMES frames pass" within 40 passed $((from + FRAMES))
	is "$name: without a system call" "$(system_calls "$thread")" "$calls"
	[ "$(system_calls "$thread")" -eq "$calls" ] || tail -n 5 "$T/calls.$thread" | sed 's/^/    # /'
	is "$name: without an allocation, a free or a lock" "$(counted_calls "$thread")" "$counts"
	is "$name: without a sleep" "$(sleeps "$thread")" "$slept"
}

# The control thread did all of that meanwhile, or earlier: seen by the same means.
seen_at_all() {
	local now
	holds "$1: the control thread's system calls are seen" "$(system_calls "$ENGINE_PID") > $main_calls"
	read -r -a now < <(counted_calls "$ENGINE_PID")
	holds "$1: and its allocations" "${now[0]} > ${main_counts%% *}"
	holds "$1: and its frees" "${now[1]} > 0"
	holds "$1: and its locks" "${now[2]} > 0"
}

# begin ADDRESS RATE: a session, past its first probes.
begin() {
	check "a session" pmdping session add s ping "$1" rate "$2" timeout 100ms
	check "starts" pmdping session start s
	check "sends" within 20 passed $(($(frames) + 5000))
}

start_traced() {
	ENGINE=$T/traced
	rm -f "$T"/calls.* "$T/counts"
	start_engine "$@" || exit 0
	ENGINE=$REAL_ENGINE
}

if ! strace -D -o /dev/null true 2>"$OUT"; then
	skip "steady state: strace may not trace here ($(tail -n 1 "$OUT"))"
	exit 0
fi

start_traced -- --wire delay=20us
begin 198.18.0.2 50kpps
steady "the wire"
seen_at_all "the wire"
check_stop

COMMANDS="addr add 192.0.2.1/24 port 0
neigh add 192.0.2.9 mac 02:00:00:00:00:09 port 0"
start_traced --vdev=net_ring0 -- --max-rate 1Mpps
begin 192.0.2.9 50kpps
steady "net_ring"
check_stop

start_traced --vdev=net_null0 -- --max-rate 1Mpps
begin 192.0.2.9 50kpps
steady "net_null"
check_stop

# Two engines on a memif; the one that asks is traced.
FILE_PREFIX=far eal_arguments
"$REAL_ENGINE" "${EAL[@]}" --vdev="net_memif0,role=server,id=0,socket=$T/memif,socket-abstract=no" -- \
	--commands <(echo "addr add 192.0.2.2/24 port 0") --socket "$T/far.sock" >"$T/engine-far.log" 2>&1 </dev/null &
BACKGROUND+=("$!")
check "the other engine listens" within 20 test -S "$T/memif"
COMMANDS="addr add 192.0.2.1/24 port 0"
start_traced --vdev="net_memif0,role=client,id=0,socket=$T/memif,socket-abstract=no" -- --max-rate 1Mpps
answered() { pmdping ping 192.0.2.2 count 1; }
check "they meet" within 20 answered
begin 192.0.2.2 50kpps
steady "memif"
check_stop

# A driver that does make system calls: the same means see them in a worker.
COMMANDS="addr add 192.0.2.1/24 port 0
neigh add 192.0.2.9 mac 02:00:00:00:00:09 port 0"
$PYTHON "$HERE/foreign.py" empty "$T/none.pcap"
start_traced "$(pcap_port 0 "$T/none.pcap" "$T/out.pcap")" -- --max-rate 1Mpps
begin 192.0.2.9 20kpps
thread=$(worker)
calls=$(system_calls "$thread")
check "net_pcap: frames pass" within 20 passed $(($(frames) + 10000))
holds "net_pcap: the worker's writes are seen" "$(system_calls "$thread") > $calls"
check_stop
