# SPDX-License-Identifier: Apache-2.0
"""Runs isolab where something is missing: rights, space, memory, mounts, system calls, a CPU. Each time it must
end in bounded time with a clear word or a reasoned degradation, and leave nothing changed or running.
Needs root; every loss is arranged in a process or mount namespace of its own.

  hostile_test.py ISOLAB [NAME...]
"""
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import output_cases  # noqa: E402
from machine_state import Machine, different, must, private_tracefs  # noqa: E402

PROFILE = HERE / "hostile.yaml"
KNOB = pathlib.Path("/proc/sys/vm/stat_interval")
LIBC = ctypes.CDLL(None, use_errno=True)
NOBODY = 65534


class Place:
    """A directory of its own for one case."""

    def __init__(self, isolab):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="isolab-hostile-"))
        self.path.chmod(0o755)
        # A copy that everybody may execute, wherever the build is.
        self.isolab = shutil.copy(isolab, self.path / "isolab")
        self.profile = shutil.copy(PROFILE, self.path / "hostile.yaml")
        self.environment = dict(os.environ, ISOLAB_STATE_DIR=str(self.path / "state"), ISOLAB_HOSTILE=self.path.name)

    def run(self, *options, output=None, before=None, meanwhile=None, environment=None):
        """One run; `before` happens in the child, between fork and exec. Returns (code, text)."""
        output = output or self.path / "recording"
        process = subprocess.Popen([self.isolab, "run", self.profile, "--no-plots", "-o", str(output), *options],
                                   env=environment or self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, preexec_fn=before, cwd=self.path)
        if meanwhile:
            meanwhile()
        text, _ = process.communicate(timeout=150)
        return process.returncode, text

    def left(self):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.path.name.encode() in (entry / "environ").read_bytes():
                    found.append(entry.name)
            except OSError:
                pass
        return found


def namespace(*commands):
    """Runs shell commands in a mount namespace of the child's own."""
    def enter():
        clone_newns, ms_rec, ms_private = 0x20000, 0x4000, 1 << 18
        if LIBC.unshare(clone_newns) or LIBC.mount(b"none", b"/", None, ms_rec | ms_private, None):
            os._exit(99)
        for command in commands:
            if os.system(command) != 0:
                os._exit(98)
    return enter


def status_of(place, arm):
    """How the window of an arm ended."""
    for file in sorted((place.path / "recording" / "windows").glob(f"*-{arm}-*/window.json")):
        return json.loads(file.read_text())["status"]
    return "no window"


def no_root(place):
    place.path.chmod(0o777)

    def drop():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    code, text = place.run(before=drop)
    must(code in (0, 5), f"exit code {code}: {text}")
    must("changed: failed" in text or "denied" in text.lower() or "Permission denied" in text, f"says what is missing: {text}")
    must(status_of(place, "idle") == "complete", "the idle arm runs")
    must(status_of(place, "plain") == "complete", "an arm without privileges runs")
    # Somebody else's rights are told apart from a broken machine: the settings arm says why.
    must("denied" in status_of(place, "changed"), status_of(place, "changed"))


def disk_full(place):
    place.path.joinpath("small").mkdir()
    code, text = place.run(output=place.path / "small" / "recording",
                           before=namespace(f"mount -t tmpfs -o size=96k t {place.path}/small"))
    must(code == 1, f"exit code {code}: {text}")
    must("No space left on device" in text, text)


def no_room_for_the_journal(place):
    place.path.joinpath("state").mkdir(mode=0o700)
    code, text = place.run(before=namespace(f"mount -t tmpfs -o size=64k,nr_inodes=2,mode=700 t {place.path}/state"))
    # Nothing may be changed that is not written down: each arm that wants to says so.
    must(code in (1, 5), f"exit code {code}: {text}")
    must("No space left on device" in text and "journal" in text, text)


def memory_short(place):
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (90 << 20, 90 << 20))
    code, text = place.run(before=limit)
    must(code in (0, 1, 5), f"exit code {code}: {text}")
    must(code == 0 or "memory" in text.lower() or "alloc" in text or "killed by" in text, text)


def read_only_kernel_files(place):
    code, text = place.run(before=namespace("mount --bind /proc/sys /proc/sys", "mount -o remount,ro,bind /proc/sys",
                                            "mount --bind /sys /sys", "mount -o remount,ro,bind /sys"))
    must(code in (0, 5), f"exit code {code}: {text}")
    must("Read-only file system" in text, text)
    must(status_of(place, "plain") == "complete", text)


def no_cgroup(place):
    code, text = place.run(before=namespace("umount -l /sys/fs/cgroup/unified 2>/dev/null || true",
                                            "umount -l /sys/fs/cgroup 2>/dev/null || true"))
    must(code == 0, f"exit code {code}: {text}")


def no_tracefs(place):
    # An empty tmpfs in its place, and no right to mount another (CAP_SYS_ADMIN dropped).
    enter = namespace("mount -t tmpfs t /sys/kernel/tracing", "mount -t tmpfs t /sys/kernel/debug")

    def before():
        enter()
        pr_capbset_drop, cap_sys_admin = 24, 21
        if LIBC.prctl(pr_capbset_drop, cap_sys_admin, 0, 0, 0):
            os._exit(97)
    code, text = place.run(before=before)
    must(code == 0, f"exit code {code}: {text}")
    record = json.loads(next((place.path / "recording" / "windows").glob("*-idle-*/window.json")).read_text())
    notes = {key: value for key, value in record["notes"].items() if "level" in key}
    must("D" in notes.values(), f"level D: {notes}")


def seccomp(place):
    """A container's filter: no mounts, no real-time scheduling, no perf, no pidfd, no membarrier."""
    if os.uname().machine != "x86_64":
        return "system call numbers of x86-64 only"
    refused = [165, 166, 272, 144, 298, 434, 324, 321, 101]

    def filtered():
        jump, ret, load, allow, errno_eperm = 0x15, 0x06, 0x20, 0x7fff0000, 0x00050000 | 1
        code = [(load, 0, 0, 0)]
        for at, number in enumerate(refused):
            code.append((jump, len(refused) - at, 0, number))
        code += [(ret, 0, 0, allow), (ret, 0, 0, errno_eperm)]
        program = b"".join(struct.pack("HBBI", *one) for one in code)
        buffer = ctypes.create_string_buffer(program)
        header = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(buffer))
        pr_set_no_new_privs, pr_set_seccomp, mode_filter = 38, 22, 2
        if LIBC.prctl(pr_set_no_new_privs, 1, 0, 0, 0) or LIBC.prctl(pr_set_seccomp, mode_filter, header, 0, 0):
            os._exit(97)
    code, text = place.run(before=filtered)
    must(code in (0, 3, 5) or (code == 1 and "hint:" in text), f"exit code {code}: {text}")
    must("Operation not permitted" in text or "not applicable" in text, text)


def cpu_goes_offline(place):
    """The list of online CPUs is a file of ours, which loses a CPU in the middle of a window."""
    online = place.path / "online"
    real = pathlib.Path("/sys/devices/system/cpu/online").read_text()
    last = int(re.findall(r"\d+", real)[-1])
    if last == 0:
        return "needs two CPUs"
    online.write_text(real)
    profile = pathlib.Path(place.profile)
    profile.write_text(profile.read_text().replace("measure: 200ms", "measure: 3s"))

    def unplug():
        end = time.monotonic() + 60
        while time.monotonic() < end and not list((place.path / "recording" / "windows").glob(".*")):
            time.sleep(0.1)
        time.sleep(1)
        online.write_text(f"0-{last - 1}\n" if last > 1 else "0\n")
    code, text = place.run(before=namespace(f"mount --bind {online} /sys/devices/system/cpu/online"), meanwhile=unplug)
    must(code == 5, f"exit code {code}: {text}")
    must(f"CPU {last} went offline" in text, text)


def second_run(place):
    """Refused with the process, user and profile of the first."""
    profile = pathlib.Path(place.profile)
    # Buffers for the longer window: a loss would end with 5.
    profile.write_text(profile.read_text().replace("measure: 200ms", "measure: 3s").replace("256KiB", "16MiB"))
    told = []

    def another():
        end = time.monotonic() + 60
        while time.monotonic() < end and not (place.path / "recording").exists():
            time.sleep(0.1)
        second = subprocess.run([place.isolab, "run", place.profile, "-o", str(place.path / "second")],
                                env=place.environment, capture_output=True, text=True)
        told.append((second.returncode, second.stderr))
    code, text = place.run(meanwhile=another)
    must(code == 0, f"exit code {code}: {text}")
    must(told[0][0] == 1 and re.search(r"process \d+ of user 0, profile hostile", told[0][1]), str(told))


def profile_of(place, arms, measure, order="interleaved"):
    pathlib.Path(place.profile).write_text(
        "name: hostile\nquestion: What does it leave?\nprobe: {busy_loop: {threshold: 1us}}\n"
        "observe: [interrupts, ipi_trace: {quiet: 1ms}]\n"
        f"arms: {json.dumps(arms)}\ndesign: {{order: {order}, warmup: 100ms, measure: {measure}}}\n")


def command_of(*argv):
    return {"workloads": [{"command": {"argv": list(argv)}}]}


def windows(place):
    return [json.loads(file.read_text()) for file in sorted((place.path / "recording" / "windows").glob("*/window.json"))]


def while_measuring(place, comm, number):
    """Sends a signal to the run's process of that name in the middle of the first window."""
    def send():
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for pid in place.left():
                try:
                    name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
                except OSError:
                    continue
                if name != comm:
                    continue
                time.sleep(0.5)
                try:
                    os.kill(int(pid), number)
                    return
                except ProcessLookupError:  # a trial before the first window
                    pass
            time.sleep(0.02)
    return send


def left_running(place):
    """What a command leaves behind is named, and has ended when its window is in the recording."""
    beat = place.path / "beat"
    busy = command_of("sh", "-c", f"setsid sh -c 'while :; do : > {beat}; done' & sleep 300")
    profile_of(place, {"idle": {}, "leaves": busy, "after": command_of("sleep", "300")}, "500ms", order="sequential")
    code, text = place.run("--allow-commands")
    must(code in (0, 5), f"exit code {code}: {text}")
    must("had left running: sh (" in text, text)
    _, leaves, after = windows(place)
    must(any(one["id"] == "left_running" and "sh (" in one["seen"] for one in leaves["warnings"]), str(leaves["warnings"]))
    must(not any(one["id"] == "left_running" for one in after["warnings"]), str(after["warnings"]))
    committed = next((place.path / "recording" / "windows").glob("*-leaves-*/window.json")).stat().st_mtime_ns
    must(beat.stat().st_mtime_ns <= committed, "it ran on after its window")
    report = subprocess.run([place.isolab, "report", str(place.path / "recording")], capture_output=True, text=True)
    must("had left running: sh (" in report.stdout, report.stdout)


def reader_killed(place):
    profile_of(place, {"idle": {}}, "1500ms")
    code, text = place.run(meanwhile=while_measuring(place, "trace-drain", signal.SIGKILL))
    if windows(place)[0]["notes"]["ipi_trace.level"] == "D":
        return "nothing can be traced here"
    must(code == 5, f"exit code {code}: {text}")
    must("disturbed: the trace reader ended: killed by SIGKILL" in status_of(place, "idle"), status_of(place, "idle"))


def workload_stopped(place):
    profile_of(place, {"idle": {}, "still": command_of("sleep", "300")}, "1500ms")
    code, text = place.run("--allow-commands", meanwhile=while_measuring(place, "command", signal.SIGSTOP))
    must(code == 5, f"exit code {code}: {text}")
    must(re.match("disturbed: workload command ignored the request to stop", status_of(place, "still")), status_of(place, "still"))


def log_flood(place):
    profile_of(place, {"idle": {}, "floods": command_of("yes")}, "500ms")
    code, text = place.run("--allow-commands")
    must(code in (0, 5), f"exit code {code}: {text}")
    must(status_of(place, "floods") == "complete", status_of(place, "floods"))
    log = next((place.path / "recording" / "windows").glob("*-floods-*/command.log"))
    cut = windows(place)[1]["work"][0]["notes"].get("output_bytes_cut")
    must(log.stat().st_size <= (16 << 20) + 100, f"{log.stat().st_size} bytes of log")
    must((cut is not None) == (log.stat().st_size > 16 << 20), f"{log.stat().st_size} bytes, cut: {cut}")


CASES = [no_root, disk_full, no_room_for_the_journal, memory_short, read_only_kernel_files, no_cgroup, no_tracefs,
         seccomp, cpu_goes_offline, second_run, left_running, reader_killed, workload_stopped, log_flood] + output_cases.CASES


def main():
    if os.geteuid() != 0:
        print("needs root")
        return 77
    isolab, wanted = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    private_tracefs()
    machine = Machine("ISOLAB_HOSTILE")
    moving = machine.moving()
    failed = 0
    for case in CASES:
        if wanted and case.__name__ not in wanted:
            continue
        place = Place(isolab)
        before, begin = machine.capture(), time.monotonic()
        try:
            skipped = case(place)
            changed = different(before, machine.capture(), moving)
            must(not changed, "left changed: " + "\n".join(changed))
            must(not place.left(), f"still running: {place.left()}")
            journals = list(place.path.glob("state/*.journal"))
            must(not journals, f"journals were left: {journals}")
            print(f"{case.__name__}: {'skipped, ' + skipped if skipped else 'ok'} ({time.monotonic() - begin:.1f} s)", flush=True)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"{case.__name__}: FAILED\n{str(error)[:3000]}", flush=True)
        finally:
            shutil.rmtree(place.path, ignore_errors=True)
    output_cases.clean_up()
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
