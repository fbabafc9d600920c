# SPDX-License-Identifier: BSD-3-Clause
"""What scripts/bench measures: the engine and testpmd as processes that are alive
together and take turns, each stopped (SIGSTOP) while another one is measured."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rpc import Rpc  # noqa: E402

SETTLE = 0.03  # seconds from SIGCONT to the first reading
START = 60  # seconds that a process may take to start
PATIENCE = 20  # times its length that a slice may last on a machine that is busy with others


class Failed(Exception):
    pass


# ---- processes


class Process:
    """One that polls on worker lcores; `counters` is what its side measures."""

    def __init__(self, command, log):
        self.command = command
        self.commands = []  # over the socket, once it listens
        self.log = log
        self.child = None

    def launch(self, stdin, stdout):
        self.child = subprocess.Popen(
            self.command, stdin=stdin, stdout=stdout, stderr=stdout, start_new_session=True
        )

    def said(self):
        with open(self.log, "rb") as log:
            return log.read().decode(errors="replace")[-2000:]

    def check(self):
        if self.child.poll() is not None:
            raise Failed(f"{self.command[0]} ended with {self.child.returncode}:\n{self.said()}")

    def pause(self):
        self.child.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.check()
        self.child.send_signal(signal.SIGCONT)

    def end(self):
        if not self.child or self.child.poll() is not None:
            return
        self.child.send_signal(signal.SIGCONT)
        self.child.terminate()
        try:
            self.child.wait(2)  # testpmd does not always listen
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def workers(self):
        """Thread ids of the worker lcores, by lcore."""
        found = {}
        base = f"/proc/{self.child.pid}/task"
        for tid in os.listdir(base):
            with open(f"{base}/{tid}/comm", encoding="ascii") as comm:
                name = re.fullmatch(r"(?:lcore|rte|dpdk)-worker-?(\d+)", comm.read().strip())
            if name:
                found[int(name.group(1))] = tid
        return found

    def processor_time(self, lcore):
        """Seconds that the worker has run; None where the kernel does not say."""
        try:
            with open(f"/proc/{self.child.pid}/task/{self.workers()[lcore]}/schedstat",
                      encoding="ascii") as stat:
                return int(stat.read().split()[0]) / 1e9
        except (OSError, KeyError):
            return None


class Engine(Process):
    def __init__(self, machine, name, ports, options, commands, lcores=None):
        self.socket = f"{machine.folder}/{name}.sock"
        super().__init__(
            [machine.engine, lcores or machine.lcores, *machine.memory, "--file-prefix",
             f"{machine.prefix}{name}", "--no-telemetry", "--no-pci",
             *[f"--vdev={p}" for p in ports], "--", "--socket", self.socket,
             "--max-rate", "1000Mpps", *options],
            f"{machine.folder}/{name}.log",
        )
        self.commands = commands
        self.rpc = None

    def start(self):
        with open(self.log, "wb") as log:
            self.launch(subprocess.DEVNULL, log)
        end = time.monotonic() + START
        while not self.rpc:
            self.check()
            try:
                self.rpc = Rpc(self.socket, START)
            except OSError as error:
                if time.monotonic() > end:
                    raise Failed(f"{self.socket}: {error}\n{self.said()}") from error
                time.sleep(0.02)
        for command in self.commands:
            self.run(command)

    def tell(self, line):
        """A command that belongs to how it was started."""
        self.commands = [*self.commands, line]
        self.run(line)

    def run(self, line):
        answer = self.rpc.call("exec", {"line": line})
        if "error" in answer:
            raise Failed(f"{line}: {answer['error']['message']}")
        return answer["result"]

    def counters(self, port=0):
        """(seconds of this clock, received, sent), read in the least time of three."""
        best = None
        for _ in range(3):
            before = time.monotonic()
            ports = self.run("show port stats all")["ports"]
            after = time.monotonic()
            if not best or after - before < best[0]:
                best = (after - before, (before + after) / 2, ports[port])
            if best[0] < 0.0005:
                break
        return best[1], best[2]["ipackets"], best[2]["opackets"]


class Testpmd(Process):
    """Interactive on a terminal of its own: then it does not buffer what it says."""

    STATS = re.compile(r"RX-packets: (\d+).*?TX-packets: (\d+).*?Tx-pps.*?####", re.S)

    def __init__(self, machine, name, ports, mode, options=(), lcores=None):
        super().__init__(
            ["dpdk-testpmd", lcores or machine.lcores, *machine.memory, "--file-prefix",
             f"{machine.prefix}{name}", "--no-telemetry", "--no-pci",
             *[f"--vdev={p}" for p in ports], "--", "-i", "--auto-start", "--nb-cores=1",
             f"--forward-mode={mode}", "--burst=32", "--rxd=512", "--txd=512", "--mbcache=64",
             "--total-num-mbufs=2048", "--port-topology=loop", "--no-flush-rx", *options],
            f"{machine.folder}/{name}.log",
        )
        self.terminal = None

    def start(self):
        self.terminal, slave = pty.openpty()
        self.launch(slave, slave)
        os.close(slave)
        self.hear(re.compile(r"testpmd> $"), START)

    def hear(self, pattern, seconds=5):
        """What it says until the pattern is in it."""
        end, text = time.monotonic() + seconds, ""
        while not pattern.search(text):
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise Failed(f"{self.command[0]} says nothing:\n{text[-500:]}")
            try:
                piece = os.read(self.terminal, 65536)
            except OSError as error:
                raise Failed(f"{self.command[0]} ended:\n{text[-500:]}") from error
            with open(self.log, "ab") as log:
                log.write(piece)
            text += piece.decode(errors="replace")
        return text

    def counters(self, port=0):
        while select.select([self.terminal], [], [], 0)[0]:
            os.read(self.terminal, 65536)
        before = time.monotonic()
        os.write(self.terminal, b"show port stats %d\n" % port)
        found = self.STATS.search(self.hear(self.STATS))
        after = time.monotonic()
        return (before + after) / 2, int(found.group(1)), int(found.group(2))

    def end(self):
        super().end()
        if self.terminal is not None:
            os.close(self.terminal)
            self.terminal = None


# ---- sides


class Side:
    """Processes that run together; the packets of the first are counted. `direction` is
    1 for those received, 2 for those sent. `workers` of each have a part in it, one in
    most cases."""

    def __init__(self, name, processes, direction, workers=1):
        self.name, self.processes, self.direction = name, processes, direction
        self.lcores = range(1, workers + 1)

    def start(self):
        for process in self.processes:
            process.start()

    def end(self):
        for process in reversed(self.processes):  # the one that joined last leaves first
            process.end()

    def pause(self):
        for process in self.processes:
            process.pause()

    def read(self):
        counted = self.processes[0].counters()
        ran = [p.processor_time(lcore) for p in self.processes for lcore in self.lcores]
        return counted[0], counted[self.direction], ran

    def slice(self, seconds):
        """Goes on for that time: its packets, the time that passed, the time that each of
        its workers ran."""
        for process in self.processes:
            process.go_on()
        time.sleep(SETTLE)
        t0, n0, ran0 = self.read()
        for _ in range(PATIENCE):
            time.sleep(seconds)
            t1, n1, ran1 = self.read()
            ran = [] if None in ran0 + ran1 else [b - a for a, b in zip(ran0, ran1)]
            if n1 > n0 and all(r >= seconds / 4 for r in ran):
                break
        else:
            raise Failed(f"{self.name}: {n1 - n0} packets, workers ran {ran} of {t1 - t0:.1f} s")
        self.pause()
        return {"packets": n1 - n0, "seconds": t1 - t0, "ran": ran}


def quartiles(values):
    """Lower quartile, median, upper quartile."""
    ordered = sorted(values)

    def at(share):
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    return {"q1": at(0.25), "median": at(0.5), "q3": at(0.75)}


def alternate(make_sides, generations, rounds, seconds):
    """Slices of each side by its name, in the order of the rounds; each generation is
    new processes, because where their memory lies makes a difference too. Also the
    commands of each side."""
    slices, commands = {}, {}
    for _ in range(generations):
        sides = make_sides()
        try:
            for side in sides:
                side.start()
                side.pause()
                commands[side.name] = [
                    {"command": " ".join(p.command), "then": p.commands} for p in side.processes]
            for turn in range(rounds):
                first = turn % len(sides)
                for side in sides[first:] + sides[:first]:
                    slices.setdefault(side.name, []).append(side.slice(seconds))
        finally:
            for side in sides:
                side.end()
    return slices, commands


def machine_facts():
    with open("/proc/cpuinfo", encoding="ascii") as info:
        model = re.search(r"^model name\s*: (.*)$", info.read(), re.M)
    with open("/proc/loadavg", encoding="ascii") as load:
        busy = float(load.read().split()[0])
    uname = os.uname()
    return {
        "cpu": model.group(1) if model else uname.machine,
        "cpus": len(os.sched_getaffinity(0)),
        "kernel": uname.release,
        "load": busy,
        "date": time.strftime("%F", time.gmtime()),
    }


def to_json(result):
    return json.dumps(result, indent=1)
