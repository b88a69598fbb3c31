# SPDX-License-Identifier: Apache-2.0
"""What a run may change on this machine, captured and compared: settings, tracefs, cgroups, mounts."""
import ctypes
import os
import pathlib
import re
import time

TRACING = pathlib.Path("/sys/kernel/tracing")
LIBC = ctypes.CDLL(None, use_errno=True)
# Written by the kernel itself. Taint is told apart: whoever is killed inside mkdir() of a tracefs instance makes
# the kernel warn, because its page allocation gives up on a fatal signal (kernel/trace/ring_buffer.c,
# rb_allocate_pages and trace_rb_cpu_prepare, seen on 6.18).
NO_SETTINGS = {"ns_last_pid", "tainted"}
MADE = re.compile(r"isolab[-_](?:\w+_)?(\d+)")
TAINT = "/proc/sys/kernel/tainted"


def must(holds, what):
    if not holds:
        raise AssertionError(what)


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


def different(before, after, moving):
    return [f"{key}: {before.get(key)!r} -> {after.get(key)!r}" for key in sorted(before.keys() | after.keys())
            if key not in moving and before.get(key) != after.get(key)]


class Machine:
    """`mark`: the environment variable of the test's own runs, whose leftovers count while they live, too."""

    def __init__(self, mark):
        self.mark = mark.encode()

    def ours(self, names):
        """Those that isolab makes ("isolab-PID", "isolab_NAME_PID"), unless another isolab is at work there."""
        return sorted(name for name in names if MADE.search(name) and not self.of_others(name))

    def of_others(self, name):
        """Whether an isolab that is at work and none of ours has made it."""
        made = MADE.search(name)
        return made and os.path.exists(f"/proc/{made[1]}") and self.mark not in read(f"/proc/{made[1]}/environ")

    def capture(self):
        """Path -> contents of whatever a run may change."""
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
        # Groups of kprobe events are a run's own, too.
        probes = out[str(TRACING / "kprobe_events")].decode().splitlines()
        out[str(TRACING / "kprobe_events")] = [line for line in probes if not self.of_others(line)]
        instances = TRACING / "instances"
        out["instances"] = self.ours(os.listdir(instances)) if instances.is_dir() else []
        for mount in re.findall(r"^\S+ (\S+) cgroup2? ", read("/proc/mounts").decode(), re.M):
            out["cgroups " + mount] = self.ours(directory for directory, _, _ in os.walk(mount))
        out["mounts"] = read("/proc/1/mounts")
        return out

    def left_changed(self, before, moving):
        """What differs from `before`; what a run of others that has just been killed made, is removed in a moment."""
        for _ in range(3):
            changed = different(before, self.capture(), moving)
            if not any(line.startswith(("instances:", "cgroups ", str(TRACING / "kprobe_events"))) for line in changed):
                break
            time.sleep(0.3)
        return changed

    def moving(self):
        """Keys of values that move by themselves: a page count or a cursor is no setting."""
        before = self.capture()
        time.sleep(0.3)
        return {line.split(": ", 1)[0] for line in different(before, self.capture(), set())}
