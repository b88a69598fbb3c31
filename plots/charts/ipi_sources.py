# SPDX-License-Identifier: Apache-2.0
"""What other CPUs sent: stacked bars of IPIs per CPU-hour by class, a bar for each arm and CPU."""
import classes_style
import layout
import style

NAME = "ipi-sources"
DRAWS = "findings"
PLACE = 50
CPUS_DRAWN = 4


def rates_of(cpu):
    """Class -> IPIs per CPU-hour; callbacks that shared an IPI count with the first."""
    rates = {}
    for cause in cpu["causes"]:
        if cause["ipis"] and cpu["exposure_s"] > 0:
            rate = cause["ipis"] * 3600 / cpu["exposure_s"]
            rates[cause["class"]] = rates.get(cause["class"], 0) + rate
    return rates


def total_of(cpu):
    return sum(rates_of(cpu).values())


def classes_of(cpus):
    return classes_style.in_order({klass for cpu in cpus for klass in rates_of(cpu)})


def table(findings):
    """Of every CPU, drawn or not."""
    cpus = classes_style.cpus_of(findings)
    for klass in classes_of(cpus):
        for place, cpu in enumerate(cpus):
            yield "0", classes_style.words(klass), "bar", rates_of(cpu).get(klass, 0), place, classes_style.name_of(cpu)


def draw(findings):
    all_cpus = classes_style.cpus_of(findings)
    in_all = layout.ROWS_MOST
    cpus, most = classes_style.foremost(all_cpus, total_of, CPUS_DRAWN if len(all_cpus) > in_all else in_all, in_all)
    classes = classes_of(cpus)
    if not classes:
        return None
    figure, (axes,), _ = layout.rows(classes_style.row_names(cpus))
    lengths = classes_style.stacked_bars(axes, [rates_of(cpu) for cpu in cpus], classes)
    for place, total in enumerate(lengths):
        axes.text(total, place, f" {style.short_number(float(f'{total:.3g}'))}", va="center", fontsize=7.5)
    axes.set_xlim(0, max(lengths) * 1.08)
    style.linear_axis(axes.xaxis, 8)
    style.finish(figure, "IPIs received by the measured CPUs, by class", findings, "IPIs received per CPU-hour", "",
                 "Over the traced windows of an arm; callbacks that shared an IPI count once, with the first"
                 + classes_style.left_out(all_cpus, most, "with the most IPIs"), classes_style.legend(classes))
    return figure
