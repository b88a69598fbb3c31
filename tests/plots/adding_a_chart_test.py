# SPDX-License-Identifier: Apache-2.0
"""The chart of docs/adding-a-chart.md is one file: it is drawn where that file is put, and nothing else is changed."""
import csv
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/findings/busy_loop.json"


class AddingAChart(unittest.TestCase):
    def setUp(self):
        page = (ROOT / "docs/adding-a-chart.md").read_text(encoding="utf-8")
        self.file = re.search(r"This is `plots/charts/(\w+\.py)`", page)[1]
        self.source = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
        scratch = tempfile.TemporaryDirectory(prefix="isolab-chart-")
        self.addCleanup(scratch.cleanup)
        self.place = pathlib.Path(scratch.name)

    def test_the_page_s_file_is_drawn(self):
        plots = self.place / "plots"
        (plots / "charts").mkdir(parents=True)
        for helper in (ROOT / "plots").glob("*.py"):
            shutil.copy(helper, plots)
        (plots / "charts" / self.file).write_text(self.source, encoding="utf-8")
        done = subprocess.run([sys.executable, plots / "render.py", GOLDEN, self.place / "out"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        name = re.search(r'^NAME = "(.*)"$', self.source, re.MULTILINE)[1]
        files = [pathlib.Path(line) for line in done.stdout.splitlines()]
        self.assertEqual({file.name for file in files}, {f"{name}.{kind}" for kind in ("png", "svg", "csv")})
        with open(self.place / "out" / f"{name}.csv", newline="", encoding="utf-8") as file:
            bars = [float(row["x"]) for row in csv.DictReader(file) if row["kind"] == "bar"]
        metric = re.search(r'^METRIC = "(.*)"$', self.source, re.MULTILINE)[1]
        held = [one["value"] for one in json.loads(GOLDEN.read_text(encoding="utf-8"))["metrics"]
                if one["name"] == metric and one["labels"]["cpu"] == "all"]
        self.assertGreater(len(held), 1)
        self.assertEqual(len(bars), len(held))
        for drawn, value in zip(bars, held):
            self.assertAlmostEqual(drawn, value, delta=1e-6 * abs(value))

    def test_its_place_is_free(self):
        place = re.search(r"^PLACE = \d+$", self.source, re.MULTILINE)[0]
        for chart in (ROOT / "plots/charts").glob("*.py"):
            text = chart.read_text(encoding="utf-8")
            if 'DRAWS = "findings"' in text:
                self.assertNotIn(place + "\n", text, chart.name)


if __name__ == "__main__":
    unittest.main()
