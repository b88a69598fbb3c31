# SPDX-License-Identifier: Apache-2.0
"""When which class opened a gap: a panel per traced arm and CPU, the repeats one after the other."""
import matplotlib.pyplot as plt

import classes_style
import style

NAME = "gap-classes"
DRAWS = "findings"
PLACE = 60
CPUS_DRAWN = 4


def draw(findings):
    panels = [cpu for cpu in classes_style.cpus_of(findings)
              if any(track["gaps"] for track in cpu["tracks"])]
    drawn = {}
    for cpu in panels:
        drawn.setdefault(cpu["arm"], []).append(cpu)
    panels = [cpu for cpus in drawn.values()
              for cpu in sorted(cpus, key=lambda cpu: -cpu["lost_us"])[:CPUS_DRAWN]]
    if not panels:
        return None
    figure, grid = plt.subplots(len(panels), 1, sharex=True, sharey=True, squeeze=False,
                                figsize=(9.2, 1.5 * len(panels) + 1.6))
    seen = {}
    for axes, cpu in zip((line[0] for line in grid), panels):
        start = 0.0
        for number, track in enumerate(cpu["tracks"]):
            if number:
                axes.axvline(start, color="#808080", linestyle=":", linewidth=1)
            for klass in classes_style.in_order({gap[2] for gap in track["gaps"]}):
                colour, _, marker = classes_style.look(klass)
                points = [(start + gap[0], gap[1]) for gap in track["gaps"] if gap[2] == klass]
                seen[klass], = axes.plot(*zip(*points), linestyle="none", marker=marker, color=colour,
                                         markersize=4, markeredgecolor="black", markeredgewidth=0.3)
            start += track["seconds"]
        axes.set_yscale("log")
        style.log_axis(axes.yaxis)
        axes.set_title(f"{cpu['arm']}, CPU {cpu['cpu']}", fontsize=8.5)
    order = classes_style.in_order(seen)
    figure.legend([seen[klass] for klass in order],
                  [classes_style.words(klass) for klass in order],
                  loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.supylabel("length of a gap (us, logarithmic)")
    style.finish(figure, "What took most of the longest gap of each moment", findings,
                 "time listened (s); dotted: the next repeat begins")
    return figure
