# SPDX-License-Identifier: Apache-2.0
"""Writes what isolab prints of every golden recording, captured machine and profile into a directory, one file a
command. A change that moves code is right when the directories of the two programs are the same (diff -r).

Usage: record_outputs.py ISOLAB OUTPUT [--make WRITE_RECORDINGS] [--numbers] [RECORDING...]

OUTPUT must not exist. --make: tests/tools/write_recordings adds recordings with traces. RECORDING: more of them,
which must be the same files for both programs. --numbers: of recordings only, without charts."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
METRICS = ["gaps_over_10us", "interrupts_per_second", "time_lost"]


def of_recording(place, out):
    """Commands by the name of their file; `out`: a directory for what they write."""
    yield "report", ["report", place]
    yield "report_all", ["report", place, "--section", "all"]
    yield "report_full", ["report", place, "--full"]
    yield "report_json", ["report", place, "--json"]
    yield "report_host", ["report", place, "--host", "tests/hosts/server_x86_smt.txt"]
    yield "findings", ["analyse", place]
    yield "spikes", ["spikes", place]
    yield "spikes_json", ["spikes", place, "--json", "--limit", "1000"]
    arms = [arm["name"] for arm in json.loads((ROOT / place / "plan.json").read_text())["arms"]]
    yield "arms", ["compare", place, "--arms", ",".join(arms[:3]), "--unit", "repeat"]
    yield "export", ["export", place, "--perfetto", out / "perfetto.json"]
    yield "export_trace", ["export", place, "--trace-cmd", out / "trace.dat"]
    yield "plot", ["plot", place, "-o", out / "charts"]


def of_comparison(base, new, out):
    for name, options in [("text", []), ("text_full", ["--full"]), ("json", ["--json"]), ("letter", ["--cover-letter"]),
                          ("charts", ["--charts", out / "charts"]), ("html", ["--html", out / "page.html"])]:
        yield name, ["compare", f"base={base}", f"new={new}", *options]


def of_machine(file):
    yield "facts", ["facts", "--host", file]
    yield "facts_json", ["facts", "--host", file, "--json"]
    yield "check", ["check", "--host", file]
    yield "check_json", ["check", "--host", file, "--json"]
    for profile in sorted(ROOT.glob("profiles/*.yaml")):
        for kind in ([], ["--json"]):
            yield "_".join(["plan", profile.stem, *kind]), ["plan", profile.relative_to(ROOT), "--host", file, *kind]


def of_program(isolab):
    yield "help", ["--help"]
    yield "schema", ["schema"]
    yield "list", ["list"]
    yield "list_json", ["list", "--json"]
    listed = subprocess.run([isolab, "list"], capture_output=True, text=True, check=True).stdout
    for name in sorted({line.split()[0] for line in listed.splitlines() if line.startswith("  ")}):
        yield f"show_{name}", ["show", name]
        yield f"show_{name}_json", ["show", name, "--json"]
    for verb in ["run", "aa", "compare", "history", "plan", "list", "show", "facts", "check", "analyse", "report",
                 "spikes", "plot", "export", "attach", "schema", "restore", "vm", "vm run", "vm exec", "vm kernels"]:
        yield f"help_{verb.replace(' ', '_')}", [*verb.split(), "--help"]


class Recorder:
    def __init__(self, isolab, out, charts):
        self.isolab, self.out, self.charts, self.count = isolab, out, charts, 0

    def run(self, folder, commands):
        """Each command's answer, complaint and exit code as one file; its own files below the same folder."""
        (self.out / folder).mkdir(parents=True, exist_ok=True)
        for name, words in commands:
            if name in ("plot", "charts", "html") and not self.charts:
                continue
            done = subprocess.run([self.isolab, *map(str, words)], cwd=ROOT, capture_output=True, timeout=600, check=False)
            # The places of the program and of its output are not part of the answer.
            text = done.stdout + b"--- stderr\n" + done.stderr + b"--- exit %d\n" % done.returncode
            for place, word in ((self.out, b"OUT"), (self.isolab, b"isolab")):
                text = text.replace(str(place).encode(), word)
            (self.out / folder / f"{name}.txt").write_bytes(text)
            self.count += 1

    def recordings(self, folder, places):
        for place in places:
            mine = self.out / folder / place.name
            mine.mkdir(parents=True)
            self.run(f"{folder}/{place.name}", of_recording(place, mine))
        for base, new in zip(places, places[1:]):
            mine = self.out / folder / f"{base.name}-{new.name}"
            mine.mkdir()
            self.run(mine.relative_to(self.out), of_comparison(base, new, mine))
        if places:
            self.run(folder, [(f"history_{metric}", ["history", metric, "--in", places[0].parent, "--index",
                                                     self.out / f"{folder}.sqlite"]) for metric in METRICS])
            (self.out / f"{folder}.sqlite").unlink(missing_ok=True)  # has times in it


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("isolab", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--make", type=pathlib.Path)
    parser.add_argument("--numbers", action="store_true")
    parser.add_argument("recording", nargs="*", type=pathlib.Path)
    asked = parser.parse_intermixed_args()
    out = asked.output.resolve()
    out.mkdir(parents=True)
    recorder = Recorder(asked.isolab.resolve(), out, not asked.numbers)
    if not asked.numbers:
        recorder.run("program", of_program(recorder.isolab))
        for host in sorted(ROOT.glob("tests/hosts/*.txt")):
            recorder.run(f"hosts/{host.stem}", of_machine(host.relative_to(ROOT)))
    recorder.recordings("golden", [path.relative_to(ROOT) for path in sorted(ROOT.glob("tests/golden/recordings/*"))])
    recorder.recordings("given", [path.resolve() for path in asked.recording])
    if asked.make:
        # A fixed name: reports print where a recording is.
        with tempfile.TemporaryDirectory() as place:
            subprocess.run([asked.make.resolve(), place], check=True)
            made = pathlib.Path(tempfile.gettempdir()) / "isolab-record-outputs"
            shutil.rmtree(made, ignore_errors=True)
            shutil.copytree(place, made)
        recorder.recordings("made", sorted(path for path in made.iterdir() if (path / "manifest.json").exists()))
        shutil.rmtree(made)
    for drawing in [*out.rglob("*.png"), *out.rglob("*.svg")]:
        drawing.unlink()  # of matplotlib, not of isolab
    print(f"{recorder.count} commands in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
