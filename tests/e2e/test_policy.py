# SPDX-License-Identifier: Apache-2.0
"""Streams and policies of the configuration, from files to the list: what counts, where it holds and how long."""

import json
import re
import unittest
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from tests.e2e.harness import ROOT, Case

NOW = datetime.now(timezone.utc).replace(microsecond=0)
TRUSTED = """Authentication-Results: mx.example.com; dkim=pass header.d={domain}
Received: from mail.{domain} (mail.{domain} [203.0.113.5]) by mx.example.com (Postfix) with ESMTPS id 1;
 {date}
From: MAILER-DAEMON@{domain}
To: bounces@example.com
Subject: report {name}
Message-ID: <{name}@{domain}>
MIME-Version: 1.0
"""
DELIVERY = """Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

x
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.{domain}

Final-Recipient: rfc822; {who}
Action: failed
Status: {status}

--b
Content-Type: text/rfc822-headers

"""
FEEDBACK = """Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: x/1
Version: 1
Original-Rcpt-To: {who}

--b
Content-Type: text/rfc822-headers

"""
ORIGINAL = """From: {sender}
To: {who}
Message-ID: <{about}@example.com>
{header}
--b--
"""
STREAMS = """
stream "receipts" { sender-domain = {"pay.example.com"} exempt = {"complaint"} }
stream "promo" { header = {"X-Campaign: promo*"} feedback-id = {"promo"} }
stream "news" { list-id = {"news.example.com"} }
"""
EVERYWHERE = 'policy { rule "complaint" { scope = "everywhere" } }\n'


class Policies(Case):
    needs_dovecot = False

    def setUp(self):
        self.folder = self.world.folder / self._testMethodName
        self.folder.mkdir()
        self.database = self.world.database()
        self.mails = 0

    def config(self, more):
        return self.world.config(self.database, f"{self.database}.conf", "", more=more)

    def report(self, body, who, days=0.0, sender="news@example.com", header="X-Plain: yes", status="5.1.1", about=None):
        """Writes a report that is authenticated, received so many days ago; about: the number of the message, else a new one."""
        self.mails += 1
        words = {"domain": who.partition("@")[2], "who": who, "name": f"m{self.mails}", "status": status, "sender": sender,
                 "header": header, "about": f"m{about or self.mails}", "date": format_datetime(NOW - timedelta(days=days))}
        (self.folder / f"{words['name']}.eml").write_text((TRUSTED + body + ORIGINAL).format(**words))

    def kept(self, config, scope, *addresses):
        """Those whom `heed clean` lets through."""
        plain = self.folder.parent / f"{self._testMethodName}.list"
        plain.write_text("".join(f"{address}\n" for address in addresses))
        return set(self.heed("clean", "--scope", scope, plain, config=config).stdout.split())

    def why(self, config, address, want=0):
        return json.loads(self.heed("why", "--format", "json", address, config=config, want=want).stdout)

    def until(self, address):
        """Days from now until its suppression ends; None: without end; "" when it is none."""
        rows = self.world.postgres.query(self.database, f"""SELECT coalesce(round(extract(epoch FROM until - now()) / 86400)::text,
            'ever') FROM heed.suppression WHERE address = '{address}'""")
        return [row[0] for row in rows]

    def streams(self):
        return {address: stream for address, stream in
                self.world.postgres.query(self.database, "SELECT address, coalesce(stream, '-') FROM heed_data.event")}

    def test_streams(self):
        """A complaint holds in the stream it is about; read again, the mail gets the stream of today's sections."""
        config = self.config(STREAMS)
        self.report(FEEDBACK, "promo@example.org", header="X-Campaign: Promo-7")
        self.report(FEEDBACK, "id@example.org", header="Feedback-ID: 9:promo:mail:shop")
        self.report(FEEDBACK, "ned@example.org", header="List-Id: Our news <news.example.com>")
        self.report(FEEDBACK, "both@example.org", sender="till@pay.example.com", header="X-Campaign: promo-7")
        self.report(FEEDBACK, "none@example.org")
        tried = self.heed("ingest", "--dry-run", self.folder, config=config).stdout
        self.assertRegex(tried, r"id@example.org  in promo\n")
        self.assertRegex(tried, r"none@example.org\n")
        self.heed("ingest", self.folder, config=config)
        self.assertEqual(self.streams(), {"promo@example.org": "promo", "id@example.org": "promo", "ned@example.org": "news",
                                          "both@example.org": "receipts", "none@example.org": "-"})
        everybody = sorted(self.streams())
        self.assertEqual(self.kept(config, "news", *everybody), {"promo@example.org", "id@example.org", "both@example.org"})
        self.assertEqual(self.kept(config, "promo", *everybody), {"ned@example.org", "both@example.org"})
        config = self.config('stream "all" { header = {"X-Campaign: *-7"} }')
        self.heed("ingest", "--reparse", config=config)
        self.assertEqual(self.streams(), {"promo@example.org": "all", "id@example.org": "-", "ned@example.org": "-",
                                          "both@example.org": "all", "none@example.org": "-"})
        self.assertEqual(self.kept(config, "all", "promo@example.org", "new@example.org"), {"new@example.org"})
        self.assertEqual(self.kept(config, "promo", "promo@example.org", "new@example.org"),
                         {"promo@example.org", "new@example.org"})
        counts = self.world.postgres.query(self.database, "SELECT stream, sum(complaints) FROM heed.complaint_daily GROUP BY 1")
        self.assertEqual({stream: int(count) for stream, count in counts if int(count) != 0}, {"all": 2, "": 3})
        self.assertIn(" 0 changed", self.heed("suppress", "rebuild", config=config).stderr)

    def test_mailboxes(self):
        """A section may go by the mailbox; what none fits has the mailbox's stream, read again that of today."""
        for sub in ("cur", "new", "tmp"):
            (self.folder / "box" / sub).mkdir(parents=True)
        self.report(FEEDBACK, "promo@example.org", header="X-Campaign: promo-7")
        self.report(FEEDBACK, "ann@example.org")
        for mail in self.folder.glob("*.eml"):
            mail.rename(self.folder / "box" / "new" / mail.name)
        url = f"maildir:{self.folder / 'box'}"
        for settings, more, again, want in (("old", STREAMS, (), "old"), ("new", STREAMS, ("--reparse",), "new"),
                                            ("new", STREAMS + 'stream "box" { mailbox = "fbl" }', ("--reparse",), "box")):
            config = self.world.config(self.database, f"{self.database}.conf",
                                       self.world.mailbox("fbl", url, stream=settings), more=more)
            self.heed(*(("ingest", *again) if again else ("poll",)), config=config)
            self.assertEqual(self.streams(), {"promo@example.org": "promo", "ann@example.org": want})
        config = self.config(STREAMS)
        self.heed("ingest", "--reparse", config=config)
        self.assertEqual(self.streams()["ann@example.org"], "box", "of a mailbox that is configured no more")

    def test_exempt(self):
        """Where complaints hold everywhere, receipts are sent all the same; not to a dead address."""
        config = self.config(STREAMS + EVERYWHERE)
        self.report(FEEDBACK, "ann@example.org", header="X-Campaign: promo-7")
        self.report(DELIVERY, "bob@example.org", header="X-Campaign: promo-7")
        self.heed("ingest", self.folder, config=config)
        self.assertEqual(self.kept(config, "receipts", "ann@example.org", "bob@example.org"), {"ann@example.org"})
        self.assertEqual(self.kept(config, "news", "ann@example.org", "bob@example.org"), set())
        self.assertEqual(self.suppressed(config), {"ann@example.org", "bob@example.org"})

    def test_protected(self):
        """Own domains without being named, others by name: whatever is said about them."""
        config = self.config('policy { protect = {"boss@example.org", "partner.example"} }')
        for who in ("joe@example.com", "boss@example.org", "ann@mail.partner.example", "ann@example.org"):
            self.report(DELIVERY, who)
        self.heed("ingest", self.folder, config=config)
        self.assertEqual(self.suppressed(config), {"ann@example.org"})
        self.assertIn("protected: example.com", json.dumps(self.why(config, "joe@example.com", want=1)))
        self.assertIn("protected: partner.example", json.dumps(self.why(config, "ann@mail.partner.example", want=1)))
        done = self.heed("why", "joe@example.com", config=config, want=1)
        self.assertTrue(done.stdout.startswith("joe@example.com is not suppressed: it is protected everywhere\n"), done.stdout)

    def test_undo(self):
        """As somebody does who learns that a domain was out of order for a day."""
        config = self.config("")
        for who in ("ann@example.org", "bob@example.org", "joe@example.net"):
            self.report(DELIVERY, who)
        self.report(DELIVERY, "bob@example.org", days=20)
        self.heed("ingest", self.folder, config=config)
        done = self.heed("undo", config=config, want=64)
        self.assertIn("undo what?", done.stderr)
        self.heed("undo", "--since", "soon", config=config, want=64)
        done = self.heed("undo", "--provider", "gnail", config=config, want=64)
        self.assertIn("--provider gnail: there is no such provider", done.stderr)
        done = self.heed("undo", "--domain", "example.org", "--text", "weather", config=config)
        self.assertIn("nothing that suppresses fits", done.stderr)
        done = self.heed("undo", "--domain", "EXAMPLE.org", "--class", "bad-mailbox", "--dry-run", config=config)
        self.assertEqual([line.split()[:2] for line in done.stdout.splitlines()],
                         [["lifted", "ann@example.org"], ["lifted", "bob@example.org"]])
        self.assertEqual(len(self.suppressed(config)), 3)
        done = self.heed("undo", "--domain", "example.org", "--why", "their outage", "--format", "json", config=config)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual({row["address"]: row["effect"] for row in told},
                         {"ann@example.org": "lifted", "bob@example.org": "lifted"})
        number = done.stderr.rstrip().rpartition("heed undo revert ")[2]
        self.assertEqual(self.suppressed(config), {"joe@example.net"})
        self.assertIn("their outage", self.heed("undo", "list", config=config).stdout)
        self.assertIn("bad-mailbox (undone)", self.heed("why", "ann@example.org", config=config, want=1).stdout)
        self.heed("suppress", "rebuild", config=config)
        self.assertEqual(self.suppressed(config), {"joe@example.net"})
        done = self.heed("undo", "revert", number, "--why", "no outage", config=config)
        self.assertIn("2 suppressions came back", done.stderr)
        self.assertNotIn("(undone)", self.heed("why", "ann@example.org", config=config).stdout)
        self.assertEqual(len(self.suppressed(config)), 3)
        self.heed("undo", "revert", number, config=config, want=66)
        self.heed("undo", "revert", "first", config=config, want=64)

    def test_guard(self):
        """A provider without history answers thirty addresses that nobody exists; somebody decides, and again."""
        config = self.config("guard { addresses = 10 times = 2 }")
        people = [f"u{i}@example.org" for i in range(120)]
        told = DELIVERY.replace("Status: {status}\n", "Status: {status}\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n")
        for who in people:
            self.report(told, who)
        self.report(DELIVERY, "ann@example.net")
        done = self.heed("ingest", self.folder, config=config)
        self.assertIn("a surge of hard failures", done.stderr)
        self.assertEqual(self.kept(config, "", *people, "ann@example.net"), set())
        done = self.heed("suppress", "review", config=config)
        self.assertIn("120 addresses are paused", done.stdout)
        self.assertIn("by the rule: hard: held, surge", self.heed("why", people[0], config=config).stdout)
        self.assertIn("| 550 5.1.1 no such user", done.stdout)
        hold = json.loads(self.heed("suppress", "review", "--format", "json", config=config).stdout)
        self.assertEqual((hold["name"], hold["dimension"], hold["addresses_held"]), ("example.org", "domain", 120))
        self.assertIn("Surges of failures that are held: 1", self.heed("status", config=config).stdout)
        self.heed("suppress", "release", config=config, want=64)
        self.heed("suppress", "discard", "77", config=config, want=66)
        self.heed("suppress", "discard", "--all", "--why", "their outage", config=config)
        self.assertEqual(self.suppressed(config), {"ann@example.net"})
        self.assertIn("Nothing is held", self.heed("suppress", "review", config=config).stdout)
        self.assertIn("discarded by", self.heed("suppress", "review", "--all", config=config).stdout)
        self.heed("suppress", "release", str(hold["hold"]), config=config)
        self.assertEqual(self.suppressed(config), {*people, "ann@example.net"})
        done = self.heed("suppress", "rebuild", config=config)
        self.assertEqual(len(self.suppressed(config)), 121)

    def test_soft_numbers(self):
        """Other numbers, and back: stale until it is rebuilt."""
        config = self.config('policy { rule "mailbox-full" { failures = 2 apart-hours = 1 lasts-days = {10} } }')
        for days in (3.1, 3):
            self.report(DELIVERY, "full@example.org", days, status="5.2.2")
            self.report(DELIVERY, "off@example.org", days, status="5.2.1")
        self.heed("ingest", self.folder, config=config)
        self.assertEqual(self.suppressed(config), {"full@example.org"})
        self.assertEqual(self.until("full@example.org"), ["7"])
        self.assertFalse(json.loads(self.heed("status", "--format", "json", config=config).stdout)["policy_stale"])
        config = self.config("")
        self.assertTrue(json.loads(self.heed("status", "--format", "json", config=config).stdout)["policy_stale"])
        self.assertIn("1 changed", self.heed("suppress", "rebuild", config=config).stderr)
        self.assertFalse(json.loads(self.heed("status", "--format", "json", config=config).stdout)["policy_stale"])
        self.assertEqual(self.suppressed(config), set())

    def test_pause(self):
        """The first hard failure pauses, the second one is for good."""
        config = self.config('policy { rule "hard" { pause-days = 7 } }')
        self.report(DELIVERY, "new@example.org", 1)
        self.report(DELIVERY, "over@example.org", 30)
        for days in (30, 1):
            self.report(DELIVERY, "again@example.org", days)
        self.heed("ingest", self.folder, config=config)
        self.assertEqual(self.suppressed(config), {"new@example.org", "again@example.org"})
        self.assertEqual(self.until("new@example.org"), ["6"])
        self.assertEqual(self.until("again@example.org"), ["ever"])

    def test_documentation(self):
        """Each piece of configuration in the documentation, and what the example has commented out."""
        pieces = [piece for page in sorted((ROOT / "docs").glob("*.md"))
                  for piece in re.findall(r"^```conf\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)]
        self.assertGreaterEqual(len(pieces), 3)
        example = (ROOT / "heed.conf.example").read_text()
        for section in ("stream", "policy"):
            pieces += ["".join(line[1:] for line in found.splitlines(True)) + 'mailbox "complaints" { url = "mbox:x" }\n'
                       for found in re.findall(rf"^#{section} .*?^#\}}$\n", example, re.MULTILINE | re.DOTALL)]
        self.assertGreaterEqual(len(pieces), 6)
        for piece in pieces:
            path = self.folder / "piece.conf"
            path.write_text(piece + '\nown { domains = {"example.com"} }\n' * ("own {" not in piece))
            self.heed("config", "check", config=path)

    def test_not_spam(self):
        """Who takes a complaint back must be believed, and mean the same message."""
        config = self.config("")
        back = FEEDBACK.replace("Feedback-Type: abuse", "Feedback-Type: not-spam")
        for who in ("ann", "bob", "cleo"):
            self.report(FEEDBACK, f"{who}@example.org", 2)
        self.report(back, "ann@example.org", 1, about=1)
        self.report(back, "bob@example.org", 1, about=1)
        self.report(back, "cleo@example.org", 1, about=3)
        forged = self.folder / f"m{self.mails}.eml"
        forged.write_text(forged.read_text().replace("dkim=pass", "dkim=fail"))
        self.heed("ingest", self.folder, config=config)
        self.assertEqual(self.suppressed(config), {"bob@example.org", "cleo@example.org"})

    def test_first_decision(self):
        """A decision before any mail is by the configured policy too."""
        config = self.config('policy { hold-hours = 12 }')
        self.heed("suppress", "add", "ann@example.org", config=config)
        self.assertFalse(json.loads(self.heed("status", "--format", "json", config=config).stdout)["policy_stale"])

    def test_authenticated_only_counts(self):
        """Where authenticated reports count as plausible, one is not enough."""
        config = self.config('policy { authenticated = "count" plausible-apart-hours = 2 }')
        self.report(DELIVERY, "once@example.org", 2)
        for days in (2, 1):
            self.report(DELIVERY, "twice@example.org", days)
        self.heed("ingest", self.folder, config=config)
        self.assertEqual(self.suppressed(config), {"twice@example.org"})


if __name__ == "__main__":
    unittest.main()
