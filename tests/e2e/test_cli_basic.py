# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, exit statuses, parse, config check, init, and each command once."""

import json
import os
import signal
import stat
import subprocess
import unittest

from tests.e2e import harness
from tests.e2e.harness import Case, make_reports, reports, run_heed

COMMANDS = ("init", "poll", "ingest", "parse", "explain", "export", "clean", "why", "suppress add", "suppress remove", "suppress allow",
            "suppress disallow", "suppress list", "suppress rebuild", "forget", "quarantine list", "quarantine show",
            "quarantine retry", "score", "throttle", "report", "metrics", "status", "config check", "db init", "db migrate",
            "db status", "db start", "db stop",
            "db dump", "db upgrade")


def feed(arguments, text, config=None):
    """Runs the program with something on its standard input."""
    command = [str(harness.PROGRAM), *(["--config", str(config)] if config else []), *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, text=isinstance(text, str), check=False,
                          env=harness.environment(), timeout=harness.PATIENCE)


class Cli(Case):
    needs_dovecot = False

    def write_reports(self, name, count=12, seed=3):
        folder = self.world.folder / name
        list(make_reports.write_maildir(folder, reports(count, seed=seed)))
        return folder

    # Help and usage.

    def test_help(self):
        listed = run_heed(["--help"])
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertEqual(listed.stderr, "")
        for command in COMMANDS:
            with self.subTest(command):
                self.assertIn(f"  {command} ", listed.stdout)
                one = run_heed([*command.split(), "--help"])
                other = run_heed(["help", *command.split()])
                self.assertEqual((one.returncode, one.stderr), (0, ""))
                self.assertEqual(one.stdout, other.stdout)
                self.assertEqual(one.stdout, run_heed(["--config", "none", "--quiet", "help", *command.split()]).stdout)
                for option in ("--config", "--data-dir", "--quiet", "--verbose"):
                    self.assertIn(option, one.stdout)

    def test_version(self):
        done = run_heed(["--version"])
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^heed [0-9]+\.[0-9]+")

    def test_usage_errors(self):
        cases = {
            (): "which command",
            ("pol",): "did you mean 'heed poll'",
            ("suppres", "add", "x"): "did you mean 'heed suppress add'",
            ("frobnicate",): "no command 'frobnicate'",
            ("parse", "--format", "xml"): "allowed are json, text",
            ("export", "--format", "yaml"): "allowed are text, csv, json",
            ("parse", "--jobs", "-3"): "--jobs",
            ("poll", "--nonsense"): "heed poll --help",
            ("poll", "superfluous"): "superfluous",
            ("poll", "--dry-run", "--watch"): "exclude",
            ("ingest",): "which files",
            ("report", "--days", "0"): "--days is 1 to 366",
            ("metrics", "superfluous"): "superfluous",
            ("ingest", "--reparse", "x"): "--reparse",
            ("ingest", "--as", "sendmail", "x"): "allowed are mail, postfix",
            ("ingest", "--as", "postfix", "--timezone", "Mars", "x"): "--timezone",
            ("ingest", "--stream", "news", "x"): "for logs",
            ("ingest", "--reparse", "--as", "postfix"): "no log",
            ("why", "nobody"): "not a mail address",
            ("why", "a@example.org", "b@example.org"): "which address",
            ("suppress", "add"): "see heed suppress add --help",
            ("--bogus", "status"): "before a command",
            ("--data-dir", "", "status"): "--data-dir is empty",
            ("status", "--data-dir="): "--data-dir is empty",
            ("quarantine", "show", "x"): "quarantine list",
            ("throttle", "--format", "yaml"): "allowed are text, json, postfix, exim, kumomta",
        }
        for arguments, words in cases.items():
            with self.subTest(arguments):
                done = run_heed(list(arguments))
                self.assertEqual(done.returncode, 64, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertIn(words, done.stderr)

    def test_group_without_command(self):
        done = run_heed(["suppress"])
        self.assertEqual(done.returncode, 64)
        self.assertIn("suppress rebuild", done.stderr)
        self.assertEqual(run_heed(["suppress", "--help"]).returncode, 0)

    # parse: no database, no configuration.

    def test_parse(self):
        folder = self.write_reports("parse")
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        one_by_one = run_heed(["parse", "--jobs", "1", *files])
        self.assertEqual(one_by_one.returncode, 0, one_by_one.stderr)
        lines = [json.loads(line) for line in one_by_one.stdout.splitlines()]
        self.assertEqual([line["source"] for line in lines], [str(path) for path in files])
        self.assertEqual({line["trust"] for line in lines}, {None})
        for arguments in (["--jobs", "3"], ["--in-process"]):
            self.assertEqual(run_heed(["parse", *arguments, *files]).stdout, one_by_one.stdout, arguments)
        text = run_heed(["parse", "--format", "text", *files])
        self.assertEqual(text.returncode, 0, text.stderr)
        for line in lines:
            for recipient in line["recipients"]:
                self.assertIn(recipient["address"] or "-", text.stdout)
        piped = feed(["parse"], files[0].read_bytes())
        self.assertEqual(json.loads(piped.stdout)["message_id"], lines[0]["message_id"])

    def test_parse_with_a_configuration(self):
        folder = self.write_reports("parse-trust")
        config = self.world.config("unused", "parse-trust.conf", "")
        done = run_heed(["parse", folder], config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(None, {json.loads(line)["trust"] for line in done.stdout.splitlines()})

    def test_parse_answers_at_once(self):
        """What is piped in one message at a time is not held back until the end."""
        process = subprocess.Popen([str(harness.PROGRAM), "parse"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env=harness.environment())
        mails = [mail for mail, _, _ in reports(2)]
        mbox = b"".join(b"From MAILER-DAEMON Fri Jan  2 03:04:05 2026\n" + mail.rstrip(b"\n") + b"\n\n" for mail in mails)
        second = mbox.index(b"\nFrom MAILER-DAEMON ", 10) + 60
        process.stdin.write(mbox[:second])
        process.stdin.flush()
        first = json.loads(process.stdout.readline())
        self.assertTrue(first["source"].endswith("#1"), first)
        process.stdin.write(mbox[second:])
        process.stdin.close()
        self.assertEqual(len(process.stdout.readlines()), 1)
        process.stdout.close()
        self.assertEqual(process.wait(timeout=30), 0)

    def test_parse_what_is_not_there(self):
        folder = self.write_reports("parse-some", 3)
        done = run_heed(["parse", "/nonexistent/mail", folder])
        self.assertEqual(done.returncode, 66)
        self.assertEqual(len(done.stdout.splitlines()), 3)
        self.assert_one_line(done.stderr, "/nonexistent/mail")

    def test_reader_goes_away(self):
        folder = self.write_reports("gone", 300)
        process = subprocess.Popen([str(harness.PROGRAM), "parse", str(folder)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=harness.environment())
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(timeout=30), -signal.SIGPIPE)

    # The configuration.

    def test_example_passes(self):
        example = harness.ROOT / "heed.conf.example"
        done = run_heed(["config", "check", example])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{example}: ok: 2 mailboxes", done.stdout)

    def test_found_in_its_places(self):
        home = self.world.folder / "home"
        work = self.world.folder / "work"
        places = (work / "heed.conf", home / "config" / "heed" / "heed.conf")
        for place in places:
            place.parent.mkdir(parents=True)
            place.write_text(harness.OWN)
        named = self.world.folder / "named.conf"
        named.write_text(harness.OWN)
        environment = {**harness.environment(), "XDG_CONFIG_HOME": str(home / "config")}

        def check(*arguments, **more):
            done = subprocess.run([str(harness.PROGRAM), "config", "check", *arguments], capture_output=True, text=True,
                                  check=False, cwd=work, env={**environment, **more})
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout.partition(": ok")[0]

        self.assertEqual(check("--config", str(named), HEED_CONFIG=str(places[1])), str(named))
        self.assertEqual(check(HEED_CONFIG=str(named)), str(named))
        self.assertEqual(check(), "./heed.conf")
        places[0].unlink()
        self.assertEqual(check(), str(places[1]))

    def test_somebody_elses_configuration_here(self):
        if os.geteuid() != 0:
            return
        work = self.world.folder / "foreign"
        work.mkdir()
        (work / "heed.conf").write_text(harness.OWN)
        os.chown(work / "heed.conf", 65534, 65534)
        command = [str(harness.PROGRAM), "config", "check"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=work, env=harness.environment())
        self.assertEqual(done.returncode, 78)
        self.assertIn("somebody else", done.stderr)
        done = subprocess.run([*command, "--config", "heed.conf"], capture_output=True, text=True, check=False, cwd=work,
                              env=harness.environment())
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_init(self):
        maildir = self.write_reports("init", 2)
        database = self.world.database()
        path = self.world.folder / "init.conf"
        answers = f"maildir:{maildir}\nexample.com, example.net\n{self.world.postgres.url(database)}\n"
        done = feed(["init", "-o", path], answers)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assert_one_line(done.stderr, "mailbox: works")
        self.assert_one_line(done.stderr, "database: works")
        self.heed("config", "check", config=path)
        before = path.read_text()
        again = feed(["init", "-o", path], "no\n")
        self.assertEqual(again.returncode, 73, again.stderr)
        self.assertEqual(path.read_text(), before)
        self.assertEqual(feed(["init", "-o", path], "yes\n" + answers).returncode, 0)

    def test_init_stops_at_a_bad_answer(self):
        path = self.world.folder / "never.conf"
        for answers in ("gopher://x\n", "", "imaps://u@mail.example.com\nfile\n", "maildir:/x\nexample.com\nwrong\n",
                        "maildir:/x\nexample.com, com\n"):
            done = feed(["init", "-o", path], answers)
            self.assertIn(done.returncode, (64, 78), done.stderr)
            self.assertEqual("Database" in done.stderr, "wrong" in answers)
            self.assertFalse(path.exists())
        for path in (self.world.folder / "nowhere" / "never.conf", self.world.folder):
            done = feed(["init", "-o", path], "")
            self.assertEqual(done.returncode, 73, done.stderr)

    def test_init_asks_people_again(self):
        path = self.world.folder / "again.conf"
        path.write_text("old")
        master, slave = os.openpty()
        try:
            os.write(master, b"y\nyes\nmaildir:/x\ncom\nexample com\n@example.com\n,\n\nexample.com, example.net\nprivate\n")
            done = subprocess.run([str(harness.PROGRAM), "init", "--no-try", "-o", str(path)], stdin=slave, capture_output=True,
                                  text=True, check=False, env=harness.environment(), timeout=harness.PATIENCE)
        finally:
            os.close(slave)
            os.close(master)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("Domains"), 6, done.stderr)
        self.assertIn('domains = {"example.com", "example.net"}', path.read_text())

    # Everything that needs a database, once.

    def test_a_life(self):
        database = self.world.database()
        maildir = self.write_reports("life", 40, seed=9)
        config = self.world.config(database, "life.conf", self.world.mailbox("box", f"maildir:{maildir}"))
        done = self.heed("poll", config=config)
        self.assertEqual(done.stdout, "")
        before = self.world.dump(database)
        done = self.heed("ingest", maildir, config=config)
        self.assertIn("40 known already", done.stderr)
        self.heed("ingest", "--reparse", config=config)
        after = self.world.dump(database)
        for what in ("report", "event", "failure", "seen", "state", "rollup"):
            self.assertEqual(before[what], after[what], what)
        rebuilt = self.heed("suppress", "rebuild", config=config)
        self.assertIn(" 0 changed", rebuilt.stderr)

        status = json.loads(self.heed("status", "--format", "json", config=config).stdout)
        self.assertEqual([box["name"] for box in status["mailboxes"]], ["box"])
        self.assertEqual(status["mailboxes"][0]["messages_stored"], 40)
        self.assertIsNotNone(status["mailboxes"][0]["last_success_at"])
        self.assertEqual(status["quarantined"], 0)
        self.assertIn("box", self.heed("status", config=config).stdout)
        self.assertEqual(self.heed("quarantine", "list", config=config).stdout, "")
        self.heed("quarantine", "show", "77", config=config, want=66)
        self.assert_one_line(self.heed("quarantine", "retry", "77", config=config, want=66).stderr, "no 77 in quarantine")
        self.assertIn("version", self.heed("db", "status", config=config).stdout)
        self.heed("db", "start", config=config, want=78)

        self.heed("why", "hand@example.org", config=config, want=1)
        done = feed(["suppress", "add", "--why", "asked by phone", "-"], "hand@example.org\n\nOther@Example.ORG\n", config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_one_line(done.stderr, "2 decisions recorded; the suppression of 2 addresses changed")
        why = json.loads(self.heed("why", "--format", "json", "HAND@example.org", config=config).stdout)
        self.assertTrue(why["suppressed"])
        self.assertEqual(why["story"][-1]["detail"], "asked by phone")
        self.assertLessEqual({"hand@example.org", "other@example.org"}, set(self.suppressed(config)))
        self.assertIn("asked by phone", self.heed("suppress", "list", config=config).stdout)
        self.heed("suppress", "allow", "hand@example.org", config=config)
        done = self.heed("why", "hand@example.org", config=config, want=1)
        self.assertIn("not suppressed: the allow-list has it everywhere", done.stdout)
        self.heed("suppress", "disallow", "hand@example.org", config=config)
        self.heed("suppress", "remove", "hand@example.org", config=config)
        done = self.heed("suppress", "remove", "hand@example.org", config=config)
        self.assert_one_line(done.stderr, "1 decision recorded; nobody's suppression changed")
        self.heed("why", "hand@example.org", config=config, want=1)

        out = self.world.folder / "list.csv"
        self.heed("export", "--format", "csv", "-o", out, config=config)
        self.assertIn("other@example.org", out.read_text())
        removed = self.world.folder / "removed.csv"
        done = feed(["clean", "-", "--removed", removed], "other@example.org\nnew@example.org\n", config)
        self.assertEqual(done.stdout, "new@example.org\n")
        self.assertIn("other@example.org", removed.read_text())

    def test_quarantine(self):
        """Mail that kills its worker goes to its own place, and once it is read it is as if nothing had happened."""
        crash = {"HEED_FAULT": "worker.before-parse"}
        states = []
        for fault in (None, crash):
            maildir = self.write_reports(f"harm-{bool(fault)}", 3)
            database = self.world.database()
            config = self.world.config(database, "harm.conf", self.world.mailbox(
                "fbl", f"maildir:{maildir}", on_done="move:Done", on_quarantine="move:Bad"))
            if fault:
                before = harness.contents(maildir)
                done = self.heed("poll", "--dry-run", config=config, env=fault)
                self.assertEqual(done.stdout.count(" quarantine "), 3)
                self.assertEqual(harness.contents(maildir), before)
            self.assertEqual("heed quarantine list" in self.heed("poll", config=config, env=fault).stderr, bool(fault))
            if fault:
                self.assertEqual([mail for mail, _ in harness.contents(maildir)["Bad"]], [mail for mail, _ in before[""]])
                shown = [self.heed("quarantine", "show", number, config=config).stdout.encode() for number in (1, 2, 3)]
                self.assertEqual(sorted(shown), [mail for mail, _ in before[""]])
                self.heed("quarantine", "retry", "1", "4", config=config, want=66)
                self.heed("quarantine", "retry", "1", config=config, env=fault)
                listed = self.heed("quarantine", "list", config=config).stdout.splitlines()[1:]
                self.assertEqual([line.split()[5] for line in listed], ["2", "1", "1"], listed)
                self.heed("quarantine", "retry", config=config)
                done = self.heed("ingest", "--reparse", config=config, env=fault)
                self.assertIn("3 messages could not be read again", done.stderr)
                self.assertEqual(self.heed("quarantine", "list", config=config).stdout, "")
            states.append({what: rows for what, rows in self.world.dump(database).items() if what != "quarantine"})
        self.assert_same_dump(*states)

    def test_outputs_that_are_no_files(self):
        config = self.world.config(self.world.database(), "outputs.conf", "")
        self.heed("suppress", "add", "a@example.org", config=config)
        folder = self.world.folder / "outputs"
        folder.mkdir()
        real, link, pipe, dangling = (folder / name for name in ("real", "link", "pipe", "dangling"))
        real.write_text("old")
        link.symlink_to("real")
        self.heed("export", "-o", link, config=config)
        self.assertTrue(link.is_symlink())
        self.assertEqual(real.read_text(), "a@example.org\n")
        os.mkfifo(pipe)
        reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True)
        try:
            self.heed("export", "-o", pipe, config=config)
        finally:
            if not pipe.is_fifo():
                reader.kill()
        self.assertTrue(pipe.is_fifo())
        self.assertEqual(reader.communicate(timeout=30)[0], "a@example.org\n")
        standard = folder / "stdout"
        standard.symlink_to("/proc/self/fd/1")
        self.assertEqual(self.heed("export", "-o", standard, config=config).stdout, "a@example.org\n")
        dangling.symlink_to("nowhere/at/all")
        self.heed("export", "-o", dangling, config=config, want=73)
        self.heed("export", "-o", folder, config=config, want=73)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["dangling", "link", "pipe", "real", "stdout"])
        done = self.heed("clean", real, "-o", folder / "x", "-r", folder / "." / "x", config=config, want=64)
        self.assert_one_line(done.stderr, "same file")
        done = self.heed("clean", real, "-r", real, config=config, want=64)
        self.assert_one_line(done.stderr, "the list itself")
        self.heed("clean", folder, config=config, want=66)
        self.assertEqual(self.heed("export", "-o", "-", config=config).stdout, "a@example.org\n")
        self.assertEqual(self.heed("clean", real, "-o", "-", config=config).stdout, "")

    def test_standard_files_closed(self):
        """What we open does not land in their place: a list written into the database's socket."""
        config = self.world.config(self.world.database(), "closed.conf", "")
        self.heed("suppress", "add", "a@example.org", config=config)

        def without(redirection, *arguments):
            command = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", str(harness.PROGRAM), "--config", str(config)]
            return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False,
                                  env=harness.environment(), timeout=harness.PATIENCE)

        done = without(">&-", "export")
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assert_one_line(done.stderr, "Bad file descriptor")
        done = without(">/dev/full", "export")
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assert_one_line(done.stderr, "No space left")
        done = without("<&-", "suppress", "add", "-")
        self.assertEqual(done.returncode, 74, done.stderr)
        done = without("2>&-", "export")
        self.assertEqual((done.returncode, done.stdout), (0, "a@example.org\n"))

    def test_addresses_on_standard_input(self):
        config = self.world.config(self.world.database(), "lines.conf", "")
        for text in (b"a@example.org\0junk\n", b" " * 1025 + b"a@example.org" + b" " * 1500 + b"junk\n", b"x" * 9000):
            done = feed(["suppress", "add", "-"], text, config)
            self.assertEqual(done.returncode, 65, done.stderr)
            self.assertIn(b"standard input:1", done.stderr)
        folder = os.open("/", os.O_RDONLY)
        try:
            done = subprocess.run([str(harness.PROGRAM), "--config", str(config), "suppress", "add", "-"], stdin=folder,
                                  capture_output=True, text=True, check=False, env=harness.environment())
        finally:
            os.close(folder)
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertEqual(self.suppressed(config), set())
        for arguments in (["suppress", "add", "--scope", "\udcff", "a@example.org"], ["export", "--scope", "\udcff"],
                          ["suppress", "add", "--why", "\udcff", "a@example.org"]):
            done = run_heed(arguments, config)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assert_one_line(done.stderr, "UTF-8")
        done = run_heed(["suppress", "add", "--scope", "".join(chr(33 + n * n % 89) for n in range(5000)), "a@example.org"],
                        config)
        self.assertEqual(done.returncode, 64, done.stderr)
        self.assert_one_line(done.stderr, "longer")

    def test_ingest_what_is_not_there(self):
        config = self.world.config(self.world.database(), "none.conf", "")
        done = self.heed("ingest", "--quiet", "/nonexistent/mail", config=config, want=66)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_refused_by_the_store_and_not_kept(self):
        """Without the mail at hand it cannot be quarantined; so it stays where it is, and is asked for again."""
        maildir = self.write_reports("refused", 3)
        database = self.world.database()
        config = self.world.config(database, "refused.conf",
                                   self.world.mailbox("box", f"maildir:{maildir}", on_done="delete", on_quarantine="delete",
                                                      on_unrecognised="delete"), more="retention { raw-days = 0 }")
        self.world.postgres.query(database, """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON heed_data.report FOR EACH ROW EXECUTE FUNCTION refuse()""")
        before = sorted(mail.read_bytes() for mail in maildir.rglob("*") if mail.is_file())
        done = self.heed("poll", config=config, want=75)
        self.assertIn("refused", done.stderr)
        self.assertEqual(sorted(mail.read_bytes() for mail in maildir.rglob("*") if mail.is_file()), before)
        self.world.postgres.query(database, "DROP TRIGGER refuse ON heed_data.report")
        done = self.heed("poll", config=config)
        self.assertIn("3 stored now", done.stderr)
        self.assertEqual([path for path in maildir.rglob("*") if path.is_file()], [])

    def test_dry_run_without_a_database(self):
        maildir = self.write_reports("dry", 5)
        config = self.world.config("there_is_none", "dry.conf", self.world.mailbox("box", f"maildir:{maildir}"))
        before = harness.contents(maildir)
        done = self.heed("poll", "--dry-run", config=config)
        self.assertGreaterEqual(len(done.stdout.splitlines()), 5)
        self.assertIn("there_is_none", done.stderr)
        self.assertEqual(harness.contents(maildir), before)

    def test_not_migrated(self):
        self.world.postgres.create("empty_one")
        config = self.world.config("empty_one", "empty.conf", "")
        done = run_heed(["export"], config)
        self.assertEqual(done.returncode, 78)
        self.assertIn("heed db init", done.stderr)
        self.heed("db", "init", config=config)
        self.heed("export", config=config)

    def test_quiet_says_nothing(self):
        maildir = self.write_reports("quiet", 3)
        config = self.world.config(self.world.database(), "quiet.conf", self.world.mailbox("box", f"maildir:{maildir}"))
        for arguments in (["poll", "--quiet"], ["ingest", "-q", str(maildir)], ["suppress", "add", "-q", "a@example.org"]):
            done = run_heed(arguments, config)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""), arguments)


if __name__ == "__main__":
    unittest.main()
