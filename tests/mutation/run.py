#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Builds faults into a copy of the tree, one at a time, and expects the selftest to
catch each: exit 1 and a case that says FAIL. The sound tree is built first and must
pass. Needs neither root nor hugepages; two CPUs, some five minutes.

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
CPU = sorted(os.sched_getaffinity(0))
ENGINE = "app/pmdpingd/pmdpingd"
QUICK = ["-x", "selftest quick"]
SELFTEST = [ENGINE, "--", "--wire", "delay=10us", *QUICK]
# Two workers, and every answer comes in at the one that did not send its probe.
RECEIPTS = [ENGINE, "--lcores", f"0@{CPU[0]},1@{CPU[0]},2@{CPU[-1]}", "--no-huge", "--no-shconf", "-m", "512",
            "--file-prefix", f"pmdping{os.getpid()}", "--no-telemetry", "--no-pci", "--",
            "--wire", "delay=10us,queues=3,cross=1",
            "--config", "(0,0,1),(0,1,2),(0,2,2),(1,0,2),(1,1,2),(1,2,2)", *QUICK]
SECONDS = 180  # longest that one selftest may take, of a machine that has other things to do
TRIES = 3  # when the machine had no time for a case

# Answers are accounted for one at a time or together, by two pieces of code: a fault that
# one of them may have is built into each.
ONE = "lib/probe/account.c"
MANY = "lib/probe/together.c"
WORKER = "lib/dp/worker.c"
RX_SPAN = "pp_clock_span(&w->clock, q->last_short, after)"

# Name; file, exact text and what stands there instead. Each text must be found once.
MUTATIONS = [
    ("first sample dropped, of one answer", [
        (ONE, "\tpp_tally_record(s->tally, rtt);\n\tif (s->samples)\n",
         "\tif (c->received > 1)\n\t\tpp_tally_record(s->tally, rtt);\n"
         "\tif (s->samples && c->received > 1)\n")]),
    ("first sample dropped, of many", [
        (MANY, "pp_tally_record_n(y, t->rtt, sums->n);",
         "pp_tally_record_n(y, t->rtt, sums->n - (y->c.received == sums->n));"),
        (MANY, "\tif (s->samples)\n", "\tif (s->samples && (s->tally->c.received || sums->n > 1))\n")]),
    ("first sample dropped from the distribution only, of one answer", [
        (ONE, "\tpp_tally_record(s->tally, rtt);\n",
         "\tif (c->received > 1)\n\t\tpp_tally_record(s->tally, rtt);\n")]),
    ("first sample dropped from the distribution only, of many", [
        (MANY, "pp_tally_record_n(y, t->rtt, sums->n);",
         "pp_tally_record_n(y, t->rtt, sums->n - (y->c.received == sums->n));")]),
    ("sample after a loss dropped, of one answer", [
        (ONE, "\tpp_tally_record(s->tally, rtt);\n\tif (s->samples)\n",
         "\tif (pr->k == pr->g->top_k)\n\t\tpp_tally_record(s->tally, rtt);\n"
         "\tif (s->samples && pr->k == pr->g->top_k)\n")]),
    ("sample after a loss dropped, of many", [
        (MANY, "\tuint64_t reordered;\n", "\tuint64_t reordered;\n\tunsigned int after_loss;\n"),
        (MANY, "\tbool behind = k + 1 < g->top_k;\n",
         "\tbool behind = k + 1 < g->top_k, drop = k > g->top_k;\n\n\tsums->after_loss += drop;\n"),
        (MANY, "\tif (s->samples)\n", "\tif (s->samples && !drop)\n"),
        (MANY, "pp_tally_record_n(y, t->rtt, sums->n);",
         "pp_tally_record_n(y, t->rtt, sums->n - sums->after_loss);")]),
    ("sample of the last of many dropped", [
        (MANY, "pp_tally_record_n(y, t->rtt, sums->n);",
         "pp_tally_record_n(y, t->rtt, sums->n - (sums->n > 1));")]),
    ("late counted as received, of one answer", [
        (ONE, "rtt.lo.v > s->timeout ? account_late", "rtt.lo.v > s->timeout * 1000 ? account_late")]),
    ("late counted as received, of many", [  # either guard alone does
        (MANY, "return t->rtt.lo.v <= t->s->timeout;", "return true;"),
        (MANY, ".open = ~(t->b->answered | t->b->expired)", ".open = ~t->b->answered")]),
    ("duplicate counted as received, of one answer", [
        (ONE, "c.duplicate++;", "c.received++;")]),
    ("duplicate counted as received, of many", [
        (MANY, ".open = ~(t->b->answered | t->b->expired)", ".open = ~t->b->expired")]),
    ("reordering not counted, of one answer", [
        (ONE, "\t\tc->reordered++;\n", "")]),
    ("reordering not counted, of many", [
        (MANY, "y->c.reordered += sums->reordered;", "")]),
    ("corrupt counted as received, of one answer", [
        (ONE, "\tif (is_corrupt(pr, r)) {", "\tif (is_corrupt(pr, r) && rtt.lo.v < 0) {")]),
    ("corrupt counted as received, of many", [
        (MANY, " ||\n\t\t    !pp_reply_is_whole(t.s->tmpl, &r[i]))", ")")]),
    ("corrupt counted as received, of receipts", [
        (MANY, " && !r[i].corrupt; i++", "; i++")]),
    ("milliseconds for microseconds in the RTT", [
        ("lib/probe/account.h",
         "return (struct pp_rtt){PP_NS(lo > error ? lo - error : 0), PP_NS(hi + error)};",
         "return (struct pp_rtt){PP_NS(lo > error ? 1000 * (lo - error) : 0), PP_NS(1000 * hi)};")]),
    ("milliseconds for microseconds in a parser", [
        ("lib/base/units.c", '{.name = "us", .factor = 1000}', '{.name = "us", .factor = 1000000}')]),
    ("receive stamps: from and to swapped", [
        (WORKER, RX_SPAN, "pp_clock_span(&w->clock, after, q->last_short)")]),
    ("receive stamp taken before the poll that returned work", [
        (WORKER, RX_SPAN, "pp_clock_span(&w->clock, q->last_short, before)")]),
    ("receive interval from the last poll only", [
        (WORKER, RX_SPAN, "pp_clock_span(&w->clock, before, after)")]),
    ("one unfenced stamp per poll", [
        (WORKER, "pp_tsc after = pp_stamp_after();", "pp_tsc after = {rte_rdtsc()};"),
        (WORKER, RX_SPAN, "pp_clock_span(&w->clock, after, after)")]),
    ("transmit stamp after the burst only", [
        (WORKER, "*ret_tx = pp_clock_span(&w->clock, from, to);",
         "*ret_tx = pp_clock_span(&w->clock, to, to);")]),
    ("TSC rate +1494 ppm", [
        ("lib/dp/clock.c", "clk.hz = cycles / ns * 1e9;", "clk.hz = cycles / ns * 1e9 * 1.001494;")]),
    ("off-by-one histogram bucket", [
        ("include/pmdping/stats.h", "&h->counts[pp_hist_index(h, value)]",
         "&h->counts[pp_hist_index(h, value) + 1]")]),
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


def mutate(tree, texts):
    """The files as they were; what the mutation is about must be there exactly once."""
    sound = {file: (tree / file).read_text() for file, _, _ in texts}
    sick = dict(sound)
    for file, old, new in texts:
        if sick[file].count(old) != 1:
            raise ValueError(f"{file} has this {sick[file].count(old)} times, not once: {old!r}")
        sick[file] = sick[file].replace(old, new)
    write(tree, sick)
    return sound


def write(tree, files):
    for file, text in files.items():
        (tree / file).write_text(text)


def faults(text):
    """The FAIL lines of a certificate: which cases, for what."""
    found = {}
    for line in text.splitlines():
        match = re.search(r"\bFAIL: (.+)$", line)
        if match and not re.match(r"\d+ cases passed", line):
            for fault in match.group(1).split(", "):
                found[fault] = found.get(fault, 0) + 1
    return found


def selftest(build, words):
    """Exit status, faults, output. That the machine had no time says nothing of the engine."""
    for _ in range(TRIES):
        status, text = command(words, build, SECONDS)
        found = faults(text)
        starved = found.pop("load", 0)
        if words is RECEIPTS:  # answers that queue between workers come late to the wire
            starved += found.pop("wire", 0)
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
        status, _, text = selftest(build, SELFTEST)
        if status == 0:
            status, _, text = selftest(build, RECEIPTS)
        if status == 0:
            tally.say(True, "the sound engine passes its selftest, in one worker and across two")
            return True
    tally.say(False, "the sound engine does not pass its selftest: no mutation can be judged", text)
    return False


def run_mutation(tree, build, mutation, tally):
    name, texts = mutation
    try:
        sound = mutate(tree, texts)
    except (OSError, ValueError) as error:
        tally.say(False, f"mutation not applied: {name}: {error}")
        return
    text = ninja(build)
    if text is not None:
        tally.say(False, f"mutation does not compile: {name}", text)
    else:
        status, found, text = selftest(build, RECEIPTS if "receipts" in name else SELFTEST)
        if status == 1 and found:
            tally.say(True, f"mutation caught: {name}: {why(found)}")
        else:
            tally.say(False, f"mutation NOT caught: {name}: exit status {status}", text)
    write(tree, sound)


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
