# SPDX-License-Identifier: Apache-2.0
"""What is made from the declarations of verbs: the man page and the completion for bash have every verb and every option
of --help.

Usage: verbs_cli_test.py ISOLAB"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ISOLAB = sys.argv[1]


def text_of(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, **more).stdout


def verbs_of_help(*above):
    """(words of a verb, names of its options by line), and of all verbs below it."""
    text = text_of(ISOLAB, *above, "--help")
    listed = re.search(r"^Subcommands:\n((?:  .*\n)*)", text, re.M)
    names = re.findall(r"^  (\w+)", listed[1], re.M) if listed else []
    options = [found.split(",") for found in re.findall(r"^  (-\S+)", text.split("\nSubcommands:")[0], re.M)]
    yield above, options
    for name in names:
        yield from verbs_of_help(*above, name)


def offered(script, *words):
    """What bash offers for the last word, which may be empty."""
    ask = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _isolab; printf "%s\\n" "${COMPREPLY[@]}"'
    return text_of("bash", "-c", ask, "bash", script, "isolab", *words).split()


def check_completion(verbs, script, fail):
    for words, options in verbs:
        below = {other[-1] for other, _ in verbs if other[:-1] == words and other}
        if below and set(offered(script, *words, "")) != below:
            fail(f"completion offers {offered(script, *words, '')} after {words}, --help has {sorted(below)}")
        of_help = {name for names in options for name in names}
        of_bash = set(offered(script, *words, "-"))
        if words and of_help != of_bash:
            fail(f"completion of {words}: only in --help {of_help - of_bash}, only there {of_bash - of_help}")
    if offered(script, "compare", "--unit", "") != ["session", "repeat"]:
        fail("completion does not offer the choices of compare --unit")
    if offered(script, "run", "-o", "--js"):
        fail("completion offers an option where -o takes a directory")
    if "--script" not in offered(script, "vm", "exec", "--arch", "arm64", "--s"):
        fail("completion loses the verb after an option's value")


def check_man(verbs, page, fail):
    titles = re.findall(r"^\.SS (.*)$", page, re.M)
    for words, options in verbs:
        name = " ".join(words)
        if not words:
            continue
        title = next((title for title in titles if (title + " ").startswith(f"isolab {name} ")), None)
        if title is None:
            fail(f"the man page has no section of {name}")
            continue
        section = page.split(f".SS {title}\n")[1].split("\n.S")[0]
        for option in {name for names in options for name in names} - {"-h", "--help"}:
            if f"\\fB{option}\\fR".replace("-", "\\-") not in section:
                fail(f"the man page of {name} lacks {option}")
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=page, capture_output=True, text=True, check=True)
        if done.stderr:
            fail("groff: " + done.stderr)
        shown = re.sub(".\x08", "", done.stdout)  # bold is printed twice
        if "EXIT STATUS" not in shown or "measured but disturbed" not in shown:
            fail("the man page has no exit codes")


def main():
    failures = []
    verbs = list(verbs_of_help())
    if len(verbs) < 20:
        failures.append(f"--help lists {len(verbs)} verbs")
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        (place / "isolab.bash").write_text(text_of(ISOLAB, "completion"))
        check_completion(verbs, str(place / "isolab.bash"), failures.append)
    check_man(verbs, text_of(ISOLAB, "man"), failures.append)
    print("\n".join(failures) if failures else f"{len(verbs)} verbs are in --help, man page and completion")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
