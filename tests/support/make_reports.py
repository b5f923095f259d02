#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A mailbox of reports, and the truth about each.

The same seed gives the same mail. Used by scripts/quickstart, the end-to-end tests and the
benchmarks. The truth (--truth FILE, JSON lines in the order of the mailbox) says what a correct
reader finds; expected_suppressions() says what a correct policy makes of it.
"""

import argparse
import json
import os
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import report_styles as styles  # noqa: E402
from report_styles import Recipient, Report  # noqa: E402

RELAY = "out1.example.com"
RECEIVER = "mx.example.com"
SENDERS = ["news@example.com", "letters@example.com", "hello@mail.example.com"]
DOMAINS = ["example.net", "example.org", "mail.example.net", "post.example.org", "box.example.net"]
SUBJECTS = ["Your weekly letter", "Autumn offers", "Order 48213 has shipped", "Please confirm", "News from the harbour"]
GIVEN = ["ada", "ben", "cleo", "dora", "emil", "fay", "gus", "hana", "ivo", "jana", "karl", "lena", "milo", "nora", "otto"]
HARD_HOURS_APART = 20

# status, reply, action, verdict, class: what the code itself says, no text needed to tell.
HARD = [
    ("5.1.1", "550 5.1.1 <{address}>: Recipient address rejected: User unknown", "failed", "hard", "bad-mailbox"),
    ("5.1.1", "550-5.1.1 The account {address} does not exist here.\n550 5.1.1 Check the spelling.", "failed", "hard",
     "bad-mailbox"),
    ("5.1.1", "550 5.1.1 {address} no such user", "failed", "hard", "bad-mailbox"),
]
OTHERS = [
    ("5.2.2", "552 5.2.2 {address}: mailbox over quota", "failed", "soft", "mailbox-full"),
    ("4.2.2", "452 4.2.2 The mailbox is full", "failed", "soft", "mailbox-full"),
    ("5.2.1", "550 5.2.1 The mailbox is disabled", "failed", "soft", "inactive-mailbox"),
    ("5.3.4", "552 5.3.4 The message is too big", "failed", "block", "too-big"),
    ("5.7.26", "550 5.7.26 This mail is not authenticated", "failed", "block", "auth-failure"),
    ("4.4.1", "451 4.4.1 No answer from host", "failed", "transient", "network"),
    ("4.2.2", "452 4.2.2 The mailbox is full for now", "delayed", "soft", "mailbox-full"),
    ("4.4.1", "451 4.4.1 Connection timed out", "delayed", "transient", "network"),
]


class Maker:
    """Draws reports; all randomness comes from one seeded source."""

    def __init__(self, seed=1, pad=0, start=None, days=45, count=200):
        self.random = random.Random(seed)
        self.seed = seed
        self.pad = pad
        self.start = start or datetime(2026, 9, 1, tzinfo=timezone.utc)
        self.step = timedelta(days=days) / max(count, 1)
        self.number = 0
        self.repeats = []  # addresses that will bounce again

    def address(self):
        name = f"{self.random.choice(GIVEN)}.{self.random.randrange(10**6):06d}"
        return f"{name}@{self.random.choice(DOMAINS)}"

    def report(self, recipients, host=RELAY, trace=""):
        self.number += 1
        date = self.start + self.step * self.number
        date = date.replace(microsecond=0)
        if self.pad:
            # About a third of them return headers only, the rest make up for it.
            pad = max(200, int(self.random.gauss(self.pad * 1.28, self.pad / 3)) - 2200)
        else:
            pad = 300
        return Report(number=self.number, date=date, sender=self.random.choice(SENDERS),
                      message_id=f"{self.seed}.{self.number}.{self.random.randrange(10**9)}@example.com",
                      subject=self.random.choice(SUBJECTS), recipients=recipients, host=host,
                      queue_id=f"4{self.random.randrange(16**9):09X}", original_date=date - timedelta(minutes=7),
                      pad=pad, trace=trace)

    def recipient(self, case, address=None):
        status, reply, action, verdict, class_ = case
        return Recipient(address or self.address(), status, reply, action, verdict, class_)

    def trace(self, host, authenticated=None):
        """What our receiver writes above a report it takes from host."""
        ip = "192.0.2.1" if host == RELAY else "198.51.100.25"
        date = styles.when(self.start + self.step * (self.number + 1))
        lines = f"Received: from {host} ({host} [{ip}])\n\tby {RECEIVER} with ESMTPS id R{self.number};\n\t{date}\n"
        if authenticated:
            lines = f"Authentication-Results: {RECEIVER}; dkim=pass header.d={authenticated}\n" + lines
        return "Return-Path: <>\nDelivered-To: bounces@example.com\n" + lines

    # One method a kind of mail: (bytes, truth).

    def own_relay(self):
        """Our relay reports what the recipients' servers answered: authenticated."""
        case = self.random.choice(HARD * 3 + OTHERS)
        style = self.random.choice([styles.postfix, styles.exim, styles.kumomta, styles.powermta, styles.sendmail])
        report = self.report([self.recipient(case)], trace=self.trace(RELAY))
        return style(report), self.truth(report, "rfc3464", trust="authenticated")

    def several(self):
        """Several recipients of several fates."""
        cases = [self.random.choice(HARD), self.random.choice(OTHERS[:5]), ("2.0.0", "250 2.0.0 queued", "relayed", None, None)]
        report = self.report([self.recipient(case) for case in cases[: self.random.randint(2, 3)]],
                             trace=self.trace(RELAY))
        return styles.postfix(report), self.truth(report, "rfc3464", trust="authenticated")

    def remote(self):
        """The recipient's own system reports: plausible, since the original it returns is ours."""
        address = None
        if self.repeats and self.random.random() < 0.5:
            address = self.repeats.pop(0)
        case = self.random.choice(HARD * 2 + OTHERS)
        recipient = self.recipient(case, address)
        if address is None and case in HARD:
            self.repeats.append(recipient.address)
        host = "mail7." + recipient.address.rsplit("@", 1)[1]
        style = self.random.choice(styles.STYLES)
        report = self.report([recipient], host=host, trace=self.trace(host))
        return style(report), self.truth(report, "rfc3464", trust="plausible")

    def signed_by_recipient_domain(self):
        """As before, and our receiver says that the recipient's domain signed it: authenticated."""
        recipient = self.recipient(self.random.choice(HARD))
        domain = recipient.address.rsplit("@", 1)[1]
        host = "mail8." + domain
        report = self.report([recipient], host=host, trace=self.trace(host, authenticated=domain))
        return styles.exchange(report), self.truth(report, "rfc3464", trust="authenticated")

    def forwarded(self):
        """The address mailed and the address that failed differ."""
        recipient = self.recipient(HARD[0])
        recipient.final = self.address()
        report = self.report([recipient], trace=self.trace(RELAY))
        return styles.powermta(report), self.truth(report, "rfc3464", trust="authenticated")

    def delivered(self):
        recipient = self.recipient(("2.0.0", "250 2.0.0 OK", "delivered", None, None))
        report = self.report([recipient], trace=self.trace(RELAY))
        return styles.postfix(report), self.truth(report, "rfc3464", trust="authenticated")

    def utf8(self):
        recipient = self.recipient(HARD[2], f"jürgen.{self.random.randrange(10**6)}@bücher.example.net")
        report = self.report([recipient], trace=self.trace(RELAY))
        truth = self.truth(report, "rfc6533", trust="authenticated")
        for entry in truth["recipients"]:
            entry["address"] = entry["address"].replace("bücher", "xn--bcher-kva")
        return styles.internationalised(report), truth

    def complaint(self):
        """A feedback loop that names the recipient; believed at once in a closed mailbox only."""
        agent = self.random.choice(["Yahoo!-Mail-Feedback/2.0", "ReturnPathFBL/2.0", "SomeGenerator/1.0"])
        recipient = Recipient(self.address(), action=None, status=None, verdict="complaint", class_="abuse")
        report = self.report([recipient], host="fbl.example.net", trace=self.trace("fbl.example.net"))
        return styles.feedback(report, "abuse", agent), self.truth(report, "rfc5965", kind="complaint", trust="plausible")

    def unmatched_complaint(self):
        """The recipient is blacked out: the report is kept, nobody is suppressed."""
        report = self.report([], host="fbl.example.org", trace=self.trace("fbl.example.org"))
        report.extra["to"] = "redacted@example.net"
        mail = styles.feedback(report, "abuse", "Feedback/1.0", original_rcpt=False, redacted=True)
        truth = self.truth(report, "rfc5965", kind="complaint", trust="plausible")
        truth["recipients"] = [{"address": None, "verdict": "complaint", "class": "abuse"}]
        return mail, truth

    def not_spam(self):
        recipient = Recipient(self.address(), action=None, status=None, verdict=None, class_=None)
        report = self.report([recipient], host="fbl.example.net", trace=self.trace("fbl.example.net"))
        return styles.feedback(report, "not-spam", "Feedback/1.0"), self.truth(report, "rfc5965", kind="not-spam", trust=None)

    def auth_failure(self):
        report = self.report([], host="fbl.example.net", trace=self.trace("fbl.example.net"))
        more = ["Auth-Failure: dkim", "Delivery-Result: reject", "DKIM-Domain: example.com", "DKIM-Selector: s1",
                f"Authentication-Results: mx.example.net; dkim=fail header.d=example.com"]
        mail = styles.feedback(report, "auth-failure", "Feedback/1.0", original_rcpt=False, more=more)
        truth = self.truth(report, "rfc6591", kind="auth-failure", trust=None)
        truth["recipients"] = None
        return mail, truth

    def auto_reply(self):
        report = self.report([Recipient(self.address(), verdict=None)], trace=self.trace("mail.example.net"))
        return styles.auto_reply(report), self.plain(report, "auto-reply")

    def read_receipt(self):
        report = self.report([Recipient(self.address(), verdict=None)], trace=self.trace("mail.example.net"))
        return styles.read_receipt(report), self.plain(report, "auto-reply")

    def ordinary(self):
        report = self.report([Recipient(self.address(), verdict=None)], trace=self.trace("mail.example.net"))
        return styles.ordinary(report), self.plain(report, "other")

    def broken(self):
        """Cut off in the middle of the status part, or without its boundary: kept, whatever it is read as."""
        report = self.report([self.recipient(HARD[0])], trace=self.trace(RELAY))
        mail = styles.postfix(report)
        if self.random.random() < 0.5:
            mail = mail[: mail.index("Action:")]
        else:
            mail = mail.replace("boundary=", "border=", 1)
        truth = self.truth(report, None, trust=None)
        truth["kind"] = None
        truth["recipients"] = None
        truth["maybe"] = [recipient.address for recipient in report.recipients]
        return mail, truth

    def truth(self, report, style, kind=None, trust=None):
        actions = [recipient.action for recipient in report.recipients]
        if kind is None:
            kind = "bounce" if "failed" in actions else "delay" if "delayed" in actions else "success"
        return {"number": report.number, "message_id": f"report-{report.number}@{report.host}", "kind": kind, "trust": trust,
                "style": style, "date": report.date.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "original_message_id": report.message_id,
                "recipients": [{"address": r.address, "action": r.action, "status": r.status, "verdict": r.verdict,
                                "class": r.class_} for r in report.recipients]}

    def plain(self, report, kind):
        truth = self.truth(report, None, kind=kind)
        truth["recipients"] = []
        return truth

    def kinds(self, only=None):
        """Each kind with its weight; a mailbox begins with one of each."""
        complaints = [(self.complaint, 8), (self.unmatched_complaint, 2), (self.not_spam, 1), (self.auth_failure, 1)]
        if only == "complaints":
            return complaints
        bounces = [(self.own_relay, 38), (self.remote, 24), (self.signed_by_recipient_domain, 6), (self.several, 5),
                (self.forwarded, 3), (self.delivered, 3), (self.utf8, 2), (self.auto_reply, 3),
                (self.read_receipt, 1), (self.ordinary, 2), (self.broken, 1)]
        return bounces if only == "bounces" else bounces + complaints


def generate(count, seed=1, pad=0, start=None, days=45, only=None):
    """Yields (message as bytes with LF, received at as datetime, truth) count times."""
    maker = Maker(seed, pad, start, days, count)
    kinds = maker.kinds(only)
    first = [kind for kind, _ in kinds]
    population, weights = zip(*kinds)
    for index in range(count):
        make = first[index] if index < len(first) else maker.random.choices(population, weights)[0]
        mail, truth = make()
        received = datetime.strptime(truth["date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        yield mail.encode("utf-8"), received, truth


def expected_suppressions(truths, closed=False):
    """Who must be suppressed after all of these: the policy's defaults, told a second time. Returns
    {address: verdict}, without what broken mail may or may not add."""
    suppressed, plausible = {}, {}
    for truth in truths:
        for recipient in truth["recipients"] or []:
            address, verdict = recipient["address"], recipient["verdict"]
            if address is None or verdict not in ("hard", "complaint"):
                continue
            believed = truth["trust"] == "authenticated" or (closed and verdict == "complaint")
            if believed:
                suppressed[address] = verdict
            elif truth["trust"] == "plausible":
                plausible.setdefault((address, verdict), []).append(
                    (datetime.strptime(truth["date"], "%Y-%m-%dT%H:%M:%SZ"), truth["original_message_id"]))
    for (address, verdict), seen in plausible.items():
        dates = sorted(date for date, _ in seen)
        originals = {original for _, original in seen}
        if len(originals) >= 2 and dates[-1] - dates[0] >= timedelta(hours=HARD_HOURS_APART):
            suppressed.setdefault(address, verdict)
    return suppressed


def maildir_name(number, received):
    return f"{int(received.timestamp())}.M{number:06d}P1Q{number}.generated.example"


def write_maildir(folder, messages):
    folder = Path(folder)
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for mail, received, truth in messages:
        path = folder / "new" / maildir_name(truth["number"], received)
        path.write_bytes(mail)
        os.utime(path, (received.timestamp(), received.timestamp()))
        yield truth


def write_mbox(path, messages):
    with open(path, "wb") as out:
        for mail, received, truth in messages:
            out.write(b"From MAILER-DAEMON " + received.strftime("%a %b %d %H:%M:%S %Y").encode() + b"\n")
            out.write(b"".join(b">" + line if line.startswith(b"From ") else line for line in mail.splitlines(True)) + b"\n")
            yield truth


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pad", type=int, default=0, help="average size of a message in bytes")
    parser.add_argument("--days", type=int, default=45, help="the span over which they arrive")
    parser.add_argument("--only", choices=["bounces", "complaints"])
    parser.add_argument("--truth", help="where to write what each message is")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--maildir")
    where.add_argument("--mbox")
    arguments = parser.parse_args()
    messages = generate(arguments.count, arguments.seed, arguments.pad, days=arguments.days,
                        only=arguments.only)
    written = write_maildir(arguments.maildir, messages) if arguments.maildir else write_mbox(arguments.mbox, messages)
    with open(arguments.truth or os.devnull, "w", encoding="utf-8") as truths:
        for truth in written:
            truths.write(json.dumps(truth, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
