#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `isolab watch` costs the program that is watched: iterations per second with and without it, in turn, while
membarrier(2) interrupts the program at a given rate. Needs root and two CPUs.

Usage: watch_overhead.py ISOLAB [--rounds 10] [--seconds 2] [--rate 1000] [--options "--stop-over 1s"]"""
import argparse
import ctypes
import json
import mmap
import os
import pathlib
import signal
import statistics
import struct
import subprocess
import tempfile
import time

MEMBARRIER = {"x86_64": 324, "aarch64": 283}[os.uname().machine]  # its number as a system call
GLOBAL_EXPEDITED, REGISTER_GLOBAL_EXPEDITED = 2, 4
LIBC = ctypes.CDLL(None, use_errno=True)


def child(name, cpu, body):
    pid = os.fork()
    if pid == 0:
        LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        LIBC.prctl(15, name.encode())  # PR_SET_NAME
        os.sched_setaffinity(0, {cpu})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))
        body()
        os._exit(0)
    return pid


def count(memory):
    """A loop of fixed work; the number of rounds is in the shared memory."""
    LIBC.syscall(MEMBARRIER, REGISTER_GLOBAL_EXPEDITED, 0, 0)
    done = 0
    while True:
        for _ in range(1000):
            pass
        done += 1
        memory[:8] = struct.pack("q", done)


def interrupt(rate):
    while True:
        time.sleep(1 / rate)
        LIBC.syscall(MEMBARRIER, GLOBAL_EXPEDITED, 0, 0)


def iterations(memory, seconds):
    before, begin = struct.unpack("q", memory[:8])[0], time.monotonic()
    time.sleep(seconds)
    return (struct.unpack("q", memory[:8])[0] - before) / (time.monotonic() - begin)


def watched(arguments, pid, memory):
    """Iterations per second and the watch's own JSON."""
    words = [arguments.isolab, "watch", "--pid", str(pid), "--json", *arguments.options.split()]
    with tempfile.TemporaryFile("w+") as out:
        watch = subprocess.Popen(words, stdout=out, stderr=subprocess.PIPE, text=True)
        for line in watch.stderr:
            if line.startswith("watching"):
                break
        time.sleep(0.2)
        rate = iterations(memory, arguments.seconds)
        watch.send_signal(signal.SIGINT)
        watch.communicate()
        out.seek(0)
        return rate, json.load(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("isolab", type=lambda name: str(pathlib.Path(name).resolve()))
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--options", default="")
    arguments = parser.parse_args()
    cpus = sorted(os.sched_getaffinity(0))
    memory = mmap.mmap(-1, 4096)
    os.sched_setaffinity(0, set(cpus[:-1]))
    application = child("watched_loop", cpus[-1], lambda: count(memory))
    sender = child("watch_sender", cpus[0], lambda: interrupt(arguments.rate))
    ratios, slices = [], []
    try:
        time.sleep(0.5)
        for number in range(arguments.rounds):
            with_it = number % 2 == 0  # which one comes first changes with each round
            first = watched(arguments, application, memory) if with_it else iterations(memory, arguments.seconds)
            second = iterations(memory, arguments.seconds) if with_it else watched(arguments, application, memory)
            (rate, found), without = (first, second) if with_it else (second, first)
            ratios.append(rate / without)
            slices.append(sum(cause["times"] for cause in found["causes"]) / found["seconds"])
    finally:
        for pid in (application, sender):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    ratios.sort()
    print(f"iterations/s with watch to without: median {statistics.median(ratios):.4f}, {ratios[0]:.4f} to "
          f"{ratios[-1]:.4f} in {len(ratios)} rounds of {arguments.seconds:g} s; "
          f"{statistics.median(slices):.0f} interruptions/s by cause")


if __name__ == "__main__":
    main()
