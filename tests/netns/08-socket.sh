#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The control socket: text and JSON-RPC by hand, clients that misbehave or die, and the
# client program as users call it.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

# say_to_engine TEXT: on a connection of its own; what comes back goes to $OUT.
say_to_engine() {
	STATUS=0
	printf '%b' "$1" | socat -t10 - "UNIX-CONNECT:$SOCKET" >"$OUT" 2>&1 || STATUS=$?
}

check_exit 3 "nobody there: 3" "$CLIENT" --socket "$T/nobody.sock" show version
said "and the path is named" 'nobody\.sock'

start_tap direct --

is "the socket is for its owner and group" "$(stat -c %a "$SOCKET")" 660

say_to_engine 'show version\n'
said "text: an answer" 'pmdping'
say_to_engine 'show port stats 0\nshow addr\n'
said "text: several lines" "$OWN4"
say_to_engine 'nonsense\n'
said "text: an error" '^ERR -?[0-9]+ '
say_to_engine 'ping 192.0.2.1 count 3 interval 10ms\n'
said "text: a ping, after the client's half-close" '^3 packets transmitted, 3 received, 0% packet loss'
say_to_engine '\n\n   \n# comment\nshow version'
said "text: empty lines, a comment, no newline at the end" 'pmdping'

say_to_engine '{"jsonrpc":"2.0","id":1,"method":"show.version"}\n'
jsons_hold "JSON-RPC: hello comes first" '.[0].method == "hello" and .[0].params.api[0] == 1'
say_to_engine '{"jsonrpc":"2.0","id":"a","method":"exec","params":{"line":"show version"}}\n'
jsons_hold "JSON-RPC: the answer has the id" '.[1].id == "a" and (.[1] | has("result"))'
say_to_engine '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"address":"192.0.2.1","count":3,"interval":10000000}}\n'
jsons_hold "JSON-RPC: events, then the result" \
	'map(select(.method == "event" and .params.event == "reply")) | length == 3'
jsons_hold "JSON-RPC: three received" 'last | .id == 1 and .result.received == 3'
say_to_engine '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"address":"192.0.2.1","nosuch":1}}\n'
jsons_hold "JSON-RPC: an unknown parameter is an error" 'last | .error.code == -32602'
say_to_engine '{"jsonrpc":"2.0","id":1,"method":"nosuch"}\n'
jsons_hold "JSON-RPC: an unknown method" 'last | .error.code == -32601'
say_to_engine '{"jsonrpc":"2.0","id":1,\n'
jsons_hold "JSON-RPC: a parse error" 'last | .error.code == -32700'
say_to_engine '{"jsonrpc":"1.0","id":1}\n'
jsons_hold "JSON-RPC: not a request" 'last | .error.code == -32600'
say_to_engine '{"jsonrpc":"2.0","id":1,"method":"exec","params":{"line":"ping gw"}}\n'
jsons_hold "JSON-RPC: an error says where" 'last | .error.data | .column == 6 and .word == "gw"'

timeout 120 $PYTHON "$(dirname "$0")/clients.py" "$SOCKET" "$ENGINE_PID"

# ---- the client program

check "one object per line with --json" pmdping --json show version
jsons_hold "which jq reads" 'length == 1'
check "--file" eval 'printf "show version\nshow addr\n" >"$T/script"; pmdping --file "$T/script"'
said "runs its lines" "$OWN4"
printf 'show version\nnonsense here\nshow addr\n' >"$T/script"
check_exit 2 "a script stops at its first error: 2" pmdping --file "$T/script"
said "with file, line and column" 'script:2:1: '
not_said "and nothing after it" "$OWN4"
STATUS=0
printf 'show version\nping 192.0.2.1 -c 2 -i 0.01\nquit\nshow addr\n' | pmdping >"$OUT" 2>&1 || STATUS=$?
is "the console takes lines from a pipe" "$STATUS" 0
said "and runs them" '^2 packets transmitted, 2 received'
not_said "until quit" "$OWN4/"
check_exit 2 "an error has its word" pmdping ping 192.0.2.1 size huge
said "and a message" 'huge'
check_exit 2 "an unknown command" pmdping frobnicate
check "help" pmdping help
said "names the commands" '^ *ping '
check_exit 0 "a word in PMDPING_SOCKET" env PMDPING_SOCKET="$SOCKET" "$CLIENT" show version

run ldd "$CLIENT"
not_said "the client does not link DPDK" 'librte_'

check "a clean ping right after" pmdping ping $PEER4 -c 100 -i 0.002 -q
said "gets 100 of 100" '100 packets transmitted, 100 received, 0% packet loss'
check_stop
