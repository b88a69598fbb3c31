# SPDX-License-Identifier: Apache-2.0
"""isolab --version names the version of CMakeLists.txt and the commit; cmake/commit.cmake finds the commit, says when the
tree is dirty, and writes its file only when that changes.

Usage: version_cli_test.py ISOLAB SOURCE"""
import pathlib
import re
import subprocess
import sys
import tempfile

ISOLAB, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])


def text_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def commit_of(source, out):
    text_of("cmake", "-D", f"SOURCE={source}", "-D", f"OUTPUT={out}", "-P", str(ROOT / "cmake/commit.cmake"))
    return re.search(r'kCommit = "(.*)";', out.read_text())[1]


def check_commit(place, fail):
    out, tree = place / "commit.cpp", place / "tree"
    (tree / "inside").mkdir(parents=True)
    if commit_of(tree, out) != "":
        fail("a commit where there is no git tree")
    git = ["git", "-C", str(tree), "-c", "user.name=t", "-c", "user.email=t@t"]
    text_of(*git, "init", "-q")
    (tree / "file").write_text("1")
    text_of(*git, "add", "file")
    text_of(*git, "commit", "-q", "-m", "one")
    commit = text_of(*git, "rev-parse", "--short=7", "HEAD").strip()
    if commit_of(tree, out) != commit:
        fail(f"not the commit {commit}: {out.read_text()}")
    written = out.stat().st_mtime_ns
    (tree / "unknown").write_text("git does not know it")
    if commit_of(tree, out) != commit or out.stat().st_mtime_ns != written:
        fail("the file is written again although nothing changed")
    (tree / "file").write_text("2")
    if commit_of(tree, out) != commit + "-dirty":
        fail("a dirty tree does not say so")
    if commit_of(tree / "inside", out) != "":
        fail("the commit of a tree that the source is merely inside of")


def main():
    failures = []
    version = re.search(r"^project\(isolab VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
    told = text_of(ISOLAB, "--version")
    if not re.fullmatch(rf"isolab {re.escape(version)}( \([0-9a-f]{{7,}}(-dirty)?\))?\n", told):
        failures.append(f"--version prints {told!r}")
    with tempfile.TemporaryDirectory() as name:
        check_commit(pathlib.Path(name).resolve(), failures.append)
    print("\n".join(failures) if failures else told.strip())
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
