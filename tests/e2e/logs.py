# SPDX-License-Identifier: Apache-2.0
"""What the tests of logs have in common: a store that reads one log, and lines to put into it."""

import os
import time
from datetime import datetime, timedelta, timezone

from tests.bench.make_log import Log
from tests.e2e.harness import OWN, Case

CALM = "guard { enabled = no }"  # a whole log at once is a surge


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
