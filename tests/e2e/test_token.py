# SPDX-License-Identifier: Apache-2.0
"""Signed return paths and header tokens, from `heed token make` into mail, and what that mail's reports then may do."""

import base64
import hashlib
import hmac
import json
import subprocess
import time
import unittest

from tests.e2e.harness import OWN, PROGRAM, Case, environment

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
DAY = 86400
EPOCH = 18262  # 2020-01-01 in days since 1970

BOUNCE = """From: MAILER-DAEMON@mx.attacker.example
To: <{to}>
Subject: Undelivered Mail Returned to Sender
Message-ID: <{name}@mx.attacker.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.attacker.example

{recipients}
--b
Content-Type: text/rfc822-headers

From: News <news@example.com>
Subject: January news
{token}Message-ID: <{name}.1@example.com>

--b--
"""
FAILED = """Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown
"""
OTHERS_KEY = b"attacker's own key, 32 bytes lon"


def base32(data):
    return base64.b32encode(data).decode().rstrip("=").lower()


def make(key, name, address, last_day):
    """The token as parsers/token.h describes it, by another hand."""
    day = "".join(LETTERS[(last_day - EPOCH) >> shift & 31] for shift in (10, 5, 0))
    return f"h{name}{day}" + base32(hmac.digest(key, f"heed:{name}{day}:{address}".encode(), hashlib.sha256)[:10])


def today():
    return int(time.time()) // DAY


def bounce(name, address, to="bounces@example.com", token="", more=()):
    recipients = "\n".join(FAILED.format(address=each) for each in (address, *more))
    return BOUNCE.format(name=name, to=to, token=token and token + "\n", recipients=recipients)


class Tokens(Case):
    needs_dovecot = False

    def setUp(self):
        super().setUp()
        self.count = getattr(type(self), "count", 0) + 1
        type(self).count = self.count
        self.folder = self.world.folder / f"token{self.count}"
        self.folder.mkdir()
        self.own = OWN.replace("}\n}", f'}}\n    token-key-file = "{self.folder}/token.key"\n}}')
        self.database = self.world.database()
        self.box = self.folder / "box"
        for sub in ("cur", "new", "tmp"):
            (self.box / sub).mkdir(parents=True)
        self.config = self.world.config(self.database, f"token{self.count}.conf",
                                        self.world.mailbox("bounces", f"maildir:{self.box}"), self.own)
        self.heed("token", "make", "--new-key", config=self.config)

    def make(self, *arguments):
        return self.heed("token", "make", *arguments, config=self.config).stdout.strip()

    def key(self):
        name, text = (self.folder / "token.key").read_text().splitlines()[0].split(":")
        return name, base64.b64decode(text)

    def poll(self, **mails):
        for name, text in mails.items():
            (self.box / "new" / name).write_text(text)
        self.heed("poll", config=self.config)

    def parse(self, mail, *more):
        path = self.folder / "mail.eml"
        path.write_text(mail)
        report = json.loads(self.heed("parse", *more, path, config=self.config).stdout)
        recipient = report["recipients"][0]
        return report["trust"], recipient["address"], recipient["address_source"], " ".join(report["warnings"])

    def test_made_as_described(self):
        name, key = self.key()
        last = today() + 90
        token = make(key, name, "ann@example.org", last)
        self.assertEqual(self.make("Ann@Example.org"), f"bounces+{token}-ann=example.org@example.com")
        self.assertEqual(self.make("--from", "b@news.example.com", "ann@example.org"),
                         f"b+{token}-ann=example.org@news.example.com")
        self.assertEqual(self.make("--format", "header", "ann@example.org"),
                         f"Heed-Token: {token}.{base32(b'ann@example.org')}")
        week = make(key, name, "ann@example.org", today() + 7)
        self.assertIn(f"+{week}-", self.make("--days", "7", "ann@example.org"))

    def test_verify(self):
        path = self.make("ann@example.org")
        done = self.heed("token", "verify", path.upper(), self.make("--format", "header", "ann@example.org"),
                         config=self.config)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        for line in done.stdout.splitlines():
            self.assertRegex(line, r"^ann@example\.org\tvalid to \d{4}-\d\d-\d\d\tkey a$")
        name, key = self.key()
        old = f"bounces+{make(key, name, 'ann@example.org', today() - 1)}-ann=example.org@example.com"
        self.assertIn("expired after", self.heed("token", "verify", old, config=self.config, want=1).stdout)
        for wrong in (path.replace("ann", "bob"), "bounces@example.com", "", "x" * 5000):
            done = self.heed("token", "verify", wrong, config=self.config, want=1)
            self.assertEqual(done.stdout, "")
            self.assert_one_line(done.stderr, "the token")

    def test_lines(self):
        """A line in, a line out, at once: a program may ask for one token after the other."""
        command = [str(PROGRAM), "--config", str(self.config), "token", "make", "-"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()) as child:
            for number in range(3):
                child.stdin.write(f"user{number}@example.org\n")
                child.stdin.flush()
                self.assertIn(f"-user{number}=example.org@", child.stdout.readline())
        self.assertEqual(child.returncode, 0)
        long = "x" * 60 + "@example.org"
        done = subprocess.run(command, input=f"a@example.org\n\nnobody\n{long}\nb@example.org", text=True, env=environment(),
                              capture_output=True, check=False)
        lines = done.stdout.split("\n")
        self.assertEqual(done.returncode, 65)
        self.assertEqual([bool(line) for line in lines], [True, False, False, False, True, False])
        self.assertIn("standard input:3: 'nobody' is not a mail address", done.stderr)
        self.assertRegex(done.stderr, r"standard input:4: .* 64; use a shorter --from, or --format header")

    def test_keys(self):
        """Only its owner may read the file; an old key verifies until it is taken out."""
        path = self.folder / "token.key"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        old = self.make("ann@example.org")
        self.heed("token", "make", "--new-key", config=self.config)
        new = self.make("ann@example.org")
        self.assertTrue(new.startswith("bounces+hb") and old.startswith("bounces+ha"))
        self.heed("token", "verify", old, new, config=self.config)
        path.write_text(path.read_text().splitlines()[0] + "\n")
        self.assertIn("key that is not", self.heed("token", "verify", old, config=self.config, want=1).stderr)
        path.chmod(0o640)
        for command in (["token", "make", "a@example.org"], ["poll"], ["config", "check"], ["parse", path]):
            self.assertIn("chmod 600", self.heed(*command, config=self.config, want=78).stderr)
        path.chmod(0o600)
        path.write_text("a:short\n")
        done = self.heed("config", "check", config=self.config, want=78)
        self.assertRegex(done.stderr, r"token\.key:1: ")
        self.assertNotIn("short", done.stderr)

    def test_parse(self):
        path = self.make("ann@example.org")
        signed = ("signed", "ann@example.org", "token", "")
        self.assertEqual(self.parse(bounce("a", "ann@example.org", path)), signed)
        self.assertEqual(self.parse(bounce("a", "ann@example.org", path), "--in-process"), signed)
        self.assertEqual(self.parse(bounce("a", "ann@home.example", path.upper())), signed)
        header = self.make("--format", "header", "ann@example.org")
        self.assertEqual(self.parse(bounce("a", "x@home.example", token=header)), signed)
        self.assertEqual(self.parse(bounce("a", "x@home.example", token=header[:40] + "\n " + header[40:])), signed)
        name, _ = self.key()
        forged = make(OTHERS_KEY, name, "ann@example.org", today() + 5)
        trust, address, source, warnings = self.parse(bounce("a", "ann@example.org",
                                                             f"bounces+{forged}-ann=example.org@example.com"))
        self.assertEqual((trust, address, source), ("plausible", "ann@example.org", "final-recipient"))
        self.assertIn("a token in it was altered or forged", warnings)
        # What would lift a suppression lifts his alone whom the token was made for.
        delivered = bounce("a", "victim@example.org", path).replace("failed", "delivered").replace("5.1.1", "2.1.5")
        self.assertEqual(self.parse(delivered), signed)

    def test_believed(self):
        """What a token proves is suppressed at once; what forgers have is not."""
        name, key = self.key()
        forged = make(OTHERS_KEY, name, "victim@example.org", today() + 5)
        expired = make(key, name, "victim@example.org", today() - 1)
        mine = self.make("attacker@attacker.example")
        self.poll(
            true=bounce("true", "ann@example.org", self.make("ann@example.org")),
            header=bounce("header", "bob@example.org", token=self.make("--format", "header", "bob@example.org")),
            plain=bounce("plain", "victim@example.org"),
            verp=bounce("verp", "victim@example.org", "bounces+victim=example.org@example.com"),
            forged=bounce("forged", "victim@example.org", f"bounces+{forged}-victim=example.org@example.com"),
            forged_header=bounce("fh", "victim@example.org", token=f"Heed-Token: {forged}.{base32(b'victim@example.org')}"),
            expired=bounce("expired", "victim@example.org", f"bounces+{expired}-victim=example.org@example.com"),
            beside=bounce("beside", "attacker@attacker.example", mine, more=["victim@example.org"]),
            moved=bounce("moved", "victim@example.org", mine.replace("attacker=attacker.example", "victim=example.org")))
        self.assertEqual(self.suppressed(self.config), {"ann@example.org", "bob@example.org"})
        rows = self.world.postgres.query(self.database, """SELECT DISTINCT address, trust FROM heed.event_log
            WHERE address NOT LIKE 'attacker%' ORDER BY 1""")
        self.assertEqual(rows, [["ann@example.org", "signed"], ["bob@example.org", "signed"],
                                ["victim@example.org", "plausible"]])

    def test_replayed(self):
        """A token that somebody got and uses again, and for others: it speaks of him whom it was made for, and no one else."""
        mine = self.make("attacker@attacker.example")
        self.poll(one=bounce("one", "victim@example.org", mine), two=bounce("two", "other@example.org", mine),
                  three=bounce("three", "attacker@attacker.example", mine))
        self.assertEqual(self.suppressed(self.config), {"attacker@attacker.example"})
        rows = self.world.postgres.query(self.database, "SELECT DISTINCT address, trust FROM heed.event_log")
        self.assertEqual(rows, [["attacker@attacker.example", "signed"]])

    def test_fast(self):
        """A hundred thousand a second, with room for a busy machine."""
        lines = "".join(f"user{number}@example.org\n" for number in range(100000))
        began = time.monotonic()
        done = subprocess.run([str(PROGRAM), "--config", str(self.config), "token", "make", "-"], input=lines, text=True,
                              env=environment(), capture_output=True, check=True)
        self.assertEqual(len(done.stdout.splitlines()), 100000)
        self.assertLess(time.monotonic() - began, 30)


if __name__ == "__main__":
    unittest.main()
