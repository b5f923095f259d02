# SPDX-License-Identifier: Apache-2.0
"""Each way to a mailbox, each thing to do with what was read."""

import unittest

from tests.e2e import harness
from tests.e2e.harness import Case, contents, make_reports, reports, run_heed, start_heed

COUNT = 30


class Ways(Case):
    """The same mail over each protocol is the same set of reports."""

    def poll_twice(self, mailbox, name):
        database = self.world.database()
        config = self.world.config(database, f"{name}.conf", mailbox)
        self.heed("poll", config=config)
        first = self.world.dump(database)
        self.heed("poll", config=config)
        self.assert_same_dump(first, self.world.dump(database), f"{name}: the second poll")
        digests = self.world.postgres.query(database, "SELECT digest FROM heed_data.report_seen ORDER BY 1")
        self.assertEqual(len(digests), COUNT)
        self.assertEqual(first["open"], [])
        return digests

    def test_every_way(self):
        seen = {}
        for scheme in ("imaps", "imap+starttls", "pop3s", "pop3+starttls"):
            with self.subTest(way=scheme):
                user, _ = self.world.user(reports(COUNT))
                seen[scheme] = self.poll_twice(self.world.mailbox("fbl", self.world.url(scheme, user)), scheme)
        maildir = self.world.folder / "ways-maildir"
        list(make_reports.write_maildir(maildir, reports(COUNT)))
        mbox = self.world.folder / "ways.mbox"
        list(make_reports.write_mbox(mbox, reports(COUNT)))
        for way, url in (("maildir", f"maildir:{maildir}"), ("mbox", f"mbox:{mbox}")):
            with self.subTest(way=way):
                seen[way] = self.poll_twice(self.world.mailbox("fbl", url), way)
        for way, digests in seen.items():
            self.assertEqual(digests, seen["imaps"], f"{way} and imaps disagree about which report is which")

    def test_plain_text_only_when_asked_for(self):
        user, _ = self.world.user(reports(3))
        database = self.world.database()
        url = self.world.url("imap", user)
        config = self.world.config(database, "plain.conf", self.world.mailbox("fbl", url))
        self.heed("poll", config=config, want=78)
        config = self.world.config(database, "plain.conf", self.world.mailbox("fbl", url, tls="none"))
        self.heed("poll", config=config)
        self.assertEqual(len(self.world.dump(database)["seen"]), 3)

    def test_new_mail_is_found(self):
        user, _ = self.world.user(reports(10))
        database = self.world.database()
        config = self.world.config(database, "more.conf", self.world.mailbox("fbl", self.world.url("imaps", user)))
        self.heed("poll", config=config)
        list(make_reports.write_maildir(self.world.dovecot.maildir(user), reports(5, seed=2)))
        self.world.dovecot.give(user)
        self.heed("poll", config=config)
        self.assertEqual(len(self.world.dump(database)["seen"]), 15)

    def test_password_command(self):
        user, _ = self.world.user(reports(2))
        database = self.world.database()
        mailbox = self.world.mailbox("fbl", self.world.url("imaps", user), password_file=None,
                                     password_command=f"cat {self.world.dovecot.password_file}")
        self.heed("poll", config=self.world.config(database, "command.conf", mailbox))
        self.assertEqual(len(self.world.dump(database)["seen"]), 2)


class Actions(Case):
    """What becomes of the server's copy."""

    def poll(self, scheme, count=COUNT, **settings):
        user, truths = self.world.user(reports(count))
        before = contents(self.world.dovecot.maildir(user))
        database = self.world.database()
        url = self.world.url(scheme, user) if scheme != "maildir" else f"maildir:{self.world.dovecot.maildir(user)}"
        config = self.world.config(database, "actions.conf", self.world.mailbox("fbl", url, **settings))
        self.heed("poll", config=config)
        self.heed("poll", config=config)
        dump = self.world.dump(database)
        self.assertEqual(len(dump["seen"]), count)
        self.assertEqual(dump["open"], [])
        others = sum(1 for truth in truths if truth["kind"] == "other")
        return before, contents(self.world.dovecot.maildir(user)), others

    def mails(self, entries):
        return sorted(mail for mail, _ in entries)

    def test_leave(self):
        for scheme in ("imaps", "pop3s", "maildir"):
            with self.subTest(scheme=scheme):
                before, after, _ = self.poll(scheme)
                self.assertEqual(after, before)

    def test_seen(self):
        for scheme in ("imaps", "maildir"):
            with self.subTest(scheme=scheme):
                _, after, _ = self.poll(scheme, on_done="seen", on_unrecognised="seen")
                self.assertEqual({flags for _, flags in after[""]}, {"S"})

    def test_move(self):
        for scheme in ("imaps", "maildir"):
            with self.subTest(scheme=scheme):
                before, after, others = self.poll(scheme, on_done="move:Heed/Done", on_unrecognised="move:Heed/Other")
                self.assertEqual(after[""], [])
                self.assertGreater(others, 0)
                both = self.mails(after["Heed.Done"]) + self.mails(after["Heed.Other"])
                self.assertEqual(sorted(both), self.mails(before[""]))
                self.assertGreaterEqual(len(after["Heed.Other"]), others)

    def test_move_without_move(self):
        """Servers without MOVE (127.0.0.5), and without UIDPLUS too (127.0.0.6)."""
        for host in ("127.0.0.5", "127.0.0.6"):
            with self.subTest(host=host):
                user, _ = self.world.user(reports(COUNT))
                before = contents(self.world.dovecot.maildir(user))
                database = self.world.database()
                url = self.world.url("imaps", user, host=host)
                config = self.world.config(database, "nomove.conf", self.world.mailbox(
                    "fbl", url, on_done="move:Done", on_unrecognised="move:Done"))
                self.heed("poll", config=config)
                after = contents(self.world.dovecot.maildir(user))
                self.assertEqual(self.mails(after["Done"]), self.mails(before[""]))
                self.assertEqual(after[""], [])

    def test_delete(self):
        for scheme in ("imaps", "pop3s", "maildir"):
            with self.subTest(scheme=scheme):
                _, after, others = self.poll(scheme, on_done="delete", on_unrecognised="leave")
                self.assertLess(len(after[""]), COUNT)
                self.assertGreaterEqual(len(after[""]), others)

    def test_what_a_protocol_cannot_do_is_refused(self):
        user, _ = self.world.user(reports(1))
        config = self.world.config("postgres", "cannot.conf",
                                   self.world.mailbox("fbl", self.world.url("pop3s", user), on_done="move:Done"))
        done = self.heed("poll", config=config, want=78)
        self.assert_one_line(done.stderr, "fbl", "on-done")

    def test_dry_run_changes_nothing(self):
        for scheme in ("imaps", "pop3s", "maildir"):
            with self.subTest(scheme=scheme):
                user, _ = self.world.user(reports(COUNT))
                before = contents(self.world.dovecot.maildir(user))
                database = self.world.database()
                url = self.world.url(scheme, user) if scheme != "maildir" else f"maildir:{self.world.dovecot.maildir(user)}"
                config = self.world.config(database, "dry.conf", self.world.mailbox("fbl", url, on_done="delete"))
                dump = self.world.dump(database)
                self.heed("poll", "--dry-run", config=config)
                self.assert_same_dump(dump, self.world.dump(database), "after a dry run")
                self.assertEqual(contents(self.world.dovecot.maildir(user)), before)


class Many(Case):
    """Several mailboxes and several pollers."""

    def test_one_failing_does_not_hinder_the_others(self):
        database = self.world.database()
        sections, total = [], 0
        for number in range(4):
            user, _ = self.world.user(reports(10, seed=10 + number))
            sections.append(self.world.mailbox(f"box{number}", self.world.url("imaps", user)))
            total += 10
        user, _ = self.world.user(reports(10, seed=99))
        sections.insert(2, self.world.mailbox("broken", self.world.url("imaps", user, host="127.0.0.2")))
        config = self.world.config(database, "many.conf", "".join(sections))
        done = self.heed("poll", config=config, want=77)
        self.assert_one_line(done.stderr, "broken", "certificate")
        self.assertEqual(len(self.world.dump(database)["seen"]), total)

    def test_only_the_mailbox_named(self):
        database = self.world.database()
        one, _ = self.world.user(reports(4, seed=5))
        two, _ = self.world.user(reports(6, seed=6))
        config = self.world.config(database, "named.conf", self.world.mailbox("one", self.world.url("imaps", one))
                                   + self.world.mailbox("two", self.world.url("imaps", two)))
        self.heed("poll", "--mailbox", "two", config=config)
        self.assertEqual(len(self.world.dump(database)["seen"]), 6)
        self.heed("poll", "--mailbox", "three", config=config, want=64)

    def test_the_same_report_in_two_mailboxes_counts_once(self):
        database = self.world.database()
        one, _ = self.world.user(reports(COUNT))
        two, _ = self.world.user(reports(COUNT))
        config = self.world.config(database, "twice.conf", self.world.mailbox("one", self.world.url("imaps", one))
                                   + self.world.mailbox("two", self.world.url("pop3s", two)))
        self.heed("poll", config=config)
        reference = self.world.database()
        alone = self.world.config(reference, "once.conf", self.world.mailbox("one", self.world.url("imaps", one)))
        self.heed("poll", config=alone)
        self.assertEqual(self.world.dump(database)["failure"], self.world.dump(reference)["failure"])
        self.assertEqual(len(self.world.dump(database)["seen"]), COUNT)

    def test_two_polls_at_once(self):
        user, _ = self.world.user(reports(200))
        database = self.world.database()
        config = self.world.config(database, "race.conf", self.world.mailbox("fbl", self.world.url("imaps", user),
                                                                            on_done="move:Done"))
        polls = [start_heed(["poll"], config) for _ in range(3)]
        outcomes = [(poll.communicate(timeout=60), poll.returncode) for poll in polls]
        for (_, stderr), status in outcomes:
            self.assertIn(status, (0, 75), stderr)
        self.assertIn(0, [status for _, status in outcomes])
        self.heed("poll", config=config)
        dump = self.world.dump(database)
        self.assertEqual(len(dump["seen"]), 200)
        self.assertEqual(len(dump["report"]), 200)

    def test_two_pollers_of_other_names_at_once(self):
        """Two machines that call the same mailbox differently have no lease in common: rows are the last defence."""
        user, _ = self.world.user(reports(200))
        database = self.world.database()
        configs = [self.world.config(database, f"other{n}.conf", self.world.mailbox(f"name{n}", self.world.url("imaps", user)))
                   for n in range(3)]
        polls = [start_heed(["poll"], config) for config in configs]
        for poll in polls:
            _, stderr = poll.communicate(timeout=60)
            self.assertEqual(poll.returncode, 0, stderr)
        reference = self.world.database()
        self.heed("poll", config=self.world.config(reference, "lone.conf",
                                                   self.world.mailbox("lone", self.world.url("imaps", user))))
        got, want = self.world.dump(database), self.world.dump(reference)
        for what in ("report", "event", "failure", "seen", "state", "rollup"):
            self.assertEqual(got[what], want[what], what)

    def test_empty_mailbox(self):
        user, _ = self.world.user()
        database = self.world.database()
        maildir = self.world.folder / "empty"
        list(make_reports.write_maildir(maildir, []))
        mbox = self.world.folder / "empty.mbox"
        mbox.touch()
        sections = [self.world.mailbox("imap", self.world.url("imaps", user)),
                    self.world.mailbox("pop", self.world.url("pop3s", user)),
                    self.world.mailbox("maildir", f"maildir:{maildir}"), self.world.mailbox("mbox", f"mbox:{mbox}")]
        self.heed("poll", config=self.world.config(database, "empty.conf", "".join(sections)))
        self.assertEqual(self.world.dump(database)["seen"], [])

    def test_quiet_says_nothing(self):
        user, _ = self.world.user(reports(3))
        config = self.world.config(self.world.database(), "quiet.conf", self.world.mailbox("fbl", self.world.url("imaps", user)))
        done = run_heed(["poll", "--quiet"], config)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
