# SPDX-License-Identifier: Apache-2.0
"""Places where what a program prints does not arrive: closed descriptors, a full disk, pipes without a reader
or with one that sleeps or dies, a terminal that goes away."""
import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import termios

KINDS = ["closed", "full", "no_reader", "reader_dies", "reader_sleeps", "terminal_gone", "terminal_hung_up"]


class Output:
    """start() runs a program with stdout and stderr there; spoil() is the moment at which the reader dies or the
    terminal goes away (the other kinds are spoilt from the start)."""

    def __init__(self, kind):
        self.kind = kind
        self.reader = None  # our end
        if kind == "full":
            self.given = os.open("/dev/full", os.O_WRONLY)
        elif kind in ("no_reader", "reader_dies", "reader_sleeps"):
            self.reader, self.given = os.pipe()
        elif kind.startswith("terminal"):
            self.reader, self.given = pty.openpty()
        else:
            self.given = os.open("/dev/null", os.O_WRONLY)
        if kind == "no_reader":
            self.spoil()
        if kind == "reader_sleeps":
            fill(self.given)

    def start(self, command, stdout=None, **options):
        """`stdout`: another place for it."""
        environment = dict(options.pop("env", None) or os.environ, TERM="xterm")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.given if stdout is None else stdout,
                                   stderr=self.given, env=environment, preexec_fn=self.before, **options)
        os.close(self.given)
        return process

    def before(self):
        if self.kind == "closed":
            os.close(1)
            os.close(2)
        if self.kind.startswith("terminal"):
            os.setsid()
        if self.kind == "terminal_hung_up":
            fcntl.ioctl(2, termios.TIOCSCTTY, 0)  # only then does its end send SIGHUP

    def spoil(self):
        if self.reader is not None and self.kind != "reader_sleeps":
            os.close(self.reader)
            self.reader = None

    def close(self):
        if self.reader is not None:
            os.close(self.reader)
            self.reader = None


def fill(pipe):
    """Until it takes nothing more; whoever writes then waits for the reader."""
    os.set_blocking(pipe, False)
    try:
        while True:
            os.write(pipe, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(pipe, True)


def ended(command, column, when=None, sleeps=False, **options):
    """(exit code, what was said) of a program to which happens what a column of the table of exit codes names.
    `when` returns when SIGINT is to be sent; with `sleeps` it meanwhile has a reader that takes nothing."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with open("/dev/full", "wb") as full, contextlib.ExitStack() as later:
        if column in ("stdout full", "stderr full"):
            streams[column.split()[0]] = full
        if column == "interrupted" and sleeps:
            reader, streams["stdout"] = os.pipe()
            fill(streams["stdout"])
            later.callback(os.close, reader)
            later.callback(os.close, streams["stdout"])
        process = subprocess.Popen(command, **streams, **options)
        if column == "interrupted":
            if when:
                when(process)
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        return process.returncode, (out or b"") + (err or b"")
