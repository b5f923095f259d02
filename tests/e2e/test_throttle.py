# SPDX-License-Identifier: Apache-2.0
"""heed throttle: from attempts by the minute to advice, its view, and configurations that real mail servers accept."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

import jsonschema

from tests.e2e import harness
from tests.e2e.harness import Case
from tests.support import mtas

RATE = "421 4.7.0 Too many messages from 192.0.2.1, slow down"
TSS04 = ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - "
         "4.16.55.1; see https://postmaster.yahooinc.com/error-codes")
NAMES = ["a b.example", "x:y.example", "${run{x}}.example", "new\nline.example", "[\"quoted\"].example", "# comment", "-dash.example",
         "UPPER.example", "!not.example", "a..b", "", "m\u00fcller.example", f"{'long.' * 20}example"]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Attempts(Case):
    """A database with attempts that a case makes up."""

    needs_dovecot = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        schema = json.loads((harness.ROOT / "docs" / "throttle.schema.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)

    def setUp(self):
        self.database = self.world.database()
        self.config = self.world.config(self.database, f"{self.database}.conf", "")

    def attempt(self, ago, destination, class_="", reply=None, delivered=0, deferred=0, failed=0, source_ip="192.0.2.1"):
        """So many minutes ago."""
        said = "NULL" if reply is None else quoted(reply)
        self.world.postgres.query(self.database, f"""INSERT INTO heed_data.attempt_minute VALUES (date_trunc('minute', now())
            - {ago} * interval '1 minute', {quoted(destination)}, '{source_ip}', '{class_}', {said}, {delivered}, {deferred},
            {failed})""")

    def advice(self, *options):
        done = self.heed("throttle", "--format", "json", *options, config=self.config)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        for one in found:
            self.validator.validate(one)
        return found

    def view(self, what="*"):
        return self.world.postgres.query(self.database, f"SELECT {what} FROM heed.throttle_advice ORDER BY 1",
                                         user="heed_reader")

    def configuration(self, form, *options):
        return self.heed("throttle", "--format", form, *options, config=self.config)

    def fill(self):
        """Some of each kind."""
        self.attempt(4, "gmail", delivered=100)
        self.attempt(3, "gmail", "rate-limit", RATE, deferred=80)
        self.attempt(30, "yahoo", "reputation", TSS04, deferred=40)
        self.attempt(3, "example.org", "rate-limit", RATE, delivered=4, deferred=20)
        self.attempt(200, "fast.example", "rate-limit", RATE, delivered=90, deferred=60)
        self.attempt(12, "orange", "too-many-connections", "421 Too many connections", delivered=10, deferred=20)


class Throttle(Attempts):
    def test_nothing(self):
        done = self.heed("throttle", config=self.config)
        self.assertIn("no log of a mail server was read", done.stdout)
        self.attempt(1, "gmail", delivered=5)
        done = self.heed("throttle", config=self.config)
        self.assertEqual((done.stdout, done.stderr), ("No destination needs a limit.\n", ""))
        for form in ("json", "postfix", "exim", "kumomta"):
            self.configuration(form)
        self.assertEqual(self.view(), [])

    def test_nothing_but_deliveries(self):
        """Of a domain without a provider no minutes are kept while all goes well, but its log was read."""
        self.world.postgres.query(self.database, """INSERT INTO heed_data.volume_delta VALUES
            (date_trunc('hour', now()), '', 'fine.example', '', '', '', 5, 0)""")
        done = self.heed("throttle", config=self.config)
        self.assertEqual((done.stdout, done.stderr), ("No destination needs a limit.\n", ""))
        self.world.postgres.query(self.database, "UPDATE heed_data.volume_delta SET hour = hour - interval '3 hours'")
        self.assert_one_line(self.heed("throttle", config=self.config).stderr, "no log tells of anything after")

    def test_advice(self):
        self.fill()
        found = {one["destination"]: one for one in self.advice()}
        self.assertEqual(sorted(found), ["example.org", "fast.example", "gmail", "orange", "yahoo"])
        self.assertEqual((found["gmail"]["phase"], found["gmail"]["messages_a_minute"], found["gmail"]["class"]),
                         ("paused", 25, "rate-limit"))
        self.assertEqual(found["yahoo"]["phase"], "paused")
        self.assertIn("to wait 2 hours", found["yahoo"]["why"])
        self.assertEqual((found["fast.example"]["phase"], found["example.org"]["phase"]), ("probing", "holding"))
        self.assertEqual((found["orange"]["connections"], found["orange"]["messages_a_minute"]), (1, None))
        self.assertIn("publishes a limit of 2 connections", found["orange"]["why"])
        text = self.heed("throttle", config=self.config).stdout
        self.assertIn("80 of 180 attempts", text)
        self.assertEqual(self.view("count(*)"), [["5"]])

    def test_what_does_not_count(self):
        for class_ in ("greylisted", "mailbox-full", "bad-mailbox", "spam-content", "network"):
            self.attempt(3, "example.org", class_, "450 whatever", deferred=500, failed=500)
        self.attempt(3, "two.example", "rate-limit", RATE, deferred=2)
        self.assertEqual(self.advice(), [])

    def test_pure(self):
        """The same rows in another order, and computed again, say the same."""
        self.fill()
        one = self.advice()
        self.world.postgres.query(self.database, """CREATE TABLE kept AS SELECT * FROM heed_data.attempt_minute;
            DELETE FROM heed_data.attempt_minute;
            INSERT INTO heed_data.attempt_minute SELECT * FROM kept ORDER BY delivered DESC, destination DESC""")
        other = self.advice()
        for advice in one + other:
            for moving in ("as_of", "next_step_at", "connections", "messages_a_minute", "phase", "step"):
                advice.pop(moving)  # a minute may have passed
        self.assertEqual(one, other)

    def test_view_goes_on_alone(self):
        """What was computed once is followed by the view: the pause ends, limits rise, and in the end are none."""
        self.fill()
        self.advice()
        before = self.view("destination, paused_until IS NULL, messages_a_minute, phase")
        self.assertIn(["gmail", "f", "25", "paused"], before)

        def pass_time(span):
            self.world.postgres.query(self.database, f"""UPDATE heed_data.throttle SET paused_until = paused_until - interval '{span}';
                UPDATE heed_data.throttle_step SET from_at = from_at - interval '{span}', until_at = until_at - interval '{span}'""")
        pass_time("30 minutes")
        after = {row[0]: row[1:] for row in self.view("destination, paused_until IS NULL, messages_a_minute, phase")}
        self.assertEqual(after["gmail"][::2], ["t", "holding"])
        self.assertGreater(int(after["gmail"][1]), 80)
        pass_time("3 days")
        self.assertEqual(self.view(), [])

    def test_sources(self):
        """Each address of ours has limits of its own; one configuration for all has the strictest."""
        self.attempt(3, "example.org", "rate-limit", RATE, delivered=100, deferred=20)
        self.attempt(3, "example.org", "rate-limit", RATE, delivered=10, deferred=5, source_ip="192.0.2.2")
        found = {one["source_ip"]: one["messages_a_minute"] for one in self.advice()}
        self.assertEqual(found, {"192.0.2.1": 85, "192.0.2.2": 8})
        self.assertEqual([one["source_ip"] for one in self.advice("--source-ip", "192.0.2.2")], ["192.0.2.2"])
        self.assertEqual([one["source_ip"] for one in self.advice("--source-ip", "::FFFF:192.0.2.2")], ["192.0.2.2"])
        self.assertIn('max_message_rate = "8/min"', self.configuration("kumomta").stdout)
        self.assertIn('max_message_rate = "85/min"', self.configuration("kumomta", "--source-ip", "192.0.2.1").stdout)

    def test_old_logs(self):
        self.attempt(200, "fast.example", "rate-limit", RATE, delivered=90, deferred=60)
        done = self.heed("throttle", config=self.config)
        self.assert_one_line(done.stderr, "no log tells of anything after")

    def test_hostile_names(self):
        for name in NAMES:
            self.attempt(3, name, "rate-limit", RATE, delivered=9, deferred=20)
        self.attempt(3, "fine.example", "rate-limit", RATE, delivered=9, deferred=20)
        self.assertEqual(len(self.advice()), len(NAMES) + 1)
        text = self.heed("throttle", config=self.config).stdout
        self.assertEqual(len(text.splitlines()), len(NAMES) + 2)
        for form in ("postfix", "exim", "kumomta"):
            done = self.configuration(form)
            self.assert_one_line(done.stderr, f"left out: {len(NAMES)} names")
            self.assertIn("fine.example", done.stdout)
            self.assertRegex(done.stdout, r"\A[\n -~]*\Z")
            for name in NAMES[:11]:
                if name:
                    self.assertNotIn(name, done.stdout)

    def test_kumomta(self):
        self.fill()
        text = self.configuration("kumomta").stdout
        shaping = tomllib.loads(text)
        self.assertIn("provider", shaping, text)
        self.assertEqual(shaping["provider"]["heed-gmail"]["provider_max_message_rate"], "1/hour")
        self.assertIn({"MXSuffix": ".google.com"}, shaping["provider"]["heed-gmail"]["match"])
        self.assertRegex(text, r"#   kcli suspend --domain gmail\.com --duration [0-9]+s --reason heed\n")
        self.assertEqual(shaping["provider"]["heed-orange"]["max_deliveries_per_connection"], 100)
        self.assertTrue(shaping["fast.example"]["max_message_rate"].endswith("/min"))
        self.assertFalse(shaping["fast.example"]["mx_rollup"])

    def test_domains_of_a_provider(self):
        self.fill()
        self.world.postgres.query(self.database, """INSERT INTO heed_data.volume_delta VALUES
            (date_trunc('hour', now()), '', 'hosted.example', 'gmail', '', '', 5, 0),
            (date_trunc('hour', now()), '', 'a b.example', 'gmail', '', '', 5, 0)""")
        transport = self.configuration("postfix", "--part", "transport").stdout
        self.assertIn("\nhosted.example heed-gmail:\n", transport)
        self.assertIn("gmail.com heed-gmail:\n", transport)
        self.assertNotIn("a b", transport)

    def test_output(self):
        self.fill()
        path = self.world.folder / "transport"
        self.configuration("postfix", "--part", "transport", "-o", path)
        self.assertIn("example.org heed-example.org:\n", path.read_text())
        for options, words in ((["--part", "main"], "--part is for"), (["--format", "exim", "--part", "master"], "allowed are main, acl"),
                               (["--format", "qmail"], "allowed are text, json"), (["--source-ip", "out1"], "is no IP address")):
            done = self.heed("throttle", *options, config=self.config, want=64)
            self.assert_one_line(done.stderr, words)


ENTER = """
import os, sys
from pathlib import Path
from tests.support import mtas
mtas.enter(Path(sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""


class MailServers(Attempts):
    """Real Postfix and Exim, unpacked from Debian's packages, take what is printed for them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(tempfile.mkdtemp(prefix="heed-mtas."))
        cls.folder.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.root = mtas.unpack(cls.folder)

    def run_program(self, program, *arguments):
        """One of theirs, where they have accounts: status and all that it says."""
        enter = [sys.executable, "-c", ENTER, self.folder]
        done = subprocess.run([*map(str, [*enter, self.root / "usr/sbin" / program, *arguments])], capture_output=True, text=True,
                              check=False, timeout=60, cwd=harness.ROOT)
        return done.returncode, done.stdout + done.stderr

    def postfix(self, program, *arguments):
        status, told = self.run_program(program, "-c", self.folder / "etc", *arguments)
        self.assertEqual(status, 0, told)
        self.assertNotIn("warning", told)
        return told

    def exim(self, *arguments):
        return self.run_program("exim4", "-C", self.folder / "exim.conf", *arguments)[1]

    def test_postfix(self):
        self.fill()
        etc = self.folder / "etc"
        etc.mkdir()
        parts = {part: self.configuration("postfix", "--part", part).stdout for part in ("main", "master", "transport")}
        (etc / "heed_transport").write_text(parts["transport"])
        (etc / "main.cf").write_text(f"{mtas.MAIN_CF.format(folder=self.folder, root=self.root)}\ntransport_maps = "
                                     f"texthash:{etc}/heed_transport\n{parts['main']}")
        (etc / "master.cf").write_text(mtas.MASTER_CF.format(port=2526) + parts["master"])
        settings = dict(line.split(" =", 1) for line in self.postfix("postconf", "-n").splitlines())
        self.assertEqual(settings["defer_transports"], " heed-gmail heed-yahoo")
        self.assertEqual(settings["heed-gmail_destination_rate_delay"], " 3s")
        self.assertEqual(settings["heed-gmail_destination_concurrency_limit"], " 1")
        self.assertEqual(settings["heed-orange_destination_concurrency_limit"], " 1")
        self.assertNotIn("heed-fast.example_destination_rate_delay", settings)
        services = self.postfix("postconf", "-M")
        self.assertRegex(services, r"(?m)^heed-orange +unix +- +- +n +- +1 +smtp +-o syslog_name=postfix/heed-orange$")
        self.assertEqual(self.postfix("postmap", "-q", "gmail.com", f"texthash:{etc}/heed_transport"), "heed-gmail:\n")

    def test_postfix_obeys(self):
        """During a pause nothing is sent, a limited destination gets a message in three seconds, all others at once."""
        self.attempt(3, "paused.example", "rate-limit", RATE, deferred=80)
        self.attempt(20, "slow.example", "rate-limit", RATE, delivered=25, deferred=20)
        folder = self.folder / "paced"
        folder.mkdir(mode=0o755)
        for part in ("main", "master", "transport"):
            (folder / part).write_text(self.configuration("postfix", "--part", part).stdout)
        recipients = [f"u{number}@{name}.example" for number in range(3) for name in ("paused", "slow", "other")]
        done = subprocess.run([sys.executable, "-m", "tests.support.paced_postfix", folder, self.root, *recipients],
                              capture_output=True, text=True, check=False, timeout=60, cwd=harness.ROOT)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = {line.split(" ", 3)[0]: line.split(" ", 3)[1:] for line in done.stdout.splitlines()}
        self.assertEqual(sorted(told), sorted(recipients))
        for number in range(3):
            self.assertEqual(told[f"u{number}@paused.example"][1:], ["deferred", "deferred transport"])
            self.assertEqual(told[f"u{number}@other.example"][1], "sent")
            self.assertEqual(told[f"u{number}@slow.example"][1], "sent")
        waits = sorted(float(told[f"u{number}@slow.example"][0]) for number in range(3))
        self.assertGreater(waits[1], 2.5)
        self.assertGreater(waits[2], 5.5)

    def test_exim(self):
        self.fill()
        self.attempt(3, "slow.example", "rate-limit", RATE, delivered=3, deferred=4)
        spool = self.folder / "spool"
        spool.mkdir()
        os.chown(spool, mtas.EXIM, mtas.EXIM)
        (self.folder / "exim.conf").write_text(f"keep_environment =\nspool_directory = {spool}\nprimary_hostname = mx.example.net\n"
                                               + self.configuration("exim").stdout)
        told = self.exim("-bV")
        self.assertIn("Configuration file is", told)
        self.assertNotIn("error", told.lower())
        self.assertIn("heed throttle: pause", self.exim("-bt", "somebody@gmail.com"))
        told = [self.exim("-bt", f"user{number}@slow.example") for number in range(4)]
        self.assertEqual(["heed throttle: rate" in one for one in told], [False, False, True, True], told)
        shown = self.exim("-bP", "transport_list")
        self.assertEqual(len(re.findall(r"(?m)^heed_[0-9]+$", shown)), 6)
        self.assertIn("max_parallel = 1", self.exim("-bP", "transport", "heed_1"))


if __name__ == "__main__":
    unittest.main()
