# SPDX-License-Identifier: Apache-2.0
"""The suppression list as others read it."""

import ctypes
import gzip
import hashlib
import json
import os
import pty
import subprocess
import time
import unittest

from tests.e2e import harness
from tests.e2e.harness import run_heed


class Export(harness.Case):
    needs_dovecot = False

    def setUp(self):
        name = self.id().rsplit(".", 1)[1]
        self.config = self.world.config(self.world.database(), f"{name}.conf", "")
        self.folder = self.world.folder / name
        self.folder.mkdir()

    def add(self, *addresses, scope=None):
        self.heed("suppress", "add", *(["--scope", scope] if scope else []), *addresses, config=self.config)


class Formats(Export):
    def test_empty(self):
        for form, want in {"text": "", "kumomta": "{}\n", "postfix": "", "exim": "", "sha256": ""}.items():
            self.assertEqual(self.heed("export", "--format", form, config=self.config).stdout, want)

    def test_what_postfix_cannot_be_told(self):
        self.add("#a@example.org", "b@example.org")
        done = self.heed("export", "--format", "postfix", config=self.config)
        self.assertEqual(done.stdout, "b@example.org REJECT 5.7.1 suppressed: manual\n")
        self.assertRegex(done.stderr, r"(?s)1 suppressed address is .*#.*'standard output': 1 suppressed\n")
        done = self.heed("export", "--quiet", "--format", "postfix", config=self.config)
        self.assert_one_line(done.stderr, "1 suppressed address", "#")

    def test_powermta(self):
        done = self.heed("export", "--format", "powermta", config=self.config, want=64)
        self.assert_one_line(done.stderr, "no format for PowerMTA", "not documented")

    def test_counts(self):
        self.add("a@example.org", "b@example.org")
        cursor = self.folder / "cursor"
        done = self.heed("export", "--cursor", cursor, config=self.config)
        self.assertEqual(done.stdout, "a@example.org\nb@example.org\n")
        self.assert_one_line(done.stderr, "'standard output': 2 suppressed")
        self.heed("suppress", "remove", "a@example.org", config=self.config)
        done = self.heed("export", "--since", f"@{cursor}", config=self.config)
        self.assert_one_line(done.stderr, "'standard output': 0 added, 1 removed")

    def test_digests(self):
        addresses = ["user@example.org", "other@example.org", "\u00e9@example.org"]
        self.add(*addresses, "User@EXAMPLE.org")
        for form in ("sha256", "md5"):
            got = self.heed("export", "--format", form, config=self.config).stdout.split()
            self.assertEqual(got, sorted(hashlib.new(form, address.encode()).hexdigest() for address in addresses))

    def test_kumomta(self):
        self.add("a@example.org", '"b c"@example.org', "#d//e@example.org")
        got = json.loads(self.heed("export", "--format", "kumomta", config=self.config).stdout)
        self.assertEqual(got, dict.fromkeys(["a@example.org", '"b c"@example.org', "b c@example.org", "#d//e@example.org"],
                                            "suppressed: manual"))


class Cleaning(Export):
    def terminal(self, *arguments, both=False):
        """What is on the terminal that standard error is, or standard output too."""
        ours, theirs = pty.openpty()
        with open(ours, "rb", buffering=0) as terminal:
            subprocess.run([str(harness.PROGRAM), *arguments], stderr=theirs, stdout=theirs if both else subprocess.DEVNULL,
                           stdin=subprocess.DEVNULL,
                           env={**harness.environment(), "HEED_CONFIG": str(self.config)}, check=True, timeout=60)
            os.close(theirs)
            try:
                return terminal.read(65536).decode()
            except OSError:  # nothing was written, and nobody can any more
                return ""

    def test_progress(self):
        mails = self.folder / "list"
        mails.write_text("".join(f"user{i}@example.org\n" for i in range(20000)))
        shown = self.terminal("clean", str(mails))
        self.assertRegex(shown, r"\d+ lines, \d+ a second, \d+ s left\r\033\[K")
        self.assertIn("20000 kept", shown.rsplit("\033[K", 1)[1])
        self.assertNotIn("a second", self.terminal("clean", "--quiet", str(mails)))
        output = ["-o", str(self.folder / "out")]
        self.assertIn("a second", self.terminal("clean", str(mails), *output, both=True))
        self.assertNotIn("a second", self.terminal("clean", str(mails), *output, "-r", "-", both=True))

    def test_gzip(self):
        mails = self.folder / "list.gz"
        self.add("gone@example.org")
        mails.write_bytes(gzip.compress(b"a@example.org\ngone@example.org\n"))
        self.assertEqual(self.heed("clean", mails, config=self.config).stdout, "a@example.org\n")
        mails.write_bytes(mails.read_bytes()[:-3])
        done = self.heed("clean", mails, "-o", self.folder / "out", config=self.config, want=65)
        self.assert_one_line(done.stderr, "list.gz: the gzip file is cut")
        self.assertFalse((self.folder / "out").exists())


class Digests(Export):
    def test_lists_of_digests(self):
        self.add("gone@example.org", "\u00e9@example.org")
        self.add("news@example.org", scope="news")
        mails, removed = self.folder / "list", self.folder / "removed"
        for kind in ("sha256", "md5"):
            digest = {name: hashlib.new(kind, f"{name}@example.org".encode()).hexdigest()
                      for name in ("gone", "\u00e9", "news", "a", "b")}
            mails.write_text(f"id,hash\n1,{digest['gone']}\n2,{digest['a'].upper()}\n3,{digest['a']}\n4,{digest['news']}\n"
                             f"5,a@example.org\n6,{digest[chr(0xe9)]}\n7,{digest['b']}\n")
            done = self.heed("clean", "--digests", kind, "--column", "hash", mails, "-r", removed, config=self.config)
            self.assertEqual(done.stdout, f"id,hash\n2,{digest['a'].upper()}\n7,{digest['b']}\n")
            self.assertEqual([line.split(",")[:2] for line in removed.read_text().splitlines()[1:]],
                             [["2", "suppressed: manual"], ["4", "duplicate"], ["5", "suppressed: manual"],
                              ["6", "not a digest"], ["7", "suppressed: manual"]])
            mails.write_text(f"{digest['news']}\n{digest['gone']}\n")
            done = self.heed("clean", "--digests", kind, "--scope", "shop", mails, config=self.config)
            self.assertEqual(done.stdout, f"{digest['news']}\n")
        self.heed("clean", "--digests", "sha1", mails, config=self.config, want=64)
        done = self.heed("clean", "--digests", "md5", "--snapshot", mails, mails, config=self.config, want=64)
        self.assert_one_line(done.stderr, "only the database")


class Columns(Export):
    def test_several(self):
        self.add("gone@example.org")
        mails, removed, snapshot = (self.folder / name for name in ("list.csv", "removed", "snapshot"))
        self.heed("export", "--format", "snapshot", "-o", snapshot, config=self.config)
        mails.write_text("email,name,Email2\ngone@example.org,A,a@example.org\nb@example.org,B,\n-,C,gone@example.org\n")
        for options in ([], ["--snapshot", snapshot], ["--column", "3", "--column", "email"]):
            done = self.heed("clean", *options, mails, "-r", removed, config=self.config)
            self.assertEqual(done.stdout, "email,name,Email2\n,A,a@example.org\nb@example.org,B,\n")
            said = done.stderr.splitlines()
            self.assertEqual(len(said), 2 if "--column" in options else 3)
            self.assertIn("4 lines, 3 kept; removed: 1 suppressed, 0 invalid, 0 duplicate", said[-2])
            self.assertIn("taken out of 1 kept line: 1 suppressed, 0 invalid, 0 duplicate", said[-1])
            self.assertEqual(removed.read_text(),
                             "line,column,reason,content\n2,1,suppressed: manual,gone@example.org\n4,1,not an address,-\n"
                             "4,3,suppressed: manual,gone@example.org\n"
                             '4,,suppressed: manual,"-,C,gone@example.org"\n')
        self.assertIn('in the columns "email", "Email2"', self.heed("clean", mails, config=self.config).stderr)
        digest = hashlib.sha256(b"gone@example.org").hexdigest()
        mails.write_text(f"one,two\n{digest},{'0' * 64}\n{digest.upper()},\n")
        done = self.heed("clean", "--digests", "sha256", "--column", "one", "--column", "two", mails, config=self.config)
        self.assertEqual(done.stdout, f"one,two\n,{'0' * 64}\n")


class Deltas(Export):
    def test_cursor(self):
        cursor, out = self.folder / "cursor", self.folder / "delta"
        self.add("a@example.org", "b@example.org")
        self.heed("export", "--cursor", cursor, "-o", out, config=self.config)
        first = cursor.read_text()
        self.assertEqual(self.heed("export", "--since", first.strip(), config=self.config).stdout, "")
        self.add("c@example.org")
        self.heed("suppress", "remove", "a@example.org", config=self.config)
        done = self.heed("export", "--since", f"@{cursor}", "--cursor", cursor, "-o", out, config=self.config)
        self.assert_one_line(done.stderr, "1 added, 1 removed")
        self.assertEqual(out.read_text(), "-a@example.org\n+c@example.org\n")
        self.assertNotEqual(cursor.read_text(), first)
        self.assertEqual(self.heed("export", "--since", f"@{cursor}", config=self.config).stdout, "")
        again = self.heed("export", "--since", first.strip(), "--format", "sha256", config=self.config).stdout
        self.assertEqual(sorted(line[0] for line in again.splitlines()), ["+", "-"])

    def test_what_is_refused(self):
        cursor = self.folder / "cursor"
        self.heed("export", "--cursor", cursor, config=self.config)
        self.assert_one_line(self.heed("export", "--since", "nonsense", config=self.config, want=64).stderr, "cursor")
        self.assert_one_line(self.heed("export", "--since", "@/nonexistent", config=self.config, want=66).stderr, "cursor")
        for form in ("postfix", "exim", "kumomta", "snapshot"):
            for option in ("--since", "--cursor"):
                done = self.heed("export", "--format", form, option, f"@{cursor}", "-o", self.folder / "out", config=self.config,
                                 want=64)
                self.assert_one_line(done.stderr, "whole file")
        done = self.heed("export", "--since", f"@{cursor}", "--scope", "news", config=self.config, want=65)
        self.assert_one_line(done.stderr, "--scope")
        other = self.world.config(self.world.database(), "other.conf", "")
        self.assert_one_line(self.heed("export", "--since", f"@{cursor}", config=other, want=65).stderr, "another database")
        done = self.heed("export", "--cursor", cursor, "-o", self.folder / "." / "cursor", config=self.config, want=64)
        self.assert_one_line(done.stderr, "same file")
        # Without a list there is no cursor either.
        before = cursor.read_text()
        self.heed("export", "--cursor", cursor, "-o", "/nonexistent/out", config=self.config, want=73)
        self.assertEqual(cursor.read_text(), before)

    def test_reader(self):
        """A reader, who may see views alone, can begin a series."""
        config = self.folder / "reader.conf"
        config.write_text(self.config.read_text().replace("user=heed", "user=heed_reader"))
        self.heed("export", "--cursor", self.folder / "cursor", config=config)
        self.heed("export", "--since", f"@{self.folder / 'cursor'}", config=self.config)


class Snapshot(Export):
    def clean(self, *arguments, want=0):
        """Without any configuration."""
        done = run_heed(["clean", *arguments], env={"HEED_CONFIG": "/nonexistent", "HEED_DATA": "/nonexistent"})
        self.assertEqual(done.returncode, want, done.stderr)
        return done

    def test_snapshot(self):
        self.add("gone@example.org")
        self.add("news@example.org", scope="news")
        snapshot, mails, removed = (self.folder / name for name in ("snapshot", "list", "removed"))
        mails.write_text("a@example.org\nGone@Example.org\nnews@example.org\n")
        done = self.heed("export", "--format", "snapshot", config=self.config, want=64)
        self.assert_one_line(done.stderr, "--output FILE")
        done = self.heed("export", "--format", "snapshot", "--since", "x", config=self.config, want=64)
        self.assert_one_line(done.stderr, "leave out --since")
        done = self.heed("export", "--format", "snapshot", "-o", snapshot, config=self.config)
        self.assert_one_line(done.stderr, "2 suppressed")
        self.assertEqual(snapshot.stat().st_mode & 0o777, 0o640)
        done = self.clean("--snapshot", snapshot, mails, "--removed", removed)
        self.assertEqual(done.stdout, "a@example.org\n")
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertEqual(removed.read_text().splitlines()[1:], ["2,suppressed: manual,Gone@Example.org",
                                                                "3,suppressed: manual,news@example.org"])
        done = self.clean("--snapshot", snapshot, "--scope", "news", mails, want=65)
        self.assert_one_line(done.stderr, "not made with --scope 'news'")
        self.heed("export", "--format", "snapshot", "--scope", "shop", "-o", snapshot, config=self.config)
        done = self.clean("--snapshot", snapshot, "--scope", "shop", mails)
        self.assertEqual(done.stdout, "a@example.org\nnews@example.org\n")

    def test_age(self):
        self.add("gone@example.org")
        snapshot, mails = self.folder / "snapshot", self.folder / "list"
        mails.write_text("gone@example.org\n")
        self.heed("export", "--format", "snapshot", "-o", snapshot, config=self.config)
        self.assertNotIn("old", self.clean("--snapshot", snapshot, mails).stderr)
        self.clean("--snapshot", snapshot, "--max-age", "-1", mails, want=64)
        age(snapshot, 25 * 3600)
        self.assert_one_line(self.clean("--quiet", "--snapshot", snapshot, mails).stderr, "is old")
        self.assertEqual(self.clean("--quiet", "--snapshot", snapshot, "--max-age", "26", mails).stderr, "")
        self.assertEqual(self.clean("--quiet", "--snapshot", snapshot, "--max-age", "0", mails).stderr, "")
        age(snapshot, -50 * 3600)
        self.assert_one_line(self.clean("--quiet", "--snapshot", snapshot, mails).stderr, "which clock is wrong")

    def test_what_is_none(self):
        mails, bad = self.folder / "list", self.folder / "bad"
        mails.write_text("gone@example.org\n")
        bad.write_text("gone@example.org\n")
        self.assert_one_line(self.clean("--snapshot", bad, mails, want=65).stderr, "no snapshot")
        bad.write_bytes(b"HEEDSNAP" + os.urandom(5000))
        self.assert_one_line(self.clean("--snapshot", bad, mails, want=65).stderr, "version")
        self.assert_one_line(self.clean("--snapshot", self.folder / "none", mails, want=66).stderr, "No such file")
        self.assert_one_line(self.clean("--snapshot", self.folder, mails, want=66).stderr, "not a file")
        self.assert_one_line(self.clean("--snapshot", bad, "-o", bad, mails, want=64).stderr, "written over")


def age(snapshot, seconds):
    """Makes it so much older; the checksum is XXH3, which the library that Heed uses makes as well."""
    library = ctypes.CDLL("libxxhash.so.0")
    library.XXH3_64bits.restype = ctypes.c_uint64
    library.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    data = bytearray(snapshot.read_bytes())
    moment = int.from_bytes(data[16:24], "little")
    assert abs(moment - time.time()) < 200 * 3600
    data[16:24] = (moment - seconds).to_bytes(8, "little")
    data[64:72] = bytes(8)
    data[64:72] = library.XXH3_64bits(bytes(data), len(data)).to_bytes(8, "little")
    snapshot.write_bytes(data)


if __name__ == "__main__":
    unittest.main()
