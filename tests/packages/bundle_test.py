# SPDX-License-Identifier: Apache-2.0
"""scripts/bundle.sh: the tarball runs in a root that has nothing but busybox. With --arm64 the program of that
architecture runs there under qemu-aarch64-static, where that is installed.

Usage: bundle_test.py BUILD SOURCE [--arm64 BUILD_ARM64]"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from roots import entered, private_mounts

BUILD, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
ARM64 = pathlib.Path(sys.argv[4]).resolve() if sys.argv[3:4] == ["--arm64"] else None
RECORDING = SOURCE / "tests/golden/recordings/small"


def text_of(*command, **more):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, timeout=900, **more).stdout


def make_bundle(into):
    options = ["--build", BUILD] if ARM64 is None else ["--arm64", "--build", ARM64, "--host-build", BUILD]
    made = text_of(SOURCE / "scripts/bundle.sh", *options, "--into", into).splitlines()[-1]
    root = into / "root"
    (root / "opt").mkdir(parents=True)
    text_of("tar", "-C", root / "opt", "-xf", made)
    return root, pathlib.Path(made).name.removesuffix(".tar.xz")


def check_program(program, fail):
    header = text_of("readelf", "-h", "-l", "-d", program)
    machine = "AArch64" if ARM64 else re.search(r"Machine:\s+(.*)", text_of("readelf", "-h", "/bin/true"))[1]
    if machine not in header:
        fail(f"{program} is not for {machine}")
    if "INTERP" in header or "(NEEDED)" in header:
        fail(f"{program} needs a library or a loader")


def check_heap(library, fail):
    """It is preloaded into compilers of the machine: what it asks of their C library is old."""
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_([\d.]+)", text_of("readelf", "-V", library))}
    if not versions or max(versions) > (2, 34):
        fail(f"libisolab_heap.so needs glibc {max(versions, default='?')}: docs/installing.md says 2.34")


def check_verbs(root, isolab, fail):
    if "direct_map" not in root.run(*isolab, "list"):
        fail("isolab list does not list direct_map")
    if "windows in order" not in root.run(*isolab, "plan", "quick", codes=(0, 3)):
        fail("isolab plan quick: " + root.run(*isolab, "plan", "quick", codes=(0, 3)))
    if "Does each verb read" not in root.run(*isolab, "report", "--full", "/tmp/small"):
        fail("isolab report does not print the recording")
    checked = root.run(*isolab, "check", codes=(0, 1))
    if "kernel" not in checked or "cannot make" in checked:
        fail(f"isolab check: {checked}")
    undrawn = root.run(*isolab, "plot", "/tmp/small", codes=(1, 3))
    if "draw the recording on another machine" not in undrawn:
        fail(f"isolab plot does not say where charts are drawn: {undrawn}")
    if "ISOLAB\\-RUN" not in root.run(*isolab, "man", "isolab-run"):
        fail("isolab man prints no page")


def main():
    private_mounts()
    busybox = shutil.which("busybox")
    if busybox is None or "INTERP" in text_of("readelf", "-l", busybox):
        print("skipped: no static busybox (busybox-static)")
        return 77
    emulator = shutil.which("qemu-aarch64-static")
    failures = []
    with tempfile.TemporaryDirectory(prefix="isolab-bundle-") as name:
        path, bundle = make_bundle(pathlib.Path(name))
        check_program(path / "opt" / bundle / "bin/isolab", failures.append)
        check_heap(path / "opt" / bundle / "lib/isolab/libisolab_heap.so", failures.append)
        (path / "bin").mkdir()
        shutil.copy(busybox, path / "bin/busybox")
        isolab = [f"/opt/{bundle}/bin/isolab"]
        if ARM64 and emulator is None:
            print("not run: qemu-aarch64-static (qemu-user-static) is not installed")
        else:
            if ARM64:
                shutil.copy(emulator, path / "bin/qemu")
                isolab = ["/bin/qemu", *isolab]
            with entered(path) as root:
                shutil.copytree(RECORDING, path / "tmp/small")
                check_verbs(root, isolab, failures.append)
    print("\n".join(failures) if failures else f"{bundle} runs beside busybox")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
