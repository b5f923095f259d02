# SPDX-License-Identifier: Apache-2.0
"""Mail that is left where it is: its rows go some time after it has gone, and not before that is sure."""

import unittest
from pathlib import Path

from tests.e2e.harness import Case, make_reports, reports

COUNT = 10


class Left(Case):
    """Servers that know no order: a row a message says that it is stored."""

    def begin(self, scheme, **settings):
        """A polled mailbox; (configuration, database, Maildir, its files)."""
        user, _ = self.world.user(reports(COUNT))
        maildir = self.world.dovecot.maildir(user)
        url = f"maildir:{maildir}" if scheme == "maildir" else self.world.url(scheme, user)
        database = self.world.database()
        config = self.world.config(database, f"left-{scheme}.conf", self.world.mailbox("fbl", url, **settings))
        self.heed("poll", config=config)
        files = sorted(path for sub in ("new", "cur") for path in (Path(maildir) / sub).iterdir())
        self.assert_rows(database, COUNT, 0)
        return config, database, user, files

    def rows(self, database):
        return tuple(int(number) for number in self.world.postgres.query(
            database, "SELECT count(*), count(missed_since) FROM heed_data.mailbox_message")[0])

    def assert_rows(self, database, left, missed):
        self.assertEqual(self.rows(database), (left, missed))

    def pass_days(self, database, days):
        self.world.postgres.query(database, "UPDATE heed_data.mailbox_message SET missed_since = missed_since"
                                  f" - interval '{days} days' RETURNING 1")

    def test_rows_go(self):
        for scheme in ("pop3s", "maildir"):
            with self.subTest(scheme=scheme):
                config, database, user, files = self.begin(scheme, on_done="leave", on_unrecognised="leave")
                before = self.world.dump(database)
                gone = [(path, path.read_bytes()) for path in files[:4]]
                for path, _ in gone:
                    path.unlink()
                self.heed("poll", config=config)
                self.assert_rows(database, COUNT, 4)
                self.pass_days(database, 6)
                self.heed("poll", config=config)
                self.assert_rows(database, COUNT, 4)
                self.pass_days(database, 2)
                gone[0][0].write_bytes(gone[0][1])
                self.world.dovecot.give(user)
                self.heed("poll", config=config)
                # What is back has its old name in a Maildir, and a new one on a server.
                self.assert_rows(database, COUNT - 3, 0)
                gone[1][0].write_bytes(gone[1][1])
                self.world.dovecot.give(user)
                self.heed("poll", config=config)
                self.assert_rows(database, COUNT - 2, 0)
                after = self.world.dump(database)
                for what in ("report", "event", "failure", "seen", "state", "rollup", "quarantine"):
                    self.assertEqual(after[what], before[what], f"{what}: a message counts again")

    def test_all_of_it(self):
        """An empty mailbox is a whole list too."""
        for scheme in ("pop3s", "maildir"):
            with self.subTest(scheme=scheme):
                config, database, _, files = self.begin(scheme)
                for path in files:
                    path.unlink()
                for _ in range(2):
                    self.heed("poll", config=config)
                    self.assert_rows(database, COUNT, COUNT)
                self.pass_days(database, 8)
                self.heed("poll", config=config)
                self.assert_rows(database, 0, 0)

    def test_seen(self):
        config, database, _, files = self.begin("maildir", on_done="seen", on_unrecognised="seen")
        files[0].unlink()
        self.heed("poll", config=config)
        self.assert_rows(database, COUNT, 1)

    def test_half_a_list_says_nothing(self):
        for scheme in ("pop3s", "maildir"):
            with self.subTest(scheme=scheme):
                config, database, user, files = self.begin(scheme)
                list(make_reports.write_maildir(self.world.dovecot.maildir(user), reports(1, seed=2)))
                self.world.dovecot.give(user)
                for path in files[:4]:
                    path.unlink()
                self.heed("poll", config=config, env={"HEED_FAULT": "fetcher.before-send"}, want=70)
                self.assert_rows(database, COUNT, 0)
                self.heed("poll", config=config)
                self.assert_rows(database, COUNT + 1, 4)

    def test_orders_have_no_rows(self):
        user, _ = self.world.user(reports(COUNT))
        database = self.world.database()
        self.heed("poll", config=self.world.config(database, "left-imap.conf",
                                                   self.world.mailbox("fbl", self.world.url("imaps", user))))
        self.assert_rows(database, 0, 0)


if __name__ == "__main__":
    unittest.main()
