# SPDX-License-Identifier: Apache-2.0
"""Writes a Postfix log as a busy sender's is, and knows what stands in it.

usage: make_log.py [--seed N] LINES > mail.log

Of the deliveries some 80 % are sent, 12 % put off (each message again and again until it is sent or
given up), 5 % bounced; recipients are at the large providers and at thousands of small domains.
"""

import argparse
import random
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone

PROVIDERS = [("gmail.com", "gmail-smtp-in.l.google.com", "142.250.27.27", 34),
             ("outlook.com", "outlook-com.olc.protection.outlook.com", "52.101.73.1", 14),
             ("yahoo.com", "mta5.am0.yahoodns.net", "67.195.204.77", 9),
             ("icloud.com", "mx01.mail.icloud.com", "17.57.154.33", 5),
             ("gmx.de", "mx00.emig.gmx.net", "212.227.15.9", 6)]
SMALL_DOMAINS = 20000
DEFERRALS = [("4.7.0", "host {host}[{ip}] said: 421-4.7.0 [192.0.2.25      15] Our system has detected an unusual rate of 421-4.7.0 unsolicited"
              " mail originating from your IP address. 421 4.7.0 ({id}) (in reply to end of DATA command)"),
             ("4.2.2", "host {host}[{ip}] said: 452 4.2.2 <{to}>: Mailbox full (in reply to RCPT TO command)"),
             ("4.7.1", "host {host}[{ip}] said: 451 4.7.1 <{to}>: Recipient address rejected: Greylisted, try again in 300 seconds"
              " (in reply to RCPT TO command)"),
             ("4.4.1", "connect to {host}[{ip}]:25: Connection timed out")]
BOUNCES = [("5.1.1", "host {host}[{ip}] said: 550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table"
            " (in reply to RCPT TO command)"),
           ("5.1.1", "host {host}[{ip}] said: 550-5.1.1 The email account that you tried to reach does not exist. 550 5.1.1 {id}"
            " (in reply to RCPT TO command)"),
           ("5.2.2", "host {host}[{ip}] said: 552 5.2.2 <{to}>: user is over quota (in reply to RCPT TO command)"),
           ("5.7.1", "host {host}[{ip}] said: 550 5.7.1 Message rejected as spam by content filter ({id}) (in reply to end of DATA command)")]
ALPHABET = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


class Log:
    """Lines in the order of time, and what they say: .truth counts what a reader must find."""

    def __init__(self, seed=1, begin=None, pause=0.02, iso=True):
        self.order = random.Random(seed)
        self.now = begin or datetime(2026, 11, 1, tzinfo=timezone.utc)
        self.pause = pause
        self.iso = iso
        self.number = 0
        self.waiting = []  # messages put off: [queue id, from, to, host, ip, attempts]
        self.truth = Counter()

    def line(self, daemon, text):
        self.now += timedelta(seconds=self.order.random() * self.pause * 2)
        stamp = self.now.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00" if self.iso else "%b %e %H:%M:%S")
        return f"{stamp} mx postfix/{daemon}[{1000 + self.number % 64}]: {text}\n"

    def recipient(self):
        at = self.order.randrange(100)
        for domain, host, ip, share in PROVIDERS:
            if at < share:
                return f"user{self.order.randrange(10 ** 7)}@{domain}", host, ip
            at -= share
        number = min(int(self.order.paretovariate(0.6)), SMALL_DOMAINS)
        return (f"user{self.order.randrange(10 ** 5)}@d{number}.example.org", f"mx.d{number}.example.org",
                f"198.51.{number // 256 % 256}.{number % 256}")

    def attempt(self, message):
        """The lines of one attempt; whether it was the last."""
        queue_id, sender, to, host, ip, attempts = message
        names = {"host": host, "ip": ip, "to": to, "id": queue_id.lower()}
        fate = self.order.random()
        head = f"{queue_id}: to=<{to}>, relay={host}[{ip}]:25, delay={1 + attempts * 300}, delays=0.1/0/0.4/0.5, "
        yield self.line("qmgr", f"{queue_id}: from=<{sender}>, size=14523, nrcpt=1 (queue active)")
        if attempts >= 6:
            self.truth["failed"] += 1
            yield self.line("qmgr", f"{queue_id}: from=<{sender}>, status=expired, returned to sender")
        elif fate < (0.5 if attempts else 0.05):
            status, text = self.order.choice(DEFERRALS)
            self.truth["deferred"] += 1
            self.truth["first deferrals"] += attempts == 0
            yield self.line("smtp", f"{head}dsn={status}, status=deferred ({text.format(**names)})")
            message[5] += 1
            self.waiting.append(message)
            return
        elif fate > 0.94:
            status, text = self.order.choice(BOUNCES)
            self.truth["failed"] += 1
            yield self.line("smtp", f"{head}dsn={status}, status=bounced ({text.format(**names)})")
        else:
            self.truth["delivered"] += 1
            yield self.line("smtp", f"{head}dsn=2.0.0, status=sent (250 2.0.0 OK  1764000000 {queue_id.lower()} - gsmtp)")
        yield self.line("qmgr", f"{queue_id}: removed")

    def message(self):
        """The lines of one new message, and now and then another attempt at an old one."""
        self.number += 1
        queue_id = "4" + "".join(self.order.choice(ALPHABET) for _ in range(11))
        to, host, ip = self.recipient()
        sender = f"bounce-{self.number}@news.example.com"
        yield self.line("smtpd", f"{queue_id}: client=app{self.number % 8}.example.com[192.0.2.{self.number % 8 + 10}]")
        yield self.line("cleanup", f"{queue_id}: message-id=<{self.number}.{queue_id}@news.example.com>")
        yield from self.attempt([queue_id, sender, to, host, ip, 0])
        if len(self.waiting) > 200 or (self.waiting and self.order.random() < 0.15):
            yield from self.attempt(self.waiting.pop(self.order.randrange(len(self.waiting))))

    def finish(self):
        """Until nothing waits."""
        while self.waiting:
            yield from self.attempt(self.waiting.pop(0))


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=1, help="that the log is of")
    parser.add_argument("lines", type=int)
    options = parser.parse_args(arguments)
    log = Log(options.seed, pause=options.days * 86400 / options.lines)
    written = 0
    while written < options.lines:
        lines = list(log.message())
        sys.stdout.writelines(lines)
        written += len(lines)
    print(dict(log.truth), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
