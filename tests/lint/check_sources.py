#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What compilers do not check: which room may include which, functions that are banned, a licence
line in every source file, one definition of a public name, no traces of the machine it was written on.

usage: check_sources.py [--self-test] [ROOT]
"""

import re
import subprocess
import sys
from pathlib import Path

# The arrows of the design: a room may include itself and these; a prefix ending in "/" is a room.
ROOMS = {
    "base": [],
    "parsers": ["base/"],
    "ingest": ["base/", "parsers/"],
    "db": ["base/", "parsers/report.h", "parsers/report_json.h", "parsers/arrival.h", "parsers/log_sums.h"],
    "suppress": ["base/", "db/", "parsers/address.h", "parsers/report.h"],
    "cli": ["base/", "parsers/", "ingest/", "db/", "suppress/"],
}

# Libraries that one room alone knows.
LIBRARIES = {
    r"libpq-fe\.h|libpq/": ["db"],
    r"libetpan/": ["ingest"],
    r"gmime/": ["parsers"],
    r"hs\.h|hs/": ["parsers"],
    r"seccomp\.h": ["ingest"],
    r"confuse\.h": ["cli"],
}

# What to call instead is obvious but for the last two: gmtime_r or GDateTime.
BANNED = ["strcpy", "strcat", "strncpy", "strncat", "sprintf", "vsprintf", "strtok", "gets", "atoi", "atol",
          "gmtime", "localtime"]

SPDX = "SPDX-License-Identifier: Apache-2.0"
SPDX_SUFFIXES = {".c", ".h", ".py", ".pl", ".sh"}
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.])/(work|farm|root|tmp/wt|home/[a-z]+)/")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
STRINGS_AND_COMMENTS = re.compile(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/', re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
# The name of a function begins its line where it is defined.
DEFINITION = re.compile(r"^(heed_[a-z0-9_]+)\([^;]*?^\{", re.MULTILINE | re.DOTALL)
MAIL_SUFFIXES = {".eml", ".mbox"}


def blank(match):
    """Keeps the line numbers of what is taken out."""
    return re.sub(r"[^\n]", " ", match.group(0))


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def check_includes(path, text):
    room = path.split("/")[0]
    if room not in ROOMS:
        return
    for match in INCLUDE.finditer(text):
        header = match.group(1)
        first = header.split("/")[0]
        at = line_of(text, match.start(1))
        if first in ROOMS and "/" in header and first != room:
            if not any(header == a or (a.endswith("/") and header.startswith(a)) for a in ROOMS[room]):
                yield at, f"{room} must not include {header}: it may know {', '.join(ROOMS[room]) or 'no other room'}"
        for pattern, owners in LIBRARIES.items():
            if re.match(pattern, header) and room not in owners:
                yield at, f"only {', '.join(owners)} may include {header}"


def check_code(text):
    code = STRINGS_AND_COMMENTS.sub(blank, text)
    for match in re.finditer(r"\b(" + "|".join(BANNED) + r")\s*\(", code):
        yield line_of(code, match.start()), f"{match.group(1)} is banned"
    for match in re.finditer(r"(?<!:)//", code):
        yield line_of(code, match.start()), "comments are /* */"


def check_sql(text):
    """A cast rounds: for half of each second now() would be in the future."""
    for match in re.finditer(r"(?<!floor\()extract\(epoch FROM now\(\)\)::bigint", text):
        yield line_of(text, match.start()), "now() as a whole number is floor(extract(epoch FROM now()))::bigint"


def check_names(path, text, known):
    """Static libraries may define a name twice unnoticed, and the linker takes either."""
    if path.split("/")[0] not in ROOMS or not path.endswith(".c"):
        return
    for match in DEFINITION.finditer(text):
        first = known.setdefault(match.group(1), path)
        if first != path:
            yield line_of(text, match.start()), f"{match.group(1)} is defined in {first} too"


def check(path, text):
    """Yields (line, what is wrong) of one file; the path is relative to the root."""
    suffix = Path(path).suffix
    script = text.startswith("#!")
    if (suffix in SPDX_SUFFIXES or script) and SPDX not in "\n".join(text.split("\n")[:3]):
        yield 1, "no SPDX line at the top"
    if suffix in (".c", ".h"):
        yield from check_includes(path, text)
        yield from check_code(text)
    if suffix in (".c", ".sql"):
        yield from check_sql(text)
    if suffix in MAIL_SUFFIXES or path == "tests/lint/check_sources.py":
        return
    for number, line in enumerate(text.split("\n"), 1):
        if MACHINE_PATH.search(line):
            yield number, "a path of somebody's machine"
        if UNFINISHED.search(line):
            yield number, "an unfinished mark"


SELF_TEST = [
    ("base/a.c", "int x;\n", "no SPDX"),
    ("base/a.h", f"/* {SPDX} */\n#include \"parsers/report.h\"\n", "base must not include"),
    ("db/a.c", f"/* {SPDX} */\n#include \"parsers/parser.h\"\n", "db must not include"),
    ("parsers/a.c", f"/* {SPDX} */\n#include <libpq-fe.h>\n", "only db"),
    ("cli/a.c", f"/* {SPDX} */\n#include <libetpan/libetpan.h>\n", "only ingest"),
    ("cli/a.c", f"/* {SPDX} */\nint a(void) {{ return atoi(x); }}\n", "atoi is banned"),
    ("cli/a.c", f"/* {SPDX} */\nint a; // why\n", "comments are"),
    ("cli/a.c", f"/* {SPDX} */\n/* TO" "DO later */\n", "unfinished"),
    ("db/a.sql", "SELECT extract(epoch FROM now())::bigint\n", "now() as a whole"),
    ("db/a.sql", "SELECT floor(extract(epoch FROM now()))::bigint\n", None),
    ("docs/a.md", "see /wo" "rk/main\n", "somebody's machine"),
    ("cli/a.c", f"/* {SPDX} */\n#include \"db/store.h\"\nconst char *a = \"http://x strcpy(\"; /* atoi() */\n", None),
    ("db/a.c", f"/* {SPDX} */\n#include \"parsers/arrival.h\"\n", None),
]


def self_test():
    for path, text, want in SELF_TEST:
        found = [what for _, what in check(path, text)]
        if want is None and found or want is not None and not any(want in what for what in found):
            raise SystemExit(f"check_sources: self-test of {text!r}: wanted {want}, found {found}")


def self_test_names():
    known = {}
    text = f"/* {SPDX} */\nvoid\nheed_a(int b)\n{{\n}}\n"
    found = [list(check_names(path, text, known)) for path in ("db/a.c", "tests/unit/a.c", "ingest/a.c")]
    if found[:2] != [[], []] or [line for line, _ in found[2]] != [3]:
        raise SystemExit(f"check_sources: self-test of names: found {found}")


def tracked(root):
    listing = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             check=True, capture_output=True)
    return sorted(set(listing.stdout.decode().split("\0")) - {""})


def main(arguments):
    self_test()
    self_test_names()
    if arguments[:1] == ["--self-test"]:
        return 0
    root = arguments[0] if arguments else "."
    known = {}
    bad = 0
    for path in tracked(root):
        file = Path(root, path)
        if not file.is_file():
            continue
        try:
            text = file.read_bytes().decode()
        except UnicodeDecodeError:
            continue  # mail in other character sets
        for number, what in [*check(path, text), *check_names(path, text, known)]:
            print(f"{path}:{number}: {what}", file=sys.stderr)
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
