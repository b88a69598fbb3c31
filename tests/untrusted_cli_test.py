# SPDX-License-Identifier: Apache-2.0
"""Files and directories that somebody else made, or that cannot be: every verb answers with a clear error in bounded time,
obeys nothing, writes through nothing, and never ends by a signal. Fast, changes nothing of the machine.

  untrusted_cli_test.py ISOLAB
"""
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

NOBODY = 65534
PLANTED = "isolab-journal 2\nowner 999999 1 %\nvalue {} touch%20/tmp/pwned x x 1\nend\n"


def must(holds, what):
    if not holds:
        raise AssertionError(what)


class Case:
    def __init__(self, isolab):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="isolab-untrusted-"))
        self.path.chmod(0o755)
        (self.path / "prefix" / "bin").mkdir(parents=True)  # an installation
        shutil.copytree(pathlib.Path(__file__).parent.parent / "profiles", self.path / "prefix" / "share" / "isolab" / "profiles")
        self.isolab = shutil.copy(isolab, self.path / "prefix" / "bin" / "isolab")
        self.profile = shutil.copy(pathlib.Path(__file__).parent / "hostile" / "hostile.yaml", self.path / "mine.yaml")
        self.state = self.path / "state"
        self.environment = dict(os.environ, ISOLAB_STATE_DIR=str(self.state))

    def run(self, *words, user=None, **environment):
        """(exit code, stdout and stderr); within 20 s, also on a loaded machine."""
        done = subprocess.run([self.isolab, *map(str, words)], env=dict(self.environment, **environment), cwd=self.path,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              user=user, group=user, extra_groups=[] if user else None)
        text = done.stdout.decode(errors="replace")
        must(done.returncode >= 0, f"{words} ended by signal {-done.returncode}: {text}")
        must("terminate called" not in text, text)
        must(not any(ord(c) < 32 and c not in "\n\t" for c in text), repr(text))
        return done.returncode, text

    def refuses(self, word, *words, **how):
        code, text = self.run(*words, **how)
        must(code == 1 and word in text, f"{words}: exit {code}, without \"{word}\": {text}")
        return text

    def victim(self):
        file = self.path / "victim"
        file.write_text("precious\n")
        file.chmod(0o666)
        return file


def names_that_cannot_be(case):
    long = "x" * 300
    for words in (["plan", long], ["plan", long + ".yaml"], ["compare", long, long + "y"], ["aa", long, "--hash", "12345678"],
                  ["history", "time_lost", "--in", long], ["report", long], ["analyse", long], ["plot", long],
                  ["spikes", long], ["attach", long, long], ["export", long, "--perfetto", "out"],
                  ["report", long, "--classes", long], ["run", long], ["facts", "--host", long]):
        code, _ = case.run(*words)
        must(code == 1, f"{words}: exit {code}")


def no_end(case):
    """Files without an end, and those that never answer."""
    os.mkfifo(case.path / "fifo")
    (case.path / "recording").mkdir()
    for file in ("/dev/zero", case.path / "fifo"):
        case.refuses("not a regular file", "report", "recording", "--classes", file)
        case.refuses("", "attach", "recording", file)
        case.refuses("", "facts", "--host", file)
        case.refuses("", "vm", "exec", "--script", file)
    shutil.rmtree(case.path / "recording")
    os.mkfifo(case.path / "manifest.json")
    case.refuses("not a regular file", "report", ".")


def recordings_of_root(case):
    """sudo isolab run, then isolab compare as oneself."""
    if os.geteuid() != 0:
        return
    for name in ("base", "new"):
        (case.path / "recordings" / name).mkdir(parents=True, mode=0o700)
        (case.path / "recordings" / name / "manifest.json").write_text("{}")
    (case.path / "recordings").chmod(0o755)
    for words in (["compare", "recordings/base", "recordings/new"], ["report", "recordings/base"], ["aa", "recordings"]):
        text = case.refuses("sudo chown -R 65534 recordings/base", *words, user=NOBODY)
        must("--group" in text, text)
    code, text = case.run("history", "time_lost", "--in", "recordings", "--index", case.path / "none" / "x", user=NOBODY)
    must(code == 1, text)


def planted_journals(case):
    """What another user put into the state directory is not obeyed, and nobody advises to obey it."""
    victim = case.victim()
    for user in ([NOBODY] if os.geteuid() == 0 else []):
        case.state.mkdir(exist_ok=True)
        case.state.chmod(0o777)
        (case.state / "999999-0.journal").write_text(PLANTED.format(victim))
        for words in (["restore"], ["restore", "--dry-run"], ["restore", "--forget"], ["run", "mine.yaml"]):
            code, text = case.run(*words, user=user)
            must(code == 1 and "cannot use the journals in" in text, f"{words}: exit {code}: {text}")
            must("isolab restore" not in text, text)
        shutil.rmtree(case.state)
    case.state.mkdir()
    (case.state / "999999-0.journal").write_text(PLANTED.format(victim))
    code, text = case.run("restore")
    must(code == 4 and "cannot use a damaged journal" in text and "could not be restored" in text, f"exit {code}: {text}")
    case.refuses("cannot use a damaged journal", "run", "mine.yaml")
    must(victim.read_text() == "precious\n", "a journal was obeyed")
    code, text = case.run("restore", "--forget")
    must(code == 0 and not list(case.state.glob("*.journal")), f"exit {code}: {text}")
    (case.state / "1-0.journal").symlink_to(victim)
    code, text = case.run("restore", "--forget")
    must(code == 4 and "symbolic link" in text and victim.exists(), f"exit {code}: {text}")
    (case.state / "1-0.journal").unlink()
    os.mkfifo(case.state / "1-0.journal")
    code, text = case.run("restore")
    must(code == 4 and "not a regular file" in text, f"exit {code}: {text}")


def what_never_comes_back(case):
    """A kernel file that takes no value back: the journal keeps the reason, the message says what to do, --forget ends it."""
    case.state.mkdir()
    file = "/proc/sys/kernel/ostype"  # read-only: 0444 for everybody (kernel/utsname_sysctl.c)
    (case.state / "999999-0.journal").write_text(f"isolab-journal 2\nowner 999999 1 %\nvalue {file} else Linux Linux 0\nend\n")
    code, text = case.run("restore")
    must(code == 4 and file in text and "--forget" in text and "could not be restored completely" in text, f"exit {code}: {text}")
    text = case.refuses("could not be restored", "run", "mine.yaml")
    must("was killed" not in text and "restore --forget" in text, text)
    code, text = case.run("restore", "--dry-run")
    must(code == 0 and "could not be restored" in text, text)
    code, text = case.run("restore", "--forget")
    must(code == 0 and file in text, f"exit {code}: {text}")
    must(case.run("restore") == (0, "nothing to restore\n"), "something is left")


def an_index_of_somebody_else(case):
    (case.path / "recordings").mkdir()
    database = case.path / "theirs.sqlite"
    with sqlite3.connect(database) as theirs:
        theirs.execute("CREATE TABLE metric (a)")
        theirs.execute("CREATE TABLE recording (a)")
        theirs.execute("INSERT INTO metric VALUES (1)")
    theirs.close()
    before = database.read_bytes()
    case.refuses("not an index of isolab", "history", "time_lost", "--in", "recordings", "--index", database)
    must(database.read_bytes() == before, "a foreign database was changed")
    (case.path / "recordings" / "index.sqlite").symlink_to(database)
    case.refuses("a link", "history", "time_lost", "--in", "recordings")


def a_directory_called_like_a_profile(case):
    (case.path / "quick").mkdir()
    code, text = case.run("plan", "quick", "--json")
    must(code in (0, 3), f"exit {code}: {text}")


CASES = [names_that_cannot_be, no_end, recordings_of_root, planted_journals, what_never_comes_back,
         an_index_of_somebody_else, a_directory_called_like_a_profile]


def main():
    failed = 0
    for one in CASES:
        if sys.argv[2:] and one.__name__ not in sys.argv[2:]:
            continue
        case = Case(sys.argv[1])
        try:
            one(case)
            print(f"ok      {one.__name__}")
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"FAILED  {one.__name__}: {error}")
        finally:
            shutil.rmtree(case.path, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
