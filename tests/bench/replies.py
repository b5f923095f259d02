# SPDX-License-Identifier: Apache-2.0
"""How far heed explain agrees with a table of replies and the class that each should have.

usage: /usr/bin/python3 -m tests.bench.replies [--heed PROGRAM] TABLE

The table is tab-separated with a row of names first. Of each row are read: pattern, what the reply
holds; match, what kind of pattern it is (sub and isub are text, re is a regular expression);
reply_code, codes and enhanced codes it comes with ("421 4.7.0 / 550 5.7.1", "4xx", "-" for none); heed_class,
the class, several with | between where any will do. A reply is made for each code and each
branch of a regular expression, of whose sets and repetitions the first and shortest is taken; a row agrees
when all of its replies do. Prints the rows that do not, and how many do; rows
whose class is none of Heed's are counted apart. Exit status 1 below 95 %.
"""

import argparse
import csv
import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AIM = 0.95


def fill(tokens):
    """All texts of a parsed regular expression, one for each way through its branches."""
    return ["".join(parts) for parts in product(*(fill_one(*token) for token in tokens))]


def fill_one(operation, argument):
    name = str(operation)
    if name == "LITERAL":
        return [chr(argument)]
    if name == "IN":
        first = argument[0]
        return [chr(first[1][0] if str(first[0]) == "RANGE" else first[1])]
    if name == "ANY":
        return [" "]
    if name == "AT":
        return [""]
    if name == "MAX_REPEAT":
        least, most, inner = argument
        return [text * max(least, min(most, 1)) for text in fill(inner)]
    if name == "SUBPATTERN":
        return fill(argument[3])
    if name == "BRANCH":
        return [text for branch in argument[1] for text in fill(branch)]
    raise SystemExit(f"a regular expression has {name}, which nothing is filled in for")


def codes_of(text):
    """The codes of a column as replies begin with them; one without either where there is none."""
    found = []
    code = ""
    for word in re.split(r"[/|,]", text):
        digits = re.search(r"\b[245](\d\d|xx)\b(?!\.)", word)
        status = re.search(r"\b[245]\.\d+\.\d+", word)
        if digits:
            code = digits.group().replace("xx", "50")
        if digits or status:
            found.append(f"{code} {status.group() if status else ''}".strip())
    return found or [""]


def replies_of(row):
    texts = [row["pattern"]] if row["match"] in ("sub", "isub") else fill(re._parser.parse(row["pattern"]))  # pylint: disable=protected-access
    for code, text in product(codes_of(row["reply_code"]), texts):
        if re.match(r"[245]\.\d+\.\d+", text):
            code = code.split(" ", maxsplit=1)[0]
        yield f"{code} {text}".strip()


def classes_of_heed():
    schema = json.loads((ROOT / "docs" / "explain.schema.json").read_text(encoding="utf-8"))
    return set(schema["properties"]["class"]["enum"])


def explain(heed, replies):
    done = subprocess.run([heed, "explain", "--format", "json"], input="\n".join(replies).encode() + b"\n", capture_output=True,
                          check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(heed, rows):
    """Of each row the answers that are not as it has them: (row, answers)."""
    asked = [(row, reply) for row in rows for reply in replies_of(row)]
    wrong = {}
    for (row, _), answer in zip(asked, explain(heed, [reply for _, reply in asked]), strict=True):
        if answer["class"] not in row["heed_class"].split("|"):
            wrong.setdefault(id(row), (row, []))[1].append(answer)
    return len(asked), list(wrong.values())


def main():
    parser = argparse.ArgumentParser(prog="tests.bench.replies", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--heed", default=str(ROOT / "build" / "release" / "heed"), metavar="PROGRAM")
    parser.add_argument("table", type=Path, metavar="TABLE")
    options = parser.parse_args()
    known = classes_of_heed()
    with options.table.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [row for row in table if known.issuperset(row["heed_class"].split("|"))]
    count, wrong = compare(options.heed, rows)
    for row, answers in wrong:
        for answer in answers:
            print(f"{row['provider']}: {answer['text']}: {row['heed_class']} in the table, {answer['class']} by {answer['rule']}")
    agreed = len(rows) - len(wrong)
    print(f"{agreed} of {len(rows)} rows agree ({100 * agreed / max(len(rows), 1):.1f} %), {count} replies; "
          f"{len(table) - len(rows)} rows without a class of Heed's")
    return 0 if agreed >= AIM * len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
