#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The selftest's own test: run.py builds faults into a copy of the engine, one by one.
exec python3 "$(dirname "$0")/run.py" "$@"
