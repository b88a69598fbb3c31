# SPDX-License-Identifier: Apache-2.0
"""What isolab prints as JSON is what `isolab schema` says, and the schema refuses what is not.

Usage: schema_test.py ISOLAB WRITE_RECORDINGS"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"


def traced_findings(isolab, write_recordings):
    """Of a recording with a trace: causes, senders, budgets and tracks."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([write_recordings, place], check=True)
        return json.loads(subprocess.run([isolab, "analyse", pathlib.Path(place) / "toggle"], capture_output=True,
                                         check=True).stdout)


def main():
    schema = json.loads(subprocess.run([sys.argv[1], "schema"], capture_output=True, check=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = []
    documents = [(kind, name, json.loads((GOLDEN / name).read_text()))
                 for kind, name in [("findings", "findings/busy_loop.json"), ("comparison", "compare/letter.json")]]
    documents.append(("findings", "a traced recording", traced_findings(*sys.argv[1:])))
    if not documents[-1][2]["interruptions"]["cpus"][0]["causes"]:
        wrong.append("the traced recording has no causes")
    for kind, name, value in documents:
        # Against its own definition first: oneOf would only say that none of three fits.
        own = jsonschema.Draft202012Validator(schema | {"oneOf": [{"$ref": f"#/$defs/{kind}"}]})
        told = [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}" for error in own.iter_errors(value)
                for one in error.context or [error]]
        wrong += [f"{name}: {line}" for line in told]
        if not told and not validator.is_valid(value):
            wrong.append(f"{name}: fits more than one definition")
        for key in value:
            changed = copy.deepcopy(value)
            del changed[key]
            if validator.is_valid(changed):
                wrong.append(f"{name} without {key} should not be valid")
        if validator.is_valid(value | {"surplus": 1}):
            wrong.append(f"{name} with a surplus member should not be valid")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


sys.exit(main())
