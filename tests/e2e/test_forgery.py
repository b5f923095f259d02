# SPDX-License-Identifier: Apache-2.0
"""Forged reports, as attackers send them: what the list and `heed why` then say.

All cases share one database and are read together, each about a victim of its own. A report by the attacker that suppresses
his victim, or lifts what held him, is a failure; beside them stand true reports that must do so.
"""

import base64
import json
import unittest
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from tests.e2e import test_token
from tests.e2e.harness import OWN, Case

NOW = datetime.now(timezone.utc).replace(microsecond=0)
EVIL = "attacker.example"
DAEMON = f"MAILER-DAEMON@{EVIL}"

REPORT = """From: {sender}
To: {to}
Subject: Undelivered Mail Returned to Sender
Date: {claimed}
Message-ID: <{name}@{host}>
{header}MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary=b

--b
Content-Type: text/plain

Sorry.

--b
Content-Type: message/{kind}

{body}
--b
Content-Type: text/rfc822-headers

From: News <news@example.com>
To: {who}
Subject: January news
{original}
--b--
"""
DSN = "Reporting-MTA: dns; {host}\nArrival-Date: {claimed}\n\n{recipients}"
RECIPIENT = "Final-Recipient: rfc822; {who}\nAction: {action}\nStatus: {status}\n"
ARF = "Feedback-Type: {what}\nUser-Agent: FBL/1\nVersion: 1\nOriginal-Rcpt-To: {who}\n"


def received(host, days=0.0, address="203.0.113.66", name=None, by="mx.example.com"):
    """What our server writes when it takes mail; host: what the client calls itself."""
    date = format_datetime(NOW - timedelta(days=days))
    return f"Received: from {host} ({name or host} [{address}]) by {by} (Postfix) with ESMTPS id 4A;\n {date}\n"


def results(text, server="mx.example.com"):
    return f"Authentication-Results: {server}; {text}\n"


class Mail:
    """One report: from the attacker's host, of today, about a new message of ours; all of which can be told otherwise."""

    number = 0

    def __init__(self, who, days=0.0, host=f"mail.{EVIL}", **more):
        Mail.number += 1
        self.words = {"who": who, "name": f"r{Mail.number}", "host": host, "sender": DAEMON, "to": "bounces@example.com",
                      "claimed": format_datetime(NOW - timedelta(days=days)), "header": "", "action": "failed",
                      "status": "5.1.1", "original": f"Message-ID: <m{Mail.number}@example.com>\n", "top": received(host, days),
                      **more}

    def text(self, kind, body):
        head = self.words["top"]
        return head + REPORT.format(**{**self.words, "kind": kind, "body": body})

    def dsn(self, more=()):
        recipients = "\n".join(RECIPIENT.format(**{**self.words, "who": who}) for who in (self.words["who"], *more))
        return self.text("delivery-status", DSN.format(**self.words, recipients=recipients))

    def arf(self, what="abuse"):
        return self.text("feedback-report", ARF.format(**self.words, what=what))


def true(who, days=0.0, **more):
    """What the recipient's own server sends, and ours saw signed."""
    domain = who.partition("@")[2]
    host = f"mail.{domain}"
    return Mail(who, days, host, sender=f"MAILER-DAEMON@{domain}",
                top=results(f"dkim=pass header.d={domain}") + received(host, days, "203.0.113.5"), **more)


def about(name):
    return f"Message-ID: <{name}@example.com>\n"


class Forgeries(Case):
    needs_dovecot = False

    def setUp(self):
        self.folder = self.world.folder / self._testMethodName
        self.rounds = [self.folder / name for name in ("ahead", "mail")]
        self.loop = self.folder / "loop"
        for path in (*self.rounds, *(self.loop / sub for sub in ("cur", "new", "tmp"))):
            path.mkdir(parents=True)
        own = OWN.replace("}\n}", f'}}\n    token-key-file = "{self.folder}/token.key"\n}}')
        self.database = self.world.database()
        self.config = self.world.config(self.database, f"{self.database}.conf",
                                        self.world.mailbox("loop", f"maildir:{self.loop}", trust="closed"), own)
        self.level = {}  # {victim: the trust that the reports about him have at most}
        self.suppressed_ones = set()

    def send(self, *mails, ahead=False):
        for mail in mails:
            Mail.number += 1
            (self.rounds[0 if ahead else 1] / f"{Mail.number}.eml").write_text(mail)

    def victim(self, name, *mails, level="plausible"):
        """Who is not suppressed by these; level None: nothing is told of him."""
        self.level[name] = level
        self.send(*mails)

    def believed(self, name, *mails, level="authenticated"):
        self.victim(name, *mails, level=level)
        self.suppressed_ones.add(name)

    def bounces(self):
        self.believed("truly@example.org", true("truly@example.org").dsn())
        who = "plain@example.org"
        self.victim(who, Mail(who).dsn())
        who = "unproven@example.org"
        self.victim(who, Mail(who).dsn().replace("news@example.com", "news@example.net"), level="unproven")
        who = "signed-by-attacker@example.org"
        self.victim(who, Mail(who, top=results(f"dkim=pass header.d={EVIL}; spf=pass smtp.mailfrom={EVIL}; "
                                               f"dmarc=pass header.from={EVIL}") + received(f"mail.{EVIL}")).dsn())
        who = "signed-other-from@example.org"
        self.victim(who, Mail(who, sender="MAILER-DAEMON@example.org",
                              top=results(f"dkim=pass header.d={EVIL}") + received(f"mail.{EVIL}")).dsn())
        who = "signed-from-attacker@example.org"
        self.victim(who, Mail(who, top=results("dkim=pass header.d=example.org") + received("mail.example.org")).dsn())
        who = "neighbour@gmail.com"
        self.victim(who, Mail(who, sender="evil@gmail.com",
                              top=results("dkim=pass header.d=gmail.com") + received("mail-1.google.com")).dsn())
        who = "two-from@example.org"
        self.victim(who, Mail(who, sender=f"MAILER-DAEMON@example.org\nFrom: {DAEMON}",
                              top=results("dkim=pass header.d=example.org") + received("mail.example.org")).dsn())
        who = "sent-on@example.org"
        self.victim(who, Mail(who, sender="MAILER-DAEMON@example.org", to=f"evil@{EVIL}",
                              top=results("dkim=pass header.d=example.org") + received("mail.example.org")).dsn())
        who = "helo@example.org"
        self.victim(who, Mail(who, top=received("out1.example.com", name="unknown")).dsn())
        who = "relay-below@example.org"
        self.victim(who, Mail(who, header=received("out1.example.com", address="192.0.2.1")).dsn())
        who = "through-relay@example.org"
        self.victim(who, Mail(who, top=received("out1.example.com", address="192.0.2.1") +
                              received(f"mail.{EVIL}", by="out1.example.com")).dsn())
        who = "somebody@example.com"
        self.victim(who, true(who).dsn(), level="authenticated")

    def token(self, *arguments):
        return self.heed("token", "make", *arguments, config=self.config).stdout.strip()

    def tokens(self):
        """A token speaks of him whom it was made for, until its day, while its key is there."""
        self.heed("token", "make", "--new-key", config=self.config)
        rotated = [self.token("rotated@example.org"), self.token("--format", "header", "rotated@example.org")]
        self.heed("token", "make", "--new-key", config=self.config)
        file = self.folder / "token.key"
        file.write_text(file.read_text().splitlines()[0] + "\n")  # the old key is gone
        name, key = file.read_text().strip().split(":")
        mine = self.token(f"me@{EVIL}")
        who = "token@example.org"
        self.believed(who, Mail(who, to=self.token(who)).dsn(), level="signed")
        who = "header-token@example.org"
        self.believed(who, Mail(who, original=self.token("--format", "header", who) + "\n").dsn(), level="signed")
        who = "rotated@example.org"
        self.victim(who, Mail(who, to=rotated[0]).dsn(), Mail(who, original=rotated[1] + "\n").arf())
        who = "expired@example.org"
        old = test_token.make(base64.b64decode(key), name, who, test_token.today() - 1)
        path = f"bounces+{old}-expired=example.org@example.com"
        self.victim(who, Mail(who, to=path).dsn(), Mail(who, to=path, header=f"Date: {format_datetime(NOW - timedelta(days=9))}\n",
                                                        original=f"Heed-Token: {old}.{test_token.base32(who.encode())}\n").dsn())
        who = "moved@example.org"
        core = mine.split("+")[1].split("-")[0]
        self.victim(who, Mail(who, to=f"bounces+{core}-moved=example.org@example.com").dsn(),
                    Mail(who, original=f"Heed-Token: {core}.{test_token.base32(who.encode())}\n").arf())
        # What is said of others with his own token is said of him; with two, nothing is signed.
        who = "replayed@example.org"
        self.suppressed_ones.add(f"me@{EVIL}")
        self.victim(who, Mail(who, to=mine).dsn(), Mail(who, days=3, to=mine).dsn(), level=None)
        # … also where the mail's envelope does not name him, and only the header that it returns has his token.
        who = "replayed-header@example.org"
        self.victim(who, Mail(who, original=self.token("--format", "header", f"me@{EVIL}") + "\n").dsn(), level=None)
        who = "beside-token@example.org"
        self.victim(who, Mail(f"me@{EVIL}", to=mine).dsn([who]))
        who = "two-tokens@example.org"
        other = self.token("--format", "header", f"other@{EVIL}")
        self.victim(who, Mail(who, to=mine, original=other + "\n").dsn(), level=None)

    def complaints(self):
        self.believed("loop@yahoo.com", Mail("loop@yahoo.com", sender="feedback@arf.mail.yahoo.com", top=results(
            "dkim=pass header.d=arf.mail.yahoo.com") + received("mta.mail.yahoo.com", address="203.0.113.7")).arf())
        who = "arf@example.org"
        self.victim(who, Mail(who).arf())
        who = "arf-signed@yahoo.com"
        self.victim(who, Mail(who, top=results(f"dkim=pass header.d={EVIL}") + received(f"mail.{EVIL}")).arf(),
                    Mail(who, sender="feedback@arf.mail.yahoo.com",
                         top=results(f"dkim=pass header.d={EVIL}") + received(f"mail.{EVIL}")).arf())
        who = "arf-neighbour@yahoo.com"
        self.victim(who, Mail(who, sender="evil@yahoo.com",
                              top=results("dkim=pass header.d=yahoo.com") + received("mta.mail.yahoo.com")).arf())
        who = "arf-by-relay@example.org"
        self.victim(who, Mail(who, top=received("out1.example.com", address="192.0.2.1")).arf())
        who = "abuse@yahoo.com"  # reads other people's mail
        self.victim(who, Mail(who, sender="feedback@arf.mail.yahoo.com", top=results(
            "dkim=pass header.d=arf.mail.yahoo.com") + received("mta.mail.yahoo.com")).arf(), level=None)

    def results(self):
        """Authentication-Results that our server did not write, or not so."""
        signed = "dkim=pass header.d=example.org"
        ours = received(f"mail.{EVIL}")
        forged = {
            "below": ours + results(signed),
            "below-all": ours + results("spf=pass smtp.mailfrom=example.org; dmarc=pass header.from=example.org"),
            "below-forged-hop": ours + results(signed) + received("mail.example.org"),
            "above-foreign-hop": results(signed) + received("mail.example.org", by="mx.attacker.example"),
            "without-hop": results(signed),
            "wrong-id": results(signed, "mx.attacker.example") + ours,
            "longer-id": results(signed, "mx.example.com.attacker.example") + ours,
            "similar-id": results(signed, "notmx.example.com") + ours,
            "parent-id": results(signed, "example.com") + ours,
            "id-in-comment": results(signed, "mx.attacker.example (mx.example.com;)") + ours,
            "no-id": f"Authentication-Results: {signed}\n" + ours,
            "old": f"Authentication-Results: mx.example.com 2; {signed}\n" + ours,
            # What is his in a field of ours: the address he says he is, and what is told of it
            "comment": results(f"spf=fail (x; dkim=pass header.d=example.org;) smtp.mailfrom={EVIL}") + ours,
            "nested": results(f"spf=fail (x (y) dkim=pass header.d=example.org) smtp.mailfrom={EVIL}") + ours,
            "ends-comment": results('spf=pass (domain of "a) smtp.mailfrom=example.org; spf=none ("@attacker.example designates)'
                                    f" smtp.mailfrom={EVIL}") + ours,
            "local-part": results(f'spf=pass smtp.mailfrom="x smtp.mailfrom=example.org; {signed} "@{EVIL}') + ours,
            "equals": results(f"spf=pass smtp.mailfrom=example.org=x@{EVIL}") + ours,
            "reason": results(f'dkim=fail reason="; {signed}; x" header.d={EVIL}') + ours,
            "failed": results("dkim=fail header.d=example.org; spf=softfail smtp.mailfrom=example.org; dmarc=fail "
                              "header.from=example.org") + ours,
            "lower": results("dkim=fail header.d=example.org") + results(signed) + ours,
        }
        for name, top in forged.items():
            who = f"results-{name}@example.org"
            self.victim(who, Mail(who, sender="MAILER-DAEMON@example.org", top=top).dsn())

    def counting(self):
        """Plausible reports need two messages, 20 hours apart: by our clock, and not two recipients of one report."""
        who = "twice-in-one@example.org"
        self.victim(who, Mail(who).dsn([who, who.upper()]))
        who = "beside-own@example.org"
        self.victim(who, Mail(f"me2@{EVIL}", top=results(f"dkim=pass header.d={EVIL}") + received(f"mail.{EVIL}")).dsn([who]))
        who = "same-message@example.org"
        self.victim(who, *(Mail(who, days=days, original=about("same")).dsn() for days in (9, 6, 3)))
        who = "no-message@example.org"
        self.victim(who, *(Mail(who, days=days, original="").dsn() for days in (9, 6, 3)))
        who = "same-day@example.org"
        self.victim(who, *(Mail(who, days=days).dsn() for days in (0.8, 0.4, 0)))
        who = "claimed@example.org"
        self.victim(who, *(Mail(who, claimed=format_datetime(NOW - timedelta(days=days)),
                                header=received(f"x.{EVIL}", days)).dsn() for days in (9, 0)))
        # The price of believing without proof, as docs/trust.md says: two messages, two days.
        who = "patient@example.org"
        self.believed(who, *(Mail(who, days=days).dsn() for days in (3, 0)), level="plausible")

    def lifting(self):
        """What lifts must be believed."""
        full = {"status": "5.2.2"}
        done = {"action": "delivered", "status": "2.0.0"}
        for who in ("full@example.org", "emptied@example.org"):
            self.send(*(true(who, days, **full).dsn() for days in (6, 4, 2)))
        who = "full@example.org"
        self.believed(who, Mail(who, **done).dsn(), Mail(who, sender="MAILER-DAEMON@example.org", **done).dsn(),
                      Mail(who, top=results(f"dkim=pass header.d={EVIL}") + received(f"mail.{EVIL}"), **done).dsn())
        self.send(Mail(who, to=self.token(f"full@{EVIL}"), **done).dsn())
        who = "emptied@example.org"
        self.victim(who, true(who, **done).dsn(), level="authenticated")
        loop = {"sender": "feedback@arf.mail.yahoo.com"}
        for who in ("angry@yahoo.com", "calmed@yahoo.com"):
            top = results("dkim=pass header.d=arf.mail.yahoo.com") + received("mta.mail.yahoo.com", 1)
            self.send(Mail(who, 1, top=top, original=about(who[:5]), **loop).arf())
        top = results("dkim=pass header.d=arf.mail.yahoo.com") + received("mta.mail.yahoo.com")
        self.believed("angry@yahoo.com", Mail("angry@yahoo.com", original=about("angry"), **loop).arf("not-spam"),
                      Mail("angry@yahoo.com", top=results(f"dkim=pass header.d={EVIL}") + received(f"mail.{EVIL}"),
                           original=about("angry")).arf("not-spam"))
        self.victim("calmed@yahoo.com", Mail("calmed@yahoo.com", top=top, original=about("calme"), **loop).arf("not-spam"),
                    level="authenticated")

    def displacing(self):
        """A copy that came first, and is believed less, takes no true report's place."""
        who = "copied@example.org"
        report = true(who).dsn()
        self.send(report.replace("dkim=pass", "dkim=none"), ahead=True)
        self.believed(who, report)
        who = "copied-without@example.org"
        report = true(who).dsn()
        self.send(report.partition("\nFrom: ")[2].join(("From: ", "")), ahead=True)
        self.believed(who, report)
        who = "copied-at-once@example.org"
        report = true(who).dsn()
        self.believed(who, report.replace("dkim=pass", "dkim=none"), report, report.replace("dkim=pass", "dkim=fail"))
        # Another report of the same message: it is put off, it was something else, it came longer ago.
        who = "said-otherwise@example.org"
        report = true(who, original=about("otherwise")).dsn()
        self.send(Mail(who, original=about("otherwise"), status="4.4.1").dsn(),
                  Mail(who, 2, original=about("otherwise"), status="5.7.1").dsn(), ahead=True)
        self.believed(who, report, Mail(who, original=about("otherwise"), status="5.7.1").dsn())
        who = "copied-loop@example.org"
        report = Mail(who).arf()
        self.send(report, ahead=True)
        (self.loop / "new" / "1").write_text(report)
        self.level[who] = "plausible"
        self.suppressed_ones.add(who)

    def test_forgeries(self):
        """What is sent ahead comes first, then the rest, then what is in a feedback loop's own mailbox."""
        for forge in (self.bounces, self.tokens, self.complaints, self.results, self.counting, self.lifting, self.displacing):
            forge()
        for path in self.rounds:
            self.heed("ingest", path, config=self.config)
        self.heed("poll", config=self.config)
        self.assertEqual(self.suppressed(self.config), self.suppressed_ones)
        order = ["unproven", "plausible", "authenticated", "signed"]
        for who, level in self.level.items():
            held = who in self.suppressed_ones
            why = json.loads(self.heed("why", "--format", "json", who, config=self.config, want=0 if held else 1).stdout)
            with self.subTest(who):
                self.assertEqual(why["suppressed"], held)
                self.assertEqual(max((line["trust"] for line in why["story"]), key=order.index, default=None), level)
        self.assertIn(" 0 changed", self.heed("suppress", "rebuild", config=self.config).stderr)

    def test_results_below_received(self):
        """Where the configuration says so, one field below our Received is believed, and its name is what it says."""
        ours = results("dkim=pass header.d=example.org")
        other = ours.replace("mx.example.com", "results.example")
        hop = received("mail.example.org")
        mails = {"above": ours + hop, "below": hop + ours, "second": hop + results("dkim=none") + ours, "other": hop + other}
        wants = {"": {"above"}, "results-below-received = true": {"above", "below"},
                 'results-below-received = true authserv-ids = {"results.example"}': {"other"}}
        for name, top in mails.items():
            (self.folder / f"{name}.eml").write_text(Mail("ann@example.org", sender="MAILER-DAEMON@example.org", top=top).dsn())
        for settings, want in wants.items():
            config = self.world.config(self.database, "below.conf", "", OWN.replace("}\n}", f"}}\n    {settings}\n}}"))
            done = self.heed("parse", *(self.folder / f"{name}.eml" for name in mails), config=config)
            trusts = [json.loads(line)["trust"] for line in done.stdout.splitlines()]
            self.assertEqual({name for name, trust in zip(mails, trusts) if trust == "authenticated"}, want, settings)


if __name__ == "__main__":
    unittest.main()
