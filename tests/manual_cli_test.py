# SPDX-License-Identifier: Apache-2.0
"""The manual pages have every verb and option of --help, every plug-in of `isolab list` and every environment variable of
docs/command-line.md; man, groff and mandoc have nothing to say of them; the profile shown in isolab-profile(5) is one.

Usage: manual_cli_test.py ISOLAB SOURCE"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from verbs_of_help import text_of, verbs_of_help  # noqa: E402

ISOLAB, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])


def check_verbs(pages, fail):
    verbs = list(verbs_of_help(ISOLAB))
    if len(verbs) < 20:
        fail(f"--help lists {len(verbs)} verbs")
    for words, options in verbs:
        name = "-".join(["isolab", *words])
        page = pages.get(f"{name}.1")
        if page is None:
            fail(f"there is no page {name}.1")
            continue
        if words and f"\\fB{name}\\fR(1)".replace("-", "\\-") not in pages["isolab.1"]:
            fail(f"isolab.1 does not refer to {name}(1)")
        for option in {option for names in options for option in names}:
            if f"\\fB{option}\\fR".replace("-", "\\-") not in page:
                fail(f"{name}.1 lacks {option}")
    if len(pages) != len(verbs) + 1:
        fail(f"{len(pages)} pages for {len(verbs)} verbs: {sorted(pages)}")


def check_words(pages, fail):
    plain = {name: page.replace("\\-", "-") for name, page in pages.items()}
    described = set(re.findall(r"^\\fB([A-Z_]+)\\fR$", plain["isolab.1"], re.M))
    documented = set()
    for row in re.findall(r"^\| (`[A-Z_]+`.*?) \|", (ROOT / "docs/command-line.md").read_text(), re.M):
        documented |= set(re.findall(r"`([A-Z_]+)`", row))
    if described != documented:
        fail(f"environment: isolab.1 has {sorted(described)}, docs/command-line.md {sorted(documented)}")
    for plug_in in json.loads(text_of(ISOLAB, "list", "--json")):
        if f".SS {plug_in['name']}\n" not in plain["isolab-profile.5"]:
            fail(f"isolab-profile.5 lacks {plug_in['name']}")
    if "disturbed" not in plain["isolab-run.1"].split(".SH EXIT STATUS")[1]:
        fail("isolab-run.1 has no exit codes")


def check_example(page, place, fail):
    example = re.search(r"\.EX\n(.*?)\.EE\n", page, re.S)[1].replace("\\-", "-")
    (place / "example.yaml").write_text(example)
    done = subprocess.run([ISOLAB, "plan", place / "example.yaml"], capture_output=True, text=True, timeout=60)
    if done.returncode not in (0, 3) or "arm one_page pages=16" not in done.stdout + done.stderr:
        fail(f"the example of isolab-profile.5: exit code {done.returncode}, {done.stdout}{done.stderr}")


def check_format(place, fail):
    pages = sorted(map(str, place.glob("*.[15]")))
    # mandoc wants a date in each page: no page is dated, so that one version has one text.
    programs = [["groff", "-man", "-Tutf8", "-ww", "-z", *pages],
                ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", *pages],
                ["mandoc", "-T", "lint", "-W", "warning", *pages]]
    for command in programs:
        if not shutil.which(command[0]):
            print(f"{command[0]} is not installed: it has not read the pages")
            continue
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=dict(os.environ, LC_ALL="C.UTF-8"))
        said = done.stderr + (done.stdout if command[0] == "mandoc" else "")
        said = [line for line in said.splitlines() if "missing date" not in line]
        if said:
            fail(f"{command[0]}: " + "\n".join(said[:20]))


def main():
    failures = []
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        text_of(ISOLAB, "man", "--into", str(place))
        pages = {path.name: path.read_text() for path in place.iterdir()}
        check_verbs(pages, failures.append)
        check_words(pages, failures.append)
        check_format(place, failures.append)
        check_example(pages["isolab-profile.5"], place, failures.append)
        if text_of(ISOLAB, "man", "isolab-run") != pages["isolab-run.1"]:
            failures.append("isolab man isolab-run prints another page than --into writes")
    print("\n".join(failures) if failures else f"{len(pages)} manual pages")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
