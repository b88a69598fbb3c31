# SPDX-License-Identifier: Apache-2.0
"""What other CPUs sent: stacked bars of IPIs per CPU-hour by class, a bar per arm and group."""
import classes_style
import compare_style
import layout
import style

NAME = "compare-ipis"
DRAWS = "comparison"
PLACE = 30


def draw(comparison):
    bars = [(f"{title}: {one['group']}" if title else one["group"], one["ipi_classes"])
            for title, groups in compare_style.arms_of(comparison) for one in groups]
    classes = classes_style.in_order({klass for _, rates in bars for klass, rate in rates.items() if rate > 0})
    if not classes:
        return None
    figure, (axes,), _ = layout.rows([name for name, _ in bars])
    lengths = classes_style.stacked_bars(axes, [rates for _, rates in bars], classes)
    for place, total in enumerate(lengths):
        axes.text(total, place, f" {style.short_number(float(f'{total:.3g}'))}", va="center", fontsize=7.5)
    axes.set_xlim(0, max(lengths) * 1.08)
    style.linear_axis(axes.xaxis, 8)
    compare_style.finish(figure, "IPIs received by the measured CPUs, by class", comparison,
                         "IPIs received per CPU-hour", "", "All sessions of a group together",
                         classes_style.legend(classes))
    return figure
