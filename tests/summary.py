# SPDX-License-Identifier: Apache-2.0
"""Reads the JUnit files of ctest and GoogleTest, prints why tests were skipped or failed, and closes with the counts."""
import re
import sys
import xml.etree.ElementTree as xml

FAILURE_LINES = 20


def skip_reason(case):
    """The text after GoogleTest's 'Skipped' line, or what the test printed last."""
    skipped = case.find("skipped")
    if skipped is not None and case.get("classname") != case.get("name"):  # GoogleTest: its place, then the reason
        return (skipped.get("message") or "no reason printed").splitlines()[-1]
    output = case.findtext("system-out") or ""
    found = re.search(r"Skipped\n(.*?)\n", output, re.DOTALL)
    if found and found.group(1).strip():
        return found.group(1).strip()
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith("[")]
    return lines[-1] if lines else "no reason printed"


def failure_text(case):
    """What GoogleTest says of a failure, or the end of what the test printed."""
    messages = [failure.get("message") or "" for failure in case.findall("failure")]
    if case.get("classname") == case.get("name"):
        messages = [case.findtext("system-out") or ""]
    lines = [line.rstrip() for message in messages for line in message.splitlines()
             if line.strip() and not re.match(r"\[[ =-]|\[  (OK|PASSED|FAILED)|Note: Google|Running main", line)]
    return lines[-FAILURE_LINES:]


def main(paths):
    passed = skipped = 0
    failures = []
    guests = {}
    for path in paths:
        for case in xml.parse(path).getroot().iter("testcase"):
            status = case.get("status")
            if case.get("classname") is not None and case.find("failure") is not None:
                status = "fail"
            if case.get("name").startswith("vm.") and status == "run":
                guests[case.get("name")] = float(case.get("time"))
            if status == "run" and case.find("skipped") is None:
                passed += 1
            elif status in ("run", "notrun", "disabled"):
                skipped += 1
                print(f"skipped {case.get('name')}: {skip_reason(case)}")
            else:
                failures.append(case)
    if guests:
        print("guests: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in guests.items())
              + f", {sum(guests.values()):.0f} s in all")
    for case in failures:
        print(f"FAILED {case.get('name')}")
        for line in failure_text(case):
            print(f"    {line}")
    tail = f", {skipped} skipped" if skipped else ""
    print(f"{passed} passed, {len(failures)} failed{tail}")
    return 0 if not failures and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
