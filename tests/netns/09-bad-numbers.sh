#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Numbers at and beyond the ends of their ranges, in every command; see bad_numbers.py.
set -euo pipefail
# shellcheck source=tests/netns/init.sh
. "$(dirname "$0")/init.sh"

start_tap direct --
timeout 120 $PYTHON "$(dirname "$0")/bad_numbers.py" "$SOCKET"
meet $PEER4
check "a clean ping right after" pmdping ping $PEER4 -c 100 -i 0.002 -q
said "gets 100 of 100" '100 packets transmitted, 100 received, 0% packet loss'
check_stop
