# SPDX-License-Identifier: Apache-2.0
"""A mistyped command line says what is meant: the nearest verb or option, what is missing, what is not a recording.

Usage: mistakes_cli_test.py ISOLAB"""
import subprocess
import sys
import tempfile

CASES = [
    (["reprot", "DIR"], 1, 'there is no verb "reprot"', "did you mean isolab report?"),
    (["zzzzzzzz"], 1, 'there is no verb "zzzzzzzz"', "isolab --help lists them"),
    (["report", "--ful", "DIR"], 1, "report has no option --ful", "did you mean --full?"),
    (["report"], 1, "report needs recording:", "isolab report --help lists its options"),
    (["report", "DIR"], 1, "DIR is not a recording: it has no manifest.json", "isolab run makes a recording"),
    (["report", "DIR/none"], 1, "DIR/none: there is no such directory", "isolab run makes a recording"),
    (["vm", "rum"], 1, "vm: ", "isolab vm --help lists its options"),
    (["help", "report"], 0, "print the report of a recording", "--section"),
    (["help"], 0, "Usage: isolab [OPTIONS] SUBCOMMAND", "exit codes:"),
    ([], 1, "Usage: isolab [OPTIONS] SUBCOMMAND", "exit codes:"),
]


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        for words, code, *expected in CASES:
            words = [word.replace("DIR", place) for word in words]
            done = subprocess.run([sys.argv[1], *words], capture_output=True, text=True, timeout=60, check=False)
            said = done.stdout + done.stderr
            absent = [text for text in expected if text.replace("DIR", place) not in said]
            if done.returncode != code or absent:
                failed += 1
                print(f"{words}: exit code {done.returncode}, not {code}, or without {absent}:\n{said}")
    print(f"{len(CASES)} command lines, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
