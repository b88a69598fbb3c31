# SPDX-License-Identifier: Apache-2.0
"""Where the time went: a waterfall from all lost time down to zero, a panel per traced arm and CPU."""
import matplotlib.pyplot as plt

import classes_style
import style

NAME = "noise-budget"
DRAWS = "findings"
PLACE = 70
CPUS_DRAWN = 4


def losses_of(cpu):
    """[(class, us per second of wall time)], the largest first, without useful time."""
    wall = cpu["budget"]["wall_s"]
    return [(part["name"], 1e6 * part["seconds"] / wall) for part in cpu["budget"]["parts"]
            if part["name"] != "useful" and part["ticks"] and wall > 0]


def amount_text(us):
    return style.plain_number(float(f"{us:.3g}")) if us >= 0.01 else f"{us:.2g}"


def draw(findings):
    chosen = {}
    for cpu in classes_style.cpus_of(findings):
        if losses_of(cpu):
            chosen.setdefault(cpu["arm"], []).append(cpu)
    panels = [cpu for cpus in chosen.values()
              for cpu in sorted(cpus, key=lambda cpu: -cpu["lost_us"])[:CPUS_DRAWN]]
    if not panels:
        return None
    most = max(len(losses_of(cpu)) for cpu in panels)
    longest = max(sum(amount for _, amount in losses_of(cpu)) for cpu in panels)
    figure, grid = plt.subplots(len(panels), 1, sharex=True, squeeze=False,
                                figsize=(8.6, len(panels) * (0.23 * most + 0.9) + 0.9))
    for axes, cpu in zip((line[0] for line in grid), panels):
        losses = losses_of(cpu)
        names = ["all lost time"] + [classes_style.words(name) for name, _ in losses]
        total = sum(amount for _, amount in losses)
        axes.barh(0, total, color="black")
        axes.text(total, 0, " " + amount_text(total), va="center", fontsize=7.5)
        left = total
        for place, (name, amount) in enumerate(losses, start=1):
            left -= amount
            colour, hatch, _ = classes_style.look(name)
            axes.barh(place, amount, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.4)
            axes.text(left + amount, place, " " + amount_text(amount), va="center", fontsize=7.5)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.invert_yaxis()
        axes.set_xlim(0, longest * 1.12)
        axes.tick_params(axis="x", labelbottom=True)
        axes.xaxis.set_major_formatter(style.FuncFormatter(style.plain_number))
        axes.grid(axis="y", visible=False)
        axes.set_title(f"{cpu['arm']}, CPU {cpu['cpu']}", fontsize=8.5)
    style.finish(figure, "Noise budget: lost time by cause", findings,
                 "time lost (us per second of wall time)")
    return figure
