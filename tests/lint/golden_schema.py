#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks each golden file of tests/fixtures against docs/report.schema.json. usage: golden_schema.py SOURCE-FOLDER"""
import json
import pathlib
import sys

import jsonschema

root = pathlib.Path(sys.argv[1])
schema = json.loads((root / "docs/report.schema.json").read_text(encoding="utf-8"))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
files = sorted((root / "tests/fixtures").glob("*/*.json"))
problems = 0
for path in files:
    report = json.loads(path.read_text(encoding="utf-8"))
    for problem in validator.iter_errors(report):
        print(f"{path}: {'/'.join(map(str, problem.path))}: {problem.message[:200]}")
        problems += 1
print(f"{len(files)} golden files, {problems} problems")
sys.exit(1 if problems or not files else 0)
