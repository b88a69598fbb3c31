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
from machine_state import Machine, must, private_tracefs  # noqa: E402

PROFILE = HERE / "hostile.yaml"
LIBC = ctypes.CDLL(None, use_errno=True)
NOBODY = 65534


class Place:
    """A directory of its own for one case."""

    def __init__(self, isolab, mark):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="isolab-hostile-"))
        self.path.chmod(0o755)
        # A copy that everybody may execute, wherever the build is.
        self.isolab = shutil.copy(isolab, self.path / "isolab")
        self.profile = shutil.copy(PROFILE, self.path / "hostile.yaml")
        self.environment = dict(os.environ, ISOLAB_STATE_DIR=str(self.path / "state"), **{mark: self.path.name})

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
    profile_of(place, {"idle": {}}, "1500ms")

    def unplug():
        end = time.monotonic() + 60
        while time.monotonic() < end and not list((place.path / "recording" / "windows").glob(".*")):
            time.sleep(0.02)
        time.sleep(0.5)
        online.write_text(f"0-{last - 1}\n" if last > 1 else "0\n")
    code, text = place.run(before=namespace(f"mount --bind {online} /sys/devices/system/cpu/online"), meanwhile=unplug)
    must(code == 5, f"exit code {code}: {text}")
    must(f"CPU {last} went offline" in text, text)


def second_run(place):
    """Refused with the process, user and profile of the first."""
    profile_of(place, {"idle": {}}, "1500ms", observe="[interrupts]")
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


def profile_of(place, arms, measure, order="interleaved", observe="[interrupts, ipi_trace: {quiet: 1ms}]"):
    pathlib.Path(place.profile).write_text(
        "name: hostile\nquestion: What does it leave?\nprobe: {busy_loop: {threshold: 1us}}\n"
        f"observe: {observe}\n"
        f"arms: {json.dumps(arms)}\ndesign: {{order: {order}, warmup: 100ms, measure: {measure}}}\n")


def command_of(*argv):
    return {"workloads": [{"command": {"argv": list(argv)}}]}


def windows(place):
    return [json.loads(file.read_text()) for file in sorted((place.path / "recording" / "windows").glob("*/window.json"))]


def while_measuring(place, comm, number, before=lambda: None):
    """Sends a signal to the run's process of that name in the middle of the first window; `before` is done before it."""
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
                    before()
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
    profile_of(place, {"idle": {}, "leaves": busy, "after": command_of("sleep", "300")}, "300ms", order="sequential")
    code, text = place.run("--allow-commands")
    must(code in (0, 5), f"exit code {code}: {text}")
    must("left running by the window: sh (" in text, text)
    _, leaves, after = windows(place)
    must(any(one["id"] == "left_running" and "sh (" in one["seen"] for one in leaves["warnings"]), str(leaves["warnings"]))
    must(not any(one["id"] == "left_running" for one in after["warnings"]), str(after["warnings"]))
    committed = next((place.path / "recording" / "windows").glob("*-leaves-*/window.json")).stat().st_mtime_ns
    must(beat.stat().st_mtime_ns <= committed, "it ran on after its window")
    report = subprocess.run([place.isolab, "report", str(place.path / "recording"), "--section", "warnings"],
                            capture_output=True, text=True)
    must("left running by the window: sh (" in report.stdout, report.stdout)


def reader_killed(place):
    profile_of(place, {"idle": {}}, "1500ms")
    code, text = place.run(meanwhile=while_measuring(place, "trace-drain", signal.SIGKILL))
    if windows(place)[0]["notes"]["ipi_trace.level"] == "D":
        return "nothing can be traced here"
    must(code == 5, f"exit code {code}: {text}")
    must("disturbed: the trace reader ended: killed by SIGKILL" in status_of(place, "idle"), status_of(place, "idle"))


def reader_stopped(place):
    """It is waited for, not for ever, and its window is in no number."""
    profile_of(place, {"idle": {}}, "1500ms")
    begin = time.monotonic()
    code, text = place.run(meanwhile=while_measuring(place, "trace-drain", signal.SIGSTOP))
    if windows(place)[0]["notes"]["ipi_trace.level"] == "D":
        return "nothing can be traced here"
    must(code == 5, f"exit code {code}: {text}")
    must(status_of(place, "idle").startswith("disturbed: the trace reader "), status_of(place, "idle"))
    must(time.monotonic() - begin < 30, f"it took {time.monotonic() - begin:.0f} s")


PLANTED = "isolab-journal 2\nowner {} 1 %\nvalue {} 2 owned 2 0\nend\n"


def journal_planted(place):
    """What appears in the state directory during a run is named and not obeyed by who restores after a kill."""
    state, victim = place.path / "state", place.path / "victim"
    victim.write_text("precious\n")
    profile_of(place, {"changed": {"settings": {str(output_cases.KNOB): 7}}}, "1500ms")
    planted = []

    def plant():
        for name, owner in (("999999-0.journal", NOBODY), ("999998-0.journal", 0)):
            (state / name).write_text(PLANTED.format(name.split("-")[0], victim))
            os.chown(state / name, owner, -1)
            planted.append(state / name)
        (state / "999997-0.journal").symlink_to(victim)
        planted.append(state / "999997-0.journal")
    code, text = place.run(meanwhile=while_measuring(place, "isolab-run", signal.SIGKILL, plant))
    must(code == 4 and "the machine was restored" in text, f"exit code {code}: {text}")
    must(all(re.search(re.escape(str(path)) + ": cannot (trust|use) a", text) for path in planted), text)
    must(victim.read_text() == "precious\n", "a planted journal was obeyed")
    must(len(planted) == 3 and all(os.path.lexists(path) for path in planted), "a planted journal was removed")
    refused = subprocess.run([place.isolab, "restore"], env=place.environment, capture_output=True, text=True, check=False)
    must(refused.returncode == 4 and victim.read_text() == "precious\n", f"restore: {refused.returncode}: {refused.stderr}")
    for path in planted:
        path.unlink()


def pipes_in_the_state_directory(place):
    """A FIFO for the lock, for that of another user, or for a journal: nobody waits for its other end."""
    state = place.path / "state"
    profile_of(place, {"idle": {}}, "300ms", observe="[interrupts]")
    for name, wanted in (("isolab.0", 1), ("isolab.65534", 0), ("1-0.journal", 1)):
        state.mkdir(mode=0o700, exist_ok=True)
        os.mkfifo(state / name)
        begin = time.monotonic()
        code, text = place.run(output=place.path / f"recording-{name}")
        must(code == wanted, f"{name}: exit code {code}: {text}")
        must(code == 0 or re.search(rf"{re.escape(str(state / name))}.* (not a regular file|belongs to another user)", text), f"{name}: {text}")
        must(time.monotonic() - begin < 10, f"{name}: it took {time.monotonic() - begin:.0f} s")
        shutil.rmtree(state)


def workload_stopped(place):
    profile_of(place, {"idle": {}, "still": command_of("sleep", "300")}, "1500ms")
    code, text = place.run("--allow-commands", meanwhile=while_measuring(place, "command", signal.SIGSTOP))
    must(code == 5, f"exit code {code}: {text}")
    must(re.match("disturbed: workload command did not stop within", status_of(place, "still")), status_of(place, "still"))


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
         seccomp, journal_planted] + output_cases.CASES
# These change no setting and wait more than they work: beside the others, as another process with a mark of its own.
BESIDE = [workload_stopped, left_running, cpu_goes_offline, second_run, reader_killed, reader_stopped,
          pipes_in_the_state_directory, log_flood]


def carry_out(cases, isolab, mark, moving):
    """How many failed. Each leaves the machine as it was, but for what is in `moving`."""
    machine = Machine(mark)
    failed = 0
    for case in cases:
        place = Place(isolab, mark)
        before, begin = machine.capture(), time.monotonic()
        try:
            skipped = case(place)
            changed = machine.left_changed(before, moving)
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
    return failed


def main():
    if os.geteuid() != 0:
        print("needs root")
        return 77
    isolab, wanted = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    private_tracefs()
    machine = Machine("ISOLAB_HOSTILE")
    moving = machine.moving()
    before = machine.capture()
    chosen = [[case for case in cases if not wanted or case.__name__ in wanted] for cases in (CASES, BESIDE)]
    beside = os.fork()
    if beside == 0:
        os._exit(carry_out(chosen[1], isolab, "ISOLAB_BESIDE", moving | {str(output_cases.KNOB)}))
    failed = carry_out(chosen[0], isolab, "ISOLAB_HOSTILE", moving)
    failed += os.waitstatus_to_exitcode(os.waitpid(beside, 0)[1])
    output_cases.clean_up()
    if changed := machine.left_changed(before, moving):
        failed += 1
        print("left changed by one of them: " + "\n".join(changed))
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
