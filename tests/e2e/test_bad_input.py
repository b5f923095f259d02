# SPDX-License-Identifier: Apache-2.0
"""What bad input gets: the documented exit status, one clear line on standard error that names the
mailbox, nothing lost. The database's own troubles are in test_database.py."""

import gzip
import os
import subprocess
import time
import unittest
from pathlib import Path

from tests.e2e import harness, hostile
from tests.e2e.harness import Case, contents, make_reports, reports, run_heed

MEMORY = 64 * 1024  # KiB: what a process may use


class Servers(Case):
    """Mail servers that refuse, lie or hang."""

    def poll(self, mailbox, want, *words, timeout=60):
        database = self.world.database()
        config = self.world.config(database, "bad.conf", mailbox)
        began = time.monotonic()
        done = run_heed(["poll"], config, timeout=timeout)
        self.assertEqual(done.returncode, want, done.stderr)
        self.assert_one_line(done.stderr, "fbl", *words)
        self.assertEqual(self.world.dump(database)["seen"], [])
        return time.monotonic() - began

    def hostile(self, mode, want, *words, **settings):
        with hostile.Hostile(mode) as port:
            mailbox = self.world.mailbox("fbl", f"imap://fbl@127.0.0.1:{port}/INBOX", tls="none", **settings)
            return self.poll(mailbox, want, *words)

    def test_wrong_password(self):
        secret = self.world.folder / "wrong"
        secret.write_text("not it\n")
        secret.chmod(0o600)
        for scheme in ("imaps", "pop3s"):
            with self.subTest(scheme=scheme):
                user, _ = self.world.user(reports(2))
                self.poll(self.world.mailbox("fbl", self.world.url(scheme, user), password_file=secret), 77)

    def test_secret_is_never_said(self):
        secret = self.world.folder / "loud"
        secret.write_text("sesame-open-7\n")
        secret.chmod(0o600)
        user, _ = self.world.user(reports(1))
        config = self.world.config(self.world.database(), "loud.conf",
                                   self.world.mailbox("fbl", self.world.url("imaps", user), password_file=secret))
        done = run_heed(["poll", "--verbose"], config)
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertNotIn("sesame", done.stdout + done.stderr)

    def test_secret_files(self):
        """Open to others, or not there: refused, also by the check."""
        secret = self.world.folder / "open-secret"
        secret.write_text("word\n")
        secret.chmod(0o640)
        user, _ = self.world.user(reports(1))
        for path, words in ((secret, ("open-secret", "600")), (self.world.folder / "no-secret", ("no-secret",))):
            section = self.world.mailbox("fbl", self.world.url("imaps", user), password_file=path)
            self.poll(section, 78, *words)
            done = run_heed(["config", "check"], self.world.config("postgres", "secret.conf", section))
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assert_one_line(done.stderr, *words)

    def test_unknown_host(self):
        self.poll(self.world.mailbox("fbl", "imaps://fbl@nowhere.invalid/INBOX"), 69, "nowhere.invalid")

    def test_refused_port(self):
        port = hostile.refused_port()
        self.poll(self.world.mailbox("fbl", f"imaps://fbl@127.0.0.1:{port}/INBOX"), 75, "refused")

    def test_certificates(self):
        for host, word in (("127.0.0.2", "expired"), ("127.0.0.3", ""), ("127.0.0.4", "self")):
            for scheme in ("imaps", "imap+starttls", "pop3s", "pop3+starttls"):
                with self.subTest(host=host, scheme=scheme):
                    user, _ = self.world.user(reports(1))
                    self.poll(self.world.mailbox("fbl", self.world.url(scheme, user, host=host)), 77, "certificate", word)

    def test_unknown_authority(self):
        user, _ = self.world.user(reports(1))
        self.poll(self.world.mailbox("fbl", self.world.url("imaps", user), ca_file=None), 77, "certificate")

    def test_no_such_folder(self):
        user, _ = self.world.user(reports(1))
        self.poll(self.world.mailbox("fbl", self.world.url("imaps", user, folder="Nothing")), 69, "Nothing")

    def test_closed_at_the_greeting(self):
        self.hostile(hostile.close_at_greeting, 75)

    def test_closed_inside_a_literal(self):
        self.hostile(hostile.cut, 75)

    def test_silence(self):
        took = self.hostile(hostile.silent, 75, read_timeout=3)
        self.assertLess(took, 30)

    def test_one_byte_a_second(self):
        took = self.hostile(hostile.trickle, 75, read_timeout=3, response_timeout=6)
        self.assertLess(took, 40)

    def test_endless_line(self):
        self.hostile(hostile.endless_line, 65)

    def test_huge_literal(self):
        self.hostile(hostile.huge_literal, 65)

    def test_nested_parentheses(self):
        self.hostile(hostile.nested_parentheses, 65)

    def test_endless_responses(self):
        self.hostile(hostile.endless_responses, 65)


def nested_groups():
    return (b"From: MAILER-DAEMON@example.net\nSubject: nested\nMessage-ID: <nested@example.net>\nTo: " + b"g:" * 80000
            + b"a@example.net" + b";" * 80000 + b"\n\nhello\n")


def many_parts():
    return (b"From: a@example.net\nSubject: parts\nContent-Type: multipart/mixed; boundary=b\n\n"
            + b"--b\nContent-Type: text/plain\n\nx\n" * 20000 + b"--b--\n")


def deep_parts():
    head = b"From: a@example.net\nSubject: deep\n"
    return head + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)) + b"\nx\n"


class Mail(Case):
    """Mail of ill will among good mail: the good is stored, the bad is accounted for."""

    def deliver(self, mails):
        """A mailbox of good reports with these among them."""
        user, truths = self.world.user(reports(20))
        new = self.world.dovecot.maildir(user) / "new"
        for number, mail in enumerate(mails):
            (new / f"1788000000.M{number:06d}P2Q{number}.generated.example").write_bytes(mail)
        self.world.dovecot.give(user)
        return user, truths

    def poll(self, name, mails):
        for scheme in ("imaps", "maildir"):
            with self.subTest(scheme=scheme):
                user, _ = self.deliver(mails)
                database = self.world.database()
                url = self.world.url(scheme, user) if scheme != "maildir" else f"maildir:{self.world.dovecot.maildir(user)}"
                config = self.world.config(database, f"{name}.conf", self.world.mailbox("fbl", url))
                self.heed("poll", config=config)
                dump = self.world.dump(database)
                self.assertEqual(len(dump["seen"]) + len(dump["quarantine"]), 20 + len(mails), dump["quarantine"])
                self.heed("poll", config=config)
                self.assert_same_dump(dump, self.world.dump(database), "the second poll")
                yield database, config

    def test_nested_groups(self):
        for _ in self.poll("groups", [nested_groups()]):
            pass

    def test_parts_without_end(self):
        for _ in self.poll("parts", [many_parts(), deep_parts()]):
            pass

    def test_endless_line_of_a_header(self):
        for _ in self.poll("line", [b"Subject: " + b"a" * 20_000_000 + b"\n\nbody\n", b"a" * 3_000_000]):
            pass

    def test_100_megabytes(self):
        """Fetched within the memory a process may have; kept as what it is, marked as cut off."""
        mail = b"From: MAILER-DAEMON@example.net\nSubject: big\nMessage-ID: <big@example.net>\n\n" + b"0123456789abcdef" * 64 * 1024 * 100
        for database, config in self.poll("big", [mail]):
            rows = self.world.postgres.query(
                database, "SELECT truncated, size > 100000000 FROM heed_data.report WHERE message_id = 'big@example.net' "
                "UNION ALL SELECT truncated, size > 100000000 FROM heed_data.quarantine")
            self.assertEqual(rows, [["t", "t"]])
            config.write_text(config.read_text().replace(f"/{database}?", f"/{self.world.database()}?"))
            peak = self.peak(config)
            self.assertGreater(peak, 0)
            if "asan" not in harness.PROGRAM.parts:
                self.assertLess(peak, MEMORY)

    def peak(self, config):
        """Of all processes of a poll: the most memory that one had, in KiB."""
        poll = harness.start_heed(["poll"], config)
        peak = 0
        while poll.poll() is None:
            for pid in (poll.pid, *harness.children(poll.pid)):
                try:
                    status = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                peak = max(peak, int(status.partition("VmHWM:")[2].partition("kB")[0] or 0))
            time.sleep(0.01)
        _, stderr = poll.communicate()
        self.assertEqual(poll.returncode, 0, stderr)
        return peak

    def test_bytes_of_no_kind(self):
        odd = [b"\0" * 5000, b"\r" * 3000, bytes(range(256)) * 40, b"From: a@example.net\rSubject: cr\r\rbody\r"]
        for _ in self.poll("odd", odd):
            pass

    def test_an_empty_message(self):
        for _ in self.poll("none", [b"\n"]):
            pass


class Files(Case):
    """Local mail that cannot be read, and configuration that cannot be used."""

    needs_dovecot = False

    def test_unreadable_message(self):
        maildir = self.world.folder / "unreadable"
        list(make_reports.write_maildir(maildir, reports(5)))
        bad = sorted((maildir / "new").iterdir())[2]
        good = bad.read_bytes()
        # A link to itself is unreadable for root too.
        bad.unlink()
        bad.symlink_to(bad)
        database = self.world.database()
        config = self.world.config(database, "unreadable.conf", self.world.mailbox("fbl", f"maildir:{maildir}"))
        done = run_heed(["poll"], config)
        self.assertIn(done.returncode, (66, 74, 75), done.stderr)
        self.assert_one_line(done.stderr, "fbl", bad.name)
        self.assertEqual(len(self.world.dump(database)["seen"]), 4)
        done = self.heed("poll", "--dry-run", config=config, want=75)
        self.assert_one_line(done.stderr, "cannot read", bad.name)
        bad.unlink()
        bad.write_bytes(good)
        self.heed("poll", config=config)
        self.assertEqual(len(self.world.dump(database)["seen"]), 5)

    def test_missing_maildir_and_mbox(self):
        for url in ("maildir:/nonexistent/box", "mbox:/nonexistent/box"):
            with self.subTest(url=url):
                config = self.world.config(self.world.database(), "gone.conf", self.world.mailbox("fbl", url))
                done = self.heed("poll", config=config, want=66)
                self.assert_one_line(done.stderr, "fbl", "/nonexistent/box")

    def refuse(self, text, *words, want=78, command=("poll",)):
        path = self.world.folder / "refused.conf"
        path.write_text(text)
        done = run_heed(command, path)
        self.assertEqual(done.returncode, want, done.stderr)
        self.assert_one_line(done.stderr, *words)

    def test_configuration_errors(self):
        box = 'mailbox "fbl" { url = "maildir:/tmp/none" }\n'
        own = 'own { domains = {"example.com"} }\n'
        cases = {
            "unknown key": (box + own + "zebra = 1\n", "refused.conf:3", "zebra"),
            "unknown key in a section": ('mailbox "fbl" {\n url = "maildir:/x"\n colour = "red"\n}\n' + own, "refused.conf:3", "colour"),
            "syntax": ('mailbox "fbl" {\n url = \n}\n' + own, "refused.conf:"),
            "a value not allowed": ('mailbox "fbl" {\n url = "maildir:/x"\n on-done = "burn"\n}\n' + own, "refused.conf:3", "burn"),
            "a scheme not allowed": ('mailbox "fbl" {\n url = "ftp://x"\n}\n' + own, "refused.conf:2", "url"),
            "a password in the url": ('mailbox "fbl" {\n url = "imaps://a:secret@b/INBOX"\n}\n' + own, "refused.conf:2", "password"),
            "no own domains": (box, "domains"),
            "twice the same name": (box + box + own, "fbl"),
        }
        for name, (text, *words) in cases.items():
            with self.subTest(name):
                self.refuse(text, *words)
                if name != "no own domains":
                    self.refuse(text, *words, command=("config", "check"))

    def test_no_such_configuration(self):
        done = run_heed(["poll"], self.world.folder / "there-is-none.conf")
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assert_one_line(done.stderr, "there-is-none.conf")

    def test_usage(self):
        config = self.world.config(self.world.database(), "usage.conf", "")
        for arguments in (["pol"], ["poll", "--nonsense"], ["why"], ["export", "--format", "yaml"], ["clean"]):
            with self.subTest(arguments):
                done = run_heed(arguments, config)
                self.assertEqual(done.returncode, 64, done.stderr)
                self.assertTrue(done.stderr.startswith("heed: "), done.stderr)
                self.assertEqual(done.stdout, "")

    def test_no_input(self):
        config = self.world.config(self.world.database(), "input.conf", "")
        self.heed("clean", "/nonexistent/list", config=config, want=66)
        log = Path(__file__).parents[1] / "fixtures/log/exim-mainlog.log"
        packed = self.world.folder / "mainlog"
        packed.write_bytes(gzip.compress(log.read_bytes()))
        words = "looks like the log of a mail server: say --as exim"
        for path in log, packed:
            self.assertIn(words, self.heed("ingest", path, config=config, want=64).stderr)
            ways = {"pipe": {"input": path.read_bytes()}, "file": {"stdin": path.open("rb")}}
            for way, given in ways.items():
                with self.subTest(path=path, way=way):
                    done = subprocess.run([harness.PROGRAM, "--config", config, "ingest", "-"], capture_output=True, check=False, **given)
                    self.assertEqual(done.returncode, 64, done.stderr)
                    self.assertIn(f"standard input {words}", done.stderr.decode())
            ways["file"]["stdin"].close()
        blank = self.world.folder / "blank"
        blank.write_text("\n\n\n")
        self.heed("ingest", blank, config=config)
        self.heed("ingest", "/nonexistent/mail", config=config, want=66)
        self.assertEqual(run_heed(["parse", "/nonexistent/mail"]).returncode, 66)

    def test_output_that_cannot_be_written(self):
        config = self.world.config(self.world.database(), "output.conf", "")
        self.heed("export", "-o", "/nonexistent/out", config=config, want=73)
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([str(harness.PROGRAM), "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                  env=harness.environment())
        self.assertEqual(done.returncode, 74, done.stderr)


if __name__ == "__main__":
    unittest.main()
