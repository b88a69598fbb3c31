# SPDX-License-Identifier: Apache-2.0
"""Kills isolab at every entry of its journal and at random instants, on the real knobs of this machine,
and compares everything a run may touch before and after. Needs root. Leaves nothing behind.

  kill_test.py ISOLAB [--instants N] [--seconds S] [--entries] [--seed N]

Each time a different one of run, keeper, front (runner/supervise.h), or several at once. When the keeper
or the front survives it must restore; when both die, the next run must refuse and `isolab restore` must
put everything back. One line per difference; the last line counts. Exit code 77: cannot be done here.
"""
import argparse
import ctypes
import fcntl
import os
import pathlib
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TRACING = pathlib.Path("/sys/kernel/tracing")
ROLES = ["isolab-run", "isolab-keeper", "isolab"]
# Every non-empty set of the three.
VICTIMS = [[role for bit, role in enumerate(ROLES) if number >> bit & 1] for number in range(1, 8)]
LIBC = ctypes.CDLL(None, use_errno=True)
MARK = "ISOLAB_KILL_TEST"
# Written by the kernel itself. Taint is told apart: whoever is killed inside mkdir() of a tracefs instance makes
# the kernel warn, because its page allocation gives up on a fatal signal (kernel/trace/ring_buffer.c,
# rb_allocate_pages and trace_rb_cpu_prepare, seen on 6.18).
NO_SETTINGS = {"ns_last_pid", "tainted"}
TAINT = "/proc/sys/kernel/tainted"


def private_tracefs():
    """A mount namespace of our own with tracefs in it, so that it can be compared and is gone with us."""
    if os.path.ismount(TRACING):
        return
    clone_newns, ms_rec, ms_private = 0x20000, 0x4000, 1 << 18
    if LIBC.unshare(clone_newns) or LIBC.mount(b"none", b"/", None, ms_rec | ms_private, None) or \
            LIBC.mount(b"tracefs", bytes(TRACING), b"tracefs", 0, None):
        print("tracefs cannot be mounted here: instances are not compared")


def read(path):
    try:
        return pathlib.Path(path).read_bytes()[:65536]
    except OSError as error:
        return f"unreadable: {error.errno}".encode()


def ours(names):
    """Those that isolab makes ("isolab-PID", "isolab_NAME_PID"), unless another isolab is at work there."""
    found = []
    for name in names:
        pid = re.search(r"isolab[-_](?:\w+_)?(\d+)", name)
        if pid and (not os.path.exists(f"/proc/{pid[1]}") or MARK.encode() in read(f"/proc/{pid[1]}/environ")):
            found.append(name)
    return sorted(found)


def capture():
    """Path -> contents of whatever a run may change. Values that move by themselves are dropped by
    comparing two captures of a quiet machine first (see main)."""
    out = {}
    for root in ["/proc/sys/vm", "/proc/sys/kernel", "/proc/sys/debug", "/sys/kernel/mm",
                 "/sys/module/kfence/parameters", "/sys/devices/virtual/workqueue", "/sys/devices/system/cpu"]:
        for directory, names, files in os.walk(root):
            names[:] = [n for n in names if n not in ("cache", "topology", "thermal_throttle", "stats", "damon")]
            for name in files:
                path = os.path.join(directory, name)
                try:
                    if os.lstat(path).st_mode & 0o222 and name not in NO_SETTINGS:
                        out[path] = read(path)
                except OSError:
                    pass
    for path in pathlib.Path("/proc/irq").glob("*/smp_affinity_list"):
        out[str(path)] = read(path)
    for name in ["current_tracer", "tracing_on", "kprobe_events", "set_event", "set_ftrace_filter",
                 "trace_clock", "tracing_cpumask", "set_event_pid", "events/enable", "buffer_size_kb",
                 "trace_options", "set_ftrace_pid", "uprobe_events", "synthetic_events"]:
        out[str(TRACING / name)] = read(TRACING / name)
    out["instances"] = ours(os.listdir(TRACING / "instances")) if (TRACING / "instances").is_dir() else []
    for mount in re.findall(r"^\S+ (\S+) cgroup2? ", read("/proc/mounts").decode(), re.M):
        out["cgroups " + mount] = ours(directory for directory, _, _ in os.walk(mount))
    out["mounts"] = read("/proc/1/mounts")
    return out


def marked(mark):
    """Processes of our runs, wherever they have gone: the environment is inherited."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and f"{MARK}={mark}".encode() in read(entry / "environ").split(b"\0"):
            found[int(entry.name)] = read(entry / "comm").decode().strip()
    return found


class JournalWatch:
    """Tells when a journal in the state directory was replaced or removed (inotify)."""

    def __init__(self, directory):
        self.file = LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        # "X.journal.new" is watched too: the kernel joins equal events that follow each other.
        moved_to, created, deleted = 0x80, 0x100, 0x200
        LIBC.inotify_add_watch(self.file, bytes(directory), moved_to | created | deleted)
        self.seen = 0

    def wait(self, wanted, limit):
        end = time.monotonic() + limit
        while self.seen < wanted and time.monotonic() < end:
            if select.select([self.file], [], [], 0.05)[0]:
                self.seen += os.read(self.file, 65536).count(b".journal\0")
        return self.seen >= wanted

    def close(self):
        os.close(self.file)


class Round:
    """One run and its violent end."""

    def __init__(self, isolab, place):
        self.isolab, self.place = isolab, place
        self.state = place / "state"
        self.mark = place.name
        self.environment = dict(os.environ, ISOLAB_STATE_DIR=str(self.state), **{MARK: self.mark})

    def command(self, *arguments):
        return subprocess.run([self.isolab, *arguments], env=self.environment, capture_output=True, text=True,
                              timeout=60)

    def run_command(self, number):
        return [self.isolab, "run", str(HERE / "kill.yaml"), "--allow-commands", "--no-plots", "-q",
                "-o", str(self.place / f"recording-{number}")]

    def whole(self):
        """How long an undisturbed run takes, and how often its journal changes."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        watch = JournalWatch(self.state)
        begin = time.monotonic()
        with open(self.place / "log", "ab") as log:
            done = subprocess.run(self.run_command("whole"), env=self.environment, stdout=log, stderr=log)
        watch.wait(1 << 30, 0.3)
        watch.close()
        return done.returncode, time.monotonic() - begin, watch.seen

    def killed(self, number, victims, wait):
        """Starts a run, calls wait(watch), kills the victims, waits for the dust to settle.
        Returns what went wrong, as sentences."""
        watch = JournalWatch(self.state)
        with open(self.place / "log", "ab") as log:
            front = subprocess.Popen(self.run_command(number), env=self.environment, stdout=log, stderr=log)
        wait(watch)
        watch.close()
        alive = {name: pid for pid, name in marked(self.mark).items() if name in ROLES} | {"isolab": front.pid}
        for name in victims:
            if name in alive:
                try:
                    os.kill(alive[name], signal.SIGKILL)
                except ProcessLookupError:
                    pass
        front.wait(timeout=60)
        wrong = []
        both = "isolab-keeper" in victims and "isolab" in victims
        self.settle()
        journals = [p for p in self.state.glob("*.journal")]
        if journals and not both:
            wrong.append("a journal was left although somebody was there to restore")
        if journals:
            refused = self.command("run", str(HERE / "kill.yaml"), "--allow-commands", "-o",
                                   str(self.place / "refused"))
            if refused.returncode != 1 or "isolab restore" not in refused.stderr:
                wrong.append(f"a run on a changed machine was not refused: {refused.stderr}")
        restored = self.command("restore")
        if restored.returncode != 0:
            wrong.append(f"isolab restore: {restored.stdout}{restored.stderr}")
        left = self.settle()
        if left:
            wrong.append(f"still running: {left}")
            for pid in filter(None, left):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        shutil.rmtree(self.place / f"recording-{number}", ignore_errors=True)
        return wrong

    def settle(self):
        """Waits until nothing of ours runs; what still does after a while. A process killed in the middle of
        a tracer's or a huge page's system call takes its time to die, on a busy machine seconds."""
        end = time.monotonic() + 30
        while (left := marked(self.mark) or self.locked()) and time.monotonic() < end:
            time.sleep(0.02)
        return left

    def locked(self):
        """Held by a process that is dying: its environment is gone before its files are closed."""
        try:
            with open(self.state / f"isolab.{os.geteuid()}") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return {}
        except FileNotFoundError:
            return {}
        except BlockingIOError:
            return {0: "somebody holds the lock"}


def different(before, after, moving):
    return [f"{key}: {before.get(key)!r} -> {after.get(key)!r}" for key in sorted(before.keys() | after.keys())
            if key not in moving and before.get(key) != after.get(key)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("isolab")
    parser.add_argument("--instants", type=int, default=1000, help="random instants (default 1000)")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so long")
    parser.add_argument("--entries", action="store_true", help="also after every change of the journal")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("needs root")
        return 77
    private_tracefs()
    isolab = str(pathlib.Path(options.isolab).resolve())
    place = pathlib.Path(tempfile.mkdtemp(prefix="isolab-kill-"))
    rounds = Round(isolab, place)
    begin = time.monotonic()
    chance = random.Random(options.seed)
    try:
        first = capture()
        code, length, changes = rounds.whole()
        if code not in (0, 5):
            print(f"the profile cannot be run here, exit code {code}:\n{(place / 'log').read_text()[-2000:]}")
            return 1
        before = capture()
        time.sleep(0.3)
        again = capture()
        taint = read(TAINT)
        # A page count or a cursor that moved without us is no knob.
        moving = {key for key in again if before.get(key) != again.get(key) or
                  (first.get(key) != before.get(key) and key.startswith("/sys/kernel/mm"))}
        wrong = different(first, before, moving)
        for line in wrong:
            print(f"after a whole run: {line}")
        print(f"a whole run: {length:.1f} s, {changes} changes of its journals; {len(before)} values compared",
              flush=True)
        plan = [("random", None)] * options.instants
        if options.entries:
            plan = [("entry", n) for n in range(1, changes + 1)] + plan
        done = {"entry": 0, "random": 0}
        for number, (kind, entry) in enumerate(plan):
            if time.monotonic() - begin > options.seconds:
                break
            victims = VICTIMS[number % len(VICTIMS)]
            delay = chance.uniform(0, length)
            wait = (lambda watch: watch.wait(entry, 2 * length + 5)) if kind == "entry" else \
                   (lambda watch: time.sleep(delay))
            told = rounds.killed(number, victims, wait)
            after = capture()
            told += different(before, after, moving)
            at = f"journal change {entry}" if kind == "entry" else f"{delay:.3f} s"
            for line in told:
                print(f"{' + '.join(victims)} killed at {at}: {line}", flush=True)
            wrong += told
            if told:
                before = after
            done[kind] += 1
            if (number + 1) % 100 == 0:
                print(f"{number + 1} of {len(plan)} after {time.monotonic() - begin:.0f} s", flush=True)
            if read(TAINT) != taint:
                taint = read(TAINT)
                print(f"{' + '.join(victims)} killed at {at}: the kernel is tainted, {taint.decode().strip()}: see dmesg",
                      flush=True)
        print(f"killed at {done['entry']} changes of the journal and {done['random']} random instants in "
              f"{time.monotonic() - begin:.0f} s: {len(wrong)} differences", flush=True)
        return 1 if wrong else 0
    finally:
        for pid in marked(rounds.mark):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
