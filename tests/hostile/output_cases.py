# SPDX-License-Identifier: Apache-2.0
"""Cases of hostile_test.py: what a run says goes nowhere (a closed terminal, a full disk, a pipe without a reader),
and the live part of the table of exit codes. hostile_test.py compares the machine after each."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from exit_codes import documented
from machine_state import must
from outputs import Output, ended

HERE = pathlib.Path(__file__).resolve().parent
KNOB = pathlib.Path("/proc/sys/vm/stat_interval")
TRACED = {}  # recordings for `spikes`, made once: with lost data or not -> directory


def command(place, *options, verb=("run",), **changes):
    """`isolab run` of outputs.yaml with `changes` of its text."""
    text = (HERE / "outputs.yaml").read_text()
    for old, new in changes.items():
        must(old in text, f"outputs.yaml has no {old}")
        text = text.replace(old, new)
    profile = place.path / "outputs.yaml"
    profile.write_text(text)
    recording = ["--no-plots", "-o", str(place.path / "recording")] if verb[0] == "run" else []
    return [place.isolab, *verb, str(profile), *recording, *options]


def until_changed(process):
    """The run is inside its window."""
    end = time.monotonic() + 30
    while KNOB.read_text() != "7\n" and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)


def until_printing(place, process):
    """One of its processes waits for the reader of its pipe."""
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        for pid in place.left():
            if "pipe_write" in pathlib.Path(f"/proc/{pid}/wchan").read_text():
                return
        time.sleep(0.01)


def whole_recording(place, status="complete"):
    recording = place.path / "recording"
    must((recording / "findings.json").exists(), "findings.json is there")
    must(json.loads((recording / "manifest.json").read_text())["status"] == status, status)
    report = subprocess.run([place.isolab, "report", str(recording)], capture_output=True, text=True, check=False)
    must(report.returncode == 0, report.stderr)


def output_goes_bad(kind, wanted, status="complete", measure="100ms", **where):
    """A run whose stdout and stderr are of that kind; the reader or the terminal goes in the middle of the window."""
    def case(place):
        output = Output(kind)
        process = output.start(command(place, **{"measure: 100ms": f"measure: {measure}"}),
                               env=place.environment, cwd=place.path, **where)
        until_changed(process)
        output.spoil()
        code = process.wait(timeout=60)
        output.close()
        must(code == wanted, f"exit code {code}")
        whole_recording(place, status)
    case.__name__ = f"output_{kind}" + ("_of_stderr" if where else "")
    return case


def reader(argv, wanted, status="complete", interrupt=False):
    """`isolab run 2>&1 | argv`; with `interrupt` the reader is killed in the window, then Ctrl-C. A
    reader that ends by itself may do so when the pipe holds all there was to say: 0 then."""
    def case(place):
        read, write = os.pipe()
        reading = subprocess.Popen(argv, stdin=read, stdout=subprocess.DEVNULL)
        measure = "measure: 2s" if interrupt else "measure: 100ms"
        process = subprocess.Popen(command(place, **{"measure: 100ms": measure}), env=place.environment,
                                   cwd=place.path, stdout=write, stderr=write)
        os.close(read)
        os.close(write)
        if interrupt:
            until_changed(process)
            reading.kill()
            reading.wait()
            process.send_signal(signal.SIGINT)
        code = process.wait(timeout=60)
        reading.wait(timeout=10)
        must(code == wanted or (code == 0 and not interrupt), f"exit code {code}")
        whole_recording(place, status)
    case.__name__ = f"reader_{argv[0]}"
    return case


def traced_recording(place, column):
    if column == "not applicable":
        return HERE.parent / "golden" / "recordings" / "small"
    lossy = column == "data lost"
    if lossy not in TRACED:
        changes = {"threshold: 100us": "threshold: 1us, log_capacity: 1" if lossy else "threshold: 1us"}
        code = subprocess.run(command(place, **changes), env=place.environment, cwd=place.path,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
        must(code in (0, 5), f"exit code {code}")
        TRACED[lossy] = pathlib.Path(tempfile.mkdtemp(prefix="isolab-hostile-")) / "traced"
        shutil.copytree(place.path / "recording", TRACED[lossy])
    return TRACED[lossy]


def clean_up():
    for directory in TRACED.values():
        shutil.rmtree(directory.parent, ignore_errors=True)


def code_of(place, verb, column):
    if verb == "spikes":
        options = ["--bogus"] * (column == "usage")
        return ended([place.isolab, "spikes", str(traced_recording(place, column)), *options], column, sleeps=True)
    if verb == "watch":
        span = "30s" if column == "interrupted" else "100ms"
        options = ["--cpus", str(max(os.sched_getaffinity(0))), "--for", span, *["--bogus"] * (column == "usage")]
        return ended([place.isolab, "watch", *options], column, lambda process: time.sleep(3), env=place.environment)
    words = {"run": ("run",), "run --sessions": ("run", "--sessions", "2"), "plan --dry-run": ("plan", "--dry-run")}[verb]
    untraced = {", ipi_trace: {quiet: 1ms, buffer: 4MiB, other_buffer: 4MiB}": ""}  # half of the time: the codes are the same
    changes = {"data lost": {"threshold: 100us": "threshold: 1us, log_capacity: 0"},
               "interrupted": {"measure: 100ms": "measure: 5s"},
               "not applicable": {"changed:": "idle: {}\n  changed:",
                                  "settings:": "workloads: [command: {argv: [isolab-none]}]\n    settings:"}}
    options = {"usage": ["--bogus"], "not applicable": ["--allow-commands"] * (words[0] == "run")}.get(column, [])
    when = until_changed if words[0] == "run" else lambda process: until_printing(place, process)
    return ended(command(place, *options, verb=words, **untraced, **changes.get(column, {})), column, when,
                 sleeps=words[0] == "plan", env=place.environment, cwd=place.path)


def documented_code(verb, column, wanted):
    """A cell of the table of exit codes in docs/command-line.md."""
    def case(place):
        code, said = code_of(place, verb, column)
        must(code == wanted, f"exit code {code}: {said.decode(errors='replace')}")
        if verb == "run" and column.endswith("full"):
            whole_recording(place)
    case.__name__ = f"code_of_{verb}, {column}".replace(" ", "_")
    return case


CASES = [output_goes_bad("closed", 1), output_goes_bad("full", 1), output_goes_bad("no_reader", 1),
         output_goes_bad("reader_sleeps", 0, stdout=subprocess.DEVNULL),
         output_goes_bad("terminal_gone", 1), output_goes_bad("terminal_hung_up", 5, "interrupted", "2s"),
         reader(["head", "-4"], 1), reader(["grep", "-m4", "."], 1),
         reader(["tee", "/dev/null"], 5, "interrupted", interrupt=True)]
CASES += [documented_code(verb, column, code) for verb, column, code in documented(live=True)]
