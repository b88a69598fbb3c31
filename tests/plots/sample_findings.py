# SPDX-License-Identifier: Apache-2.0
"""Findings with any number of arms and CPUs, made from a seed: enough to fill every chart."""
import random

ARMS = ["idle", "static_key_toggle", "direct_map", "direct_map secret=off", "vmalloc_churn",
        "ftrace_toggle variant=event", "kfence_sampling interval=100ms", "hugepage_resize", "remote_read",
        "membarrier", "mprotect_shootdown", "collapse", "vmstat_refresh", "hackbench",
        "kernel_build target=kernel/", "command"]


def sample(arms=16, cpus=1, seconds=30.0, repeats=2, seed=1):
    source = random.Random(seed)
    names = ARMS[:arms]
    out = {"schema": 1, "metrics": [], "warnings": [], "verdicts": [],
           "run": {"profile": "sample", "probe_kind": "gap", "measured": "1" if cpus == 1 else f"1-{cpus}",
                   "measured_isolated": True, "facts": {"kernel.release": "6.12.1"}},
           "arms": [{"name": name, "idle": name == "idle", "windows": repeats,
                     "exposure_s": seconds * repeats * cpus} for name in names],
           "series": {"arms": [], "tracks": []}}
    for number, name in enumerate(names):
        lengths = []
        for cpu in range(1, cpus + 1):
            for repeat in range(repeats):
                points = sorted((source.uniform(0, seconds), 1.2 * source.paretovariate(1.3))
                                for _ in range(60 + 20 * number))
                lengths += [y for _, y in points]
                out["series"]["tracks"].append({"arm": name, "cpu": cpu, "repeat": repeat, "seconds": seconds,
                                                "gaps": len(points), "points": [list(p) for p in points]})
        lengths.sort(reverse=True)
        per_hour = 3600 / (seconds * repeats * cpus)
        ccdf = [[length, (place + 1) * per_hour] for place, length in enumerate(lengths)]
        bins = [10**9 // (number + 1)] + [0] * 99
        for length in lengths:
            if length < 100:
                bins[int(length)] += 1
        out["series"]["arms"].append({
            "arm": name, "ccdf": [[0.025, 1.4e11]] + ccdf[::-1], "histogram": bins,
            "histogram_overflow": sum(length >= 100 for length in lengths),
            "interrupts": {"function_call": 0 if number == 0 else 3600.0 * 4**(number % 6),
                           "tlb": 720000.0 if "map" in name else 0, "reschedule": 36.0, "irq_work": 0,
                           "timer": 900000.0 + number, "irq 24 nvme0q1": 12.0 * number,
                           "softirq RCU": 5.0}})
    return out
