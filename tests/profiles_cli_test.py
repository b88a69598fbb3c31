#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Profiles of somebody who means harm: `isolab plan` refuses each with the place and the reason, on lines
without control characters, within 1 s of processor time and 1 GiB. Needs no root and records nothing.
Usage: profiles_cli_test.py ISOLAB"""
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

SOUND = """name: sound
question: is it refused?
probe: busy_loop
arms:
  idle: {}
  noisy: {workloads: [hackbench]}
design: {measure: 1s}
"""
SECRET = "c2VjcmV0"
LIMIT = 60  # s; for what hangs
HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def bomb():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for one, before in zip("bcdefghij", "abcdefghi"):
        lines.append(f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]")
    return "\n".join(lines) + "\n"


def arms(text):
    return SOUND.replace("  noisy: {workloads: [hackbench]}\n", text)


# What the file holds, and what the answer names: a place, and a part of the reason.
CASES = {
    "a one-way setting": (arms("  a: {settings: {/proc/sys/kernel/modules_disabled: 1}}\n"),
                          r":6:18: setting /proc/sys/kernel/modules_disabled cannot be restored"),
    "ptrace_scope 3": (arms("  a: {settings: {/proc/sys/kernel/yama/ptrace_scope: 3}}\n"), r":6:18: .* until the next boot"),
    "a nested bomb": (bomb(), r":\d+:\d+: the profile is too large here"),
    "an include of itself": ("include: [p.yaml, p.yaml]\n" + SOUND, r":1:11: includes form a cycle: p.yaml -> p.yaml"),
    "a deep list": ("a: " + "[" * 100_000, r":1:\d+: nested too deeply"),
    "a deep block": ("".join(" " * i + "a:\n" for i in range(1000)), r"nested too deeply"),
    "100 000 arms": (arms("".join(f"  a{i}:\n" for i in range(45_000))), r":5:3: there are 45001 arms"),
    "100 000 unknown keys": ("".join(f"k{i}: 1\n" for i in range(45_000)), r"unknown key"),
    "a large matrix": (SOUND + "matrix:\n" + "".join(f"  hackbench.{axis}: [{', '.join(map(str, range(1, 11)))}]\n"
                                                     for axis in ("groups", "fds", "loops")) + "  hackbench.size: [1B, 2B]\n",
                       r"too many arms; expected at most 1000"),
    "too many windows": (arms("".join(f"  a{i}:\n" for i in range(900))).replace("{measure", "{repeats: 1000, measure"),
                         r"901 arms x 1000 repeats are 901000 windows"),
    "a measure of 292 years": (SOUND.replace("1s", "2562047h"), r":7:\d+: measure: is too long"),
    "a CPU list without end": (SOUND + "cpus: {measured: '" + ",".join(["0-8191"] * 20_000) + "'}\n", r":8:18: measured: "),
    "no measured CPU": (SOUND + "cpus: {measured: ' '}\n", r":8:18: measured: names no CPU"),
    "a name that is a path": (SOUND.replace("name: sound", "name: ../../x"), r":1:7: name: "),
    "an escape sequence as a key": ('"\\e[2K": 1\n' + SOUND, r":1:1: unknown key \"\\x1b\[2K\""),
    "make install": (arms('  a: {workloads: [kernel_build: {target: "modules_install install"}]}\n'), r":6:42: kernel_build: target: "),
    "a second document": (SOUND + "---\n" + SOUND, r":8:1: a second document"),
    "a tag": (SOUND.replace("1s", "!!binary 1s"), r": unexpected tag"),
    "a NUL": (arms('  a: {workloads: [command: {argv: ["a\\0b"]}]}\n'), r":6:36: the value contains a NUL"),
    "an empty argv": (arms("  a: {workloads: [command: {argv: []}]}\n"), r":6:35: command: argv: no program named"),
    "minus one page": (arms("  a: {workloads: [direct_map: {pages: -1}]}\n"), r":6:39: pages: .* 1 to 65536"),
    "a private key": (f"include: key.yaml\n{SOUND}", r":1:10: .*key.yaml contains a single value"),
    "a file of passwords": (f"include: shadow.yaml\n{SOUND}", r"shadow.yaml:\d+:\d+: "),
    "a link out of the directory": (f"include: link.yaml\n{SOUND}", r":1:10: .* is outside"),
    "a file that is no .yaml": (f"include: /etc/passwd\n{SOUND}", r":1:10: .* cannot be included"),
    "a FIFO": (f"include: fifo.yaml\n{SOUND}", r":1:10: .* not a regular file"),
    "an endless device": (f"include: zero.yaml\n{SOUND}", r":1:10: .* is outside"),
    "a file of 2 MiB": (f"include: big.yaml\n{SOUND}", r":1:10: .* more than \d+ bytes"),
}


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


def plan(isolab, path, host):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run([isolab, "plan", path, *host], capture_output=True, text=True, timeout=LIMIT,
                              errors="surrogateescape", preexec_fn=limited)
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess([], None, "", f"did not end within {LIMIT} s")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    isolab = pathlib.Path(sys.argv[1]).resolve()
    host = ["--host", str(pathlib.Path(__file__).parent / "hosts" / "server_amd_8cpu.txt")]
    failed = 0
    # Sanitizers reserve more than all memory, and are slow.
    sanitized = subprocess.run([isolab, "list"], capture_output=True, preexec_fn=limited).returncode != 0
    if sanitized:
        globals()["limited"] = lambda: None
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        (place / "key.yaml").write_text(f"-----BEGIN KEY-----\n{SECRET}\n-----END KEY-----\n")
        (place / "shadow.yaml").write_text(f"root:$6${SECRET}:19000:0:99999\n*: [{SECRET}\n")
        (place / "link.yaml").symlink_to("/etc/passwd")
        (place / "zero.yaml").symlink_to("/dev/zero")
        (place / "big.yaml").write_text("# x\n" * (1 << 19))
        os.mkfifo(place / "fifo.yaml")
        for what, (text, expected) in {"a sound profile": (SOUND, None), **CASES}.items():
            (place / "p.yaml").write_text(text)
            done, seconds = plan(isolab, place / "p.yaml", host)
            problems = []
            if done.returncode != (0 if expected is None else 1):
                problems.append(f"exit code {done.returncode}")
            if expected is not None and not re.search(expected, done.stderr):
                problems.append(f"no {expected}")
            if HIDDEN.search(done.stdout + done.stderr):
                problems.append("control characters")
            if SECRET in done.stdout + done.stderr:
                problems.append("quotes a foreign file")
            if len(done.stderr) > 200_000:
                problems.append(f"{len(done.stderr)} bytes of errors")
            if seconds > 1 and not sanitized:
                problems.append(f"{seconds:.2f} s of processor time")
            print(f"{'FAILED' if problems else 'ok'}: {what} ({seconds:.2f} s){': ' if problems else ''}{', '.join(problems)}")
            if problems:
                print(done.stderr[:2000])
                failed += 1
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
