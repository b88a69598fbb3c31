# SPDX-License-Identifier: Apache-2.0
"""Where the time went: lost time stacked by class, a row for each traced arm, the idle arm first; on the left all
of it, on the right the same axis as far as 95 % of the rows reach. The CSV lists each row from its total down."""
import classes_style
import layout
import style

NAME = "noise-budget"
DRAWS = "findings"
PLACE = 70
CPUS_DRAWN = 4
ZOOM = 0.95  # the share of the rows that the second panel shows whole
WORTH = 1.25  # there is a second panel where the longest bar is so many times what it would show


def losses_of(cpu):
    """[(class, us per second of wall time)], the largest first, without useful time."""
    wall = cpu["budget"]["wall_s"]
    return [(part["name"], 1e6 * part["seconds"] / wall) for part in cpu["budget"]["parts"]
            if part["name"] != "useful" and part["ticks"] and wall > 0]


def total_of(cpu):
    return sum(amount for _, amount in losses_of(cpu))


def with_losses(findings):
    return [cpu for cpu in classes_style.cpus_of(findings) if losses_of(cpu)]


def table(findings):
    cpus, _ = classes_style.foremost(with_losses(findings), lambda cpu: cpu["lost_us"], CPUS_DRAWN)
    for cpu in cpus:
        lines = [("all lost time", total_of(cpu))] + losses_of(cpu)
        for place, (name, amount) in enumerate(lines):
            yield classes_style.name_of(cpu), "", "bar", amount, place, name


def draw(findings):
    all_cpus = with_losses(findings)
    cpus, most = classes_style.foremost(all_cpus, lambda cpu: cpu["lost_us"], CPUS_DRAWN, layout.ROWS_MOST)
    if not cpus:
        return None
    idle = {arm["name"] for arm in findings["arms"] if arm["idle"]}
    cpus.sort(key=lambda cpu: cpu["arm"] not in idle)
    bars = [dict(losses_of(cpu)) for cpu in cpus]
    totals = sorted(sum(bar.values()) for bar in bars)
    whole = totals[max(0, min(len(totals) - 2, int(ZOOM * len(totals)) - 1))]  # the longest bar that the zoom shows whole
    zoomed = totals[-1] > WORTH * whole
    classes = classes_style.in_order({klass for bar in bars for klass in bar})
    figure, places, inches = layout.rows(classes_style.row_names(cpus), 2 if zoomed else 1, 1.6)
    for axes, limit in zip(places, (totals[-1], whole)):
        panel(axes, bars, classes, limit)
    if zoomed:
        layout.name_panel(places[0], "all", inches)
        layout.name_panel(places[1], f"zoomed to {ZOOM * 100:.0f} % of the rows", inches)
    style.finish(figure, "Noise budget: time lost by class", findings, "time lost (us per second of wall time)", "",
                 note(findings, all_cpus, most), classes_style.legend(classes))
    return figure


def panel(axes, bars, classes, limit):
    """The bars as far as `limit`, and the length of each beside it, or over the one that goes on."""
    lengths = classes_style.stacked_bars(axes, bars, classes)
    axes.set_xlim(0, limit * 1.2)
    for place, total in enumerate(lengths):
        amount = style.short_number(float(f"{total:.3g}"))
        if total <= limit * 1.001:
            axes.text(total, place, f" {amount}", va="center", fontsize=7.5)
        else:
            axes.text(limit * 1.19, place, f"{amount} →", va="center", ha="right", fontsize=7.5,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})
    style.linear_axis(axes.xaxis)


def note(findings, cpus, most):
    traced = {cpu["arm"] for cpu in cpus}
    untraced = [arm["name"] for arm in findings["arms"] if arm["exposure_s"] > 0 and arm["name"] not in traced]
    return ("10k us/s are 1 % of the CPU, over the wall time of all traced windows. Number: the whole row; arrow: the bar goes on"
            + classes_style.left_out(cpus, most, "that lost the most time")
            + (f". Without trace, so without row: {', '.join(untraced)}" if untraced else ""))
