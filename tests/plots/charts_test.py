# SPDX-License-Identifier: Apache-2.0
"""Charts are drawn from findings alone, say what they show, and are the same bytes each time."""
import csv
import json
import pathlib
import re
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "plots"), str(HERE)]

import classes_style  # noqa: E402
import render  # noqa: E402
import sample_findings  # noqa: E402

KINDS = ("png", "svg", "csv")
# Of charts that every recording with a probe has: what they say. Charts are found, not listed.
AXES = {"gap-ccdf": ["gap length, at least", "10 us", "gaps per CPU-hour"],
        "latency-histogram": ["gap length (us)", "loop iterations", "overflow"],
        "interrupts": ["interrupts per CPU-hour", "function_call", "timer"],
        "gaps-over-time": ["observation time (s)", "gap length", "10 us"]}


def golden(path):
    return json.loads((ROOT / "tests/golden" / path).read_text())


def bare(text):
    """Without white space: a text that is broken in lines is still that text."""
    return "".join(text.split())


def texts(svg):
    """All texts of a picture, one after the other."""
    return bare("".join(re.findall(r"<text[^>]*>(.*?)</text>", svg.read_text(encoding="utf-8"), re.DOTALL)))


class Charts(unittest.TestCase):
    def draw(self, findings):
        place = tempfile.TemporaryDirectory(prefix="isolab-charts-")
        self.addCleanup(place.cleanup)
        return {path.name: path for path in render.render(findings, pathlib.Path(place.name))}

    def test_every_chart_is_drawn_in_each_format(self):
        names = set()
        traced = sample_findings.with_trace(sample_findings.sample(arms=3))
        for drawn in (golden("findings/busy_loop.json"), sample_findings.with_page_costs(traced),
                      golden("compare/letter.json"), sample_findings.with_scaling(golden("compare/letter.json"))):
            files = self.draw(drawn)
            charts = {path.stem for path in files.values()}
            self.assertEqual(set(files), {f"{name}.{kind}" for name in charts for kind in KINDS})
            for path in files.values():
                self.assertGreater(path.stat().st_size, 40 if path.suffix == ".csv" else 8000, path.name)
                self.assertLess(path.stat().st_size, 2_000_000, path.name)
                if path.suffix == ".png":
                    self.assertEqual(path.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
            names |= charts
        found = {draws: render.charts(draws) for draws in ("findings", "comparison")}
        self.assertEqual(names, {chart.NAME for charts in found.values() for chart in charts})
        self.assertEqual(len(names), len(list((ROOT / "plots/charts").glob("*.py"))))
        for charts in found.values():
            self.assertEqual(len({chart.PLACE for chart in charts}), len(charts), "two charts of one place")

    def test_charts_say_what_they_show_with_sixteen_arms(self):
        files = self.draw(sample_findings.sample(arms=16))
        for name in AXES:
            text = texts(files[f"{name}.svg"])
            for words in AXES[name] + ["Linux 6.12.1", "observation time 60 s per arm"] + sample_findings.ARMS:
                self.assertIn(bare(words), text, f"{name} does not show {words}")

    def test_wake_ups_are_not_called_gaps(self):
        findings = sample_findings.sample(arms=2)
        findings["run"]["probe_kind"] = "wakeup"
        for name, path in self.draw(findings).items():
            if path.suffix == ".svg" and not name.startswith("interrupts"):
                self.assertIn("latency", texts(path), name)
                self.assertNotIn("gap", texts(path), name)

    def test_same_findings_same_bytes(self):
        findings = sample_findings.sample(arms=3, cpus=2)
        first, second = self.draw(findings), self.draw(findings)
        for name, path in first.items():
            self.assertEqual(path.read_bytes(), second[name].read_bytes(), name)

    def test_overflow_is_drawn_with_its_count(self):
        findings = sample_findings.sample(arms=2)
        findings["series"]["arms"][0]["histogram_overflow"] = 4711
        self.assertIn("4 711", self.draw(findings)["latency-histogram.svg"].read_text())

    def test_without_data_there_is_no_chart(self):
        findings = sample_findings.sample(arms=1)
        findings["series"] = {"arms": [], "tracks": []}
        self.assertEqual(self.draw(findings), {})

    def test_arms_without_probe_still_show_interrupts(self):
        findings = sample_findings.sample(arms=3)
        findings["series"]["tracks"] = []
        for arm in findings["series"]["arms"]:
            arm.update(ccdf=[], histogram=[], histogram_overflow=0)
        self.assertEqual(set(self.draw(findings)), {"interrupts.png", "interrupts.svg", "interrupts.csv"})

    def test_csv_holds_what_is_drawn(self):
        findings = sample_findings.sample(arms=2)
        with open(self.draw(findings)["gap-ccdf.csv"], newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        drawn = [(float(row["x"]), float(row["y"])) for row in rows if row["series"] == "static_key_toggle"]
        held = [tuple(point) for point in findings["series"]["arms"][1]["ccdf"] if point[0] >= 1]
        self.assertEqual(len(drawn), len(held) + 1)  # and the step from the left edge
        for (x, y), (held_x, held_y) in zip(drawn[1:], held):
            self.assertAlmostEqual(x, held_x, delta=1e-6 * held_x)
            self.assertAlmostEqual(y, held_y, delta=1e-6 * held_y)

    def test_csv_is_what_it_was(self):
        """A chart may be drawn in another way; who reads its CSV finds the same numbers in the same columns."""
        for data in ("findings/busy_loop.json", "compare/letter.json"):
            for name, path in self.draw(golden(data)).items():
                if path.suffix == ".csv":
                    kept = ROOT / "tests/golden/charts" / name
                    self.assertEqual(path.read_text(encoding="utf-8"), kept.read_text(encoding="utf-8"), name)

    def test_csv_of_the_noise_budget_is_a_waterfall(self):
        findings = sample_findings.with_trace(sample_findings.sample(arms=2))
        rows = self.draw(findings)["noise-budget.csv"].read_text(encoding="utf-8").splitlines()
        self.assertEqual(rows, ["panel,series,kind,x,y,name",
                                '"idle, CPU 1",,bar,3333.33333,0,all lost time',
                                '"idle, CPU 1",,bar,2333.33333,1,kernel_tlb',
                                '"idle, CPU 1",,bar,1000,2,tick'])

    def test_csv_of_ipis_has_every_cpu(self):
        findings = sample_findings.with_busy_trace(sample_findings.sample(arms=2, cpus=64, repeats=1, least_gaps=1), 64)
        with open(self.draw(findings)["ipi-sources.csv"], newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual({row["name"] for row in rows}, {f"{arm}, CPU {cpu}" for arm in sample_findings.ARMS[:2] for cpu in range(1, 65)})

    def test_the_gallery_shows_every_chart(self):
        page = (ROOT / "docs/charts.md").read_text(encoding="utf-8")
        sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
        names = [chart.NAME for draws in ("findings", "comparison") for chart in render.charts(draws)]
        self.assertEqual(list(sections), names, "a section for each chart, in the order of their places")
        pictures = ROOT / "docs/images/charts"
        for name, text in sections.items():
            self.assertRegex(text, rf"^\*.*\?\*[^!]+!\[[^]]+\]\(images/charts/{name}\.png\)\s*$", "question, reading, picture")
            self.assertTrue((pictures / f"{name}.png").is_file(), name)
        self.assertEqual({path.name for path in pictures.iterdir()}, {f"{name}.png" for name in names})
        self.assertLess(sum(path.stat().st_size for path in pictures.iterdir()), 1_000_000)

    def test_no_two_classes_look_alike(self):
        looks = [classes_style.look(klass) for klass in classes_style.ORDER + ["of no list"]]
        for first, second in ((0, 1), (0, 2)):  # bars: colour and hatch; points: colour and marker
            pairs = [(look[first], look[second]) for look in looks]
            self.assertEqual(len(set(pairs)), len(looks))
        self.assertEqual(len({look[0] for look in looks}), len(looks))

    def test_charts_of_a_comparison_say_what_they_show(self):
        files = self.draw(golden("compare/letter.json"))
        for name, path in files.items():
            if path.suffix != ".svg":
                continue
            text = texts(path)
            for words in ("6 + 6 sessions", "Linux 6.12.1 / 6.12.1-deferred"):
                self.assertIn(bare(words), text, f"{name} does not show {words}")
        self.assertIn("workload_system_time", files["compare-sessions.svg"].read_text())

    def test_scaling_is_drawn_where_there_is_an_axis(self):
        files = self.draw(sample_findings.with_scaling(golden("compare/letter.json")))
        self.assertEqual(set(files), {f"compare-scaling.{kind}" for kind in KINDS})
        self.assertIn("ratio to the base", files["compare-scaling.svg"].read_text())

    def test_cost_of_a_page_marks_what_was_not_measured(self):
        files = self.draw(sample_findings.with_page_costs(sample_findings.sample(arms=3)))
        text = texts(files["page-cost.svg"])
        for words in ["secret against memfd: measured x6.00", "x2.61", "x26.4",
                      "EXTRAPOLATED with this machine's cost of an IPI: not measured",
                      "system time of a kernel build, times the control", "CPUs online"]:
            self.assertIn(bare(words), text)
        text = texts(files["time-per-page.svg"])
        for words in ["time per page (us", "secret pages=16", "20.5", "95 % interval of that median"]:
            self.assertIn(bare(words), text)

    def test_one_cpu_has_no_model_to_draw(self):
        findings = sample_findings.with_page_costs(sample_findings.sample(arms=3))
        findings["page_costs"]["compared"][0]["model"] = []
        self.assertNotIn("page-cost.png", self.draw(findings))

    def test_one_arm_has_no_time_per_page_to_stand_beside(self):
        findings = sample_findings.with_page_costs(sample_findings.sample(arms=3))
        findings["metrics"] = [one for one in findings["metrics"] if one["labels"].get("arm") != "plain pages=16"]
        files = self.draw(findings)
        self.assertNotIn("time-per-page.png", files)
        self.assertIn("page-cost.png", files)

    def test_names_of_others_are_drawn_as_they_are(self):
        hostile = ["$\\frac{$", "$5 and $6", "a\x1b[2J\x00\nb", "_hidden", "\u202eback", "\ud800", "x" * 5000 + "1", "x" * 5000 + "2",
                   "<script>alert(1)</script>", "\u4e2d"]
        shown = ["$\\frac{$", "$5 and $6", "a\\x1b[2J\\x00\\x0ab", "_hidden", "\\u202eback", "\\ud800",
                 "x" * 40 + "..." + "x" * 20 + "1", "x" * 40 + "..." + "x" * 20 + "2",
                 "&lt;script&gt;alert(1)&lt;/script&gt;", "\u4e2d"]
        findings = sample_findings.with_page_costs(sample_findings.sample(arms=1 + len(hostile), cpus=2))
        text = json.dumps(findings)
        for arm, name in zip(sample_findings.ARMS[1:], hostile):
            text = text.replace(json.dumps(arm), json.dumps(name))
        findings = json.loads(text)
        findings["run"]["profile"] = "$profile\\undefined{$"
        findings["run"]["facts"]["kernel.release"] = "6.12$_\\q$\x07"
        for arm in findings["series"]["arms"]:
            arm["interrupts"]["irq $\\frac{$"] = 5.0
        files = self.draw(findings)
        self.assertLessEqual(set(AXES), {name.rsplit(".")[0] for name in files})
        for name in AXES:
            svg = files[f"{name}.svg"].read_text(encoding="utf-8")
            for words in shown + ["$profile\\undefined{$", "Linux 6.12$_\\q$\\x07"]:
                self.assertIn(bare(words), texts(files[f"{name}.svg"]), f"{name} does not show {words}")
            self.assertNotIn("<script", svg)
            self.assertEqual([c for c in svg + files[f"{name}.csv"].read_text(encoding="utf-8") if c < " " and c != "\n"], [])
        self.assertIn("irq $\\frac{$", files["interrupts.svg"].read_text(encoding="utf-8"))

    def test_refuses_what_is_not_findings(self):
        with tempfile.TemporaryDirectory() as place:
            path = pathlib.Path(place) / "findings.json"
            for text in ("{", '{"schema": 99}'):
                path.write_text(text)
                self.assertEqual(render.main([str(path), place]), 1)
            self.assertEqual(render.main([str(path.with_name("absent")), place]), 1)


if __name__ == "__main__":
    unittest.main()
