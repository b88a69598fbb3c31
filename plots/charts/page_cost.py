# SPDX-License-Identifier: Apache-2.0
"""Overhead of taking pages out of the direct map against the number of CPUs: the measured ratio with
its interval, the model's line through it, dashed where it is extrapolated, and XPFO as published."""
import matplotlib.pyplot as plt

import layout
import style

NAME = "page-cost"
DRAWS = "findings"
PLACE = 80
WORDS = {"kernel_build": "system time of a kernel build", "direct_map": "time per page"}


def draw(findings):
    found = findings.get("page_costs", {"compared": []})
    costs = [one for one in found["compared"] if one["model"]]
    workloads = [word for word in WORDS if any(one["workload"] == word for one in costs)]
    if not workloads:
        return None
    figure, grid = plt.subplots(1, len(workloads), squeeze=False, figsize=(layout.WIDE, layout.SLIDE))
    legend = {}
    for axes, workload in zip(grid[0], workloads):
        panel(axes, [one for one in costs if one["workload"] == workload], workload, found["published_xpfo"])
        for handle, label in zip(*axes.get_legend_handles_labels()):
            legend[label] = handle
    style.finish(figure, "Pages taken out of the direct map: overhead against the number of CPUs", findings,
                 "CPUs online (logarithmic)", "", interval_note(costs), (legend.values(), legend.keys()))
    return figure


def interval_note(costs):
    line = "95 % interval of that median (order statistics)" if all("lower95" in cost["ratio"] for cost in costs) \
        else "95 % interval of that median, or least and greatest repeat where they are too few for one"
    return f"Mark: median of the ratios of the repeats, arm to control; line: {line}. The dashed line was not measured"


def panel(axes, costs, workload, published):
    for place, cost in enumerate(costs):
        look = style.line_of(place)
        cpus = [point["cpus"] for point in cost["model"]]
        axes.plot(cpus, [point["ratio"] for point in cost["model"]], linestyle="--", linewidth=1,
                  color=look["color"])
        ratio = cost["ratio"]
        below, above = ratio.get("lower95", ratio["least"]), ratio.get("upper95", ratio["most"])
        axes.errorbar([cost["cpus"]], [ratio["value"]],
                      yerr=[[ratio["value"] - below], [above - ratio["value"]]], color=look["color"],
                      marker=look["marker"], markersize=7, capsize=4, linestyle="none", zorder=5,
                      label=f"{cost['arm']} against {cost['control']}: measured x{style.three_digits(ratio['value'])}")
    axes.plot([], [], "k--", linewidth=1, label="model, EXTRAPOLATED with this machine's cost of an IPI: not measured")
    if workload == "kernel_build":
        axes.plot([one["cpus"] for one in published], [one["ratio"] for one in published], "kx", markersize=8,
                  label="XPFO as published, n = 1, other machines")
        for one in published:
            axes.annotate(f"x{style.three_digits(one['ratio'])}", (one["cpus"], one["ratio"]), xytext=(0, -13),
                          textcoords="offset points", ha="center", fontsize=8)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    ticks = sorted({point["cpus"] for point in costs[0]["model"]})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.xaxis.set_minor_locator(plt.NullLocator())
    highest = max([point["ratio"] for cost in costs for point in cost["model"]] + [axes.get_ylim()[1]])
    axes.set_ylim(0.5, 2 * highest)
    style.log_axis(axes.yaxis, fine=True)
    axes.set_ylabel(f"{WORDS[workload]}, times the control (logarithmic)", fontsize=layout.LABEL)
