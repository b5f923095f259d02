# SPDX-License-Identifier: Apache-2.0
"""Logs of mail servers: the store holds what the log says, and what is no log is named."""

import gzip
import json
import lzma
import os
import subprocess
import unittest
from collections import Counter
from datetime import timezone
from pathlib import Path

from tests.e2e.harness import OWN
from tests.e2e.logs import CALM, FULL, FULL_FOR_GOOD, SENT, UNKNOWN, Logs, message, stamp

FIXTURES = Path(__file__).parents[1] / "fixtures" / "log"

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
