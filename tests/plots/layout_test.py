# SPDX-License-Identifier: Apache-2.0
"""Every chart can be read in a mail and on a slide: 1,200 pixels wide, not too tall, every text inside the picture
and beside the others; whatever the number of arms and CPUs and the length of names."""
import itertools
import json
import pathlib
import re
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "plots"), str(HERE)]

import classes_style  # noqa: E402
import layout  # noqa: E402
import render  # noqa: E402
import sample_findings  # noqa: E402
import style  # noqa: E402
import words  # noqa: E402

WIDTH, TALLEST = 1200, 1600
LONG = "a_workload_with_a_long_name parameter=value another=1234567890 ab"  # as long as words.py leaves one


def golden(path):
    return json.loads((ROOT / "tests/golden" / path).read_text(encoding="utf-8"))


def full(arms, cpus=1):
    """Findings for every chart, with little in each panel."""
    out = sample_findings.with_busy_trace(sample_findings.sample(arms=arms, cpus=cpus, repeats=1, least_gaps=3), cpus)
    for arm in out["series"]["arms"]:
        arm["histogram"] = arm["histogram"][:10] + [7] * 10
    return sample_findings.with_page_costs(out)


def long_names(data, names):
    return sample_findings.renamed(data, {name: f"{place:02}{LONG}"[:words.LONGEST] for place, name in enumerate(names)})


def figures(data):
    """(name, figure) of every chart that is drawn of it, as render.py draws it."""
    data = words.Words().drawable(data)
    for chart in render.charts("comparison" if data.get("kind") == "comparison" else "findings"):
        style.set_up()
        figure = chart.draw(data)
        if figure is not None:
            figure.draw_without_rendering()
            yield chart.NAME, figure
            style.plt.close(figure)


def tick_labels(axis):
    low, high = sorted(axis.get_transform().transform(axis.get_view_interval()))
    slack = 1e-6 * (high - low)
    return [tick.label1 for tick in axis.get_major_ticks() + axis.get_minor_ticks()
            if low - slack <= axis.get_transform().transform(tick.get_loc()) <= high + slack]


def boxes(figure):
    """[(text, its box in pixels)] of all that can be seen."""
    texts = list(figure.texts) + [text for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        if axes.get_visible():
            texts += list(axes.texts) + [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
            texts += tick_labels(axes.xaxis) + tick_labels(axes.yaxis)
    renderer = figure.canvas.get_renderer()
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts
            if text.get_visible() and text.get_text().strip()]


class Layout(unittest.TestCase):
    def check(self, data, tallest=TALLEST, charts=()):
        drawn = set()
        for name, figure in figures(data):
            drawn.add(name)
            with self.subTest(name):
                width, height = figure.get_size_inches() * figure.dpi
                self.assertEqual(width, WIDTH)
                self.assertLessEqual(height, tallest)
                self.assertGreaterEqual(height, 250)
                found = boxes(figure)
                for text, box in found:
                    self.assertTrue(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height,
                                    f"{text!r} is cut: {box}")
                for (text, box), (other, other_box) in itertools.combinations(found, 2):
                    across = min(box.x1, other_box.x1) - max(box.x0, other_box.x0)
                    down = min(box.y1, other_box.y1) - max(box.y0, other_box.y0)
                    self.assertFalse(across > 1 and down > 1, f"{text!r} and {other!r} overlap: {box} {other_box}")
                panels = [axes.get_window_extent() for axes in figure.axes if axes.get_visible()]
                for legend in figure.legends:
                    box = legend.get_window_extent()
                    self.assertGreaterEqual(box.y0, 0, "the legend is cut")
                    self.assertGreaterEqual(box.x0, max(panel.x1 for panel in panels), "the legend covers a panel")
                for panel in panels:
                    self.assertGreater(min(panel.width, panel.height), 45, "nothing is left of a panel")
        self.assertLessEqual(set(charts), drawn)

    def test_fifteen_arms_are_a_slide_or_nearly(self):
        self.check(full(15), 750, ["noise-budget", "gap-classes", "ipi-sources", "interrupts", "page-cost", "time-per-page",
                                   "latency-histogram", "gap-ccdf", "gaps-over-time"])

    def test_one_arm_of_two_cpus(self):
        self.check(full(1, 2), charts=["noise-budget", "gap-classes", "ipi-sources", "interrupts"])

    def test_forty_arms_with_long_names(self):
        data = full(40)
        for arm in data["series"]["arms"]:
            arm["interrupts"].update({f"irq {number} {LONG}"[:words.LONGEST]: 1e6 / number for number in range(1, 9)})
        names = [arm["name"] for arm in data["arms"][1:]]
        self.check(long_names(data, names + ["sample", "6.12.1", "plain pages=16", "secret pages=16"]))

    def test_many_cpus_and_long_names(self):
        self.check(long_names(full(4, 64), sample_findings.ARMS[1:4] + ["sample", "6.12.1"]), charts=["noise-budget", "ipi-sources"])

    def test_emulated(self):
        data = full(3)
        data["run"]["facts"]["cpu.emulated"] = "yes: TCG"
        data["series"]["tracks"] = []
        for arm in data["series"]["arms"]:
            arm.update(ccdf=[], histogram=[], histogram_overflow=0)
        for cpu in data["interruptions"]["cpus"]:
            cpu["budget"] = {"wall_s": 0, "parts": []}
            cpu["tracks"] = []
        self.check(data, charts=["interrupts", "ipi-sources"])
        for _, figure in figures(data):
            self.assertIn("emulated: times withheld", figure.texts[1].get_text())
            self.assertNotIn("observation time", figure.texts[1].get_text())

    def test_comparisons(self):
        self.check(golden("compare/letter.json"), 760, ["compare-ccdf", "compare-histogram", "compare-ipis", "compare-sessions",
                                                        "compare-timeline"])
        self.check(sample_findings.with_scaling(golden("compare/letter.json")), charts=["compare-scaling"])

    def test_comparisons_with_long_names(self):
        names = ["base", "patched", "rteval_load", "lpc2022", "6.12.1", "build", "cpus", "do_flush_tlb_all"]
        self.check(long_names(sample_findings.with_arms(golden("compare/letter.json"), 6), names))
        self.check(long_names(sample_findings.with_scaling(golden("compare/letter.json")), names))


class Texts(unittest.TestCase):
    def test_what_fits_is_left_alone(self):
        self.assertEqual(layout.fitted("kernel_build", 2.0, 9), "kernel_build")

    def test_broken_after_a_sign_and_whole(self):
        lines = layout.fitted(LONG, 2.6, 8.5, 4).split("\n")
        self.assertGreater(len(lines), 1)
        self.assertEqual("".join(lines).replace(" ", ""), LONG.replace(" ", ""))
        for line in lines:
            self.assertLessEqual(layout.text_inches(line, 8.5), 2.6)

    def test_shortened_in_the_middle(self):
        short = layout.fitted("W" * 40 + "1", 1.0, 9)
        self.assertTrue(short.startswith("W") and short.endswith("W1") and "…" in short, short)
        self.assertLessEqual(layout.text_inches(short, 9), 1.0)

    def test_widths_are_those_of_the_renderer(self):
        figure = style.plt.figure()
        for text in ("kernel_build target=kernel/", "WWW iii", "10 ms"):
            drawn = figure.text(0, 0, text, fontsize=9).get_window_extent(figure.canvas.get_renderer()).width / figure.dpi
            self.assertAlmostEqual(layout.text_inches(text, 9), drawn, delta=0.06 * drawn + 0.02)

    def test_less_than_two_decades_have_numbers(self):
        for low, high, least in ((40, 90, 1), (3, 8, 1), (8, 120, 2), (1, 1e4, 3)):
            figure, axes = style.plt.subplots()
            axes.set_yscale("log")
            axes.set_ylim(low, high)
            style.log_axis(axes.yaxis, style.duration)
            figure.draw_without_rendering()
            self.assertGreaterEqual(len(tick_labels(axes.yaxis)), least, (low, high))
            style.plt.close()

    def test_lengths_have_units(self):
        self.assertEqual([style.duration(us) for us in (0.1, 1, 10, 1000, 10000, 1e6)],
                         ["100 ns", "1 us", "10 us", "1 ms", "10 ms", "1 s"])


class Colours(unittest.TestCase):
    def test_neighbours_in_a_stack_differ_in_grey_print(self):
        """By brightness, or by hatch."""
        def grey(colour):
            red, green, blue = (int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5))
            return 0.299 * red + 0.587 * green + 0.114 * blue
        for first, second in zip(classes_style.ORDER, classes_style.ORDER[1:]):
            one, two = classes_style.look(first), classes_style.look(second)
            self.assertTrue(abs(grey(one[0]) - grey(two[0])) > 0.1 or one[1] != two[1], (first, second))

    def test_a_class_has_one_colour_in_charts_and_pages(self):
        """The seventh is another grey in pages, which have a dark ground too."""
        script = (ROOT / "report/html/assets/gaps.js").read_text(encoding="utf-8")

        def listed(name):
            return re.findall(r'"([^"]+)"', re.search(rf"const {name} = \[(.*?)\];", script, re.DOTALL)[1])
        self.assertEqual(listed("ORDER"), classes_style.ORDER)
        self.assertEqual(listed("COLOURS")[:6], style.COLOURS[:6])
        self.assertEqual(len(listed("COLOURS")), len(style.COLOURS))


if __name__ == "__main__":
    unittest.main()
