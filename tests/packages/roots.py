# SPDX-License-Identifier: Apache-2.0
"""Roots of other machines for the tests of packages: a directory that is a mount, so that isolab can make it private."""
import contextlib
import os
import pathlib
import subprocess
import sys


def private_mounts():
    """Starts this program again in a mount namespace of its own, whose mounts end with it."""
    if os.geteuid() != 0:
        print("not root: chroot(2) needs it")
        sys.exit(77)
    if os.environ.get("ISOLAB_TEST_MOUNTS") != "private":
        os.environ["ISOLAB_TEST_MOUNTS"] = "private"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


def mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


@contextlib.contextmanager
def entered(root):
    """The directory as a root with /proc, /sys and /dev."""
    mount("--bind", root, root)
    for place in ("proc", "sys", "dev", "tmp"):
        (root / place).mkdir(exist_ok=True)
    mount("-t", "proc", "proc", root / "proc")
    mount("--rbind", "/sys", root / "sys")
    mount("--rbind", "/dev", root / "dev")
    try:
        yield Root(root)
    finally:
        subprocess.run(["umount", "-R", "-l", root], check=True)


@contextlib.contextmanager
def overlay(place):
    """This machine's root, entered, with changes in memory that end with it; None where it has no overlayfs."""
    merged, memory = place / "merged", place / "memory"
    merged.mkdir(parents=True)
    memory.mkdir()
    mount("-t", "tmpfs", "tmpfs", memory)
    try:
        for name in ("upper", "work"):
            (memory / name).mkdir()
        try:
            mount("-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={memory}/upper,workdir={memory}/work", merged)
        except subprocess.CalledProcessError as error:
            print(f"skipped: no overlay of this machine's root: {error.stderr.decode().strip()}")
            yield None
            return
        with entered(merged):
            yield merged
        subprocess.run(["umount", "-l", merged], check=True)
    finally:
        subprocess.run(["umount", "-l", memory], check=True)


class Root:
    def __init__(self, path):
        self.path = pathlib.Path(path)

    def run(self, *command, codes=(0,)):
        """What a command in this root prints, both streams; any other exit code than `codes` is an error."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(["chroot", self.path, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=300, env=environment)
        if done.returncode not in codes:
            raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}: {done.stdout[-2000:]}")
        return done.stdout
