# SPDX-License-Identifier: Apache-2.0
"""Every verb that looks at a machine, on machines that say little: no /sys, an empty list of online CPUs,
a kernel older than anything. None may end by a signal, and an error has a reason and a hint.

Usage: hosts_cli_test.py ISOLAB"""
import pathlib
import subprocess
import sys
import tempfile

VERBS = [["check"], ["check", "--cpus", "1"], ["check", "--json"], ["plan", "quick"], ["facts"], ["facts", "--json"]]


def problems_of(isolab, verb, host, unknown_cpus):
    command = [isolab, *verb, "--host", str(host)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = f"{' '.join(verb)} --host {host.name}: exit {done.returncode}: {done.stderr.strip()}"
    if done.returncode not in (0, 1, 3):
        return [f"ended badly: {said}"]
    if not unknown_cpus:
        return [] if done.returncode != 3 else [f"refused: {said}"]
    wanted = 0 if verb[0] == "facts" else 3
    missing = [word for word in ("/sys/devices/system/cpu/online", "capture the machine") if word not in done.stderr]
    return [f"expected exit {wanted}: {said}"] * (done.returncode != wanted) + [f"no {word!r}: {said}" for word in missing]


def main():
    isolab = str(pathlib.Path(sys.argv[1]).resolve())
    problems = []
    with tempfile.TemporaryDirectory() as place:
        hosts = {"no_sys": None, "empty_online": "", "bad_online": "x\n", "old": "0-3\n"}
        for name, online in hosts.items():
            host = pathlib.Path(place) / name
            (host / "proc").mkdir(parents=True)
            if online is not None:
                cpus = host / "sys/devices/system/cpu"
                cpus.mkdir(parents=True)
                (cpus / "online").write_text(online)
            for verb in VERBS:
                problems += problems_of(isolab, verb, host, name != "old")
            capture = pathlib.Path(place) / f"{name}.txt"
            made = subprocess.run([isolab, "facts", "--host", str(host), "--capture", str(capture)],
                                  capture_output=True, text=True, timeout=60, check=False)
            if made.returncode != 0 or not capture.read_text().startswith("# "):
                problems.append(f"no capture of {name}: {made.stderr}")
    print("\n".join(problems) if problems else "every verb answers on every host")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
