# SPDX-License-Identifier: Apache-2.0
"""Charts are drawn from findings alone, say what they show, and are the same bytes each time."""
import json
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "plots"), str(HERE)]

import render  # noqa: E402
import sample_findings  # noqa: E402

NAMES = {"gap-ccdf", "latency-histogram", "interrupts", "gaps-over-time"}
AXES = {"gap-ccdf": ["length at least (us)", "gaps per CPU-hour"],
        "latency-histogram": ["length (us)", "rounds of the loop", "overflow"],
        "interrupts": ["interrupts per CPU-hour", "function_call", "timer"],
        "gaps-over-time": ["time listened (s)", "length of a gap (us"]}


class Charts(unittest.TestCase):
    def draw(self, findings):
        place = tempfile.TemporaryDirectory(prefix="isolab-charts-")
        self.addCleanup(place.cleanup)
        return {path.name: path for path in render.render(findings, pathlib.Path(place.name))}

    def test_golden_findings_give_every_chart(self):
        findings = json.loads((ROOT / "tests/golden/findings/busy_loop.json").read_text())
        files = self.draw(findings)
        self.assertEqual(set(files), {f"{name}.{kind}" for name in NAMES for kind in ("png", "svg")})
        for path in files.values():
            self.assertGreater(path.stat().st_size, 8000, path.name)
            self.assertLess(path.stat().st_size, 2_000_000, path.name)
            if path.suffix == ".png":
                self.assertEqual(path.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_charts_say_what_they_show_with_sixteen_arms(self):
        files = self.draw(sample_findings.sample(arms=16))
        for name in NAMES:
            text = files[f"{name}.svg"].read_text()
            for words in AXES[name] + ["Linux 6.12.1", "60 s heard per arm"] + sample_findings.ARMS:
                self.assertIn(words, text, f"{name} does not show {words}")

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
        self.assertEqual(set(self.draw(findings)), {"interrupts.png", "interrupts.svg"})

    def test_refuses_what_is_not_findings(self):
        with tempfile.TemporaryDirectory() as place:
            path = pathlib.Path(place) / "findings.json"
            for text in ("{", '{"schema": 99}'):
                path.write_text(text)
                self.assertEqual(render.main([str(path), place]), 1)
            self.assertEqual(render.main([str(path.with_name("absent")), place]), 1)


if __name__ == "__main__":
    unittest.main()
