# SPDX-License-Identifier: Apache-2.0
"""Arms over kernels: one boot for each kernel and command line that the arms name, each arm in its own
boot alone, counts exact in all of them, and a session that lacks is recorded by --resume.

Usage: arms_test.py ISOLAB. Exit code 77: cannot run here, with the reason printed."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import counts

HERE = pathlib.Path(__file__).resolve().parent
ISOLATED = [2, 3]
OPTION = "nmi_watchdog=0 skew_tick=1"
# Name of the boot -> the arms that run in it.
BOOTS = {"idle": ["idle", "base"], "option": ["option"], "rt": ["rt"]}


def run(isolab, output, *more):
    done = subprocess.run([isolab, "vm", "run", str(HERE / "arms.yaml"), "--arch", "x86_64", "--sessions", "1",
                           "--append", "transparent_hugepage=madvise", "-o", str(output), "--no-plots", "-q",
                           "--timeout", "10min", *more], capture_output=True, text=True)
    if done.returncode:
        print(f"exit code {done.returncode}\n{done.stderr}\n{done.stdout}")
        if done.returncode == 3:
            counts.skip(" ".join(done.stderr.split()))
        sys.exit(1)


def check_boot(expect, recording, name):
    plan = json.loads((recording / "plan.json").read_text())
    facts = json.loads((recording / "facts.json").read_text())
    windows = counts.windows_of(recording)
    ran = [arm["name"] for arm in plan["arms"] if not arm["not_applicable"]]
    expect(f"{name}: arms that ran", (ran, sorted(windows)), (BOOTS[name], sorted(BOOTS[name])))
    for arm in plan["arms"]:
        if arm["name"] not in ran:
            expect(f"{name}: {arm['name']} says what it needs", arm["not_applicable"], lambda why: why.startswith("needs "))
    release, words = facts["kernel.release"], facts["kernel.command_line"].split()
    expect(f"{name}: real-time kernel {release}", "-rt-" in release, name == "rt")
    expect(f"{name}: the words of cmdline+:", [word in words for word in OPTION.split()], [name == "option"] * 2)
    for arm in BOOTS[name]:
        window = windows[arm]
        row, per_op, _ = counts.X86["direct_map"]
        mappings = counts.operations(window["work"][0]) if window["work"] else 0
        splits = counts.splits_of(window)
        expect(f"{arm}: mappings", mappings, 0 if arm == "idle" else 12)
        expect(f"{arm}: {row} interrupts, {per_op} a mapping, {splits} splits", counts.row_counts(window, row, ISOLATED),
               counts.each(ISOLATED, per_op * mappings + splits))


def main():
    isolab = sys.argv[1]
    begin = time.monotonic()
    expect = counts.Expectations()
    with tempfile.TemporaryDirectory() as place:
        lab = pathlib.Path(place) / "lab"
        run(isolab, lab)
        sessions = {name: lab / f"session-01-{name}" for name in BOOTS}
        expect("sessions", sorted(path.name for path in lab.iterdir() if path.is_dir()),
               sorted(path.name for path in sessions.values()))
        for name, recording in sessions.items():
            check_boot(expect, recording, name)
        kept = {name: (path / "manifest.json").read_bytes() for name, path in sessions.items()}
        shutil.rmtree(sessions["option"])
        run(isolab, lab, "--resume")
        check_boot(expect, sessions["option"], "option")
        expect("--resume left the others alone", [name for name in kept if name != "option"
               and (sessions[name] / "manifest.json").read_bytes() != kept[name]], [])
        compared = subprocess.run([isolab, "compare", "--arms", "base,option", str(lab), "--json"],
                                  capture_output=True, text=True)
        expect("compare base,option exits", compared.returncode, 0)
        intended = [one["what"] for one in json.loads(compared.stdout)["differences"] if one["intended"]]
        expect("the command line is what is compared", "kernel.command_line" in intended, True)
    print(f"arms over kernels: the test took {time.monotonic() - begin:.0f} s")
    if expect.failed:
        print(f"{len(expect.failed)} failed: " + "; ".join(expect.failed))
        sys.exit(1)


main()
