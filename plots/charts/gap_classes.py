# SPDX-License-Identifier: Apache-2.0
"""When which class opened a gap: a panel per traced arm and CPU, the repeats one after the other."""
import classes_style
import layout
import style

NAME = "gap-classes"
DRAWS = "findings"
PLACE = 60
CPUS_DRAWN = 4
PANELS_DRAWN = 60


def draw(findings):
    all_cpus = [cpu for cpu in classes_style.cpus_of(findings) if any(track["gaps"] for track in cpu["tracks"])]
    cpus, most = classes_style.foremost(all_cpus, lambda cpu: cpu["lost_us"], CPUS_DRAWN, PANELS_DRAWN)
    if not cpus:
        return None
    figure, places, inches = layout.panels(len(cpus), layout.columns_for(len(cpus), 0.5, 5), 1.15, 1.5, sharex=True, sharey=True)
    seen = {}
    for axes, cpu in zip(places, cpus):
        seen.update(panel(axes, cpu))
        layout.name_panel(axes, classes_style.name_of(cpu), inches)
    places[0].set_yscale("log")  # and so all, which share its axes
    style.log_axis(places[0].yaxis, style.duration)
    order = classes_style.in_order(seen)
    style.finish(figure, "Gaps over time, by the class that took most of a gap", findings,
                 "observation time (s); a dotted line begins the next repeat", "gap length (logarithmic)",
                 "A mark is the longest gap in each 1/400 of a window"
                 + classes_style.left_out(all_cpus, most, "that lost the most time"),
                 ([seen[klass] for klass in order], order))
    return figure


def panel(axes, cpu):
    """The marks of one CPU; class -> a line of its look."""
    seen = {}
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
    return seen
