# SPDX-License-Identifier: Apache-2.0
"""Whoever asked to be forgotten is in no table any more, and is refused all the same; and nothing that Heed says while
it works names anybody."""

import re
import subprocess
import unittest

from tests.e2e.harness import Case, run_heed
from tests.e2e.test_policy import DELIVERY, FEEDBACK, ORIGINAL, TRUSTED

ADA, BOB, CARL = "ada.lovelace@example.org", "bob@example.org", "carl@example.org"
STEPS = 6


class Forget(Case):
    needs_dovecot = False

    def setUp(self):
        self.folder = self.world.folder / self._testMethodName
        self.folder.mkdir()
        self.database = self.world.database()
        self.config = self.world.config(self.database, f"{self.database}.conf", "")

    def report(self, name, body, who, header="X-Plain: yes", about=None):
        words = {"domain": "example.org", "who": who, "name": name, "status": "5.1.1", "sender": "news@example.com",
                 "header": header, "about": about or name, "date": "Mon, 02 Nov 2026 10:00:00 +0000"}
        path = self.folder / f"{name}.eml"
        path.write_text((TRUSTED + body + ORIGINAL).format(**words))
        return path

    def dump(self):
        """All there is, as a backup has it."""
        done = subprocess.run([str(self.world.postgres.bin / "pg_dump"), "-d", self.world.postgres.url(self.database)],
                              capture_output=True, text=True, check=True)
        # But for a word by chance, and numbers given out and not used.
        return re.sub(r"(?m)^(\\(un)?restrict |SELECT pg_catalog.setval).*$", "", done.stdout)

    def names(self, text):
        """Whether it names Ada anywhere; mail and digests are binary, and checked by count."""
        return re.search(r"(?i)ada\.lovelace|ada=2elovelace|lovelace", text) is not None

    def count(self, table):
        return int(self.world.postgres.query(self.database, f"SELECT count(*) FROM heed_data.{table}")[0][0])

    def fill(self):
        """Ada bounced and complained, is quoted in Bob's bounce, has decisions and an undo, and mail in quarantine."""
        self.report("ada1", DELIVERY, ADA, header="Return-Path: <news+ada.lovelace=example.org@example.com>")
        self.report("ada2", FEEDBACK, ADA)
        self.report("bob1", DELIVERY, BOB).write_text(
            (self.folder / "bob1.eml").read_text().replace("Status:", f"Diagnostic-Code: smtp; 550 <{ADA}> is away\nStatus:"))
        self.report("carl1", DELIVERY, CARL)
        self.heed("ingest", self.folder, config=self.config)
        broken = self.folder / "broken"
        broken.mkdir()
        (broken / "q.eml").write_text(TRUSTED.format(domain="example.org", name="q", date="") + "\nAda.Lovelace@Example.org\n")
        self.heed("ingest", broken, config=self.config, env={"HEED_FAULT": "worker.before-parse"})
        self.heed("suppress", "add", "--scope", "shop", "--why", f"{ADA} wrote", ADA, config=self.config)
        self.heed("undo", "--class", "abuse", "--why", f"for {ADA}", config=self.config)

    def check_forgotten(self):
        self.assertFalse(self.names(self.dump()))
        self.assertEqual((self.count("raw_message"), self.count("quarantine")), (1, 0))
        self.heed("why", ADA, config=self.config)
        plain = self.folder.parent / f"{self._testMethodName}.list"
        plain.write_text(f"{ADA}\nAda.Lovelace@EXAMPLE.org\nzoe@example.org\n")
        self.assertEqual(self.heed("clean", plain, config=self.config).stdout, "zoe@example.org\n")
        exported = self.heed("export", config=self.config)
        self.assertEqual(exported.stdout, f"{BOB}\n{CARL}\n")
        self.assertRegex(exported.stderr, r"2 suppressions of people who were forgotten cannot be listed")
        snapshot = self.folder.parent / f"{self._testMethodName}.snapshot"
        self.heed("export", "--format", "snapshot", "-o", snapshot, config=self.config)
        self.assertEqual(self.heed("clean", "--snapshot", snapshot, plain, config=None).stdout, "zoe@example.org\n")
        self.assertIn(" 0 changed", self.heed("suppress", "rebuild", config=self.config).stderr)

    def test_nowhere(self):
        """In no dump, by no command, nor when her mail comes again; and she stays refused."""
        self.fill()
        before = self.dump()
        self.assertTrue(self.names(before))
        self.assertEqual((self.count("raw_message"), self.count("quarantine")), (4, 1))
        tried = self.heed("forget", "--dry-run", ADA, config=self.config)
        self.assertRegex(tried.stderr, r"would erase 1 address: 2 events, 2 reports, 3 kept messages, 1 in quarantine; "
                                       r"blotted out in 5 rows\n.*1 of them stays suppressed")
        self.assertEqual(self.dump(), before)
        done = self.heed("forget", "--why", "asked by letter", ADA, config=self.config)
        self.assertRegex(done.stderr, r"erased 1 address: 2 events")
        self.assertFalse(self.names(done.stderr + tried.stderr))
        self.check_forgotten()
        (self.folder / "broken" / "q.eml").unlink()
        self.heed("ingest", self.folder, config=self.config)
        self.report("ada3", DELIVERY, ADA)
        self.report("ada4", FEEDBACK, ADA)
        again = self.heed("ingest", self.folder, config=self.config)
        self.assertFalse(self.names(again.stderr))
        self.assertEqual(self.count("event"), 4)
        self.check_forgotten()
        ledger = self.heed("suppress", "list", config=self.config).stdout
        self.assertRegex(ledger, r"forget +everywhere +hmac:[0-9a-f]{64}  \w+: asked by letter")

    def test_logs(self):
        """Nor in what is kept of mail servers' logs: deliveries, replies, messages under way."""
        log = self.folder.parent / f"{self._testMethodName}.log"
        head = "2026-11-02T10:00:0{at}+00:00 mx postfix/{daemon}[1]: 4cWQyZ{at}abc: "
        sent, put_off = (head.format(at=at, daemon="smtp") + f"to=<{ADA}>, relay=mx.example.org[192.0.2.7]:25, delay=1, delays=0/0/0/1, "
                         for at in (1, 2))
        log.write_text(f"{sent}dsn=2.0.0, status=sent (250 ok)\n"
                       f"{put_off}dsn=4.7.0, status=deferred (host mx.example.org[192.0.2.7] said: 421 4.7.0 <{ADA}> too fast, try later"
                       " (in reply to RCPT TO command))\n")
        config = self.world.config(self.database, f"{self.database}.conf",
                                   f'log "mx" {{ path = "{log}" format = "postfix" deliveries = "addresses" }}')
        self.heed("poll", config=config)
        self.heed("throttle", config=config)
        self.assertTrue(self.names(self.dump()))
        self.assertEqual((self.count("delivery"), self.count("log_file WHERE state IS NOT NULL")), (1, 1))
        self.heed("forget", "--suppress", ADA, config=config)
        self.assertFalse(self.names(self.dump()))
        self.assertEqual((self.count("delivery"), self.count("log_file WHERE state IS NOT NULL")), (0, 0))
        with open(log, "a") as more:
            more.write(sent.replace("4cWQyZ1", "4cWQyZ3") + "dsn=2.0.0, status=sent (250 ok)\n")
        self.heed("poll", config=config)
        self.assertFalse(self.names(self.dump()))

    def test_digests_do_not_know(self):
        self.fill()
        self.heed("forget", ADA, config=self.config)
        plain = self.folder.parent / "digests.list"
        plain.write_text("0" * 64 + "\n")
        done = self.heed("clean", "--digests", "sha256", plain, config=self.config)
        self.assertIn("digests say nothing of those who were forgotten", done.stderr)

    def test_killed(self):
        """Before whatever commit it is killed, doing it again ends the same."""
        self.fill()
        killed = 0
        for step in range(1, STEPS):
            done = run_heed(["forget", ADA], self.config, {"HEED_FAULT": f"database.before-commit:{step}"})
            killed += "fault: kills" in done.stderr
        self.assertGreater(killed, 1)
        self.heed("forget", ADA, config=self.config)
        self.check_forgotten()

    def test_says_nobody(self):
        """At every level above debug: no address in what the commands say of their work."""
        self.fill()
        plain = self.folder.parent / "said.list"
        plain.write_text(f"{ADA}\nnot an address ada.lovelace\n{BOB}\n{BOB}\n")
        said = []
        for command in (["ingest", self.folder], ["ingest", "--reparse"], ["suppress", "add", ADA], ["suppress", "remove", ADA],
                        ["suppress", "allow", ADA], ["suppress", "disallow", ADA], ["suppress", "rebuild"], ["export"],
                        ["clean", plain], ["undo", "--domain", "example.org"], ["undo", "revert", "2"], ["status"], ["why", ADA],
                        ["suppress", "review"], ["suppress", "list"], ["quarantine", "list"], ["quarantine", "retry"],
                        ["forget", ADA]):
            for level in ([], ["--verbose"]):
                done = run_heed([*command, *level], self.config)
                said.append((command, done.stderr))
        for command, stderr in said:
            with self.subTest(command=command):
                self.assertFalse(self.names(stderr) or "@example.org" in stderr, stderr)


if __name__ == "__main__":
    unittest.main()
