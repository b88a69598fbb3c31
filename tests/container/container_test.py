# SPDX-License-Identifier: Apache-2.0
"""isolab as in a container: a cpuset, a PID namespace, the capabilities of docker, /sys and /proc/sys read-only, a /dev with
nothing but null and its like. It takes the CPUs of the cpuset, says what is missing, measures what it can, and ends with
the exit code of --limit. The job of container/pod.yaml has rights that suffice for a trace.

Usage: container_test.py ISOLAB SOURCE"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ISOLAB, SOURCE = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
DOCKER = ["chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service", "net_raw",
          "sys_chroot", "mknod", "audit_write", "setfcap"]
GATE = "name: gate\nquestion: how long?\nprobe: {busy_loop: {}}\nobserve: [interrupts, ipi_trace]\narms:\n  idle: {}\n" \
       "design: {repeats: 1, warmup: 100ms, measure: 300ms}\n"
failures = []


def fail(text):
    failures.append(text)


def mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


def numbers(cpus):
    """1-3,5 -> [1, 2, 3, 5]"""
    out = []
    for part in cpus.strip().split(","):
        first, _, last = part.partition("-")
        out += range(int(first), int(last or first) + 1)
    return out


@contextlib.contextmanager
def cpuset(cpus):
    """A cpuset of these CPUs with this process in it; False where none can be made."""
    old = pathlib.Path("/sys/fs/cgroup/cpuset")
    base, controller = (old, "cpuset") if old.is_dir() else (pathlib.Path("/sys/fs/cgroup"), "")
    own = [line.split(":", 2)[2] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()
           if line.split(":")[1] == controller]
    place = base / f"isolab_test_{os.getpid()}"
    control = base / "cgroup.subtree_control"
    switched = base != old and control.exists() and "cpuset" not in control.read_text().split()
    try:
        if switched:
            control.write_text("+cpuset")
        place.mkdir()
        (place / "cpuset.cpus").write_text(cpus)
        if base == old:
            (place / "cpuset.mems").write_text((base / "cpuset.mems").read_text())
        (place / "cgroup.procs").write_text(str(os.getpid()))
    except (OSError, IndexError) as error:
        print(f"skipped: no cpuset below {base}: {error}")
        if place.is_dir():
            place.rmdir()
        yield False
        return
    try:
        yield True
    finally:
        pathlib.Path(f"{base}{own[0]}/cgroup.procs").write_text(str(os.getpid()))
        place.rmdir()
        if switched:
            control.write_text("-cpuset")


def build(place, tracing):
    """The file systems of a container, in the mount namespace of this process."""
    for name in ("sys", "cgroup", "dev", "shm"):
        (place / name).mkdir()
    mount("--rbind", "/sys/fs/cgroup", place / "cgroup")
    mount("-t", "sysfs", "-o", "ro", "none", place / "sys")
    mount("--rbind", place / "cgroup", place / "sys/fs/cgroup")
    if tracing:
        mount("-t", "tracefs", "none", place / "sys/kernel/tracing")
    mount("-t", "tmpfs", "none", place / "dev")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (place / "dev" / name).touch()
        mount("--bind", f"/dev/{name}", place / "dev" / name)
    (place / "dev/shm").mkdir()
    mount("-t", "tmpfs", "none", place / "dev/shm")
    mount("--rbind", place / "sys", "/sys")
    mount("--rbind", place / "dev", "/dev")


def inside(rights, *words, pids="own"):
    """isolab with these capabilities, in a PID namespace of its own or the host's."""
    if pids == "host":
        return bounded(rights, [], words)
    script = "mount -t proc proc /proc && mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec \"$@\""
    return bounded(rights, ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh"], words)


def bounded(rights, around, words):
    bound = ",".join(["-all", *(f"+{right}" for right in rights)])
    return subprocess.run([*around, "setpriv", f"--bounding-set={bound}", ISOLAB, *map(str, words)], capture_output=True, text=True,
                          timeout=120, check=False)


def expect(done, code, what, *words):
    for word in words:
        if word not in done.stdout + done.stderr:
            fail(f"{what}: no {word!r} in {done.stdout[-2500:]}{done.stderr[-2500:]}")
    if done.returncode not in (code if isinstance(code, tuple) else (code,)):
        fail(f"{what}: exit code {done.returncode}, not {code}: {done.stderr[-2500:]}")


def check_rights(docker):
    done = inside(docker, "check", "--json")
    expect(done, 1, "check")
    findings = {finding["id"]: finding for finding in json.loads(done.stdout)["findings"]} if done.stdout else {}
    rights = {named["name"]: named for named in findings.get("rights", {}).get("named", [])}
    for name in ("CAP_SYS_ADMIN", "CAP_SYS_NICE", "CAP_IPC_LOCK", "tracefs", "writable /proc/sys", "/dev/cpu_dma_latency"):
        if name not in rights or not rights[name]["seen"] or not rights[name]["advice"]:
            fail(f"check does not name {name}: {sorted(rights)}")
    if "PID namespace" not in findings.get("kernel_threads", {}).get("seen", ""):
        fail(f"check looks for kernel threads in a PID namespace: {findings.get('kernel_threads')}")
    if findings.get("cpuset", {}).get("level") != "ok":
        fail(f"cpuset: {findings.get('cpuset')}")


def check_limits(place, docker):
    profile = place / "gate.yaml"
    profile.write_text(GATE)
    link = place / "linked.yaml"  # as a ConfigMap is mounted
    link.symlink_to("gate.yaml")
    done = inside(docker, "run", profile, "-o", place / "kept", "--no-plots", "--limit", "gap_max=1h")
    expect(done, 0, "a limit that is kept", "missing: CAP_SYS_NICE: no real-time priority", "missing: tracefs: no trace")
    plan = json.loads((place / "kept/plan.json").read_text()) if (place / "kept/plan.json").exists() else {}
    allowed = os.sched_getaffinity(0)
    if not plan or not set(numbers(plan["measured"]) + numbers(plan["housekeeping"])) <= allowed:
        fail(f"cpuset {allowed}: measured and housekeeping CPUs {plan.get('measured')}, {plan.get('housekeeping')}")
    done = inside(docker, "run", link, "-o", place / "broken", "--no-plots", "--limit", "gap_max=1ns")
    expect(done, 2, "a limit that is exceeded")
    done = inside(docker, "run", profile, "-o", place / "unjudged", "--no-plots", "--limit", "wakeup_max=1ms")
    expect(done, 3, "a limit of what the probe does not measure", "no arm was judged by budget wakeup_max <= 1ms: not measured")
    expect(inside(docker, "run", profile, "-o", place / "bad", "--limit", "gap_max"), 1, "a limit without =", "METRIC=LIMIT")


def traced(place, name, rights, pids):
    """A recording with a trace: its findings and the names of tasks."""
    (place / "gate.yaml").write_text(GATE)
    done = inside(rights, "run", place / "gate.yaml", "-o", place / name, "--no-plots", "--json", pids=pids)
    expect(done, (0, 5), name)
    found = place / name / "findings.json"
    windows = json.loads(found.read_text())["interruptions"]["windows"] if found.exists() else []
    levels = {window["level"] for window in windows}
    if not levels or "D" in levels:
        fail(f"{name}: trace levels {levels}: {done.stderr}")
    names = [line.split(" ", 1) for file in (place / name).glob("windows/*/trace/comms") for line in file.read_text().splitlines()]
    return done, {int(number): comm for number, comm in names}


def check_pod(place):
    """With the rights of container/pod.yaml the causes of gaps are known, and tasks have their names."""
    text = (SOURCE / "container/pod.yaml").read_text()
    rights = DOCKER + [name.lower() for name in re.search(r"add: \[(.*)\]", text).group(1).split(", ")]
    if "\n      hostPID: true" not in text:
        fail("the pod has not the PID namespace of the host")
    done, names = traced(place, "pod", rights, "host")
    for name in ("CAP_SYS_NICE", "CAP_IPC_LOCK", "CAP_SYSLOG", "tracefs", "PID namespace"):
        if f"missing: {name}" in done.stderr:
            fail(f"the pod has not {name}: {done.stderr}")
    if names.get(os.getpid()) != pathlib.Path("/proc/self/comm").read_text().strip():
        fail(f"the test is {names.get(os.getpid())!r} in the trace")
    done, names = traced(place, "namespace", rights, "own")
    expect(done, (0, 5), "a PID namespace", "missing: PID namespace of the host")
    if names.get(1, "").startswith(("isolab", "sh", "setpriv")):
        fail(f"task 1 of the container is task 1 of the trace: {names[1]}")


def check_one_cpu(place):
    """Where nothing is left for the workloads, the cpuset is named."""
    (place / "gate.yaml").write_text(GATE)
    expect(inside(DOCKER, "plan", place / "gate.yaml"), 1, "a cpuset of one CPU", "no CPU is left for housekeeping: the cpuset")


PARTS = {"docker": lambda place: (check_rights(DOCKER), check_limits(place, DOCKER)), "pod": check_pod, "one_cpu": check_one_cpu}


def carry_out(part, place):
    """In a mount namespace of its own, with which all mounts end."""
    (place / "root").mkdir()
    build(place / "root", tracing=part == "pod")
    PARTS[part](place)
    for text in failures:
        print(text)
    return 1 if failures else 0


def start(part):
    with tempfile.TemporaryDirectory() as place:
        command = ["unshare", "--mount", "--propagation", "private", sys.executable, __file__, *sys.argv[1:3], part, place]
        return subprocess.run(command, check=False, env={**os.environ, "ISOLAB_STATE_DIR": f"{place}/state"}).returncode


def main():
    if len(sys.argv) > 3:
        return carry_out(sys.argv[3], pathlib.Path(sys.argv[4]))
    online = numbers(pathlib.Path("/sys/devices/system/cpu/online").read_text())
    if os.geteuid() != 0 or len(online) < 2 or not shutil.which("setpriv"):
        print("skipped: needs root, two CPUs and setpriv")
        return 77
    codes = []
    with cpuset(f"{online[0]},{online[-1]}") as limited:
        if not limited:
            return 77
        codes.append(start("docker"))
        if "tracefs" in pathlib.Path("/proc/filesystems").read_text().split():
            codes.append(start("pod"))
        else:
            print("skipped: the rights of the pod, this kernel has no tracefs")
    with cpuset(str(online[0])):
        codes.append(start("one_cpu"))
    print("every part holds" if not any(codes) else "failed")
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
