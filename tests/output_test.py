# SPDX-License-Identifier: Apache-2.0
"""What isolab prints, without root and on files: the table of exit codes in docs/command-line.md is true, cell by
cell (the verbs that need root: tests/hostile), and no control character of others comes through.

Usage: output_test.py ISOLAB"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "support"))
from exit_codes import documented  # noqa: E402
from outputs import ended  # noqa: E402

HOSTS = HERE / "hosts"
BENCHMARK = {"benchmarks": [{"name": "a", "run_name": "a", "run_type": "iteration", "iterations": 10, "real_time": 90,
                             "time_unit": "ns"}]}
# In place of plots/render.py, which takes seconds.
RENDER = """import os, sys
os.makedirs(sys.argv[2], exist_ok=True)
with open(sys.argv[2] + '/drawn.svg', 'w') as drawing:
    drawing.write('<svg/>')
print(drawing.name)
"""
# What each verb of the table is called with when all is well; {} is a recording, HOST a captured machine.
WORDS = {
    "plan": ["plan", "quick", "--host", str(HOSTS / "server_amd_8cpu.txt")],
    "check": ["check", "--host", str(HOSTS / "server_amd_8cpu.txt")],
    "facts": ["facts", "--host", str(HOSTS / "server_amd_8cpu.txt")],
    "list": ["list"], "show": ["show", "hackbench"], "schema": ["schema"],
    "analyse": ["analyse", "{}"], "report": ["report", "{}"], "plot": ["plot", "{}"],
    "explain": ["explain", "interrupts"],
    "export": ["export", "{}", "--perfetto", "out.json"], "attach": ["attach", "{}", "benchmark.json"],
    "compare": ["compare", "base={},second", "new=second,{}"], "aa DIR": ["aa", "sessions"],
    "history": ["history", "gap_max", "--in", "."], "restore": ["restore"],
}
# Instead of the last words, where nothing of it can be done.
NOT_APPLICABLE = {
    "plan": ["plan", "quick", "--host", "mute"], "check": ["check", "--host", "mute"],
    "facts": ["facts", "--host", "mute"], "plot": ["plot", "{}"], "export": ["export", "{}", "--trace-cmd", "out.dat"],
    "history": ["history", "ipis_per_op", "--label", "arm=none", "--in", "."],
}
EVIL = "x\x1b[2K\r\x9b2J\u202ey"


class Place:
    def __init__(self, isolab, path):
        self.isolab, self.path = isolab, path
        for name in ("small", "lossy"):
            shutil.copytree(HERE / "golden" / "recordings" / name, path / name)
        shutil.copytree(path / "small", path / "second")
        for number in range(12):
            shutil.copytree(path / "small", path / "sessions" / f"session-{number + 1:02}")
        for name in ("mute/proc", "mute/sys", "plots", "state"):
            (path / name).mkdir(parents=True, mode=0o700)
        (path / "benchmark.json").write_text(json.dumps(BENCHMARK))
        (path / "interrupts").write_text(2 * "CPU0 CPU1\nRES: 1 2 Rescheduling interrupts\n")
        (path / "plots" / "render.py").write_text(RENDER)
        self.environment = dict(os.environ, ISOLAB_STATE_DIR=str(path / "state"), ISOLAB_PLOTS=str(path / "plots"),
                                ISOLAB_PYTHON=sys.executable)

    def start(self, words, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen([self.isolab, *words], cwd=self.path, env=self.environment, **options)

    def run(self, *words, **options):
        process = self.start(words, **options)
        out, err = process.communicate(timeout=60)
        return process.returncode, (out or b"") + (err or b"")

    def cell(self, verb, column):
        """The exit code, and what is wrong with what was said."""
        words = NOT_APPLICABLE[verb] if column == "not applicable" else WORDS[verb]
        words = [word.replace("{}", "lossy" if column == "data lost" else "small") for word in words]
        if column == "not applicable":
            self.environment["ISOLAB_PLOTS"] = "nowhere"
        code, said = ended([self.isolab, *words, *["--bogus"] * (column == "usage")], column, sleeps=True, cwd=self.path,
                           env=self.environment)
        part = {"usage": b"isolab: ", "stdout full": b"cannot write to standard output: No space left on device"}
        return code, said, part.get(column, b"")


def table_problems(isolab):
    cells = documented(live=False)
    if {verb for verb, _, _ in cells} != set(WORDS):
        yield f"the table has other verbs than this test: {sorted({verb for verb, _, _ in cells} ^ set(WORDS))}"
        return
    for verb, column, wanted in cells:
        with tempfile.TemporaryDirectory() as name:
            code, said, part = Place(isolab, pathlib.Path(name)).cell(verb, column)
        if code != wanted or part not in said:
            yield f"{verb}, {column}: exit code {code}, not {wanted}: {said.decode(errors='replace')[-500:]}"


def reader_problems(isolab):
    """`| head -1`: not a word, and not 0."""
    with tempfile.TemporaryDirectory() as name:
        place = Place(isolab, pathlib.Path(name))
        for verb, words in WORDS.items():
            reader, writer = os.pipe()
            os.close(reader)
            code, said = place.run(*[word.replace("{}", "small") for word in words], stdout=writer)
            os.close(writer)
            (place.path / "out.json").unlink(missing_ok=True)
            if code != 1 or b"standard output" in said:
                yield f"{verb} without a reader: exit code {code}: {said}"
        for words, closed in [(["list"], 1), (["facts", "--capture", "caught"], 2)]:
            code, said = place.run(*words, preexec_fn=lambda file=closed: os.close(file), stdout=None, stderr=None)
            if code != (1 if closed == 1 else 0):
                yield f"{words} with descriptor {closed} closed: exit code {code}"
        caught = (place.path / "caught").read_bytes()
        if not caught.startswith(b"# ") or b"isolab: " in caught or b"captured: " in caught:
            yield "what was said on a closed stderr went into the file that got its number"


def hidden(said):
    """Characters that a terminal obeys; bytes that are no text."""
    try:
        text = said.decode()
    except UnicodeDecodeError as error:
        return str(error)
    return [hex(ord(letter)) for letter in text if letter not in "\n\t" and
            (unicodedata.category(letter) == "Cc" or letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")]


def evil_profile(**changes):
    quoted = json.dumps(EVIL)
    argv = ["sh", "-c", "true #" + EVIL + "\n  observed by nobody"]
    parts = {"name": quoted, "question": quoted, "argv": json.dumps(argv), "value": quoted, "key": ""} | changes
    return """name: {name}
question: {question}
{key}
probe: {{busy_loop: {{threshold: 1us}}}}
arms:
  idle: {{}}
  noisy:
    settings: {{/proc/sys/vm/stat_interval: {value}}}
    workloads: [command: {{argv: {argv}}}]
design: {{repeats: 1, warmup: 100ms, measure: 100ms}}
""".format(**parts)


def evil_journal():
    word = "".join(f"%{byte:02x}" for byte in EVIL.encode())
    return f"isolab-journal 2\nowner 999999 1 %\nvalue /proc/sys/vm/{word} {word} {word} {word} 0\nend\n"


def with_text(place, file, old, new):
    path = place.path / file
    text = path.read_text()
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, 1))


def hidden_problems(isolab):
    """Each input holds EVIL somewhere; whatever the answer is, a terminal must not obey it."""
    with tempfile.TemporaryDirectory() as name:
        place = Place(isolab, pathlib.Path(name))
        host = ["--host", str(HOSTS / "server_amd_8cpu.txt")]
        profiles = {"all": {}, "plain_name": {"name": "plain"}, "key": {"key": json.dumps(EVIL) + ": 1"},
                    "plain": {"name": "plain", "question": "why", "value": "1"}}
        for title, changes in profiles.items():
            (place.path / f"{title}.yaml").write_text(evil_profile(**changes))
        with_text(place, "small/plan.json", '"measured_why": "', '"measured_why": ' + json.dumps(EVIL)[:-1])
        with_text(place, "second/manifest.json", '"status": "complete"', '"status": ' + json.dumps("failed: " + EVIL))
        with_text(place, "lossy/plan.json", '"measured": "', '"measured": ' + json.dumps(EVIL)[:-1])
        (place.path / EVIL).mkdir()
        (place.path / f"{EVIL}.yaml").write_text("a: [")
        commands = [["plan", f"{title}.yaml", *host] for title in profiles]
        commands += [["plan", f"{title}.yaml", *host, "--json"] for title in profiles]
        commands += [["run", "plain.yaml"], ["plan", f"{EVIL}.yaml", *host], ["plan", EVIL, *host], [EVIL],
                     ["list", f"--{EVIL}"], ["show", EVIL], ["check", "--cpus", EVIL, *host], ["facts", "--host", EVIL],
                     ["history", EVIL], ["history", "gap_max", "--in", EVIL], ["spikes", "small", "--over", EVIL],
                     ["report", "small", "--classes", EVIL], ["compare", "small,second", EVIL]]
        (place.path / EVIL / "file").write_text("# Histogram\n000001 " + EVIL + "\n")
        commands += [["explain", EVIL + "/file"], ["explain", EVIL], ["explain", "small/plan.json"]]
        commands += [[verb, recording] for verb in ("report", "analyse", "spikes", "plot")
                     for recording in ("small", "second", "lossy", EVIL)]
        # The last ones, since with a journal there is no run.
        commands += [["restore", "--dry-run"], ["restore", "--dry-run", "--json"], ["run", "plain.yaml"], ["restore"]]
        for words in commands:
            if words[0] == "restore" and "--dry-run" in words:
                (place.path / "state" / "999999-0.journal").write_text(evil_journal())
            code, said = place.run(*words)
            if code not in (0, 1, 3, 4) or hidden(said) or not said:
                yield f"{words}: exit code {code}, hidden {hidden(said)}: {said[-500:]}"
            if re.search(rb"^ *observed by nobody\]", said, re.M):
                yield f"{words}: text of the profile made a line of its own: {said[-500:]}"
        code, said = place.run("plan", "all.yaml", *host, "--json")
        with contextlib.suppress(json.JSONDecodeError):
            if code == 0 and json.loads(said)["name"] != EVIL:
                yield "the JSON of a plan has another name than the profile"


def crash_problems(isolab):
    """Where the standard library throws there is an error text, too."""
    def as_nobody():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    with tempfile.TemporaryDirectory() as name:
        place = Place(isolab, pathlib.Path(name))
        place.path.chmod(0o755)
        long = "x" * 300
        for words in (["plan", long], ["compare", long, "small"], ["history", "gap_max", "--in", long], ["report", long],
                      ["aa", long], ["export", "small", "--perfetto", long]):
            code, said = place.run(*words)
            if code != 1 or b"\nisolab: " not in b"\n" + said:
                yield f"{[word[:20] for word in words]}: exit code {code}: {said[-300:]}"
        # A page needs no drawings, and says why it has none.
        place.environment["TMPDIR"] = "nowhere"
        code, said = place.run("compare", "base=small,second", "new=second,small", "--html", "page.html")
        if code != 0 or b"\nisolab: no charts: cannot make nowhere" not in b"\n" + said:
            yield f"a page without TMPDIR: exit code {code}: {said[-300:]}"
        if os.geteuid() != 0:
            return
        shutil.copy(isolab, place.path / "isolab")
        place.isolab = str(place.path / "isolab")
        for directory in ("small", "second", "sessions"):
            (place.path / directory).chmod(0o700)
        for words in (["report", "small"], ["compare", "small", "second"], ["aa", "sessions"], ["plot", "small"],
                      ["spikes", "small"], ["history", "gap_max", "--in", "sessions"]):
            code, said = place.run(*words, preexec_fn=as_nobody)
            if code != 1 or not re.search(b"Permission denied|unable to open", said):
                yield f"{words} of somebody else: exit code {code}: {said[-300:]}"


def main():
    isolab = str(pathlib.Path(sys.argv[1]).resolve())
    problems = [*table_problems(isolab), *reader_problems(isolab), *hidden_problems(isolab),
                *crash_problems(isolab)]
    print("\n".join(problems) or f"{len(documented(live=False))} cells of the table hold, nothing hidden is printed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
