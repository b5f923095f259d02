# SPDX-License-Identifier: Apache-2.0
"""heed poll --watch: new mail, servers that come and go, and the end."""

import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from tests.e2e import kills
from tests.e2e.harness import Case, children, make_reports, reports, start_heed

PATIENCE = 30  # seconds until something must have happened
SOON = 8       # seconds within which a told watcher ends
ALL = {"on_done": "move:Done", "on_unrecognised": "move:Done"}


class Watch(Case):
    """One watcher a test."""

    def setUp(self):
        self.watcher = None
        self.said = None

    def tearDown(self):
        if self.watcher is not None and self.watcher.poll() is None:
            self.watcher.kill()
            self.watcher.wait()
        if self.watcher is not None:
            self.watcher.stdout.close()
            self.watcher.stderr.close()

    def watch(self, scheme="imaps", count=3, host="localhost", **settings):
        """Starts a watcher of a mailbox with so many messages; returns when they are stored."""
        self.user, _ = self.world.user(reports(count))
        self.stored = 0
        self.seed = 10
        self.maildir = self.world.dovecot.maildir(self.user)
        url = f"maildir:{self.maildir}" if scheme == "maildir" else self.world.url(scheme, self.user, host=host)
        self.database = self.world.database()
        self.config = self.world.config(self.database, f"{self.database}.conf", self.world.mailbox("fbl", url, **settings))
        self.watcher = start_heed(["poll", "--watch"], self.config)
        self.wait_stored(count)

    def until(self, happened, what):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if happened():
                return
            if self.watcher.poll() is not None:
                break
            time.sleep(0.05)
        self.watcher.kill()
        self.fail(f"{what}: {self.watcher.communicate()[1]}")

    def seen(self):
        return int(self.world.postgres.query(self.database, "SELECT count(*) FROM heed_data.report_seen")[0][0])

    def wait_stored(self, more):
        self.stored += more
        self.until(lambda: self.seen() >= self.stored, f"{self.stored} messages are to be stored")
        self.assertEqual(self.seen(), self.stored)

    def deliver(self, count=2):
        self.seed += 1
        number = self.seed * 1000
        for mail, _, truth in reports(count, seed=self.seed):
            path = Path(self.maildir) / "tmp" / f"{time.time():.0f}.M{number + truth['number']}.test"
            path.write_bytes(mail)
            os.lchown(path, *self.world.dovecot.owner)
            path.rename(Path(self.maildir) / "new" / path.name)

    def new_mail(self, count=2):
        self.deliver(count)
        self.wait_stored(count)

    def end(self, how=signal.SIGTERM, want=0, group=False):
        """Tells it to end; returns what it said. Counts the mail that has come twice."""
        began = time.monotonic()
        if group:
            os.killpg(self.watcher.pid, how)
        else:
            self.watcher.send_signal(how)
        try:
            _, said = self.watcher.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.fail("told to end, it does not")
        self.assertLess(time.monotonic() - began, SOON, said)
        self.assertEqual(self.watcher.returncode, want, said)
        return said

    def fetcher(self):
        """Its process id; a new one tells that the mailbox was opened again."""
        return next((pid for pid, words in children(self.watcher.pid).items() if "fetcher" in words), None)

    def sessions(self):
        """Of the mail server, of this user: [pid]."""
        said = subprocess.run(["doveadm", "-c", self.world.dovecot.config, "-f", "tab", "who", "-1", self.user],
                              capture_output=True, text=True, check=False).stdout.splitlines()[1:]
        return [int(line.split("\t")[2]) for line in said]

    def leases(self):
        return self.world.postgres.query(
            self.database, "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            f" WHERE l.locktype = 'advisory' AND l.granted AND d.datname = '{self.database}'")

    def test_new_mail_and_the_end(self):
        """127.0.0.7 has no IDLE: what comes later is found within a minute, so only the end is tried there."""
        for scheme, how, group, host in (("imaps", signal.SIGTERM, False, "localhost"), ("maildir", signal.SIGINT, True, "localhost"),
                                         ("imaps", signal.SIGINT, True, "localhost"), ("pop3s", signal.SIGHUP, False, "localhost"),
                                         ("imaps", signal.SIGTERM, False, "127.0.0.7")):
            with self.subTest(scheme=scheme, host=host):
                self.watch(scheme, host=host)
                if scheme != "pop3s" and host == "localhost":
                    self.new_mail()
                    self.new_mail()
                done = self.heed("poll", config=self.config, want=75)
                self.assert_one_line(done.stderr, "fbl", "another process")
                said = self.end(how, group=group)
                self.assert_one_line(said, f"{self.stored} messages", f"{self.stored} stored now", "0 known already")
                self.tearDown()

    def status(self):
        return self.world.postgres.query(self.database, "SELECT last_success_at IS NOT NULL, last_error FROM heed_data.mailbox")[0]

    def test_mail_server_drops_the_connection(self):
        self.watch(**ALL)
        self.until(lambda: self.status() == ["t", ""], "it is to be noted that all is well")
        fetcher = self.fetcher()
        for _ in range(3):
            self.until(self.sessions, "a session is to be there")
            subprocess.run(["doveadm", "-c", self.world.dovecot.config, "kick", self.user], check=True, capture_output=True)
            self.new_mail()
        self.assertEqual(self.fetcher(), fetcher, "the mailbox was given up for a lost connection")
        said = self.end()
        self.assert_one_line(said, "mailbox 'fbl'")

    def test_mail_server_restarts(self):
        self.watch(**ALL)
        fetcher = self.fetcher()
        self.world.dovecot.halt()
        self.deliver()
        try:
            self.until(lambda: self.fetcher() != fetcher, "the mailbox is to be given up for now")
            self.until(lambda: "refused" in self.status()[1], "the trouble is to be noted")
        finally:
            self.world.dovecot.resume()
        self.wait_stored(2)
        self.until(lambda: self.status() == ["t", ""], "it is to be noted that the trouble is over")
        self.new_mail()
        said = self.end()
        self.assert_one_line(said, "mailbox 'fbl'", "refused")
        self.assert_one_line(said, "mailbox 'fbl'", "read again")
        self.assertIn("0 known already", said)

    def test_end_while_the_mail_server_is_away(self):
        self.watch()
        fetcher = self.fetcher()
        self.world.dovecot.halt()
        try:
            self.until(lambda: self.fetcher() != fetcher, "the mailbox is to be given up for now")
            self.end(want=75)
        finally:
            self.world.dovecot.resume()

    def test_end_while_the_mail_server_hangs(self):
        self.watch(**ALL)
        stopped = self.sessions()
        self.assertTrue(stopped)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            self.end()
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def test_database_restarts(self):
        """The lease goes with the session, and is taken again."""
        self.watch(**ALL)
        self.assertEqual(len(self.leases()), 1)
        for how in (signal.SIGINT, signal.SIGKILL):
            self.world.postgres.stop(how)
            self.world.postgres.start()
            self.new_mail()
            self.assertEqual(len(self.leases()), 1)
        self.assertIn("0 known already", self.end())

    def test_database_is_away(self):
        """Mail that comes meanwhile waits where it is."""
        self.watch(**ALL)
        self.world.postgres.stop()
        try:
            self.deliver()
            time.sleep(2)
            self.assertIsNone(self.watcher.poll())
            self.assertEqual(sum(1 for sub in ("new", "cur") for _ in (Path(self.maildir) / sub).iterdir()), 2)
        finally:
            self.world.postgres.start()
        self.wait_stored(2)
        self.new_mail()
        self.assertIn("0 known already", self.end())

    def test_end_while_the_database_is_away(self):
        """What is in hand is not stored, and so not touched."""
        self.watch(**ALL)
        self.world.postgres.stop()
        try:
            self.deliver()
            time.sleep(1)
            self.end(want=75)
            self.assertEqual(sum(1 for sub in ("new", "cur") for _ in (Path(self.maildir) / sub).iterdir()), 2)
        finally:
            self.world.postgres.start()
        self.heed("poll", config=self.config)
        self.stored += 2
        self.assertEqual(self.seen(), self.stored)

    def test_ends_at_any_moment(self):
        """Told to end in the middle: an ordinary run afterwards leaves what it leaves alone."""
        for way in ("imap-move", "imap-copy", "pop3-delete", "maildir-move"):
            wanted, _ = kills.undisturbed(self.world, way)
            for after in (0, 0.1):
                with self.subTest(way=way, after=after):
                    setting = kills.Setting(self.world, way)
                    self.watcher = start_heed(["poll", "--watch"], setting.config)
                    self.until(self.fetcher, "a fetcher is to be started")
                    time.sleep(after)
                    self.end()
                    self.tearDown()
                    wrong = kills.compare(setting, wanted, f"{way}: ended after {after} s")
                    self.assertIsNone(wrong, wrong)


if __name__ == "__main__":
    unittest.main()
