# SPDX-License-Identifier: Apache-2.0
"""What `isolab report` and `compare` print to a terminal and to a pipe: colour, width, sections.

Usage: report_cli_test.py ISOLAB"""
import fcntl
import os
import pathlib
import re
import struct
import subprocess
import sys
import termios

ISOLAB = sys.argv[1]
RECORDINGS = pathlib.Path(__file__).resolve().parent / "golden" / "recordings"
SMALL, LOSSY = RECORDINGS / "small", RECORDINGS / "lossy"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def environment(**changes):
    base = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    return {**base, "TERM": "xterm", **changes}


def piped(*words, code=0, **changes):
    done = subprocess.run([ISOLAB, *map(str, words)], capture_output=True, text=True, timeout=60,
                          env=environment(**changes), check=False)
    assert done.returncode == code, f"{words}: exit code {done.returncode}: {done.stderr}"
    return done.stdout if code == 0 else done.stderr


def on_terminal(columns, *words, **changes):
    """What it prints to a terminal of so many columns."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen([ISOLAB, *map(str, words)], stdout=slave, env=environment(**changes))
    os.close(slave)
    text = b""
    try:
        while piece := os.read(master, 65536):
            text += piece
    except OSError:  # EIO: the last writer has closed it
        pass
    os.close(master)
    assert process.wait(timeout=60) == 0
    return text.decode().replace("\r\n", "\n")


def check_colour():
    for words in (["report", SMALL], ["report", SMALL, "--full"], ["compare", SMALL, LOSSY, "--intended", "profile hash"]):
        plain = piped(*words)
        assert not COLOUR.search(plain), f"{words}: colour in a pipe"
        terminal = on_terminal(100, *words)
        assert COLOUR.search(terminal), f"{words}: no colour on a terminal"
        assert COLOUR.sub("", terminal) == plain, f"{words}: the terminal shows another text than the pipe"
        assert COLOUR.search(piped(*words, "--color", "always")), f"{words}: --color always"
        for text in (on_terminal(100, *words, "--color", "never"), on_terminal(100, *words, NO_COLOR="1"),
                     on_terminal(100, *words, TERM="dumb")):
            assert text == plain, f"{words}: colour where there should be none"
        assert COLOUR.search(on_terminal(100, *words, NO_COLOR="")), f"{words}: an empty NO_COLOR is one that is not set"
        assert COLOUR.search(on_terminal(100, *words, "--color", "always", NO_COLOR="1")), "the option comes first"
    piped("report", SMALL, "--color", "some", code=1)


def check_width():
    for words in (["report", SMALL], ["report", SMALL, "--full"], ["report", LOSSY]):
        for columns in (60, 80, 100, 200):
            text = on_terminal(columns, *words, "--color", "never")
            wide = [line for line in text.splitlines() if len(line) > min(columns, 100) and " " in line.strip()]
            assert not wide, f"{words} on {columns} columns: {wide[0]!r}"
            assert not re.search(r"\d\n +(us|ms|s|%)\b", text), f"{words} on {columns} columns: a unit left its number"


def check_sections():
    names = [line.split()[0] for line in piped("report", SMALL, "--section", "list").splitlines()]
    assert len(names) > 15 and names[-1] == "all", names
    for name in names:
        assert piped("report", SMALL, "--section", name), name
    both = piped("report", SMALL, "--section", "warnings,gaps")
    assert both.startswith("Gaps longer than") and "\nWarnings\n" in both, both
    assert len(piped("report", SMALL, "--full").splitlines()) > len(piped("report", SMALL).splitlines()) <= 40
    problem = piped("report", SMALL, "--section", "gap", code=1)
    assert 'no section "gap"' in problem and "gaps, lengths" in problem, problem
    assert "has no sections" in piped("report", SMALL, "--json", "--full", code=1)


def main():
    check_colour()
    check_width()
    check_sections()
    print("colour, width and sections of reports are as documented")


if __name__ == "__main__":
    main()
