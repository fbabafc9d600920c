#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What a session measured on the virtual wire, in every form that it can be asked for:
# they are the same numbers.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

EAL_MEMORY=(--no-huge --no-shconf -m 256) # the wire holds many frames
PEER=198.18.0.2

# of NAME KEY: a number of the session's summary.
of() { pmdping --json session show "$1" | jq -r ".$2"; }
stopped() { [ "$(pmdping --json show sessions | jq -r ".sessions[] | select(.name == \"$1\").state")" = stopped ]; }
# sum NAME KEY: over all intervals.
sum() { pmdping --json session show "$1" intervals | jq "[.intervals[].$2] | add"; }

start_engine -- --wire delay=50us,loss=1%,seed=5

# ---- intervals

check "a session that keeps intervals" pmdping session add lab ping $PEER rate 4kpps count 14000 \
	timeout 100ms samples 14000 intervals
said "tells its memory" '^memory_bytes: [0-9]+$'
check "it starts" pmdping session start lab
several() { [ "$(pmdping --json session show lab intervals | jq '.intervals | length')" -ge 3 ]; }
check "intervals appear while it runs" within 20 several
check "it ends" within 30 stopped lab
for key in due sent received lost missed duplicate; do
	is "the intervals' $key add up to the session's" "$(sum lab $key)" "$(of lab $key)"
done
run pmdping --json session show lab intervals
json_holds "no interval begins before or after the one before ends" \
	'[.intervals | .[1:], .[:-1]] | transpose | all(.[0].start_ns == .[1].start_ns + .[1].length_ns)'
json_holds "the first begins at 0" '.intervals[0].start_ns == 0'

# ---- exports

received=$(of lab received)
run pmdping session export lab format csv
is "a line for each sample, in pieces that fit together" "$(grep -c '^[0-9]' "$OUT")" "$received"
is "one head" "$(grep -c '^slot,sequence,number,tx_ns,lo_ns,hi_ns$' "$OUT")" 1
is "the tail says what was dropped" "$(tail -n 1 "$OUT")" "# $received samples, 0 dropped"
is "no slot is twice in it" "$(grep '^[0-9]' "$OUT" | cut -d, -f1 | sort -u | wc -l)" "$received"
is "sequences and intervals are what they should be" \
	"$(grep '^[0-9]' "$OUT" | awk -F, '$2 != ($1 + 1) % 65536 || $5 > $6' | wc -l)" 0
run pmdping session export lab format csv from 10 count 5
is "five samples from the tenth" "$(grep -c '^[0-9]' "$OUT")" 5
run pmdping session export lab format json
json_holds "all counters together are the received" \
	"([.upper[][2]] | add) == $received and ([.lower[][2]] | add) == $received"
run pmdping session export lab format hgrm
said "hgrm has as many" "Total count    = +$received\\]"
said "and says what it does not have" "^# lab: .* $(($(of lab sent) - received)) not received"
run pmdping --json show histogram lab
json_holds "the bars hold all" "([.rows[].count] | add) == $received"

# ---- quantiles

run pmdping --json session show lab
json_holds "each quantile lies in its confidence interval" \
	'.quantiles | length >= 2 and all(.lost or (.ci_lo_ns <= .lo_ns and (.ci_hi_ns == null or .hi_ns <= .ci_hi_ns)))'
check "the text has them" pmdping show session lab
said "with a title" '^quantile +interval, ms +95 % confidence, ms +from the slot, ms$'
said "a line each" '^p50 +0\.[0-9]+\.\.0\.[0-9]+ +0\.[0-9]+\.\.0\.[0-9]+ +[0-9]+\.[0-9]+\.\.[0-9]+\.[0-9]+$'

# ---- cleared, dropped, refused

check "cleared" pmdping session clear lab
is "no interval is left" "$(sum lab sent)" null
run pmdping session export lab format csv
is "no sample either" "$(tail -n 1 "$OUT")" "# 0 samples, 0 dropped"
check "few samples" pmdping session add few ping $PEER rate 1kpps count 500 timeout 100ms samples 100
check "start it" pmdping session start few
check "it ends as well" within 30 stopped few
run pmdping session export few format csv
is "the others are counted" "$(tail -n 1 "$OUT")" "# 100 samples, $(($(of few received) - 100)) dropped"
check_exit 2 "intervals that were not asked for" pmdping session show few intervals
said "say how" 'add it with the word intervals'
check "no samples" pmdping session add none ping $PEER digits 1
check_exit 2 "samples that were not asked for" pmdping session export none format csv
said "say how" 'add it with samples N'
# Memory that is kept for intervals is not touched before they are.
filled=0
while run pmdping session add "fill$filled" ping $PEER digits 3 intervals && [ "$STATUS" -eq 0 ]; do
	filled=$((filled + 1))
done
said "no more sessions than there is memory, with the numbers" \
	'this takes [0-9.]+ MiB; of the 1024 MiB for sessions [0-9.]+ are taken$'
holds "but as many as fit" "$filled >= 30 && $filled <= 40"
check_exit 2 "nor so many samples" pmdping session add big ping $PEER samples 10000000
check "deleting gives it back" pmdping session del fill0
again() { pmdping session add again ping $PEER digits 3 intervals; }
check "for another" within 5 again

check_stop
