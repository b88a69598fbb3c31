# SPDX-License-Identifier: Apache-2.0
"""How often gaps of at least some length come: log-log, one line per arm, idle in black.

Up to seven arms share a panel; more get a panel each, with all the others in grey behind.
"""
import math

import matplotlib.pyplot as plt

import style

NAME = "gap-ccdf"
DRAWS = "findings"
PLACE = 10
SHORTEST_US = 1.0  # below it the line is the loop's own rounds
ARMS_TOGETHER = 7
COLUMNS = 4


def line(axes, points, **look):
    """A step from each length to the next, from the shortest drawn to a tick at the longest."""
    xs, ys = zip((SHORTEST_US, points[0][1]), *points)
    axes.step(xs, ys, where="pre", markevery=max(1, len(points) // 8), **look)
    axes.plot(xs[-1], ys[-1], color=look["color"], marker="|", markersize=9, zorder=look.get("zorder", 2))


def log_log(axes):
    axes.set_xscale("log")
    axes.set_yscale("log")
    style.log_axis(axes.xaxis)
    style.log_axis(axes.yaxis)


def draw(findings):
    looks = style.looks(findings)
    lines = [(arm["arm"], [(x, y) for x, y in arm["ccdf"] if x >= SHORTEST_US])
             for arm in findings["series"]["arms"]]
    if not any(points for _, points in lines):
        return None
    if len(lines) > ARMS_TOGETHER:
        return draw_apart(findings, lines, looks)
    figure, axes = plt.subplots(figsize=(9.5, 5.5))
    for name, points in lines:
        if points:
            line(axes, points, label=name, **looks[name])
        else:
            axes.plot([], [], label=f"{name} (none over {SHORTEST_US:g} us)", **looks[name])
    log_log(axes)
    word = style.event_word(findings)
    axes.set_xlabel("length at least (us)")
    axes.set_ylabel(f"{word} per CPU-hour")
    style.title(axes, f"How often {word} of at least a length come; a line ends at its maximum", findings)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), handlelength=4)
    return figure


def draw_apart(findings, lines, looks):
    idle = [name for name, look in looks.items() if look["color"] == "black"]
    rows = math.ceil(len(lines) / COLUMNS)
    figure, grid = plt.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False,
                                figsize=(2.7 * COLUMNS + 1, 2.0 * rows + 1.1))
    for axes, (name, points) in zip((axes for row in grid for axes in row), lines):
        for other, others_points in lines:
            if others_points and other != name:
                thick = other in idle
                line(axes, others_points, color="black" if thick else "#c8c8c8",
                     linewidth=1.6 if thick else 0.6, zorder=3 if thick else 1)
        if points:
            look = {"color": "black" if name in idle else style.COLOURS[1], "linewidth": 2.0, "zorder": 5}
            line(axes, points, **look)
        log_log(axes)
        axes.set_title(name if points else f"{name} (none over {SHORTEST_US:g} us)", fontsize=8.5)
    style.label_lowest(grid, len(lines))
    word = style.event_word(findings)
    figure.supylabel(f"{word} per CPU-hour")
    style.finish(figure, f"How often {word} of at least a length come: this arm, idle (black) and the others "
                         "(grey)", findings, "length at least (us)")
    return figure
