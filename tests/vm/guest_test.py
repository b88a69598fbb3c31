# SPDX-License-Identifier: Apache-2.0
"""isolab inside a really isolated machine: one guest of one kernel, several commands, every count checked.

Usage: guest_test.py ISOLAB ARCH KERNEL [isolab built for ARCH]. Exit code 77: cannot run here, with
the reason printed. Needs QEMU and, the first time, the network (Debian's kernel packages).
What is expected of each workload stands in counts.py."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import counts

HERE = pathlib.Path(__file__).resolve().parent
# Odd starting values: what a workload changes must come back to these.
ODD = {"memory.huge_pages": ("vm.nr_hugepages", "3"), "kernel.timer_migration": ("kernel.timer_migration", "0"),
       "memory.stat_interval_s": ("vm.stat_interval", "7")}
# khugepaged would add its own flushes and broadcasts; before 6.5 secret memory must be asked for.
BOOT = "transparent_hugepage=madvise secretmem.enable=1"
# One kernel also boots without isolation: what check says does not depend on the version.
ALSO_PLAIN = "x86_64 6.12"


def shape_of(arch, kernel):
    """CPUs, and those of them that are isolated. x86 kernels before 6.5 are emulated in turns of 100 ms
    (vm/machine.cpp), where each CPU that spins makes every IPI 0.1 s slower."""
    old = arch == "x86_64" and counts.version_of(kernel) < (6, 5)
    return (3, [2]) if old else (4, [2, 3])


def without_fair_server(profile, cpus):
    """The profile with the fair server of these CPUs off in every arm: since 6.12 its timer kicks a busy
    isolated CPU about once a second (nohz_full_kick). No limit (-1) for real-time bandwidth first: a CPU
    outside all scheduling domains has its server's share counted nowhere, so that taking it away looks
    like an overflow and is refused with EBUSY (__dl_overflow, kernel/sched/deadline.c)."""
    settings = {"/proc/sys/kernel/sched_rt_runtime_us": -1}
    settings.update({f"/sys/kernel/debug/sched/fair_server/cpu{cpu}/runtime": 0 for cpu in cpus})
    arms = re.findall(r"^  (\w+): \{", (HERE / profile).read_text(), re.MULTILINE)
    return json.dumps({"include": f"with_{profile}", "arms": {arm: {"settings": settings} for arm in arms}})


def boot(isolab, arch, kernel, program, commands, output, more=()):
    script = output.with_suffix(".commands")
    script.write_text("\n".join(commands) + "\n")
    argv = [isolab, "vm", "exec", "--json", "-q", "--arch", arch, "--kernel", kernel, "--script", str(script),
            "-o", str(output), "--timeout", "15min", "--cpus", str(shape_of(arch, kernel)[0]), *more]
    for profile in ("noisy.yaml", "quiet.yaml"):
        variant = output.parent / profile
        variant.write_text(without_fair_server(profile, shape_of(arch, kernel)[1]))
        argv += ["--file", f"/root/{profile}={HERE / profile}", "--file", f"/root/no-server/{profile}={variant}",
                 "--file", f"/root/no-server/with_{profile}={HERE / profile}"]
    if program:
        argv += ["--program", program]
    for attempt in (1, 2):
        done = subprocess.run(argv, capture_output=True, text=True)
        # QEMU's race, not ours (docs/guests.md): once more, and said.
        if "Oops: int3" not in done.stderr or attempt == 2:
            break
        print("QEMU ran stale code while the kernel patched itself: booted again")
    if not done.stdout:
        print(done.stderr)
        if done.returncode == 3:
            counts.skip(" ".join(done.stderr.split()))
        sys.exit(1)
    return json.loads(done.stdout)


def findings_of(isolab, recording):
    done = subprocess.run([isolab, "analyse", str(recording)], capture_output=True, text=True)
    return json.loads(done.stdout)


def check_quiet(expect, isolab, recording, cpus):
    """Exactly nothing: no function call, reschedule or tick on a busy isolated CPU in 20 s."""
    window = counts.windows_of(recording)["idle"]
    seconds = (window["end_ns"] - window["begin_ns"]) / 1e9
    expect("a quiet window's seconds", seconds, lambda s: s >= 20)
    for row in ("function_call", "reschedule", "timer"):
        expect(f"quiet CPUs, {row} in {seconds:.0f} s", counts.row_counts(window, row, cpus), counts.each(cpus, 0))
    withheld = [one for one in findings_of(isolab, recording)["metrics"]
                if one["name"] == "gap_max" and one["labels"] == {"arm": "idle", "cpu": "all"}]
    expect("its times are withheld", [one.get("not_applicable", "")[:12] for one in withheld], ["emulated CPU"])


def check_isolated(expect, text, isolated):
    found = {one["id"]: one["level"] for one in json.loads(text)["findings"]}
    for name in ("isolated", "nohz_full", "rcu_nocbs"):
        wanted = ("ok",) if isolated else ("problem", "advice")
        expect(f"check with{'' if isolated else 'out'} isolation: {name}", found.get(name), lambda x: x in wanted)


def check_kernel(expect, guest, before, after):
    """Settings are back, and the kernel has nothing to complain about."""
    moving = re.compile(r"kernel\.tainted|memory\.(available|direct_map)|^clock\.")
    changed = {key: (value, after.get(key)) for key, value in before.items()
               if after.get(key) != value and not moving.search(key)}
    expect("every setting is back at its odd value", changed, {})
    expect("odd values to start from", {fact: before.get(fact) for fact in ODD},
           {fact: value for fact, (_, value) in ODD.items()})
    # A remote tick that came 3 s late says how busy the emulator's host is (kernel/sched/core.c,
    # sched_tick_remote); it warns once, with one call trace, and taints with 512.
    late = any("sched_tick_remote" in line for line in guest["kernel_complaints"])
    complaints = [line for line in guest["kernel_complaints"]
                  if not (late and re.search(r"sched_tick_remote|Call Trace:|tainted: 512$", line))]
    expect("kernel log" + (" (less a late remote tick)" if late else ""), complaints, [])
    expect("taint", guest["tainted"], 512 if late else 0)


def main():
    isolab, arch, kernel = sys.argv[1:4]
    program = sys.argv[4] if len(sys.argv) > 4 else ""
    if program and not pathlib.Path(program).exists():
        counts.skip(f"{program} was not built (scripts/build_{arch}.sh)")
    begin = time.monotonic()
    expect = counts.Expectations()
    cpus = shape_of(arch, kernel)[1]
    profiles = "/root/no-server" if counts.version_of(kernel) >= (6, 12) else "/root"
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        odd = " ".join(f"sysctl.{name}={value}" for name, value in ODD.values())
        guest = boot(isolab, arch, kernel, program,
                     ["isolab check --json", "isolab facts --json",
                      f"isolab run {profiles}/quiet.yaml -o /out/quiet --no-plots --json",
                      f"isolab run {profiles}/noisy.yaml -o /out/noisy --no-plots --json",
                      "isolab facts --json"],
                     place / "isolated",
                     ["--isolated", ",".join(map(str, cpus)), "--append", f"{BOOT} {odd}"])
        commands = guest["commands"]
        check_isolated(expect, commands[0]["output"], True)
        for index in (2, 3):
            expect(" ".join(commands[index]["argv"][:3]) + " exits", commands[index]["exit"], "0")
        before, after = (json.loads(commands[i]["output"]) for i in (1, 4))
        check_quiet(expect, isolab, place / "isolated/quiet", cpus)
        noisy = place / "isolated/noisy"
        counts.check(expect, findings_of(isolab, noisy), counts.windows_of(noisy), counts.Guest(arch, kernel, cpus, before))
        check_kernel(expect, guest, before, after)
        seconds = guest["seconds"]
        if f"{arch} {kernel}" == ALSO_PLAIN:
            plain = boot(isolab, arch, kernel, program, ["isolab check --json"], place / "plain", ["--isolated", "none"])
            check_isolated(expect, plain["commands"][0]["output"], False)
            seconds += plain["seconds"]
        print(f"{arch} {kernel}: guests ran {seconds:.0f} s, the test took {time.monotonic() - begin:.0f} s")
    if expect.failed:
        print(f"{len(expect.failed)} failed: " + "; ".join(expect.failed))
        sys.exit(1)


main()
