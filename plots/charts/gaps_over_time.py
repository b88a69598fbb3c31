# SPDX-License-Identifier: Apache-2.0
"""When gaps came: small multiples, a panel per arm and CPU, the repeats one after the other."""
import matplotlib.pyplot as plt

import style

NAME = "gaps-over-time"
DRAWS = "findings"
PLACE = 40
CPUS_DRAWN = 4


def panels_of(findings):
    """[(arm, cpu, tracks)]: of many CPUs those with the longest gaps of the arm."""
    out = []
    for arm in findings["arms"]:
        by_cpu = {}
        for track in findings["series"]["tracks"]:
            if track["arm"] == arm["name"]:
                by_cpu.setdefault(track["cpu"], []).append(track)
        longest = {cpu: max((y for track in tracks for _, y in track["points"]), default=0)
                   for cpu, tracks in by_cpu.items()}
        chosen = sorted(sorted(by_cpu, key=lambda cpu: -longest[cpu])[:CPUS_DRAWN])
        out += [(arm["name"], cpu, by_cpu[cpu]) for cpu in chosen]
    return out


def draw(findings):
    panels = panels_of(findings)
    lengths = [y for _, _, tracks in panels for track in tracks for _, y in track["points"]]
    if not lengths:
        return None
    columns = 1 if len(panels) <= 4 else 2
    rows = -(-len(panels) // columns)
    figure, grid = plt.subplots(rows, columns, sharex=True, sharey=True, squeeze=False,
                                figsize=(5.2 * columns + 2.4 * (columns == 1) + 1, 1.25 * rows + 1.2))
    places = [axes for line in grid for axes in line]
    idle = {arm["name"] for arm in findings["arms"] if arm["idle"]}
    for axes, (arm, cpu, tracks) in zip(places, panels):
        colour = "black" if arm in idle else style.COLOURS[0]
        start = 0.0
        total = 0
        for number, track in enumerate(sorted(tracks, key=lambda track: track["repeat"])):
            if number:
                axes.axvline(start, color="#808080", linestyle=":", linewidth=1)
            if track["points"]:
                xs, ys = zip(*track["points"])
                axes.vlines([start + x for x in xs], min(lengths) * 0.8, ys, color=colour, linewidth=0.5, alpha=0.5)
                axes.plot([start + x for x in xs], ys, ".", color=colour, markersize=3)
            start += track["seconds"]
            total += track["gaps"]
        axes.set_yscale("log")
        axes.set_ylim(min(lengths) * 0.8, max(lengths) * 1.6)
        style.log_axis(axes.yaxis)
        axes.set_title(f"{arm}, CPU {cpu}: " + f"{total:,} gaps".replace(",", " "), fontsize=8.5)
    style.label_lowest(grid, len(panels))
    figure.supylabel("length of a gap (us, logarithmic)")
    style.finish(figure, "When gaps came (of many the longest of each moment)", findings,
                 "time listened (s); dotted: the next repeat begins")
    return figure
