# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the scripts of the tiers vdev and netns: an engine in a temporary folder,
# checks that print "ok - ", "not ok - " and "skip - " lines for scripts/test to count,
# waiting on events with a deadline, and a clean end. PMDPING_BUILD names the build
# under test.
# shellcheck shell=bash disable=SC2034

# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"

BUILD=${PMDPING_BUILD:-$PMDPING_ROOT/build}
ENGINE=$BUILD/app/pmdpingd/pmdpingd
CLIENT=$BUILD/app/pmdping/pmdping
PYTHON=/usr/bin/python3 # Debian's, which has scapy

T=$(mktemp -d /tmp/pmdping-test.XXXXXX)
OUT=$T/out # what the last command said, both streams
ENGINE_PID=
BACKGROUND=()
EAL_MEMORY=(--no-huge --no-shconf -m 128)

clean_up() {
	local status=$? pid
	trap - EXIT
	stop_engine || true
	for pid in "${BACKGROUND[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	if [ "$status" -ne 0 ]; then
		echo "not ok - the script ended early with status $status"
		tail -n 20 "$OUT" "$T"/engine*.log 2>/dev/null || true
	fi
	rm -rf "$T"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# ---- checks

ok() { echo "ok - $1"; }

# not_ok TEXT [FILE]...: with the ends of the files that tell why.
not_ok() {
	local text=$1 file
	shift
	echo "not ok - $text"
	for file; do
		[ -s "$file" ] && tail -n 12 "$file" | sed 's/^/    # /'
	done
	return 0
}

skip() { echo "skip - $1"; }

# run COMMAND...: its output goes to $OUT, its exit status to $STATUS.
run() {
	STATUS=0
	"$@" >"$OUT" 2>&1 </dev/null || STATUS=$?
}

# check TEXT COMMAND...: the command succeeds.
check() {
	local text=$1
	shift
	run "$@"
	if [ "$STATUS" -eq 0 ]; then ok "$text"; else
		not_ok "$text (exit $STATUS: ${*: -3})" "$OUT"
	fi
}

# check_exit N TEXT COMMAND...: N may be a pattern, as [12].
check_exit() {
	local wanted=$1 text=$2
	shift 2
	run "$@"
	# shellcheck disable=SC2053 # a pattern
	if [[ $STATUS == $wanted ]]; then ok "$text"; else
		not_ok "$text (exit $STATUS instead of $wanted)" "$OUT"
	fi
}

# said TEXT REGEX: a line of what the last command said matches.
said() {
	if grep -qE -e "$2" "$OUT"; then ok "$1"; else not_ok "$1 (no line like: $2)" "$OUT"; fi
}

not_said() {
	if grep -qE -e "$2" "$OUT"; then not_ok "$1 (a line like: $2)" "$OUT"; else ok "$1"; fi
}

# is TEXT GOT WANTED
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1 (got \"$2\", wanted \"$3\")"; fi
}

# holds TEXT EXPRESSION: an arithmetic expression of the shell is true.
holds() {
	if (($2)); then ok "$1"; else not_ok "$1 ($2)"; fi
}

# jsons_hold TEXT JQ-EXPRESSION: true for the array of all objects in $OUT.
jsons_hold() {
	if jq -es "$2" "$OUT" >/dev/null 2>&1; then ok "$1"; else
		not_ok "$1 (not: $2)" "$OUT"
	fi
}

# json_holds TEXT JQ-EXPRESSION: true for the last of them.
json_holds() { jsons_hold "$1" "last | $2"; }

# within SECONDS COMMAND...: tries until it succeeds, 20 times a second; 1 when the time
# is up. The one place where a test looks at the clock.
within() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		((${EPOCHREALTIME/./} < end)) || return 1
		sleep 0.05
	done
}

# ---- the engine

pmdping() { "$CLIENT" --socket "$SOCKET" "$@"; }

# eal_arguments: what every engine of the tests has in common, into the array EAL.
eal_arguments() {
	EAL=("$(eal_lcores "${WORKERS:-1}")" "${EAL_MEMORY[@]}"
		--file-prefix "pp${T##*.}${FILE_PREFIX:-}" --no-telemetry --no-pci)
}

# start_engine [EAL ARGUMENTS] -- [ENGINE ARGUMENTS]: runs it in the background and waits
# until it answers. $COMMANDS, when set, are its first commands.
start_engine() {
	launch_engine "$@"
	within 20 engine_settled || true
	run pmdping show version
	[ "$STATUS" -ne 0 ] || return 0
	not_ok "the engine starts: ${*: 1:2}" "$T/engine.log"
	stop_engine
	return 1
}
engine_settled() { pmdping show version || ! kill -0 "$ENGINE_PID"; }

launch_engine() {
	local own=()
	SOCKET=$T/engine.sock
	[ -z "${COMMANDS:-}" ] || {
		printf '%s\n' "$COMMANDS" >"$T/commands"
		own=(--commands "$T/commands")
	}
	eal_arguments
	"$ENGINE" "${EAL[@]}" "$@" --socket "$SOCKET" "${own[@]}" >"$T/engine.log" 2>&1 </dev/null &
	ENGINE_PID=$!
}

# The engine's exit status in $ENGINE_STATUS; 0 when there is none to stop.
stop_engine() {
	ENGINE_STATUS=0
	[ -n "$ENGINE_PID" ] || return 0
	kill "$ENGINE_PID" 2>/dev/null || true
	wait_engine
}

wait_engine() {
	wait "$ENGINE_PID" || ENGINE_STATUS=$?
	ENGINE_PID=
}

# check_stop: the closing check of most scripts.
check_stop() {
	stop_engine
	is "the engine ends with 0 on SIGTERM" "$ENGINE_STATUS" 0
	[ "$ENGINE_STATUS" -eq 0 ] || tail -n 20 "$T/engine.log" | sed 's/^/    # /'
}

# try_engine TEXT STATUS REGEX [EAL] -- [ENGINE]: an engine that should not come up says so.
try_engine() {
	local text=$1 status=$2 regex=$3
	shift 3
	eal_arguments
	check_exit "$status" "$text" timeout 20 "$ENGINE" "${EAL[@]}" "$@"
	said "$text: and says so" "$regex"
}

# counter NAME [COMMAND...]: a number of that name, of show counters unless told; 0 when
# there is none.
counter() {
	local name=$1
	shift
	[ $# -gt 0 ] || set -- show counters
	pmdping --json "$@" | jq -r --arg name "$name" '
		[.. | objects | (.[$name]? | numbers), (select(.name? == $name) | .value)] | add // 0'
}
