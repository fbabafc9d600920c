#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# compare.sh RENDER DIRECTORY: every *.jsonl rendered must be its *.txt, byte for byte.
# PMDPING_GOLDEN=write writes the *.txt instead: look at the difference before you commit.
set -u
render=$1
dir=$2
passed=0
failed=0

for case in "$dir"/*.jsonl; do
	want=${case%.jsonl}.txt
	name=$(basename "${case%.jsonl}")
	if [ "${PMDPING_GOLDEN:-}" = write ]; then
		"$render" <"$case" >"$want"
		continue
	fi
	if difference=$("$render" <"$case" | diff -u "$want" - && exit "${PIPESTATUS[0]}"); then
		echo "ok - $name"
		passed=$((passed + 1))
	else
		echo "not ok - $name"
		printf '%s\n' "$difference" | sed 's/^/    # /'
		failed=$((failed + 1))
	fi
done
[ "${PMDPING_GOLDEN:-}" = write ] && exit 0
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
