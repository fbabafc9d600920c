#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Builds faults into a copy of the tree, one at a time, and expects the selftest to
catch each: exit 1 and a case that says FAIL. The sound tree is built first and must
pass. Needs neither root nor hugepages; two CPUs, less than three minutes.

usage: tests/mutation/run.sh [WORD]...    only mutations whose name contains a WORD
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SELFTEST = ["app/pmdpingd/pmdpingd", "--", "--wire", "delay=10us", "-x", "selftest quick"]
SECONDS = 180  # longest that one selftest may take, of a machine that has other things to do
TRIES = 3  # when the machine had no time for a case

# Name, file, exact texts and what stands there instead. Each text must be found once.
MUTATIONS = [
    ("first sample dropped", "lib/probe/account.c",
     [("\tpp_tally_record(s->tally, rtt);\n\tkeep_sample(pr, rtt);\n",
       "\tif (c->received > 1) {\n\t\tpp_tally_record(s->tally, rtt);\n"
       "\t\tkeep_sample(pr, rtt);\n\t}\n")]),
    ("first sample dropped from the distribution only", "lib/probe/account.c",
     [("\tpp_tally_record(s->tally, rtt);\n",
       "\tif (c->received > 1)\n\t\tpp_tally_record(s->tally, rtt);\n")]),
    ("sample after a loss dropped", "lib/probe/account.c",
     [("\tpp_tally_record(s->tally, rtt);\n\tkeep_sample(pr, rtt);\n",
       "\tif (pr->k == pr->g->top_k) {\n\t\tpp_tally_record(s->tally, rtt);\n"
       "\t\tkeep_sample(pr, rtt);\n\t}\n")]),
    ("late counted as received", "lib/probe/account.c",
     [("rtt.lo.v > s->timeout ? account_late", "rtt.lo.v > s->timeout * 1000 ? account_late")]),
    ("duplicate counted as received", "lib/probe/account.c",
     [("c.duplicate++;", "c.received++;")]),
    ("reordering not counted", "lib/probe/account.c",
     [("\t\tc->reordered++;\n", "")]),
    ("milliseconds for microseconds in the RTT", "lib/probe/account.c",
     [("return (struct pp_rtt){PP_NS(lo > error ? lo - error : 0), PP_NS(hi + error)};",
       "return (struct pp_rtt){PP_NS(lo > error ? 1000 * (lo - error) : 0), PP_NS(1000 * hi)};")]),
    ("milliseconds for microseconds in a parser", "lib/base/units.c",
     [('{.name = "us", .factor = 1000}', '{.name = "us", .factor = 1000000}')]),
    ("receive stamps: from and to swapped", "lib/dp/worker.c",
     [("pp_clock_span(&w->clock, q->last_short, after)",
       "pp_clock_span(&w->clock, after, q->last_short)")]),
    ("receive stamp taken before the poll that returned work", "lib/dp/worker.c",
     [("pp_clock_span(&w->clock, q->last_short, after)",
       "pp_clock_span(&w->clock, q->last_short, before)")]),
    ("receive interval from the last poll only", "lib/dp/worker.c",
     [("pp_clock_span(&w->clock, q->last_short, after)",
       "pp_clock_span(&w->clock, before, after)")]),
    ("one unfenced stamp per poll", "lib/dp/worker.c",
     [("pp_tsc after = pp_stamp_after();", "pp_tsc after = {rte_rdtsc()};"),
      ("pp_clock_span(&w->clock, q->last_short, after)",
       "pp_clock_span(&w->clock, after, after)")]),
    ("transmit stamp after the burst only", "lib/dp/worker.c",
     [("*ret_tx = pp_clock_span(&w->clock, from, to);",
       "*ret_tx = pp_clock_span(&w->clock, to, to);")]),
    ("TSC rate +1494 ppm", "lib/dp/clock.c",
     [("clk.hz = cycles / ns * 1e9;", "clk.hz = cycles / ns * 1e9 * 1.001494;")]),
    ("off-by-one histogram bucket", "include/pmdping/stats.h",
     [("&h->counts[pp_hist_index(h, value)]", "&h->counts[pp_hist_index(h, value) + 1]")]),
]


def copy_tree(to):
    """What git knows of and is there, as it is now: uncommitted changes are tested too."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "-co", "--exclude-standard"],
                            capture_output=True, check=False)
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else []
    if not names:
        keep_out = shutil.ignore_patterns("build*", ".git")
        shutil.copytree(ROOT, to, dirs_exist_ok=True, ignore=keep_out)
        return
    for name in filter(None, names):
        source = ROOT / name
        if source.is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)


def command(words, cwd, limit):
    """Exit status and output; status None when it took too long."""
    try:
        done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=limit, check=False)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode(errors="replace")


def ninja(build):
    """None, or what the compiler said."""
    status, text = command(["ninja", "-C", str(build)], build, 600)
    return None if status == 0 else text


def mutate(tree, name, file, texts):
    """The file as it was; what the mutation is about must be there exactly once."""
    sound = (tree / file).read_text()
    sick = sound
    for old, new in texts:
        if sick.count(old) != 1:
            raise ValueError(f"{file} has this text {sick.count(old)} times, not once: {old!r}")
        sick = sick.replace(old, new)
    (tree / file).write_text(sick)
    return sound


def faults(text):
    """The FAIL lines of a certificate: which cases, for what."""
    found = {}
    for line in text.splitlines():
        match = re.search(r"\bFAIL: (.+)$", line)
        if match and not re.match(r"\d+ cases passed", line):
            for fault in match.group(1).split(", "):
                found[fault] = found.get(fault, 0) + 1
    return found


def selftest(build):
    """Exit status, faults, output. That the machine had no time says nothing of the engine."""
    for _ in range(TRIES):
        status, text = command(SELFTEST, build, SECONDS)
        found = faults(text)
        starved = found.pop("load", 0)
        if status == 0 or found or not starved:
            break
    return status, found, text


def why(found):
    return ", ".join(f"{fault} in {n} case{'s' if n > 1 else ''}" for fault, n in found.items())


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def say(self, good, text, log=""):
        self.passed += good
        self.failed += not good
        print(("ok - " if good else "not ok - ") + text, flush=True)
        if not good and log:
            print("\n".join("    " + line for line in log.splitlines()[-30:]), flush=True)


def run_sound(build, tally):
    text = ninja(build)
    if text is None:
        status, _, text = selftest(build)
        if status == 0:
            tally.say(True, "the sound engine passes its selftest")
            return True
    tally.say(False, "the sound engine does not pass its selftest: no mutation can be judged", text)
    return False


def run_mutation(tree, build, mutation, tally):
    name, file, texts = mutation
    try:
        sound = mutate(tree, name, file, texts)
    except (OSError, ValueError) as error:
        tally.say(False, f"mutation not applied: {name}: {error}")
        return
    text = ninja(build)
    if text is not None:
        tally.say(False, f"mutation does not compile: {name}", text)
    else:
        status, found, text = selftest(build)
        if status == 1 and found:
            tally.say(True, f"mutation caught: {name}: {why(found)}")
        else:
            tally.say(False, f"mutation NOT caught: {name}: exit status {status}", text)
    (tree / file).write_text(sound)


def main():
    words = sys.argv[1:]
    tally = Tally()
    temp = Path(tempfile.mkdtemp(prefix="pmdping-mutation."))
    try:
        tree, build = temp / "tree", temp / "build"
        tree.mkdir()
        copy_tree(tree)
        setup = ["meson", "setup", "-Dtests=false", "-Dbuildtype=debugoptimized", "-Dwerror=false",
                 str(build), str(tree)]
        status, text = command(setup, temp, 120)
        if status != 0:
            tally.say(False, "meson setup", text)
        elif run_sound(build, tally):
            for mutation in MUTATIONS:
                if not words or any(word in mutation[0] for word in words):
                    run_mutation(tree, build, mutation, tally)
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    print(f"{tally.passed} passed, {tally.failed} failed, 0 skipped")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    os.environ.pop("RUNTIME_DIRECTORY", None)
    sys.exit(main())
