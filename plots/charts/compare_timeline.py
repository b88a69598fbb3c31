# SPDX-License-Identifier: Apache-2.0
"""When gaps came in one session of each group: a panel per CPU, arm and group on the same axes."""
import math

import matplotlib.pyplot as plt

import compare_style
import style

NAME = "compare-timeline"
DRAWS = "comparison"
PLACE = 60
CPUS_DRAWN = 4
PANELS_DRAWN = 16


def panels_of(comparison):
    """[(title, group, tracks)]; of many CPUs those with the longest gaps in any group."""
    out = []
    for title, groups in compare_style.arms_of(comparison):
        longest = {}
        for one in groups:
            for track in one["tracks"]:
                most = max((y for _, y in track["points"]), default=0)
                longest[track["cpu"]] = max(most, longest.get(track["cpu"], 0))
        for cpu in sorted(sorted(longest, key=lambda cpu: -longest[cpu])[:CPUS_DRAWN]):
            for one in groups:
                tracks = sorted((track for track in one["tracks"] if track["cpu"] == cpu),
                                key=lambda track: track["repeat"])
                name = f"{title}: {one['group']}" if title else one["group"]
                out.append((f"{name}, CPU {cpu}", one["group"], tracks))
    return out[:PANELS_DRAWN]


def draw(comparison):
    panels = panels_of(comparison)
    lengths = [y for _, _, tracks in panels for track in tracks for _, y in track["points"]]
    if not lengths:
        return None
    looks = compare_style.looks(comparison)
    figure, grid = plt.subplots(len(panels), 1, sharex=True, sharey=True, squeeze=False,
                                figsize=(9.2, 1.15 * len(panels) + 1.4))
    for axes, (title, group, tracks) in zip((line[0] for line in grid), panels):
        start = 0.0
        for number, track in enumerate(tracks):
            if number:
                axes.axvline(start, color="#808080", linestyle=":", linewidth=1)
            if track["points"]:
                xs, ys = zip(*track["points"])
                axes.vlines([start + x for x in xs], 10 ** math.floor(math.log10(min(lengths) * 0.8)), ys, color=looks[group]["color"],
                            linewidth=0.5, alpha=0.5)
                axes.plot([start + x for x in xs], ys, ".", color=looks[group]["color"], markersize=3)
            start += track["seconds"]
        axes.set_yscale("log")
        axes.set_ylim(10 ** math.floor(math.log10(min(lengths) * 0.8)), 10 ** math.ceil(math.log10(max(lengths) * 1.2)))
        style.log_axis(axes.yaxis)
        total = sum(track["gaps"] for track in tracks)
        axes.set_title(f"{title}: " + f"{total:,} gaps".replace(",", " "), fontsize=8.5)
    figure.supylabel("length of a gap (us, logarithmic)")
    compare_style.finish(figure, "When gaps came (of many the longest of each moment)", comparison,
                         "time listened (s) in the first session; dotted: the next repeat begins")
    return figure
