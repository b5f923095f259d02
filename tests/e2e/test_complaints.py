# SPDX-License-Identifier: Apache-2.0
"""Complaints and requests to be unsubscribed, from files into the database: who is named is suppressed, who is not is kept
and shown."""

import json
import unittest

from tests.e2e.harness import OWN, ROOT, Case

FIXTURES = ROOT / "tests" / "fixtures"
VERP = OWN.replace("}\n}", '}\n    verp = {"b-{any}-{local}={domain}@example.com"}\n    recipient-headers = {"X-Recipient"}\n}')
SIGNED = """Authentication-Results: mx.example.com; dkim=pass header.d=example.org
Received: from mail.example.org (mail.example.org [203.0.113.5]) by mx.example.com (Postfix) with ESMTPS id 1;
 Thu, 8 Jan 2026 17:40:37 +0000
"""
REDACTED = """From: fbl@provider.example
To: fbl@example.com
Subject: FW: January news
Message-ID: <{name}@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Feedback/1.0
Version: 1
Original-Rcpt-To: redacted@provider.example
{field}
--b
Content-Type: text/rfc822-headers

From: News <news@example.com>
To: redacted@provider.example
Message-ID: <{name}@example.com>
CFBL-Feedback-ID: {name}
{header}
--b--
"""


class Complaints(Case):
    needs_dovecot = False

    def ingest(self, place, own):
        database = self.world.database()
        config = self.world.config(database, f"{database}.conf",
                                   self.world.mailbox("fbl", f"maildir:{place}", trust="closed"), own)
        return database, config

    def maildir(self, name, **mails):
        place = self.world.folder / name
        for sub in ("cur", "new", "tmp"):
            (place / sub).mkdir(parents=True)
        for mail, text in mails.items():
            (place / "new" / mail).write_text(text)
        return place

    def test_unmatched_are_kept_and_shown(self):
        """Nobody is guessed; the identifiers are there for heed_reader."""
        place = self.maildir("unmatched", a=REDACTED.format(name="a", field="", header=""),
                             b=REDACTED.format(name="b", field="", header="List-Id: <news.example.com>"))
        database, config = self.ingest(place, OWN)
        self.heed("poll", config=config)
        rows = self.world.postgres.query(database, """SET ROLE heed_reader; SELECT class, original_message_id, original_from,
            coalesce(original_list_id, ''), cfbl_feedback_id FROM heed.unmatched_complaint ORDER BY 2""")
        self.assertEqual([row for row in rows if len(row) == 5],
                         [["abuse", "a@example.com", "news@example.com", "", "a"],
                          ["abuse", "b@example.com", "news@example.com", "news.example.com", "b"]])
        self.assertEqual(self.suppressed(config), set())
        status = json.loads(self.heed("status", "--format", "json", config=config).stdout)
        self.assertEqual(status["unmatched_complaints"], 2)
        self.assertIn("name no recipient: 2", self.heed("status", config=config).stdout)

    def test_our_own_marks_resolve_them(self):
        """The envelope's sender, a field of ours, List-Unsubscribe: what a provider has no cause to hide."""
        place = self.maildir(
            "marks",
            path=REDACTED.format(name="path", field="Original-Mail-From: <b-7-ann=provider.example@example.com>", header=""),
            field=REDACTED.format(name="field", field="", header="X-Recipient: bob@provider.example"),
            link=REDACTED.format(name="link", field="", header="List-Unsubscribe: "
                                 "<mailto:unsubscribe+cleo=provider.example@example.com>"),
            foreign=REDACTED.format(name="foreign", field="", header="List-Unsubscribe: "
                                    "<mailto:unsubscribe+dan=provider.example@example.net>"))
        _, config = self.ingest(place, VERP)
        self.heed("poll", config=config)
        self.assertEqual(self.suppressed(config), {f"{who}@provider.example" for who in ("ann", "bob", "cleo")})

    def test_unsubscribe(self):
        """At once where our receiver saw the sender's domain sign it; otherwise kept. A person's answer is none."""
        mails = {path.stem: path.read_text() for path in sorted((FIXTURES / "unsubscribe").glob("*.eml"))}
        requests = len(mails)
        signed = mails["001-subject-to-token-address"].replace("ann@", "signed@")
        mails["signed"] = SIGNED + signed
        mails["signed-by-others"] = SIGNED + signed.replace("signed@example.org", "other@example.net")
        mails["person"] = SIGNED + (FIXTURES / "negative" / "022-person-wants-off-amid-quote.eml").read_text()
        place = self.maildir("unsubscribe", **mails)
        database, config = self.ingest(place, OWN)
        self.heed("poll", config=config)
        self.assertEqual(self.world.postgres.query(database, "SELECT count(*) FROM heed_data.event WHERE kind = 'unsubscribe'"),
                         [[str(requests + 2)]])
        self.assertEqual(self.suppressed(config), {"signed@example.org"})


if __name__ == "__main__":
    unittest.main()
