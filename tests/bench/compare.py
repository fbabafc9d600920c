# SPDX-License-Identifier: BSD-3-Clause
"""The cases of scripts/bench, their table and their JSON. Started by scripts/bench, which
has installed and built what it needs."""

import argparse
import glob
import os
import re
import shutil
import signal
import sys
import tempfile
import time

from hot import functions, print_profiles, profiles, receipts_row
from setups import (LOOP, NULL_COMMANDS, NULL_PORT, OWN, RECEIPTS, RECEIVED, SENT, TRANSMIT,
                    endless_requests)
from sides import (Engine, Failed, Side, Testpmd, alternate, machine_facts, quartiles, to_json)


class Machine:
    """What every process is started with: both sides the same."""

    def __init__(self, args, folder):
        cpus = sorted(os.sched_getaffinity(0))
        self.folder = folder
        self.build = args.build
        self.engine = f"{args.build}/app/pmdpingd/pmdpingd"
        self.memory = args.memory.split()
        self.prefix = f"bench{os.getpid()}"
        self.control, self.worker = cpus[0], cpus[1 % len(cpus)]
        self.other = cpus[2] if len(cpus) > 2 else cpus[0]
        self.lcores = f"--lcores=0@{self.control},1@{self.worker}"
        self.lcores_other = f"--lcores=0@{self.control},1@{self.other}"
        self.lcores_two = f"{self.lcores},2@{self.other}"
        self.quick = args.quick
        # Of the processes; of turns with each; seconds of a slice.
        self.plan = (2, 8, 0.2) if args.quick else (3, 7, 0.4)
        self.tsc_hz = None
        self.version = None

    def look(self):
        """The rate of the time-stamp counter, as the engine has measured it."""
        engine = Engine(self, "clock", [], ["--wire", "direct"], [])
        try:
            engine.start()
            time.sleep(1)
            self.tsc_hz = engine.run("show clock")["tsc_hz"]
            self.version = engine.run("show version")
        finally:
            engine.end()


# ---- figures of slices


def summary(machine, slices):
    """Rates in Mpps: of wall time, and of the worker's processor time, which other
    programs on its CPU do not shorten."""
    wall = [s["packets"] / s["seconds"] / 1e6 for s in slices]
    figures = {"wall_mpps": quartiles(wall), "slices": len(slices), "raw": slices}
    if all(s["ran"] for s in slices):
        figures["share"] = quartiles([min(s["ran"]) / s["seconds"] for s in slices])
    if one_worker(slices):
        ran = [rate(s, True) / 1e6 for s in slices]
        figures["mpps"] = quartiles(ran)
        figures["cycles"] = quartiles([machine.tsc_hz / 1e6 / r if r else 0 for r in ran])
    else:
        figures["mpps"] = figures["wall_mpps"]
    return figures


def one_worker(slices):
    """Whose processor time is then what a packet costs."""
    return all(len(s["ran"]) == 1 for s in slices)


def rate(s, ran):
    return s["packets"] / (s["ran"][0] if ran else s["seconds"])


def against(machine, ours, peer):
    """Ratio of the rates, and difference of the cycles, of the slices of each turn."""
    ran = one_worker(ours + peer)
    pairs = [(rate(a, ran), rate(b, ran)) for a, b in zip(ours, peer) if rate(b, ran)]
    result = {"ratio": quartiles([a / b for a, b in pairs]), "pairs": len(pairs)}
    if ran:
        hz = machine.tsc_hz
        result["cycles_above"] = quartiles([hz / a - hz / b for a, b in pairs if a])
    return result


def rows_of(machine, case, slices, commands, targets):
    """A row for each peer of the first side; its own when it has none. `targets`: of a peer,
    (text, predicate of the row)."""
    names = list(slices)
    rows = []
    for peer in names[1:] or [None]:
        row = {"case": case, "ours": names[0], **summary(machine, slices[names[0]]),
               "commands": commands[names[0]]}
        if peer:
            row["peer"] = {"name": peer, **summary(machine, slices[peer]),
                           "commands": commands[peer]}
            row.update(against(machine, slices[names[0]], slices[peer]))
        text, holds = targets.get(peer, (None, None))
        if text:
            row["target"], row["met"] = text, bool(holds(row))
        rows.append(row)
    return rows


def ratio_of(least):
    return f">= {least}", lambda row: row["ratio"]["median"] >= least


# ---- cases


def respond(machine, frame):
    port = endless_requests(machine, frame)

    def sides():
        ours = Engine(machine, "ours", [port], [], [OWN])
        return [Side("pmdping", [ours], SENT)] + [
            Side(mode, [Testpmd(machine, mode, [port], mode)], SENT)
            for mode in ("icmpecho", "macswap", "io")
        ]

    slices, commands = alternate(sides, *machine.plan)
    targets = {}
    if frame == 64:
        targets["icmpecho"] = ratio_of(0.75)
        targets["io"] = ("<= 25 cycles above",
                         lambda row: row.get("cycles_above", {}).get("median", 1e9) <= 25)
    return rows_of(machine, f"respond {frame}", slices, commands, targets)


def transmit(machine):
    def sides():
        ours = Engine(machine, "ours", [NULL_PORT], [], TRANSMIT)
        return [Side("pmdping", [ours], SENT)] + [
            Side(mode, [Testpmd(machine, mode, [NULL_PORT], mode, ["--txpkts=60"])], SENT)
            for mode in ("txonly", "flowgen")
        ]

    slices, commands = alternate(sides, *machine.plan)
    return rows_of(machine, "transmit 64", slices, commands,
                   {"txonly": ratio_of(0.6), "flowgen": ratio_of(1.3)})


def loop(machine, case, lcores, options, workers, target=None):
    """Round-trip times a second: what the sending port receives."""

    def sides():
        ours = Engine(machine, "ours", [], options, LOOP, lcores)
        return [Side("pmdping", [ours], RECEIVED, workers)]

    slices, commands = alternate(sides, *machine.plan)
    return rows_of(machine, case, slices, commands, {None: target} if target else {})


def loop_one(machine):
    target = (">= 20 Mpps", lambda row: row["mpps"]["median"] >= 20)
    return loop(machine, "loop, one worker", machine.lcores, ["--wire", "direct"], 1, target)


def loop_two(machine):
    return loop(machine, "loop, two workers", machine.lcores_two,
                ["--wire", "direct", "--config", "(0,0,1),(1,0,2)"], 2)


def loop_receipts(machine):
    return loop(machine, "loop, receipts", machine.lcores_two, RECEIPTS, 2)


MANY = {100000: "10.1.0.0-10.2.134.159", 1000: "10.1.0.0-10.1.3.231"}


def many_rows(machine, what, side):
    """A session of many targets in turn, next to one of one."""
    rows = []
    for count in (100000,) if machine.quick else (1000, 100000):
        slices, commands = alternate(
            lambda n=count: [side("pmdping", "many", MANY[n]), side("one", "one", "10.0.0.2")],
            *machine.plan)
        target = ("<= 1.3 x cycles", lambda row: row["ratio"]["median"] >= 1 / 1.3)
        rows += rows_of(machine, f"{what} {count}", slices, commands,
                        {"one": target} if count == 100000 else {})
    return rows


class Ranged(Engine):
    """The far end has all of 10.0.0.0/8; the way there is told, with its MAC address."""

    def __init__(self, machine, name, targets):
        super().__init__(machine, name, [], ["--wire", "direct", "--allow", "10.0.0.0/8"],
                         ["addr add 10.0.0.1/8 port 1 all"])
        self.targets = targets

    def start(self):
        super().start()
        mac = self.run("show port info 1")["ports"][0]["mac"]
        for command in (f"neigh add 198.18.0.9 mac {mac} port 0",
                        "route add 10.0.0.0/8 via 198.18.0.9",
                        f"session add s ping {self.targets} frame 64 rate 1000Mpps timeout 10ms port 0",
                        "session start s"):
            self.tell(command)


def loop_many(machine):
    return many_rows(machine, "loop of", lambda name, short, targets: Side(
        name, [Ranged(machine, short, targets)], RECEIVED))


def sessions(machine):
    def side(name, short, targets):
        ours = Engine(machine, short, [NULL_PORT], ["--allow", "10.0.0.0/8"], NULL_COMMANDS + [
            "route add 10.0.0.0/8 via 192.0.2.9",
            f"session add s ping {targets} frame 64 rate 1000Mpps timeout 1ms",
            "session start s"])
        return Side(name, [ours], SENT)

    return many_rows(machine, "transmit to", side) + loop_many(machine)


def pair(machine, kind, near, far):
    """The engine sends to a second process that answers; `near` and `far` make the
    arguments of their ports from a name. Whoever listens starts first."""

    def processes(name, respond_with):
        session = ["session add s ping 192.0.2.9 frame 64 rate 1000Mpps timeout 10ms",
                   "ping 192.0.2.9 count 1 timeout 5s deadline 9s quiet", "session start s"]
        prober = Engine(machine, f"{name}a", [near(name)], [], [OWN])
        return [prober, respond_with(f"{name}b", far(name))], session

    def ours(name, port):
        return Engine(machine, name, [port], [], ["addr add 192.0.2.9/24 port 0"],
                      machine.lcores_other)

    def icmpecho(name, port):
        return Testpmd(machine, name, [port], "icmpecho", [], machine.lcores_other)

    class Pair(Side):
        def __init__(self, name, short, respond_with):
            made, self.session = processes(short, respond_with)
            super().__init__(name, made, RECEIVED)

        def start(self):
            super().start()
            for command in self.session:
                self.processes[0].tell(command)

    slices, commands = alternate(
        lambda: [Pair("pmdping", f"{kind}p", ours), Pair("icmpecho", f"{kind}t", icmpecho)],
        *machine.plan)
    return rows_of(machine, f"{kind} pair", slices, commands, {})


def memif(machine):
    def port(role):
        return lambda name: (f"net_memif0,role={role},id=0,socket={machine.folder}/{name}.memif,"
                             "socket-abstract=no")

    return pair(machine, "memif", port("server"), port("client"))


def vhost(machine):
    return pair(machine, "vhost",
                lambda name: f"net_vhost0,iface={machine.folder}/{name}.vhost",
                lambda name: f"net_virtio_user0,path={machine.folder}/{name}.vhost,queue_size=512")


CASES = {
    "respond": lambda m: [row for frame in ((64,) if m.quick else (64, 256, 1024))
                          for row in respond(m, frame)],
    "transmit": transmit,
    "loop": lambda m: loop_one(m) + loop_two(m) + loop_receipts(m),
    "sessions": sessions,
    "memif": memif,
    "vhost": vhost,
}


# ---- the table

ROW = "{:<18} {:<9} {:>8} {:>8} {:>8} {:>8}  {:<20} {:>7}  {}"


def number(figures, key, digits):
    return f"{figures[key]['median']:.{digits}f}" if key in figures else "-"


def print_header():
    print(ROW.format("CASE", "PEER", "OURS", "CYCLES", "PEER", "CYCLES", "RATIO [Q1..Q3]", "ABOVE",
                     "TARGET"), flush=True)


def print_row(row):
    peer = row.get("peer", {})
    ratio = row.get("ratio")
    above = row.get("cycles_above")
    target = f"{row['target']}: {'met' if row['met'] else 'MISSED'}" if "target" in row else ""
    print(ROW.format(
        row["case"], peer.get("name", "-"), number(row, "mpps", 2), number(row, "cycles", 1),
        number(peer, "mpps", 2), number(peer, "cycles", 1),
        f"{ratio['median']:.2f} [{ratio['q1']:.2f}..{ratio['q3']:.2f}]" if ratio else "-",
        f"{above['median']:+.1f}" if above else "-", target).rstrip(), flush=True)


def print_machine(machine, facts):
    print(f"{facts['cpu']}, {facts['cpus']} CPUs, Linux {facts['kernel']}, TSC "
          f"{machine.tsc_hz / 1e6:.1f} MHz, load {facts['load']:.1f}, {facts['date']}")
    generations, rounds, seconds = machine.plan
    print(f"{generations} x {rounds} turns of {seconds} s; medians, in Mpps and cycles per packet "
          "of the worker's processor time;")
    print("pairs of processes and two workers in Mpps of wall time")


def print_share(rows):
    """A busy machine is told by what the workers got of their CPUs."""
    shares = [(f["share"]["q1"], row["case"]) for row in rows for f in (row, row.get("peer", {}))
              if "share" in f]
    if shares:
        least, case = min(shares)
        print(f"three slices in four, a worker had {100 * least:.0f} % of its CPU or more "
              f"(least: {case})" + ("; wants an idle machine" if least < 0.95 else ""))


LINKS = {"10GbE": 14.88, "25GbE": 37.2, "100GbE": 148.8, "400GbE": 595.2}  # Mpps of 64 bytes


def cores_of(machine, rows):
    """Cores that the packets of a full link take, by case; of the peers, too."""
    found = {}
    for row in rows:
        for name, figures in (("pmdping", row), (row.get("peer", {}).get("name"), row.get("peer"))):
            if figures and "cycles" in figures and not re.search("256|1024", row["case"]):
                cycles = figures["cycles"]["median"]
                found[f"{row['case']}: {name}"] = {
                    link: round(mpps * 1e6 * cycles / machine.tsc_hz, 2)
                    for link, mpps in LINKS.items()}
    return found


def print_cores(cores):
    if not cores:
        return
    print("\n{:<32}".format("CORES AT 64 BYTES") + "".join(f"{link:>9}" for link in LINKS))
    for name, links in cores.items():
        print(f"{name:<32}" + "".join(f"{links[link]:>9.2f}" for link in LINKS))


def measure(machine, chosen, quiet):
    rows, failures, took = [], [], {}
    for name in chosen:
        began = time.monotonic()
        try:
            for row in CASES[name](machine):
                rows.append(row)
                if not quiet:
                    print_row(row)
        except (Failed, OSError) as error:
            failures.append(f"{name}: {error}")
            print(f"{name}: {error}", file=sys.stderr)
        took[name] = round(time.monotonic() - began, 1)
    return rows, failures, took


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench", usage="[sudo] ./scripts/bench [--quick] [--json] [CASE]...")
    parser.add_argument("--build", required=True)
    parser.add_argument("--memory", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("case", nargs="*")
    args = parser.parse_args()
    known = [*CASES, "functions", "profile"]
    for case in args.case:
        if case not in known:
            parser.error(f"no such case: {case} ({', '.join(known)})")
    return args


def run(machine, args):
    began = time.monotonic()
    facts = machine_facts()
    machine.look()
    if not args.json:
        print_machine(machine, facts)
        print_header()
    chosen = [c for c in CASES if not args.case or c in args.case]
    rows, failures, took = measure(machine, chosen, args.json)
    programs = functions(machine) if not args.case or "functions" in args.case else []
    wanted = "profile" in args.case or not (args.case or args.quick)
    time_in = profiles(machine) if wanted and shutil.which("perf") else []
    cores = cores_of(machine, rows)
    seconds = time.monotonic() - began
    if args.json:
        print(to_json({"machine": {**facts, "tsc_hz": machine.tsc_hz}, "version": machine.version,
                       "plan": machine.plan, "rows": rows, "cores": cores, "functions": programs,
                       "profiles": time_in, "receipts": receipts_row(time_in),
                       "failures": failures, "took": took, "seconds": seconds}))
    else:
        print_share(rows)
        print_cores(cores)
        for program in programs:
            print(f"\n{program['program']}")
            print("\n".join(f"  {line}" for line in program["lines"]))
            for f in program.get("instructions", []):
                print(f"  {f['function']:<44} {f['instructions']:>7} instructions a call"
                      if "function" in f else f"  {f['error']}")
        print_profiles(time_in)
        print(f"\n{seconds:.0f} s: " + ", ".join(f"{n} {t:.0f}" for n, t in took.items()))
    return 1 if failures or any(p["exit"] for p in programs) else 0


def main():
    args = arguments()
    # So that what is stopped is ended, too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    folder = tempfile.mkdtemp(prefix="pmdping-bench.")
    machine = Machine(args, folder)
    try:
        return run(machine, args)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for left in glob.glob(f"{eal_folder()}/{machine.prefix}*"):
            shutil.rmtree(left, ignore_errors=True)


def eal_folder():
    """Where EAL makes a folder for each file prefix, and leaves it."""
    if os.geteuid() == 0:
        return "/var/run/dpdk"
    return os.environ.get("XDG_RUNTIME_DIR", "/tmp") + "/dpdk"


if __name__ == "__main__":
    sys.exit(main())
