# SPDX-License-Identifier: Apache-2.0
"""Findings with any number of arms and CPUs, made from a seed: enough to fill every chart."""
import json
import random

ARMS = ["idle", "static_key_toggle", "direct_map", "direct_map secret=off", "vmalloc_churn",
        "ftrace_toggle variant=event", "kfence_sampling interval=100ms", "hugepage_resize", "remote_read",
        "membarrier", "mprotect_shootdown", "collapse", "vmstat_refresh", "hackbench",
        "kernel_build target=kernel/", "command"]


def sample(arms=16, cpus=1, seconds=30.0, repeats=2, seed=1, least_gaps=60):
    source = random.Random(seed)
    names = (ARMS + [f"matrix pages={number} cpus={number % 4}" for number in range(arms)])[:arms]
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
                                for _ in range(least_gaps + least_gaps // 3 * number))
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


def with_trace(findings):
    """Adds what two classes of interruptions did on one traced CPU."""
    parts = [{"name": name, "seconds": seconds, "ticks": 1}
             for name, seconds in (("useful", 29.9), ("kernel_tlb", 0.07), ("tick", 0.03))]
    findings["interruptions"] = {"cpus": [
        {"arm": "idle", "cpu": 1, "exposure_s": 30.0, "lost_us": 1e5,
         "causes": [{"class": "kernel_tlb", "ipis": 40}, {"class": "scheduler", "ipis": 2}],
         "tracks": [{"seconds": 30.0, "gaps": [[1.0, 2.5, "kernel_tlb"], [2.0, 40.0, "tick"]]}],
         "budget": {"wall_s": 30.0, "parts": parts}}]}
    return findings


CLASSES = ["text_patch", "kernel_tlb", "remote_read", "task_sync", "scheduler", "tick", "device", "softirq", "other_task",
           "outside_kernel", "unexplained", "timer", "late_delivery"]


def with_busy_trace(findings, cpus=1):
    """Adds a trace of every arm and CPU: all classes, one arm with twenty times the lost time of the others."""
    out = []
    for number, arm in enumerate(findings["arms"]):
        for cpu in range(1, cpus + 1):
            scale = (20 if number == 3 else 1) * (1 + 0.1 * cpu)
            parts = [{"name": klass, "seconds": 0.001 * (place + 1) * scale, "ticks": 1}
                     for place, klass in enumerate(CLASSES)]
            out.append({"arm": arm["name"], "cpu": cpu, "exposure_s": 30.0, "lost_us": 1e5 * scale,
                        "causes": [{"class": klass, "ipis": number * 1000 + 17 * place} for place, klass in enumerate(CLASSES[:5])],
                        "tracks": [{"seconds": 30.0, "gaps": [[2.0 * place, 3.0 ** (place % 9), klass]
                                                              for place, klass in enumerate(CLASSES)]}],
                        "budget": {"wall_s": 30.0, "parts": [{"name": "useful", "seconds": 29.0, "ticks": 1}] + parts}})
    findings["interruptions"] = {"cpus": out}
    return findings


def renamed(data, names):
    """With other names of arms, groups and the like; the JSON's keys of the same name become them too."""
    text = json.dumps(data)
    for old, new in names.items():
        text = text.replace(json.dumps(old), json.dumps(new))
    return json.loads(text)


def with_arms(comparison, arms):
    """The series of a comparison for so many arms instead of its own."""
    first = comparison["series"][0]["arm"]
    groups = [one for one in comparison["series"] if one["arm"] != first]
    comparison["series"] = [dict(one, arm=f"{one['arm']} {number}") for number in range(arms) for one in groups]
    return comparison


def with_scaling(comparison):
    """The change of one metric at three numbers of CPUs, and nothing else."""
    points = [{"x": x, "ratio": 0.5 + x, "interval95": [0.4 + x, 0.7 + x], "arm": "a"} for x in (1, 2, 8)]
    comparison.update(series=[], metrics=[], scaling=[{"metric": "workload_system_time", "group": "patched",
                                                       "axis": "cpus", "prefix": "build", "points": points}])
    return comparison


def with_page_costs(findings):
    """Adds a measured ratio of 6 on 2 CPUs and the time per page of two arms."""
    model = [{"cpus": cpus, "ratio": 1 + 5 * (cpus - 1), "extrapolated": cpus != 2} for cpus in (2, 4, 96)]
    findings["page_costs"] = {
        "compared": [{"workload": "kernel_build", "arm": "secret", "control": "memfd", "cpus": 2,
                      "ratio": {"value": 6, "least": 5.8, "most": 6.1, "lower95": 5.8, "upper95": 6.1,
                                "repeats": 6}, "model": model}],
        "published_xpfo": [{"machine": "small", "cpus": 4, "ratio": 2.614},
                           {"machine": "large", "cpus": 96, "ratio": 26.366}]}
    for arm, value in (("plain pages=16", 1.5), ("secret pages=16", 20.5)):
        findings["metrics"].append({"name": "time_per_page", "labels": {"arm": arm}, "value": value,
                                    "lower95": value - 0.2, "upper95": value + 0.3,
                                    "repeat_min": value - 0.2, "repeat_max": value + 0.3})
    return findings
