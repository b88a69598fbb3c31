# SPDX-License-Identifier: Apache-2.0
"""The rounds and the arithmetic of build_slowdown.sh: ISOLAB WORK ROUNDS TARGET."""
import json
import math
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

PROFILE = """name: build_slowdown
question: How much slower is a kernel build while isolab records?
cpus: {{measured: "{measured}"}}
probe: {{busy_loop: {{threshold: 1us}}}}
observe: [interrupts, cpu_time{trace}]
arms: {{recorded: {{}}}}
design: {{repeats: 1, warmup: 100ms, measure: {seconds}s}}
"""
ARMS = ("alone", "probe", "probe and trace")
GOAL = 0.005
SETTLE = 6  # seconds from the start of isolab to the build; a build that begins before the window is done again


def raw_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)


class Bench:
    def __init__(self, isolab, work, target):
        self.isolab, self.work, self.targets = isolab, pathlib.Path(work), target.split()
        self.cpus = sorted(os.sched_getaffinity(0))
        self.others = ",".join(map(str, self.cpus[:-1]))
        self.settle, self.longest = SETTLE, 0
        for one in self.targets:
            if not one.endswith("/"):
                sys.exit(f"target {one} is no directory: its objects could not be removed between builds")

    def build(self):
        """User and system seconds of one build, and when it ran."""
        for one in self.targets:
            shutil.rmtree(self.work / "out" / one, ignore_errors=True)
        os.sync()
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), raw_ns()
        subprocess.run(["taskset", "-c", self.others, "make", "-s", "-C", self.work / "tree", f"O={self.work}/out",
                        f"-j{len(self.cpus) - 1}", *self.targets], check=True, stdout=subprocess.DEVNULL)
        end, after = raw_ns(), resource.getrusage(resource.RUSAGE_CHILDREN)
        self.longest = max(self.longest, (end - begin) / 1e9)
        return after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime, begin, end

    def recorded(self, trace):
        """A build inside the window of a recording."""
        seconds = math.ceil(1.5 * self.longest + self.settle + 5)
        profile, out = self.work / "slowdown.yaml", self.work / "recording"
        profile.write_text(PROFILE.format(measured=self.cpus[-1], trace=", ipi_trace" if trace else "", seconds=seconds))
        shutil.rmtree(out, ignore_errors=True)
        log = self.work / "isolab.log"
        with open(log, "w") as text:
            run = subprocess.Popen([self.isolab, "run", profile, "-o", out], stdout=text, stderr=text)
            time.sleep(self.settle)
            user, system, begin, end = self.build_beside(run)
            status = run.wait()
        windows = list(out.glob("windows/*/window.json"))
        if status != 0 or len(windows) != 1:
            sys.exit(f"isolab run ended with {status}:\n{log.read_text()}")
        window = json.loads(windows[0].read_text())
        level = window["notes"].get("ipi_trace.level")
        if trace and level in (None, "D"):
            sys.exit(f"nothing was traced (level {level}): {window['notes'].get('ipi_trace.reasons')}")
        if begin < window["begin_ns"] or end > window["end_ns"]:
            self.settle += 3
            print(f"the build was not inside the window; {self.settle} s of settling from now on", file=sys.stderr)
            return self.recorded(trace)
        return user, system

    def build_beside(self, run):
        """RUSAGE_CHILDREN holds children that were waited for: isolab is not, until the build is over."""
        if run.poll() is not None:
            return 0, 0, 0, 0
        return self.build()

    def arm(self, name):
        return self.build()[:2] if name == "alone" else self.recorded(name == "probe and trace")


def signed_rank_interval(changes):
    """Hodges-Lehmann estimate and the exact 95 % interval that the signed-rank test gives; None below six."""
    n = len(changes)
    walsh = sorted((changes[i] + changes[j]) / 2 for i in range(n) for j in range(i, n))
    ways = [1]  # of each rank sum
    for rank in range(1, n + 1):
        ways = [(ways[s] if s < len(ways) else 0) + (ways[s - rank] if s >= rank else 0) for s in range(len(ways) + rank)]
    below, cut = 0, 0
    while below + ways[cut] <= 0.025 * 2 ** n:
        below += ways[cut]
        cut += 1
    interval = (walsh[cut - 1], walsh[-cut]) if cut > 0 else None
    return statistics.median(walsh), interval


def rounds_needed(changes):
    """For an interval of +-0.5 %: normal approximation, times the test's relative efficiency of 3/pi."""
    return max(6, math.ceil((1.96 * statistics.stdev(changes) / GOAL) ** 2 * math.pi / 3))


def tell(name, base, arm, times):
    for place, what in enumerate(("user", "system")):
        changes = [math.log(one[arm][place] / one[base][place]) for one in times]
        middle, interval = signed_rank_interval(changes)
        percent = lambda x: f"{100 * math.expm1(x):+.2f} %"
        bounds = f"[{percent(interval[0])}, {percent(interval[1])}]" if interval else "(no interval below 6 rounds)"
        verdict = ""
        if what == "system" and interval:
            verdict = ("  below the goal of 0.5 %" if interval[1] < math.log1p(GOAL) else
                       "  above the goal of 0.5 %" if interval[0] > math.log1p(GOAL) else "  not decided against the goal of 0.5 %")
        need = f"; {rounds_needed(changes)} rounds for +-0.5 %" if len(changes) > 1 else ""
        print(f"{name:<34}{what:<7}{percent(middle):>9} {bounds}{need}{verdict}")


def main():
    isolab, work, rounds, target = sys.argv[1:]
    bench, times = Bench(isolab, work, target), []
    bench.build()  # the page cache, and how long one takes
    for number in range(int(rounds)):
        order = [ARMS[(number + i) % 3] for i in range(3)]
        times.append({name: bench.arm(name) for name in order})
        print(f"round {number + 1}: " + "; ".join(f"{name} {times[-1][name][0]:.2f} s user, {times[-1][name][1]:.2f} s system"
                                                 for name in ARMS), flush=True)
    print(f"{rounds} rounds of {target}")
    tell("probe and trace against alone", "alone", "probe and trace", times)
    tell("probe against alone", "alone", "probe", times)
    tell("trace against probe alone", "probe", "probe and trace", times)


if __name__ == "__main__":
    main()
