# SPDX-License-Identifier: Apache-2.0
"""The page that `isolab report --html` writes, in a real browser: its drawings, choices, sorting, zoom and stories, and
that nothing in a recording becomes markup or script.

  page_test.py ISOLAB WRITE_RECORDINGS     exit code 77: there is no Chromium
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import browser as chromium  # noqa: E402

HOSTILE = "</script><script>window.hurt=1</script><img src=x onerror=window.hurt=2>\u2028<!--"
COMM = "<b>x</b><script"  # TASK_COMM_LEN is 16 with its zero byte
ISOLAB = MAKE = None


def write_page(recording, page):
    subprocess.run([ISOLAB, "report", recording, "--html", page], check=True, stdout=subprocess.DEVNULL)
    return page


def make_hostile(recording):
    """The texts that a user or a foreign process chooses, in every file that has them."""
    for path in recording.rglob("*"):
        if path.name in ("plan.json", "manifest.json", "facts.json", "facts-after.json", "window.json"):
            text = json.loads(path.read_text())
            path.write_text(json.dumps(replaced(text)))
        elif path.name in ("comms", "saved_cmdlines"):
            path.write_text(re.sub(r"\bgenerator\b", COMM, path.read_text()))


def replaced(value, key=""):
    if isinstance(value, dict):
        return {name: replaced(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, key) for inner in value]
    if key in ("question", "cpu.model", "kernel.command_line", "command_line", "measured_why") and isinstance(value, str):
        return HOSTILE
    return value


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.enterClassContext(cls.scratch)
        place = pathlib.Path(cls.scratch.name)
        subprocess.run([MAKE, place / "made"], check=True)
        cls.recording = place / "made/toggle"
        cls.page = write_page(cls.recording, place / "toggle.html")
        cls.wakeups = write_page(place / "made/wakeups", place / "wakeups.html")
        cls.short = write_page(place / "made/short", place / "short.html")
        cls.history = place / "history.html"
        subprocess.run([ISOLAB, "history", "gaps_over_10us", "--in", place / "made", "--html", cls.history], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        hostile = place / "hostile"
        shutil.copytree(cls.recording, hostile)
        make_hostile(hostile)
        cls.hostile = write_page(hostile, place / "hostile.html")
        cls.browser = cls.enterClassContext(chromium.Browser(place))

    def setUp(self):
        self.open(self.page)

    def open(self, page):
        self.browser.open(page)
        self.assertEqual(self.browser.requests, [pathlib.Path(page).resolve().as_uri()])

    def tearDown(self):
        self.assertEqual(self.browser.complaints, [])
        self.assertEqual(self.browser.dialogs, [])

    def value(self, expression):
        return self.browser.value(expression)

    def box(self, selector):
        return self.value(f"(() => {{ const of = document.querySelector({json.dumps(selector)}); of.scrollIntoView("
                          "{block: 'center'}); const box = of.getBoundingClientRect();"
                          "return [box.left, box.top, box.width, box.height]; })()")

    def press(self, selector):
        left, top, width, height = self.box(selector)
        self.browser.click(left + width / 2, top + height / 2)

    def chip(self, name):
        self.value(f"[...document.querySelectorAll('#choose button')].find(of => of.textContent === {json.dumps(name)}).click()")

    def column(self, table, at):
        return self.value(f"[...document.querySelectorAll('table[data-name={table}] tbody tr')].filter(row => !row.hidden)"
                          f".map(row => row.cells[{at}].textContent)")

    def test_drawings_are_there_and_have_a_size(self):
        for selector in ("#timeline canvas", "#flamegraph svg", "#ccdf canvas"):
            _, _, width, height = self.box(selector)
            self.assertGreater(width, 800, selector)
            self.assertGreater(height, 50, selector)
        self.assertGreater(self.value("document.querySelectorAll('#flamegraph .frame').length"), 3)
        self.assertEqual(self.value("document.documentElement.scrollWidth <= innerWidth"), True)

    def test_a_table_is_sorted_by_a_click_and_back(self):
        before = self.column("causes", 8)
        self.press("table[data-name=causes] th:nth-child(9)")
        self.assertEqual(self.value("document.querySelector('table[data-name=causes] th:nth-child(9)').ariaSort"), "descending")
        down = self.column("causes", 8)
        numbers = self.value("[...document.querySelectorAll('table[data-name=causes] tbody tr')]"
                             ".map(row => isolab.numberIn(row.cells[8].textContent)).filter(key => !Number.isNaN(key))")
        self.assertGreater(len(numbers), 2)
        self.assertEqual(numbers, sorted(numbers, reverse=True))
        self.assertEqual(sorted(down), sorted(before))
        self.press("table[data-name=causes] th:nth-child(9)")
        self.assertEqual([text for text in self.column("causes", 8) if text != "-"],
                         [text for text in reversed(down) if text != "-"])
        self.press("table[data-name=causes] th:nth-child(9)")
        self.assertEqual(self.column("causes", 8), before)

    def test_numbers_are_read_as_the_report_writes_them(self):
        for text, number in (("6.97M", 6.97e6), ("0 (<0.745)", 0), ("318*", 318), ("58.3 ms", 58300), ("1.44 s", 1.44e6),
                             ("0.0172", 0.0172), ("-12.7%", -12.7), ("12345", 12345)):
            self.assertAlmostEqual(self.value(f"isolab.numberIn({json.dumps(text)})"), number, msg=text)
        self.assertTrue(self.value("Number.isNaN(isolab.numberIn('-'))"))

    def test_an_arm_and_a_class_are_chosen(self):
        self.assertGreater(len(self.column("counts", 0)), 2)
        every = self.value("document.querySelector('#timeline .shown').textContent")
        self.chip("toggle untraced")
        self.assertEqual(set(self.column("counts", 0)), {"toggle untraced  CPU 1, 10 s"})
        self.assertEqual(self.column("causes", 0), [])
        self.assertIn("30 of 30 gaps", self.value("document.querySelector('#timeline .shown').textContent"))
        self.chip("toggle untraced")  # none is all
        self.assertEqual(self.value("document.querySelector('#timeline .shown').textContent"), every)
        self.chip("tick")
        self.assertEqual(set(self.column("stolen", 2)), {"tick"})

    def test_a_gap_tells_its_story_where_it_is_clicked(self):
        spikes = json.loads(subprocess.run([ISOLAB, "spikes", self.recording, "--json", "--limit", "1"], check=True,
                                           capture_output=True).stdout)["spikes"][0]
        self.assertTrue(self.value("document.getElementById('story').hidden"))
        left, top, _, _ = self.box("#timeline .u-over")
        x, y = self.value("(({plot, shown}) => { const gap = shown.reduce((a, b) => a.us > b.us ? a : b);"
                          "return [plot.valToPos(gap.x, 'x'), plot.valToPos(gap.us, 'y')]; })(isolab.timeline)")
        self.browser.hover(left + x + 2, top + y + 1)
        self.assertIn(f"at {spikes['at_s']:.6f} s", self.value("document.querySelector('#timeline .hint').textContent"))
        self.browser.click(left + x + 2, top + y + 1)
        story = self.value("document.getElementById('story').textContent")
        self.assertFalse(self.value("document.getElementById('story').hidden"))
        self.assertIn(f"at {spikes['at_s']:.6f} s", story)
        at = -1
        for cause in spikes["causes"]:  # in their order
            at = story.find(f"{cause['kind']}: {cause['what']}", at + 1)
            self.assertGreater(at, -1, story)
            if "sender" in cause:
                self.assertIn(f"by {cause['sender']['comm']} (pid {cause['sender']['pid']}) on CPU {cause['sender']['cpu']}", story)
                self.assertIn(" < ".join(cause["sender"]["stack"]), story)

    def test_the_story_has_the_words_of_isolab_spikes(self):
        self.press("table[data-name=gaps] tbody tr:first-child td:first-child")
        self.value("navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); }")
        self.press("#story .tools button")
        told = subprocess.run([ISOLAB, "spikes", self.recording, "--limit", "1"], check=True, capture_output=True,
                              text=True).stdout
        unwrapped = " ".join(told.split())
        self.assertEqual(" ".join(self.value("window.copied").split()), unwrapped)

    def test_the_timeline_is_zoomed_by_a_drag_and_by_keys(self):
        left, top, width, height = self.box("#timeline .u-over")
        labels = "(({plot}) => [plot.scales.x.min, plot.scales.x.max])(isolab.timeline)"
        before = self.value(labels)
        self.browser.drag(left + width * 0.25, top + height / 2, left + width * 0.5, top + height / 2)
        after = self.value(labels)
        whole = before[1] - before[0]
        self.assertAlmostEqual(after[1] - after[0], whole / 4, delta=whole / 50)
        self.assertAlmostEqual(after[0], before[0] + whole / 4, delta=whole / 50)
        self.assertTrue(self.value("document.getElementById('story').hidden"))  # a drag is no click
        self.press("#timeline .tools button:nth-child(3)")
        self.assertEqual(self.value(labels), before)

    def test_a_frame_of_the_flame_graph_is_zoomed(self):
        wait = "new Promise(done => setTimeout(done, 200))"  # it draws in frames of its own
        frame = "[...document.querySelectorAll('#flamegraph .frame')].find(of => of.textContent.startsWith('vendor_poll:'))"
        width = frame + ".querySelector('rect').getBoundingClientRect().width"
        self.value(wait)
        before = self.value(width)
        self.assertGreater(before, 1)
        self.value(frame + ".dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        self.value(wait)
        self.assertGreater(self.value(width), 2 * before)

    def test_the_flame_graph_has_the_stacks_of_the_folded_file(self):
        with tempfile.TemporaryDirectory() as place:
            subprocess.run([ISOLAB, "export", self.recording, "--folded", pathlib.Path(place, "folded")], check=True,
                           capture_output=True)
            lines = pathlib.Path(place, "folded").read_text().splitlines()
        names = {name for line in lines for name in line.rsplit(" ", 1)[0].split(";")} - {"CPU 1"}
        total = sum(int(line.rsplit(" ", 1)[1]) for line in lines)
        self.value("[...document.querySelectorAll('#flamegraph .tools button')].find(of => of.textContent === 'all lost time').click()")
        shown = self.value("[...document.querySelectorAll('#flamegraph .frame')].map(of => of.__data__.data)"
                           ".map(({name, value}) => [name, value])")
        self.assertEqual({name for name, _ in shown} - names, {"lost time"})
        self.assertEqual(dict(shown)["lost time"], total)

    def test_a_table_is_copied_as_aligned_text(self):
        text = self.value("isolab.tableText(document.querySelector('table[data-name=interrupts]'))")
        lines = text.rstrip("\n").split("\n")
        self.assertEqual(len(lines), 1 + len(self.column("interrupts", 0)))
        self.assertTrue(lines[0].startswith("arm"))
        end = lines[0].index("function_call") + len("function_call")
        for line in lines[1:]:
            self.assertNotEqual(line[end - 1], " ", text)

    def test_without_script_everything_is_text_and_tables(self):
        with tempfile.TemporaryDirectory() as place, chromium.Browser(place, script=False) as plain:
            plain.open(self.page)
            root = plain.call("DOM.getDocument", depth=-1)["root"]["nodeId"]
            for selector, least in (("table.data tbody tr", 20), ("#summary pre", 1), ("#gaps tbody tr", 10)):
                found = plain.call("DOM.querySelectorAll", nodeId=root, selector=selector)["nodeIds"]
                self.assertGreaterEqual(len(found), least, selector)
            self.assertEqual(plain.requests, [self.page.resolve().as_uri()])
            self.assertEqual(plain.complaints, [])

    def test_hostile_texts_are_inert(self):
        self.assertIn(json.dumps("window.hurt=1")[1:-1], self.hostile.read_text())
        self.open(self.hostile)
        self.press("table[data-name=gaps] tbody tr:first-child td:first-child")
        self.assertIn(COMM, self.value("document.getElementById('story').textContent"))
        self.value("new Promise(done => setTimeout(done, 200))")
        self.assertIsNone(self.value("window.hurt"))
        self.assertEqual(self.value("document.querySelectorAll('main img, header img, main script, b.x').length"), 0)
        self.assertIn("<img src=x", self.value("document.querySelector('.question').textContent"))

    def test_a_metric_over_time_has_a_chart_and_a_row_a_recording(self):
        self.open(self.history)
        charts = self.value("document.querySelectorAll('.history canvas').length")
        self.assertGreater(charts, 1)
        self.assertEqual(charts, self.value("document.querySelectorAll('table.data').length"))
        left, top, width, height = self.box("#series-1 .u-over")
        self.assertGreater(width, 600)
        self.browser.hover(left + width / 2, top + height / 2)
        told = self.value("document.querySelector('#series-1 .note').textContent")
        self.assertIn(self.value("document.querySelector('#series-1 tr.told').cells[5].textContent"), told)

    def test_other_recordings_open(self):
        for page in (self.wakeups, self.short):
            self.open(page)
            self.assertGreater(self.value("document.querySelectorAll('section').length"), 3)
            self.assertEqual(self.browser.complaints, [])


if __name__ == "__main__":
    if chromium.find() is None:
        print("chromium is not installed (apt-get install chromium)")
        sys.exit(77)
    ISOLAB, MAKE = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
