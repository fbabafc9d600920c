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
