# SPDX-License-Identifier: Apache-2.0
"""Kills isolab at every entry of its journal and at random instants, on the real knobs of this machine,
and compares everything a run may touch before and after. Needs root. Leaves nothing behind.

  kill_test.py ISOLAB [--instants N] [--seconds S] [--entries] [--outputs] [--verbs] [--seed N]

Each time a different one of run, keeper, front (runner/supervise.h), or several at once. When the keeper
or the front survives it must restore; when both die, the next run must refuse and `isolab restore` must
put everything back. With --outputs stdout and stderr are closed, full, without a reader, on a terminal that
goes away, ... (tests/support/outputs.py), each time another; with --verbs the verb changes, too. One line per
difference; the last line counts. Exit code 77: cannot be done here.
"""
import argparse
import contextlib
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
sys.path.insert(0, str(HERE.parent / "support"))
from machine_state import TAINT, Machine, different, private_tracefs, read  # noqa: E402
from outputs import KINDS, Output  # noqa: E402

ROLES = ["isolab-run", "isolab-keeper", "isolab"]
# Every non-empty set of the three.
VICTIMS = [[role for bit, role in enumerate(ROLES) if number >> bit & 1] for number in range(1, 8)]
LIBC = ctypes.CDLL(None, use_errno=True)
VERBS = ["run", "run", "run", "sessions", "plan", "restore"]
MARK = "ISOLAB_KILL_TEST"


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


def doing(pid):
    """The state of a process, where it waits, and the system call."""
    state = re.search(r"State:\t(.)", read(f"/proc/{pid}/status").decode())
    return " ".join([state[1] if state else "gone", read(f"/proc/{pid}/wchan").decode(),
                     read(f"/proc/{pid}/syscall").decode().split(" ")[0]])


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

    def run_command(self, number, verb="run", quiet=True):
        profile, output = str(HERE / "kill.yaml"), str(self.place / f"recording-{number}")
        run = [self.isolab, "run", profile, "--allow-commands", "--no-plots", "-o", output]
        return {"run": run + ["-q"] * quiet, "sessions": run + ["--sessions", "2"],
                "plan": [self.isolab, "plan", "--dry-run", profile], "restore": [self.isolab, "restore"]}[verb]

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

    def start(self, number, verb, output):
        if output:
            return output.start(self.run_command(number, verb, quiet=False), env=self.environment)
        with open(self.place / "log", "ab") as log:
            return subprocess.Popen(self.run_command(number, verb), env=self.environment, stdout=log, stderr=log)

    def kill(self, front, victims):
        alive = {name: pid for pid, name in marked(self.mark).items() if name in ROLES} | {"isolab": front.pid}
        for name in victims:
            if name in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(alive[name], signal.SIGKILL)

    def killed(self, number, victims, wait, verb="run", output=None):
        """Starts a run, calls wait(watch), spoils its output, kills the victims (none: Ctrl-C), waits for the dust
        to settle. With the verb restore that happens to it, after a run that was killed as a whole.
        Returns what went wrong, as sentences."""
        watch = JournalWatch(self.state)
        front = self.start(number, "run" if verb == "restore" else verb, None if verb == "restore" else output)
        wait(watch)
        watch.close()
        if verb == "restore":
            self.kill(front, ROLES)
            front.wait(timeout=60)
            self.settle()
            front, victims = self.start(number, verb, output), ROLES
            time.sleep(0.01 * (number % 8))
        if output:
            output.spoil()
        if victims:
            self.kill(front, victims)
        else:
            with contextlib.suppress(ProcessLookupError):
                front.send_signal(signal.SIGINT)
        wrong = self.end_of(front, output)
        if output:
            output.close()
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

    def end_of(self, front, output):
        """Waits for the front's end; what each process does where it does not come. When all others have ended,
        the front may wait for ever that somebody reads its answer: then the reader goes away."""
        alone, end = 0, time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(subprocess.TimeoutExpired):
                front.wait(timeout=0.2)
                return []
            alone = alone + 1 if set(marked(self.mark)) == {front.pid} else 0
            if alone == 5 and output and output.kind == "reader_sleeps":
                output.close()
        told = ["it does not end: " + ", ".join(f"{name} {pid} {doing(pid)}"
                                                for pid, name in marked(self.mark).items())]
        for pid in marked(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        front.wait()
        return told

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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("isolab")
    parser.add_argument("--instants", type=int, default=1000, help="random instants (default 1000)")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so long")
    parser.add_argument("--entries", action="store_true", help="also after every change of the journal")
    parser.add_argument("--outputs", action="store_true", help="stdout and stderr fail, too: " + ", ".join(KINDS))
    parser.add_argument("--verbs", action="store_true", help="also run --sessions, plan --dry-run and restore")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("needs root")
        return 77
    private_tracefs()
    isolab = str(pathlib.Path(options.isolab).resolve())
    place = pathlib.Path(tempfile.mkdtemp(prefix="isolab-kill-"))
    rounds, machine = Round(isolab, place), Machine(MARK)
    begin = time.monotonic()
    chance = random.Random(options.seed)
    try:
        first = machine.capture()
        code, length, changes = rounds.whole()
        if code not in (0, 5):
            print(f"the profile cannot be run here, exit code {code}:\n{(place / 'log').read_text()[-2000:]}")
            return 1
        before = machine.capture()
        time.sleep(0.3)
        again = machine.capture()
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
            output = None if not options.outputs or chance.random() < 0.1 else Output(chance.choice(KINDS))
            if output and chance.random() < 0.2:
                victims = []
            verb = chance.choice(VERBS) if options.verbs else "run"
            delay = chance.uniform(0, length)
            wait = (lambda watch: watch.wait(entry, 2 * length + 5)) if kind == "entry" else \
                   (lambda watch: time.sleep(delay))
            told = rounds.killed(number, victims, wait, verb, output)
            after = machine.capture()
            told += different(before, after, moving)
            at = f"journal change {entry}" if kind == "entry" else f"{delay:.3f} s"
            at = f"{verb}, output {output.kind if output else 'a file'}, {' + '.join(victims) or 'none'} killed at {at}"
            for line in told:
                print(f"{at}: {line}", flush=True)
            wrong += told
            if told:
                before = after
            done[kind] += 1
            if (number + 1) % 100 == 0:
                print(f"{number + 1} of {len(plan)} after {time.monotonic() - begin:.0f} s", flush=True)
            if read(TAINT) != taint:
                taint = read(TAINT)
                print(f"{at}: the kernel is tainted, {taint.decode().strip()}: see dmesg", flush=True)
        print(f"killed at {done['entry']} changes of the journal and {done['random']} random instants in "
              f"{time.monotonic() - begin:.0f} s: {len(wrong)} differences", flush=True)
        return 1 if wrong else 0
    finally:
        for pid in marked(rounds.mark):
            os.kill(pid, signal.SIGKILL)
        # Also of a test that was interrupted: the journals are in `place`, and go with it.
        print(rounds.command("restore").stderr, end="")
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
