# SPDX-License-Identifier: Apache-2.0
"""The completions of bash and zsh offer every verb and option of --help, choices, profiles, plug-ins and recordings. Both
shells are run; where there is no zsh, that part is left out with a line.

Usage: completion_cli_test.py ISOLAB"""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from verbs_of_help import text_of, verbs_of_help  # noqa: E402

ISOLAB = sys.argv[1]


def offered(place, *words):
    """What bash offers for the last word, which may be empty."""
    ask = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _isolab; '
           'if ((${#COMPREPLY[@]})); then printf "%s\\n" "${COMPREPLY[@]}"; fi')
    return text_of("bash", "-c", ask, "bash", str(place / "isolab.bash"), "isolab", *words, cwd=place / "work").split()


def check_bash_words(place, verbs, fail):
    for words, options in verbs:
        below = {other[-1] for other, _ in verbs if other[:-1] == words and other}
        if below and set(offered(place, *words, "")) != below:
            fail(f"bash offers {offered(place, *words, '')} after {words}, --help has {sorted(below)}")
        of_help = {name for names in options for name in names}
        of_bash = set(offered(place, *words, "-"))
        if words and of_help != of_bash:
            fail(f"bash after {words}: only in --help {of_help - of_bash}, only there {of_bash - of_help}")
    if offered(place, "compare", "--unit", "") != ["session", "repeat"]:
        fail("bash does not offer the choices of compare --unit")
    if offered(place, "run", "-o", "--js"):
        fail("bash offers an option where -o takes a directory")
    if "--script" not in offered(place, "vm", "exec", "--arch", "arm64", "--s"):
        fail("bash loses the verb after an option's value")


def check_bash_names(place, fail):
    plug_ins = {plug_in["name"] for plug_in in json.loads(text_of(ISOLAB, "list", "--json"))}
    if set(offered(place, "show", "")) != plug_ins:
        fail(f"bash offers {offered(place, 'show', '')} after show")
    expected = {"plan": [("quick", {"quick"}), ("mi", {"mine.yaml"})],
                "run": [("quick", {"quick"}), ("re", {"recordings"})],
                "report": [("re", {"recordings"}), ("recordings/", {"recordings/first"}), ("em", set()), ("mi", set())]}
    for verb, cases in expected.items():
        for word, names in cases:
            if set(offered(place, verb, word)) != names:
                fail(f"bash offers {offered(place, verb, word)} for {verb} {word}, not {names}")


class Zsh:
    """An interactive zsh on a terminal of its own."""

    def __init__(self, place):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(place / "work")
            os.environ.update(TERM="dumb", HOME=str(place), LC_ALL="C.UTF-8", PATH=f"{place}/bin:{os.environ['PATH']}")
            os.execvp("zsh", ["zsh", "-f", "-i"])
        self.type(f"PS1='%%'; fpath=({place}/zsh $fpath); autoload -U compinit; compinit -u -d {place}/dump; "
                  "setopt no_always_last_prompt; LISTMAX=1000; stty cols 200; echo rea''dy\n")
        self.read_prompt("ready")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def read_prompt(self, after, limit=60):
        """What comes until the line editor waits again, which turns bracketed paste on, once `after` was printed."""
        text, end = "", time.monotonic() + limit
        until = f"{after}\r\n"
        while "[?2004h" not in text.partition(until)[2]:
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"zsh does not print {until!r}: {text!r}")
            text += os.read(self.terminal, 65536).decode(errors="replace")
        return text

    def offered(self, line):
        """What zsh prints between a TAB, listed, and the end of the line."""
        self.type(f"{line}\x04")  # ^D lists choices
        self.type("\x15echo en''d\n")
        return self.read_prompt("end").split(line, 1)[1]

    def close(self):
        self.type("exit\n")
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def check_zsh(place, verbs, fail):
    (place / "zsh").mkdir()
    (place / "bin").mkdir()
    (place / "bin" / "isolab").symlink_to(os.path.abspath(ISOLAB))
    script = text_of(ISOLAB, "completion", "zsh")
    (place / "zsh" / "_isolab").write_text(script)
    zsh = Zsh(place)
    try:
        for line, names in {"isolab ": {words[0] for words, _ in verbs if words},
                            "isolab vm ": {words[1] for words, _ in verbs if len(words) == 2},
                            "isolab plan ": {"quick", "lpc2022", "mine.yaml"},
                            "isolab show ": {"direct_map", "busy_loop", "ipi_trace"},
                            "isolab report ": {"recordings/"},
                            "isolab compare --unit ": {"session", "repeat"},
                            "isolab vm run -": {"--sessions", "--kernel"}}.items():
            shown = zsh.offered(line)
            missing = {name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", shown)}
            if missing:
                fail(f"zsh after {line!r} lacks {sorted(missing)}: {shown!r}")
    finally:
        zsh.close()
    for words, options in verbs:
        function = "_isolab_verb_" + "_".join(words) + "() {"
        if words and function not in script:
            fail(f"the completion for zsh has no function of {words}")
        body = script.split(function)[-1].split("\n}\n")[0]
        for option in {name for names in options for name in names}:
            if words and not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", body):
                fail(f"the completion for zsh lacks {option} of {words}")


def main():
    failures = []
    verbs = list(verbs_of_help(ISOLAB))
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        for directory in ("recordings/first", "empty", "recordings/none"):
            (place / "work" / directory).mkdir(parents=True)
        (place / "work/recordings/first/manifest.json").write_text("{}")
        (place / "work/mine.yaml").write_text("")
        (place / "isolab.bash").write_text(text_of(ISOLAB, "completion"))
        check_bash_words(place, verbs, failures.append)
        check_bash_names(place, failures.append)
        if shutil.which("zsh"):
            check_zsh(place, verbs, failures.append)
        else:
            print("zsh is not installed: its completion was not tried")
    print("\n".join(failures) if failures else f"{len(verbs)} verbs are completed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
