# SPDX-License-Identifier: Apache-2.0
"""Logs of mail servers: the store holds what the log says, once, however the log is rotated, whoever else reads it, and
whatever dies meanwhile."""

import gzip
import json
import lzma
import os
import shutil
import subprocess
import time
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.bench.make_log import Log
from tests.e2e.harness import OWN, Case, run_heed, start_heed

FIXTURES = Path(__file__).parents[1] / "fixtures" / "log"

CALM = "guard { enabled = no }"  # a whole log at once is a surge

DSN = """\
From: MAILER-DAEMON@out1.example.com
To: bounce@news.example.com
Subject: Undelivered Mail Returned to Sender
Date: Mon, 30 Nov 2026 10:00:05 +0000
Message-ID: <dsn-1@out1.example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b
Content-Type: text/plain

I'm sorry.

--=b
Content-Type: message/delivery-status

Reporting-MTA: dns; out1.example.com
X-Postfix-Queue-ID: 4ABCDEFGHJKL

Final-Recipient: rfc822; kim@dead.example.org
Original-Recipient: rfc822;kim@dead.example.org
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.dead.example.org
Diagnostic-Code: smtp; 550 5.1.1 <kim@dead.example.org>: User unknown

--=b
Content-Type: text/rfc822-headers

From: News <news@example.com>
To: kim@dead.example.org
Message-ID: <one@news.example.com>

--=b--
"""


def stamp(seconds=0):
    return (datetime.now(timezone.utc) - timedelta(hours=1) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def message(queue_id, to, fates, message_id=None, sender="bounce@news.example.com", at=0):
    """The lines of a message: fates are (status=…, dsn, text)."""
    def line(daemon, text):
        return f"{stamp(at)} mx postfix/{daemon}[7]: {queue_id}: {text}\n"
    yield line("smtpd", "client=app.example.com[192.0.2.10]")
    if message_id:
        yield line("cleanup", f"message-id=<{message_id}>")
    yield line("qmgr", f"from=<{sender}>, size=100, nrcpt=1 (queue active)")
    for status, dsn, text in fates:
        yield line("smtp", f"to=<{to}>, relay=mx.dead.example.org[198.51.100.7]:25, delay=1, delays=0/0/0/1, dsn={dsn}, status={status} ({text})")
    if fates and fates[-1][0] != "deferred":
        yield line("qmgr", "removed")


UNKNOWN = ("bounced", "5.1.1", "host mx.dead.example.org[198.51.100.7] said: 550 5.1.1 <kim@dead.example.org>: User unknown"
           " (in reply to RCPT TO command)")
FULL = ("deferred", "4.2.2", "host mx.dead.example.org[198.51.100.7] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command)")
FULL_FOR_GOOD = ("bounced", "5.2.2", "host mx.dead.example.org[198.51.100.7] said: 552 5.2.2 Mailbox full (in reply to RCPT TO command)")
SENT = ("sent", "2.0.0", "250 2.0.0 OK")


class Logs(Case):
    """One log a case."""

    needs_dovecot = False

    def setUp(self):
        self.folder = self.world.folder / self.id().rpartition(".")[2]
        self.folder.mkdir()
        self.path = self.folder / "mail.log"
        self.database = self.world.database()
        self.config = self.configure(self.database)

    def configure(self, database, more=""):
        log = f'log "postfix" {{ path = "{self.path}" format = "postfix" {more} }}'
        return self.world.config(database, f"{database}.conf", log, OWN, CALM)

    def query(self, sql, database=None):
        return self.world.postgres.query(database or self.database, sql)

    def generate(self, lines, seed=1):
        """(lines as a list, truth)"""
        log = Log(seed, begin=datetime.now(timezone.utc) - timedelta(hours=4), pause=0.5)
        text = []
        while len(text) < lines:
            text += log.message()
        text += log.finish()
        return text, log.truth

    def age(self, path, seconds=60):
        """As if nobody had written to it for a while."""
        then = time.time() - seconds
        os.utime(path, (then, then))

    def reference(self, lines):
        """What one reading of it all by hand leaves in a store of its own."""
        database = self.world.database()
        whole = self.folder / "whole"
        whole.write_text("".join(lines))
        self.age(whole)
        self.heed("ingest", "--as", "postfix", whole, config=self.configure(database))
        return self.world.dump(database)

    def assert_same(self, want, where=""):
        self.assert_same_dump(want, self.world.dump(self.database), where)


class Counts(Logs):
    """The store says what the log says."""

    def test_counts(self):
        lines, truth = self.generate(3000)
        self.path.write_text("".join(lines))
        dry = self.heed("poll", "--dry-run", config=self.config)
        self.assertIn(f"{truth['delivered']} delivered, {truth['deferred']} deferred, {truth['failed']} failed", dry.stdout)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.log_file"), [["0"]])
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT lines, unread, delivered, deferred, failed, files, last_error FROM heed.log_status"),
                         [[str(len(lines)), "0", str(truth["delivered"]), str(truth["deferred"]), str(truth["failed"]), "1", ""]])
        self.assertEqual(self.query("SELECT sum(delivered), sum(failed) FROM heed_data.volume_delta"),
                         [[str(truth["delivered"]), str(truth["failed"])]])
        self.assertEqual(self.query("SELECT kind, count(*) FROM heed_data.event GROUP BY 1 ORDER BY 1"),
                         [["bounce", str(truth["failed"])], ["delay", str(truth["first deferrals"])]])
        self.assertEqual(self.query("SELECT sum(deferred) FROM heed_data.attempt_minute"), [[str(truth["deferred"])]])
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.report WHERE original_message_id IS NULL OR trust <> 3"
                                    " OR format <> 'postfix-log'"), [["0"]])
        before = self.world.dump(self.database)
        self.heed("poll", config=self.config)
        self.heed("ingest", "--as", "postfix", self.path, config=self.config)
        self.assert_same(before, "again")
        status = json.loads(self.heed("status", "--format", "json", config=self.config).stdout)
        self.assertEqual(status["logs"][0]["lines"], len(lines))
        self.assertIn("postfix", self.heed("status", config=self.config).stdout)

    def test_other_formats(self):
        """Each form by hand: what its fixture's golden file tells of is in the store."""
        for fixture in "kumomta-records", "powermta-accounting", "csv-example", "jsonl-example":
            with self.subTest(fixture=fixture):
                database = self.world.database()
                log = FIXTURES / f"{fixture}.log"
                told = [json.loads(line) for line in log.with_suffix(".jsonl").read_text().splitlines()]
                want = Counter("failed" if one["outcome"] == "expired" else one["outcome"]
                               for one in told if "outcome" in one and not one["internal"])
                self.heed("ingest", "--as", fixture.partition("-")[0], log, config=self.configure(database))
                self.assertEqual(self.query("SELECT sum(delivered), sum(failed) FROM heed.volume_hourly", database),
                                 [[str(want["delivered"]), str(want["failed"])]])
                self.assertEqual(dict(self.query("SELECT kind, count(*) FROM heed.event_log GROUP BY 1", database)),
                                 {kind: str(want[outcome]) for kind, outcome in (("bounce", "failed"), ("delay", "deferred")) if want[outcome]})

    def test_what_counts_nothing(self):
        lines = [
            *message("4AAAAAAAAAA1", "kim@example.com", [SENT], "in@x.example.net", sender="kim@x.example.net"),
            *(line.replace("dead.example.org[198.51.100.7]", "filter.example.com[10.0.0.7]") for line in message(
                "4AAAAAAAAAA2", "kim@dead.example.org", [("sent", "2.0.0", "250 2.0.0 from MTA(smtp:[10.0.0.8]:10025): 250 2.0.0 Ok")], "a@x")),
            *(line.replace("lee@x.example.org>", "lee@x.example.org>, orig_to=<kim@example.com>") for line in message(
                "4AAAAAAAAAA4", "lee@x.example.org", [UNKNOWN], "forwarded@x.example.net", sender="kim@x.example.net")),
            *message("4AAAAAAAAAA3", "kim@example.com", [SENT], "b@x"),
        ]
        self.path.write_text("".join(lines))
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT domain, sender_domain, delivered, failed FROM heed_data.volume_delta"),
                         [["example.com", "news.example.com", "1", "0"]])
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.event"), [["0"]])

    def test_deferrals_are_one_and_joined_over_files(self):
        """Put off, rotated away, and given up in the next file: one delay, one bounce, with the Message-ID."""
        first = list(message("4ABCDEFGHJKL", "kim@dead.example.org", [FULL, FULL], "late@news.example.com"))
        self.path.write_text("".join(first))
        self.heed("poll", config=self.config)
        self.path.rename(self.folder / "mail.log.1")
        self.path.write_text(f"{stamp(9)} mx postfix/qmgr[7]: 4ABCDEFGHJKL: from=<bounce@news.example.com>, status=expired, returned to sender\n")
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT kind, class, verdict, address, original_message_id, count(*) FROM heed_data.event"
                                    " JOIN heed_data.report USING (arrived_at, digest, kind) GROUP BY 1,2,3,4,5 ORDER BY 1"),
                         [["bounce", "mailbox-full", "soft", "kim@dead.example.org", "late@news.example.com", "1"],
                          ["delay", "mailbox-full", "soft", "kim@dead.example.org", "late@news.example.com", "1"]])

    def test_one_failure_with_its_report(self):
        dsn = self.folder / "dsn.eml"
        dsn.write_text(DSN)
        self.path.write_text("".join(message("4ABCDEFGHJKL", "kim@dead.example.org", [UNKNOWN], "one@news.example.com")))
        for commands in (["poll"], ["ingest", dsn]), (["ingest", dsn], ["poll"]):
            with self.subTest(first=commands[0][0]):
                database = self.world.database()
                config = self.configure(database)
                for command in commands:
                    self.heed(*command, config=config)
                self.assertEqual(self.query("SELECT count(*) FROM heed_data.failure", database), [["1"]])
                self.assertEqual(self.query("SELECT count(*), count(DISTINCT failure_key) FROM heed_data.event", database), [["2", "1"]])
                self.assertEqual(self.query("SELECT sum(failures), sum(reports) FROM (SELECT * FROM heed_data.rollup"
                                            " UNION ALL SELECT * FROM heed_data.rollup_delta) AS r", database), [["1", "2"]])
                self.assertEqual(self.suppressed(config), {"kim@dead.example.org"})

    def test_deliveries_clear_what_is_soft(self):
        """Three full mailboxes suppress; not where mail got through between."""
        def days(number):
            return (number - 30) * 86400
        for deliveries, want in ("counts", {"kim@dead.example.org"}), ("addresses", set()):
            with self.subTest(deliveries=deliveries):
                database = self.world.database()
                config = self.configure(database, f'deliveries = "{deliveries}"')
                fates = [FULL_FOR_GOOD, FULL_FOR_GOOD, SENT, FULL_FOR_GOOD]
                lines = [line for number, fate in enumerate(fates)
                         for line in message(f"4ABCDEFGHJK{number}", "kim@dead.example.org", [fate], f"{number}@news.example.com", at=days(number * 2))]
                self.path.write_text("".join(lines))
                self.heed("poll", config=config)
                self.assertEqual(self.suppressed(config), want)
                self.heed("suppress", "rebuild", config=config)
                self.assertEqual(self.suppressed(config), want)
                self.path.unlink()


class Following(Logs):
    """Never twice, never lost."""

    def rotate(self, how, number):
        """The live file becomes an old one, as this way of rotation has it."""
        old = self.folder / "mail.log.1"
        if how == "copytruncate":
            shutil.copy2(self.path, self.folder / f"mail.log.{9 - number}")
            os.truncate(self.path, 0)
            return
        if how == "date":
            old = self.folder / f"mail.log-2026010{number}"
        else:
            for at in range(8, 0, -1):
                for suffix in "", ".gz", ".xz", ".zst":
                    if (self.folder / f"mail.log.{at}{suffix}").exists():
                        (self.folder / f"mail.log.{at}{suffix}").rename(self.folder / f"mail.log.{at + 1}{suffix}")
        self.path.rename(old)
        if how == "packed":
            how = {1: "gz", 3: "xz", 5: "zst"}.get(number, "gz")
        if how == "gz":
            with gzip.open(f"{old}.gz", "wb") as out:
                out.write(old.read_bytes())
        elif how == "xz":
            with lzma.open(f"{old}.xz", "wb") as out:
                out.write(old.read_bytes())
        elif how == "zst":
            subprocess.run(["zstd", "-q", str(old)], check=True)
        if how in ("gz", "xz", "zst"):
            shutil.copystat(old, f"{old}.{how}")
            old.unlink()

    def test_rotation(self):
        """Polled between writing and rotating, in the middle of lines and messages: the same as read at once."""
        lines, _ = self.generate(1000)
        text = "".join(lines)
        want = self.reference(lines)
        for how in "rename", "date", "copytruncate", "packed":
            with self.subTest(how=how):
                for path in self.folder.glob("mail*"):
                    path.unlink()
                self.database = self.world.database()
                config = self.configure(self.database)
                pieces = [text[at:at + len(text) // 7] for at in range(0, len(text), len(text) // 7)]
                self.assertNotEqual(pieces[0][-1], "\n")
                held = ""
                for number, piece in enumerate(pieces):
                    piece = held + piece
                    held = ""
                    if number % 2 == 1:
                        # What is rotated ends with a whole line: servers write whole ones.
                        piece, _, held = piece.rpartition("\n")
                        piece += "\n"
                    with self.path.open("a") as out:
                        out.write(piece)
                    if number != 3:  # one rotation comes before anybody has looked
                        self.heed("poll", config=config)
                    if number % 2 == 1:
                        self.rotate(how, number)
                with self.path.open("a") as out:
                    out.write(held)
                self.heed("poll", config=config)
                self.assert_same(want, how)
                self.heed("poll", config=config)
                self.assert_same(want, f"{how}, again")

    def test_a_line_that_grows_and_one_that_never_ends(self):
        text = "".join(message("4ABCDEFGHJKL", "kim@dead.example.org", [UNKNOWN], "one@news.example.com"))
        cut = text.index("User unknown")
        self.path.write_text(text[:cut])
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.event"), [["0"]])
        with self.path.open("a") as out:
            out.write(text[cut:])
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.event"), [["1"]])
        # Rotated away, and nobody writes to it any more: the last line is what it is.
        with self.path.open("a") as out:
            out.write("".join(message("4ABCDEFGHJKM", "lee@dead.example.org", [UNKNOWN], "two@news.example.com")).rpartition("\n")[0].rpartition("\n")[0])
        self.path.rename(self.folder / "mail.log.1")
        self.age(self.folder / "mail.log.1")
        self.path.write_text("")
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.event"), [["2"]])

    def test_replaced_and_shrunk(self):
        lines, _ = self.generate(600)
        more, _ = self.generate(200, seed=2)
        last, _ = self.generate(100, seed=3)
        want = self.reference(lines + more + last)
        self.path.write_text("".join(lines))
        self.heed("poll", config=self.config)
        # Cut down by somebody, its beginning left: what was there is counted, what is written from now on is new.
        os.truncate(self.path, sum(map(len, lines[:400])))
        done = self.heed("poll", config=self.config)
        self.assertIn("shorter", done.stderr)
        with self.path.open("a") as out:
            out.write("".join(more))
        self.heed("poll", config=self.config)
        # A shorter copy somewhere else adds nothing, and takes nothing away.
        copy = self.folder / "copy"
        copy.write_text("".join(lines[:300]))
        self.heed("ingest", "--as", "postfix", copy, config=self.config)
        # Another file in its place, read by hand first.
        self.path.unlink()
        self.path.write_text("".join(last))
        self.heed("ingest", "--as", "postfix", self.path, config=self.config)
        self.heed("poll", config=self.config)
        self.assert_same(want)

    def test_short_copies(self):
        """Files of less than 4096 bytes: what a copy holds that was made before they grew, or what is left of them, is counted."""
        def sent(number):
            return "".join(message(f"4ABCDEFGHJK{number}", f"kim{number}@dead.example.org", [SENT], f"{number}@news.example.com", at=number))

        def delivered():
            return self.query("SELECT coalesce(sum(delivered), 0) FROM heed.volume_hourly")[0][0]
        one, two, three = sent(1), sent(2), sent(3)
        self.path.write_text(one)
        self.heed("poll", config=self.config)
        self.path.write_text(one + two)
        self.heed("poll", config=self.config)
        self.assertEqual(delivered(), "2")
        copy = self.folder / "copy"
        copy.write_text(one)
        packed = self.folder / "mail.log.1.gz"
        packed.write_bytes(gzip.compress(one.encode()))
        self.age(copy), self.age(packed)
        self.heed("ingest", "--as", "postfix", copy, config=self.config)
        self.heed("poll", config=self.config)
        self.assertEqual(delivered(), "2", "an earlier copy")
        os.truncate(self.path, len(one))
        self.assertIn("shorter", self.heed("poll", config=self.config).stderr)
        self.assertNotIn("shorter", self.heed("poll", config=self.config).stderr)
        self.assertEqual(delivered(), "2", "shrunk")
        with self.path.open("a") as out:
            out.write(three)
        self.heed("poll", config=self.config)
        self.assertEqual(delivered(), "3", "written on behind the new end")
        copy.write_text(one + two)
        self.heed("ingest", "--as", "postfix", copy, config=self.config)
        self.assertEqual(delivered(), "3", "a copy of what it was")
        # Alike up to their last line, which has no end: that line is another.
        for number, wanted in (4, "4"), (5, "5"):
            table = self.folder / f"{number}.csv"
            table.write_text(f"time,outcome,recipient\n2026-01-02T09:30:00Z,delivered,kim{number}@example.net")
            self.age(table)
            self.assertIn("1 delivered", self.heed("ingest", "--dry-run", "--as", "csv", table, config=self.config).stdout)
            self.heed("ingest", "--as", "csv", table, config=self.config)
            self.assertEqual(delivered(), wanted)

    def test_copies_without_their_end(self):
        """A copy of less than 4096 bytes that lacks the end of its last line, or of which the file has none: nothing of it is new."""
        lines = message("4ABCDEFGHJK1", "kim1@dead.example.org", [SENT], "1@news.example.com")
        header = "time,outcome,recipient\n"
        row = "2026-01-02T09:30:00Z,delivered,kim2@example.net\n"
        for form, text, wanted in ("postfix", "".join(lines).rpartition("\n")[0].rpartition("\n")[0] + "\n", "1"), ("csv", header + row + row, "3"):
            whole = self.folder / f"whole.{form}"
            whole.write_text(text)
            self.age(whole)
            self.heed("ingest", "--as", form, whole, config=self.config)
            for cut in 1, 20:
                with self.subTest(form=form, cut=cut):
                    copy = self.folder / f"copy{cut}.{form}"
                    copy.write_text(text[:-cut])
                    self.age(copy)
                    self.assertIn("no new lines", self.heed("ingest", "--dry-run", "--as", form, copy, config=self.config).stdout)
                    self.assert_one_line(self.heed("ingest", "--as", form, copy, config=self.config).stderr, "no new lines")
                    self.assertEqual(self.query("SELECT sum(delivered) FROM heed.volume_hourly"), [[wanted]])
        # Cut in the only line behind the header, it may be another's; but for its end alone it is the same.
        whole = self.folder / "one.csv"
        whole.write_text(header.replace("time", "Time") + row)
        copy = self.folder / "end.csv"
        copy.write_text(whole.read_text()[:-1])
        self.age(whole), self.age(copy)
        self.assert_one_line(self.heed("ingest", "--as", "csv", whole, config=self.config).stderr, "1 delivered")
        self.assert_one_line(self.heed("ingest", "--as", "csv", copy, config=self.config).stderr, "no new lines")

    def test_cut_and_written_on(self):
        """A file of less than 4096 bytes that was cut down in its place and written on before anybody looked: what it still had is counted."""
        def sent(number):
            return "".join(message(f"4ABCDEFGHJK{number}", f"kim{number}@dead.example.org", [SENT], f"{number}@news.example.com", at=number))
        text = sent(0) + sent(1) + sent(2)
        self.path.write_text(text)
        self.heed("poll", config=self.config)
        # At the end of a line, shorter and longer than before, and within one.
        for number, (kept, more) in enumerate((([0, 1], [3]), ([0, 1], [4, 5, 6]), ([0], [7]))):
            left = "".join(map(sent, kept))
            cut = len(left) - (9 if number == 2 else 0)
            os.truncate(self.path, cut)
            with self.path.open("a") as out:
                out.write("".join(map(sent, more)))
            self.heed("poll", config=self.config)
            self.assertEqual(self.query("SELECT sum(delivered) FROM heed.volume_hourly"), [[str(max(more) + 1)]])
            self.assert_one_line(self.heed("poll", config=self.config).stderr, "no new lines")
            self.path.rename(self.folder / "mail.log.1")
            with gzip.open(self.folder / "mail.log.1.gz", "wb") as out:
                out.write((self.folder / "mail.log.1").read_bytes())
            (self.folder / "mail.log.1").rename(self.path)
            self.assert_one_line(self.heed("poll", config=self.config).stderr, "no new lines")

    def test_two_at_once(self):
        """Two pollers and one by hand, at the same moment."""
        lines, _ = self.generate(3000)
        want = self.reference(lines)
        self.path.write_text("".join(lines))
        self.age(self.path)
        commands = [["poll"], ["poll"], ["ingest", "--as", "postfix", self.path]] * 2
        with ThreadPoolExecutor(len(commands)) as pool:
            done = list(pool.map(lambda command: run_heed(command, self.config), commands))
        for one in done:
            self.assertIn(one.returncode, (0, 75), one.stderr)
        self.assertIn(0, [one.returncode for one in done])
        self.heed("poll", config=self.config)
        self.assert_same(want)

    def test_killed_before_anything_is_kept(self):
        """Killed after the first of several stretches of a file: what the file before it said, and the stretch, is still known."""
        kept = list(message("4ABCDEFGHJKL", "kim@dead.example.org", [FULL], "late@news.example.com"))
        self.path.write_text("".join(kept))
        self.heed("poll", config=self.config)
        self.path.rename(self.folder / "mail.log.1")
        lines = [[*message(f"4BBBBBBB{number}", f"kim{number}@dead.example.org", [UNKNOWN], f"{number}@news.example.com")]
                 for number in range(1000, 3100)]
        begin = [line for one in lines for line in one[:3]]
        end = [line for one in lines for line in one[3:]]
        self.path.write_text("".join(begin + end) + f"{stamp(9)} mx postfix/qmgr[7]: 4ABCDEFGHJKL: from=<bounce@news.example.com>,"
                             " status=expired, returned to sender\n")
        done = run_heed(["poll"], self.config, {"HEED_FAULT": "log.after-commit"})
        self.assertEqual(done.returncode, -9, done.stderr)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.report WHERE kind = 'bounce'"), [["2000"]])
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT count(*), count(original_message_id) FROM heed_data.report WHERE kind = 'bounce'"),
                         [["2101", "2101"]])

    def test_a_copy_in_the_making(self):
        """copytruncate of a large file, looked at several times meanwhile: the copy is no file that has become shorter."""
        lines, _ = self.generate(1200)
        want = self.reference(lines)
        self.path.write_text("".join(lines))
        self.heed("poll", config=self.config)
        copy = self.folder / "mail.log.1"
        for part in 0.4, 0.6, 0.8, 1:
            copy.write_text("".join(lines[:int(len(lines) * part)]))
            done = self.heed("poll", config=self.config)
            self.assertNotIn("shorter", done.stderr)
            self.assert_same(want, part)

    def test_truncated_while_it_is_opened(self):
        """copytruncate between finding out which file it is and reading it: the copy is not read from its beginning."""
        lines, _ = self.generate(1200)
        want = self.reference(lines)
        whole = sum(map(len, lines[:1100]))
        self.assertGreater(whole, 65536)  # what was read together with its beginning needs no second look
        self.path.write_text("".join(lines[:1100]))
        self.heed("poll", config=self.config)
        with self.path.open("a") as out:
            out.write("".join(lines[1100:]))
        # Whoever asks for the file by its beginning waits.
        self.query("CREATE FUNCTION heed_data.wait() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF current_query() LIKE '%head_digest = %' THEN"
                   " PERFORM pg_advisory_xact_lock(42); END IF; RETURN true; END $$")
        self.query("ALTER TABLE heed_data.log_file RENAME TO log_file_now")
        self.query("CREATE VIEW heed_data.log_file AS SELECT * FROM heed_data.log_file_now WHERE heed_data.wait()")
        self.query("GRANT ALL ON heed_data.log_file TO PUBLIC; GRANT EXECUTE ON FUNCTION heed_data.wait TO PUBLIC")

        def wait_for_lock(granted):
            for _ in range(300):
                if self.query(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND granted = {granted}") == [["1"]]:
                    return
                time.sleep(0.05)
            self.fail(f"no lock within 15 s: {running.communicate()[1] if running else ''}")
        running = None
        url = self.world.postgres.url(self.database)
        with subprocess.Popen([self.world.postgres.bin / "psql", "-XAtq", "-d", url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as other:
            print("SELECT pg_advisory_lock(42);", file=other.stdin, flush=True)
            wait_for_lock(True)
            running = start_heed(["poll"], self.config)
            wait_for_lock(False)
            shutil.copy2(self.path, self.folder / "mail.log.1")
            os.truncate(self.path, 0)
            other.stdin.close()
        _, said = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 0, said)
        self.query("DROP VIEW heed_data.log_file")
        self.query("ALTER TABLE heed_data.log_file_now RENAME TO log_file")
        self.heed("poll", config=self.config)
        self.assert_same(want)

    def test_several_logs_by_one_pattern(self):
        """What is under way in one log is not another's."""
        config = self.world.config(self.database, "pattern.conf",
                                   f'log "all" {{ path = "{self.folder}/*.log" format = "postfix" }}', OWN, CALM)
        one = list(message("4ABCDEFGHJKL", "kim@dead.example.org", [FULL, FULL_FOR_GOOD], "one@news.example.com"))
        same_id = list(message("4ABCDEFGHJKL", "lee@dead.example.org", [UNKNOWN]))
        (self.folder / "a.log").write_text("".join(one[:4]))
        self.heed("poll", config=config)
        # Another server's first lines, of a message with the same queue id and no Message-ID.
        (self.folder / "b.log").write_text("".join(same_id[2:]))
        self.heed("poll", config=config)
        self.assertEqual(self.query("SELECT coalesce(original_message_id, 'none') FROM heed_data.report WHERE kind = 'bounce'"), [["none"]])
        (self.folder / "a.log").unlink()
        (self.folder / "a.log").write_text("".join(one[4:]))
        self.heed("poll", config=config)
        self.assertEqual(self.query("SELECT coalesce(original_message_id, 'none') FROM heed_data.report WHERE kind = 'bounce' ORDER BY 1 DESC"),
                         [["one@news.example.com"], ["none"]])

    def test_deleted_at_once(self):
        """Nothing is kept of the old file: what was under way is still known."""
        text = list(message("4ABCDEFGHJKL", "kim@dead.example.org", [FULL, FULL_FOR_GOOD], "one@news.example.com"))
        self.path.write_text("".join(text[:4]))
        self.heed("poll", config=self.config)
        self.path.unlink()
        self.path.write_text("".join(text[4:]))
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT DISTINCT original_message_id FROM heed_data.report"), [["one@news.example.com"]])

    def test_watch(self):
        """Stays, sees what is written, and ends when it is told to."""
        lines, truth = self.generate(400)
        self.path.write_text("".join(lines[:200]))
        self.heed("db", "migrate", config=self.config)
        self.query("CREATE SEQUENCE race; GRANT ALL ON race TO PUBLIC; CREATE FUNCTION race() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                   " IF nextval('race') <= 2 THEN RAISE 'lost' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$;"
                   " CREATE TRIGGER race BEFORE UPDATE OF modified ON heed_data.log_file FOR EACH ROW EXECUTE FUNCTION race()")
        running = start_heed(["poll", "--watch"], self.config)
        try:
            def wait_for(count):
                for _ in range(300):
                    if self.query("SELECT coalesce(sum(lines), 0) FROM heed.log_status") == [[str(count)]]:
                        return
                    time.sleep(0.1)
                self.fail(f"not {count} lines after 30 s")
            wait_for(200)
            with self.path.open("a") as out:
                out.write("".join(lines[200:]))
            wait_for(len(lines))
            # A race that was lost when all was read: the file is not kept from others until the end.
            held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            free = [["0", "t"]]
            for _ in range(100):
                if self.query(f"SELECT ({held}), last_value > 2 FROM race") == free:
                    break
                time.sleep(0.1)
            self.assertEqual(self.query(f"SELECT ({held}), last_value > 2 FROM race"), free)
        finally:
            running.terminate()
            _, said = running.communicate(timeout=30)
        self.assertEqual(running.returncode, 0, said)
        self.assertEqual(self.query("SELECT sum(delivered) FROM heed_data.volume_delta"), [[str(truth["delivered"])]])

    def test_watch_ends_with_its_logs(self):
        """Beside mailboxes, logs that cannot be looked at any more are not given up in silence."""
        mails = self.folder / "mails"
        for name in "cur", "new", "tmp":
            (mails / name).mkdir(parents=True)
        self.path.write_text("".join(self.generate(100)[0]))
        both = self.world.mailbox("fbl", f"maildir:{mails}") + f'\nlog "postfix" {{ path = "{self.path}" format = "postfix" }}'
        config = self.world.config(self.database, "beside.conf", both, OWN, CALM)
        self.heed("poll", config=config)
        self.query("ALTER TABLE heed_data.log RENAME TO gone")
        running = start_heed(["poll", "--watch"], config)
        try:
            _, said = running.communicate(timeout=30)
        finally:
            running.kill()
        self.assertGreater(running.returncode, 0, said)
        self.assertIn("heed_data.log", said)

    def test_database_restarted(self):
        lines, _ = self.generate(8000)
        want = self.reference(lines)
        self.path.write_text("".join(lines))
        running = start_heed(["poll"], self.config)
        time.sleep(0.2)
        self.world.postgres.stop()
        self.world.postgres.start()
        _, said = running.communicate(timeout=60)
        # It had begun, and tries again; or the database was away before it began, and the next run is soon.
        self.assertIn(running.returncode, (0, 75), said)
        self.heed("poll", config=self.config)
        self.assert_same(want)


class BadInput(Logs):
    """Named, counted, the rest read."""

    def test_bad_lines(self):
        good = list(message("4ABCDEFGHJKL", "kim@dead.example.org", [UNKNOWN], "one@news.example.com"))
        bad = ["this is no log\n", "2026-13-45T00:00:00Z mx postfix/qmgr[1]: x\n", "\0" * 50 + "\n", "x" * 300000 + "\n",
               f"{stamp()} mx postfix/smtp[7]: 4ABCDEFGHJKM: to=<lee@dead.example.org>, relay=mx\n"]
        refused = list(message("4ABCDEFGHJKN", "moe@dead.example.org", [UNKNOWN], "refused@news.example.com"))
        self.path.write_text("".join(good[:2] + bad + good[2:] + refused))
        self.query("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no such luck'; END $$;"
                   " CREATE TRIGGER refuse BEFORE INSERT ON heed_data.report FOR EACH ROW"
                   " WHEN (NEW.original_message_id LIKE 'refused@%') EXECUTE FUNCTION refuse()")
        done = self.heed("poll", config=self.config, want=70)
        self.assert_one_line(done.stderr, "1 line is refused by the database", "no such luck")
        for words in ("without a time", "first is line 3"), ("too long", "first is line 6"), ("NUL", "first is line 5"), ("cut off", "line 7"):
            self.assert_one_line(done.stderr, *words)
        self.assertEqual(self.query("SELECT lines, unread, failed FROM heed.log_status"), [[str(len(good + bad + refused)), "6", "2"]])
        self.assertEqual(self.query("SELECT original_message_id FROM heed_data.report"), [["one@news.example.com"]])

    def test_what_cannot_be_read(self):
        garbage = self.folder / "garbage"
        garbage.write_bytes(bytes(range(1, 256)) * 50)
        packed = self.folder / "mail.log.9.bz2"
        packed.write_bytes(b"BZh91AY&SY....")
        self.assert_one_line(self.heed("ingest", "--as", "postfix", garbage, config=self.config, want=65).stderr, "garbage", "lines")
        self.assert_one_line(self.heed("ingest", "--as", "postfix", packed, config=self.config, want=65).stderr, "bzip2")
        self.assert_one_line(self.heed("ingest", "--as", "postfix", self.path, config=self.config, want=66).stderr, "mail.log")
        self.assert_one_line(self.heed("poll", config=self.world.config(
            self.database, "gone.conf", f'log "x" {{ path = "{self.folder}/gone/mail.log" format = "postfix" }}'), want=66).stderr, "gone")
        self.path.write_text("".join(message("4ABCDEFGHJKL", "kim@dead.example.org", [UNKNOWN], "one@news.example.com")))
        self.age(self.path)
        done = self.heed("ingest", "--as", "postfix", self.folder / "gone", self.path, config=self.config, want=66)
        self.assert_one_line(done.stderr, "gone", "No such file")
        self.assert_one_line(done.stderr, "1 failed")
        # What is beside it stops nothing: a known compressor, a damaged file, one that is cut off.
        (self.folder / "mail.log.8.gz").write_bytes(gzip.compress(self.path.read_bytes())[:-20])
        self.age(self.folder / "mail.log.8.gz")
        damaged = bytearray(gzip.compress(self.path.read_bytes()))
        damaged[40:60] = bytes(20)
        (self.folder / "mail.log.7.gz").write_bytes(damaged)
        done = self.heed("poll", config=self.config)
        for words in ("bzip2",), ("mail.log.8.gz", "before it is complete"), ("mail.log.7.gz", "damaged"):
            self.assert_one_line(done.stderr, *words)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.event"), [["1"]])
        self.heed("poll", "--log", "other", config=self.config, want=64)

    def test_packed_and_not_complete(self):
        """Cut off before anything can be unpacked: said, and read when it is complete."""
        text = "".join(message("4ABCDEFGHJKL", "kim@dead.example.org", [SENT], "one@news.example.com"))
        xz = lzma.compress(text.replace("kim@", "lee@").encode())
        zst = subprocess.run(["zstd", "-qc"], input=text.replace("kim@", "moe@").encode(), capture_output=True, check=True).stdout
        for name, whole, cuts in ("gz", gzip.compress(text.encode()), (5, 12)), ("xz", xz, (4,)), ("zst", zst, (8,)):
            old = self.folder / f"old.{name}"
            for cut in cuts:
                with self.subTest(name=name, cut=cut):
                    old.write_bytes(whole[:cut])
                    done = self.heed("ingest", "--as", "postfix", old, config=self.config, want=65)
                    self.assert_one_line(done.stderr, old.name, "before it is complete")
            old.write_bytes(whole)
            self.assert_one_line(self.heed("ingest", "--as", "postfix", old, config=self.config).stderr, "1 delivered")
        # Beside a log that is polled it may be in the making; when nobody writes to it any more it is said.
        self.path.write_text(text.replace("kim@", "ann@"))
        old = self.folder / "mail.log.1.gz"
        old.write_bytes(gzip.compress(text.replace("kim@", "bob@").encode())[:5])
        self.assertNotIn("complete", self.heed("poll", config=self.config).stderr)
        self.age(old)
        self.assert_one_line(self.heed("poll", config=self.config).stderr, old.name, "before it is complete")
        old.write_bytes(gzip.compress(text.replace("kim@", "bob@").encode()))
        self.assert_one_line(self.heed("poll", config=self.config).stderr, "1 delivered")

    def test_misread(self):
        """Who named the wrong format finds all of the log new once the right one is named, and nothing counted twice."""
        self.path.write_text("".join(message("4ABCDEFGHJKL", "kim@dead.example.org", [UNKNOWN], "one@news.example.com")))
        self.age(self.path)
        by_hand = self.world.config(self.database, "none.conf", "", OWN, CALM)
        for form, want in ("exim", 0), ("csv", 65):
            done = self.heed("ingest", "--as", form, self.path, config=by_hand, want=want)
            self.assert_one_line(done.stderr, f"is it the log of {form}?")
        self.assert_one_line(self.heed("ingest", "--as", "postfix", self.path, config=by_hand).stderr, "1 failed", "1 report stored")
        self.assert_one_line(self.heed("ingest", "--as", "exim", self.path, config=by_hand).stderr, "no new lines")
        # A quiet file after one that made sense is of the same format.
        quiet = self.folder / "q.log"
        quiet.write_text(f"{stamp()} mx postfix/smtpd[7]: connect from unknown[192.0.2.3]\n")
        busy = self.folder / "q.log.1"
        busy.write_text("".join(message("4ABCDEFGHJKN", "moe@dead.example.org", [SENT], "three@news.example.com")))
        self.age(busy), self.age(quiet)
        done = self.heed("ingest", "--as", "postfix", busy, quiet, config=by_hand)
        self.assert_one_line(done.stderr, "6 lines", "1 delivered")
        self.assertNotIn("is it the log of", done.stderr)
        self.assert_one_line(self.heed("ingest", "--as", "postfix", busy, quiet, config=by_hand).stderr, "no new lines")

        def poll(form):
            log = f'log "mta" {{ path = "{other}" format = "{form}" }}'
            return self.heed("poll", config=self.world.config(self.database, "mta.conf", log, OWN, CALM)).stderr
        other = self.folder / "other.log"
        other.write_text(self.path.read_text().replace("kim@", "lee@").replace("one@", "two@"))
        self.assert_one_line(poll("exim"), "5 lines", "0 failed")
        self.assert_one_line(poll("postfix"), "5 lines", "1 failed")
        self.assertEqual(self.query("SELECT lines, unread, failed FROM heed.log_status"), [["5", "0", "1"]])
        self.assert_one_line(poll("exim"), "no new lines")
        self.assertEqual(self.query("SELECT sum(failed) FROM heed.volume_hourly"), [["2"]])
        # What was read by hand before stays counted, and is read on from there.
        other = self.folder / "by-hand.log"
        other.write_text(self.path.read_text().replace("kim@", "ann@").replace("one@", "three@"))
        self.age(other)
        self.assert_one_line(self.heed("ingest", "--as", "postfix", other, config=by_hand).stderr, "1 failed")
        with other.open("a") as out:
            out.write(self.path.read_text().replace("kim@", "bob@").replace("one@", "four@").replace("4ABC", "4CBA"))
        self.query("DELETE FROM heed_data.log")
        self.assert_one_line(poll("exim"), "5 lines", "0 failed")
        self.assert_one_line(poll("postfix"), "5 lines", "1 failed")
        self.assertEqual(self.query("SELECT lines, unread, failed FROM heed.log_status"), [["5", "0", "1"]])
        self.assertEqual(self.query("SELECT sum(failed) FROM heed.volume_hourly"), [["4"]])

    def test_pipe(self):
        text = "".join(message("4ABCDEFGHJKL", "kim@dead.example.org", [UNKNOWN], "one@news.example.com"))
        done = subprocess.run(["sh", "-c", f'cat | "$0" --config "{self.config}" ingest --as postfix -', os.environ.get("HEED_PROGRAM", "build/dev/heed")],
                              input=text, text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.event"), [["1"]])

    def test_clock_and_zone(self):
        """Times without year and zone are those of the log's zone."""
        self.path.write_text("".join(line.replace(line.partition(" ")[0], "Jan  2 03:04:05") for line in
                                     message("4ABCDEFGHJKL", "kim@dead.example.org", [SENT], "one@news.example.com")))
        os.utime(self.path, (1767323100, 1767323100))
        config = self.configure(self.database, 'timezone = "Europe/Berlin"')
        self.heed("poll", config=config)
        self.assertEqual(self.query("SELECT hour AT TIME ZONE 'UTC' FROM heed_data.volume_delta"), [["2026-01-02 02:00:00"]])


if __name__ == "__main__":
    unittest.main()
