# SPDX-License-Identifier: Apache-2.0
"""The Debian packages of a build tree: lintian finds no error; isolab is installed and runs in a Debian 12 root that has
nothing but its dependencies; isolab-plots draws charts with the Python of this machine, through an overlay of its root in
which the sources and the build tree are empty; both are removed without a rest.

The clean root is made by mmdebstrap and kept in ~/.cache/isolab. What is missing (root, lintian, mmdebstrap, the network,
overlayfs) skips its part with a line.

Usage: deb_test.py BUILD SOURCE"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from roots import Root, entered, mount, overlay, private_mounts

BUILD, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
RECORDING = SOURCE / "tests/golden/recordings/small"


def text_of(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, timeout=300).stdout


def make_packages(into):
    text_of("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", into)
    packages = {path.name.split("_")[0]: path for path in into.glob("*.deb")}
    if set(packages) != {"isolab", "isolab-plots"}:
        raise RuntimeError(f"cpack made {sorted(packages)}")
    return packages


def start_lintian(packages):
    """It takes as long as all the rest, beside which it runs."""
    if not shutil.which("lintian"):
        print("skipped: lintian is not installed")
        return None
    return subprocess.Popen(["lintian", "--allow-root", "--fail-on", "error", *packages.values()], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def check_lintian(running, fail):
    if running is None:
        return
    said, _ = running.communicate(timeout=600)
    if running.returncode != 0:
        fail(f"lintian: {said}")


def clean_root(package, place):
    """A Debian 12 with the dependencies of the package, or None."""
    depends = text_of("dpkg-deb", "-f", package, "Depends")
    names = sorted(re.sub(r"[ |(].*", "", word.strip()) for word in depends.split(","))
    archive = (pathlib.Path.home() / ".cache/isolab" /
               f"debian12-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:12]}.tar")
    if not archive.exists():
        if not shutil.which("mmdebstrap"):
            print("skipped: no clean root, mmdebstrap is not installed")
            return None
        archive.parent.mkdir(parents=True, exist_ok=True)
        made = archive.with_suffix(f".{os.getpid()}.tar")
        done = subprocess.run(["mmdebstrap", "--variant=essential", f"--include={','.join(names)}",
                               "--dpkgopt=force-unsafe-io", "bookworm", made], capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            made.unlink(missing_ok=True)
            print(f"skipped: no clean root: {done.stderr.strip().splitlines()[-1]}")
            return None
        made.rename(archive)
    place.mkdir()
    text_of("tar", "-C", place, "--exclude=./dev/*", "-xf", archive)
    return place


def check_installed(root, version, fail):
    """The program finds its files, and what is beside it is in its place."""
    if root.run("isolab", "--version") != version:
        fail(f"installed: {root.run('isolab', '--version')}, built: {version}")
    if "direct_map" not in root.run("isolab", "list"):
        fail("isolab list does not list direct_map")
    if "windows in order" not in root.run("isolab", "plan", "quick", codes=(0, 3)):
        fail("isolab plan quick: " + root.run("isolab", "plan", "quick", codes=(0, 3)))
    if "Does each verb read" not in root.run("isolab", "report", "--full", "/tmp/small"):
        fail("isolab report of a recording does not print it")
    if "install the package isolab-plots" not in root.run("isolab", "plot", "/tmp/small", codes=(1, 3)):
        fail("isolab plot does not name the package: " + root.run("isolab", "plot", "/tmp/small", codes=(1, 3)))
    root.run("isolab", "check", codes=(0, 1))
    offered = root.run("bash", "-c", "source /usr/share/bash-completion/completions/isolab; COMP_WORDS=(isolab plan qu); "
                       "COMP_CWORD=2; _isolab; echo ${COMPREPLY[@]}")
    if offered != "quick\n":
        fail(f"the installed completion offers {offered!r}")
    for file in ("usr/lib/isolab/libisolab_heap.so", "usr/share/zsh/vendor-completions/_isolab",
                 "usr/share/doc/isolab/copyright", "usr/share/doc/isolab/changelog.gz",
                 "usr/share/man/man1/isolab.1.gz", "usr/share/man/man1/isolab-run.1.gz",
                 "usr/share/man/man5/isolab-profile.5.gz"):
        if not (root.path / file).is_file():
            fail(f"{file} is not installed")
    unit = (root.path / "lib/systemd/system/isolab-restore.service").read_text()
    program = re.search(r"^ExecStart=(\S+)", unit, re.M)[1]
    document = re.search(r"file:(\S+)", unit)[1]
    if not (root.path / program[1:]).is_file() or not (root.path / document[1:]).is_file():
        fail(f"the unit names {program} and {document}, which are not both installed")
    if shutil.which("man") and "ISOLAB-RUN(1)" not in text_of("man", "-M", root.path / "usr/share/man", "isolab-run"):
        fail("man does not show isolab-run(1)")
    if str(SOURCE) in (root.path / "usr/share/man/man1/isolab.1.gz").read_bytes().decode(errors="replace"):
        fail("a manual page names the sources")


def check_clean_root(packages, version, place, fail):
    path = clean_root(packages["isolab"], place / "root")
    if path is None:
        return
    with entered(path) as root:
        shutil.copytree(RECORDING, path / "tmp/small")
        shutil.copy(packages["isolab"], path / "isolab.deb")
        root.run("dpkg", "-i", "/isolab.deb")
        check_installed(root, version, fail)
        if changed := root.run("dpkg", "-V", "isolab"):
            fail(f"dpkg -V: {changed}")
        root.run("dpkg", "-P", "isolab")
        rest = [found for found in path.glob("usr/**/*isolab*")]
        if rest:
            fail(f"left after removal: {rest}")


def check_plots(packages, place, fail):
    with overlay(place / "over") as merged:
        if merged is None:
            return
        for hidden in (SOURCE, BUILD):
            if (merged / str(hidden)[1:]).is_dir():
                mount("-t", "tmpfs", "tmpfs", merged / str(hidden)[1:])
        mount("-t", "tmpfs", "tmpfs", merged / "tmp")
        shutil.copytree(RECORDING, merged / "tmp/small")
        for package in packages.values():
            shutil.copy(package, merged / "tmp")
        root = Root(merged)
        root.run("dpkg", "-i", *(f"/tmp/{package.name}" for package in packages.values()))
        root.run("/usr/bin/isolab", "plot", "/tmp/small")
        if not list((merged / "tmp/small/charts").glob("*.png")):
            fail("isolab-plots draws no chart")
        left = list((merged / "usr/share/isolab").glob("**/__pycache__"))
        if left:
            fail(f"Python left {left} beside the installed scripts")
        root.run("dpkg", "-P", "isolab-plots", "isolab")
        if (merged / "usr/share/isolab").exists():
            fail("/usr/share/isolab is left after removal")


def main():
    private_mounts()
    failures = []
    with tempfile.TemporaryDirectory(prefix="isolab-packages-") as name:
        place = pathlib.Path(name)
        packages = make_packages(place / "packages")
        lintian = start_lintian(packages)
        try:
            check_clean_root(packages, text_of(BUILD / "isolab", "--version"), place, failures.append)
            check_plots(packages, place, failures.append)
        finally:
            check_lintian(lintian, failures.append)
    print("\n".join(failures) if failures else "both packages are installed, run and removed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
