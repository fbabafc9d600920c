# SPDX-License-Identifier: BSD-3-Clause
"""Where the cycles go: the programs tests/bench/bench_*, the instructions that callgrind
counts in them, and what perf sees of the engine's workers."""

import glob
import os
import re
import shutil
import subprocess
import time

from setups import LOOP, NULL_PORT, OWN, RECEIPTS, RECEIVED, SENT, TRANSMIT, endless_requests
from sides import Engine, Failed, Side

CALLGRIND = 30  # seconds that a program may run under it; what it has come to then is counted


def functions(machine):
    """What tests/bench/bench_* print, and the instructions that callgrind counts in them."""
    found = []
    for program in sorted(glob.glob(f"{machine.build}/tests/bench/bench_*")):
        if not os.path.isfile(program) or not os.access(program, os.X_OK):
            continue
        out = subprocess.run(["taskset", "-c", str(machine.worker), program], capture_output=True,
                             text=True, timeout=120, check=False)
        found.append({"program": os.path.basename(program), "exit": out.returncode,
                      "lines": out.stdout.splitlines()})
        if not machine.quick and shutil.which("valgrind"):
            found[-1]["instructions"] = instructions(machine, program)
    return found


def profiles(machine):
    """Where the workers' time goes, by functions: samples of their clocks, which need no
    counters of the processor. Nothing without perf, or where it may not look."""
    found = []
    for name, side in profiled(machine):
        try:
            side.start()
            time.sleep(0.5)
            found.append({"case": name, **profile(machine, side)})
        except (Failed, OSError, subprocess.SubprocessError) as error:
            found.append({"case": name, "error": str(error).splitlines()[0]})
        finally:
            side.end()
    return found


def profiled(machine):
    respond_port = endless_requests(machine, 64)
    return [
        ("respond 64", Side("", [Engine(machine, "p1", [respond_port], [], [OWN])], SENT)),
        ("transmit 64", Side("", [Engine(machine, "p2", [NULL_PORT], [], TRANSMIT)], SENT)),
        ("loop, one worker", Side("", [
            Engine(machine, "p3", [], ["--wire", "direct"], LOOP)], RECEIVED)),
        ("loop, receipts", Side("", [
            Engine(machine, "p4", [], RECEIPTS, LOOP, machine.lcores_two)], RECEIVED, 2)),
    ]


def profile(machine, side, seconds=3):
    """Functions with their share of the workers' time, and that in cycles per packet."""
    data = f"{machine.folder}/perf.data"
    threads = ",".join(side.processes[0].workers().values())
    _, n0, ran0 = side.read()
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "2000", "-t", threads, "-o",
                    data, "--", "sleep", str(seconds)], check=True, capture_output=True, timeout=60)
    _, n1, ran1 = side.read()
    cycles = (sum(ran1) - sum(ran0)) * machine.tsc_hz / (n1 - n0) if n1 > n0 else 0
    report = subprocess.run(["perf", "report", "-q", "-i", data, "--no-children", "--stdio",
                             "--sort", "dso,symbol"],
                            check=True, capture_output=True, text=True, timeout=60)
    shares = {}
    for line in report.stdout.splitlines():
        found = re.match(r"\s*([\d.]+)%\s+(\S+)\s+\[[.k]\]\s+(\S+)", line)
        if found:
            share, where, symbol = found.groups()
            name = f"({where})" if symbol.startswith("0x") else symbol
            shares[name] = shares.get(name, 0) + float(share)
    functions_of = [{"function": name, "percent": share, "cycles": share / 100 * cycles}
                    for name, share in sorted(shares.items(), key=lambda item: -item[1])]
    return {"cycles": cycles, "functions": functions_of}


def receipts_row(profiled_cases):
    """What it costs to hand an answer to the worker that owns its session: the functions
    of both workers that are there for nothing else."""
    for p in profiled_cases:
        if p["case"] == "loop, receipts" and "functions" in p:
            cycles = sum(f["cycles"] for f in p["functions"] if "receipts" in f["function"])
            return {"cycles": cycles, "target": "<= 30", "met": cycles <= 30}
    return None


def print_profiles(profiled_cases):
    for p in profiled_cases:
        print(f"\n{p['case']}: where the workers' time goes, {p.get('cycles', 0):.1f} cycles "
              "a packet")
        if "error" in p:
            print(p["error"])
        for f in p.get("functions", []):
            if f["percent"] >= 1:
                print(f"{f['percent']:6.1f} % {f['cycles']:8.1f}  {f['function']}")
    row = receipts_row(profiled_cases)
    if row:
        print(f"\nreceipts, both workers: {row['cycles']:.1f} cycles a packet; {row['target']}: "
              + ("met" if row["met"] else "MISSED"))


def instructions(machine, program):
    """Of each function of ours that was called, not inlined: calls, and instructions of
    a call with all that it called, as callgrind counts them."""
    out = f"{machine.folder}/callgrind"
    with subprocess.Popen(["valgrind", "--tool=callgrind", "--compress-strings=no",
                           "--compress-pos=no", f"--callgrind-out-file={out}", program],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            child.wait(CALLGRIND)
        except subprocess.TimeoutExpired:
            child.terminate()  # it writes what it has
    if not os.path.exists(out):
        return [{"error": f"callgrind ended with {child.returncode}"}]
    total, called, calls = {}, None, None
    with open(out, encoding="ascii", errors="replace") as lines:
        for line in lines:
            if calls is not None:  # the line behind calls=: what they cost
                n, cost = total.get(called, (0, 0))
                total[called] = (n + calls, cost + int(line.split()[1]))
                calls = None
            elif line.startswith("cfn="):
                called = re.sub(r"'\d+$", "", line[4:].strip())
            elif line.startswith("calls="):
                calls = int(line[6:].split()[0])
    return [{"function": name, "calls": n, "instructions": round(cost / n, 1)}
            for name, (n, cost) in sorted(total.items()) if name.startswith("pp_") and n >= 1000]
