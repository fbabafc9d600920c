#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The instrument certifies itself: each case of the selftest counts as a test. Needs no
# root, no hugepages, no arguments.
set -euo pipefail
# shellcheck source=tests/vdev/init.sh
. "$(dirname "$0")/init.sh"

CERTIFICATE=$T/certificate
status=0
timeout 180 "$ENGINE" -- --selftest >"$CERTIFICATE" 2>"$T/selftest.log" || status=$?
cat "$CERTIFICATE"
while read -r line; do
	case $line in
	*" pass") ok "selftest: $line" ;;
	*FAIL*) not_ok "selftest: $line" ;;
	esac
done < <(sed -n '2,/^$/p' "$CERTIFICATE")
[ "$status" -eq 0 ] && ok "the certificate: exit 0" || not_ok "the certificate: exit $status" "$T/selftest.log"

# ---- departures alone: two seconds a case are too few for 0.1 % on a machine that has other
# things to do, but not for one in fifty; slots that it had no time for may be the last

start_engine -- --wire delay=10us
check_exit 2 "a plan with samples takes no seconds" pmdping selftest quick seconds 2
said "and says so" 'seconds limits the plan span'
check_exit 2 "spans take no samples" pmdping selftest span samples 1000
spans_hold() {
	pmdping --json selftest span seconds 2 >"$T/spans" || true
	jq -es '[.[] | select(.slots?)] | length == 8 and all((.faults - ["schedule", "load"]) == [] and
		.sent + .missed + .not_sent == .slots and .span_error_percent < 2 and
		.span_programmed_ns * 0.98 - .span_ns <= .missed * 1e9 / .pps)' "$T/spans"
}
check "departures take as long as the schedule, from 1 pps to 5 Mpps" within 60 spans_hold
cp "$T/spans" "$OUT"
json_holds "two seconds are no certificate" '.certificate == false and .plan == "span"'
jsons_hold "two slots of 1 pps are a second, a million and more of 1 Mpps two" \
	'[.[] | select(.slots?)] | (map(select(.pps == 1))[0] | .slots == 2 and .span_programmed_ns == 1000000000) and
	(map(select(.pps == 1000000))[0] | .slots == 2000000 and .span_programmed_ns == 1999999000)'
jsons_hold "the span that is judged is the one that is shown" \
	'[.[] | select(.slots?)] | all(. as $c | ($c.span_ns - $c.span_programmed_ns) / $c.span_programmed_ns * 100
	- $c.span_error_percent | fabs < 0.001)'
jsons_hold "more than 0.1 % is a fault, and no less" \
	'[.[] | select(.slots?)] | all((.span_error_percent | fabs) < 0.1 or .verdict == "FAIL") and
	all((.span_error_percent | fabs) > 0.1 or (.faults | index("schedule") | not))'
check_stop
