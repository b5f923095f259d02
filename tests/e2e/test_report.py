# SPDX-License-Identifier: Apache-2.0
"""heed report and heed metrics: what they say, and that nothing hostile gets through. What the page looks like is for
test_browser.py."""

import json
import re

from tests.bench import month
from tests.e2e import hostile_store
from tests.e2e.harness import Case
from tests.e2e.page import Page, style_of

COUNTED = """
INSERT INTO heed_data.volume_delta SELECT date_trunc('day', now(), 'UTC') - age * interval '1 day', stream, 'example.net', 'gmail',
    'example.com', '192.0.2.1', 970, 30 FROM generate_series(0, 4) AS age, unnest(ARRAY['', 'news']) AS stream;
INSERT INTO heed_data.rollup_delta
SELECT (now() AT TIME ZONE 'UTC')::date - 1, stream, 'example.net', 'gmail', 'example.com', '', kind::heed_data.kind, class,
    verdict, n, n
FROM unnest(ARRAY['', 'news']) AS stream, (VALUES ('bounce', 'bad-mailbox', 'hard', 300), ('bounce', 'reputation', 'block', 7),
    ('delay', 'greylisted', 'transient', 100), ('complaint', 'abuse', 'complaint', 2)) AS said (kind, class, verdict, n);
"""


class Report(Case):
    needs_dovecot = False

    def store(self, sql=None):
        database = self.world.database()
        if sql:
            self.world.postgres.query(database, sql)
        return database, self.world.config(database, f"{database}.conf", "")

    def page(self, config, *arguments):
        done = self.heed("report", *arguments, config=config)
        page = Page(done.stdout)
        self.assertEqual(page.trouble, [])
        self.assert_alone(done.stdout)
        for link in page.links:
            if link.startswith("#"):
                self.assertIn(link[1:], page.ids)
        return page, done.stdout

    def assert_alone(self, text):
        """Nothing is fetched, nothing runs, nothing names a person."""
        self.assertIn("default-src 'none'; style-src 'unsafe-inline'", text)
        style = style_of(text)
        self.assertNotRegex(style, r"url\(|@import|expression|@font-face")
        self.assertNotRegex(text.replace(style, ""), r"[\w.]+@[\w.]+")
        self.assertNotRegex(text, "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

    def row(self, page, section, name):
        rows = [row for row in page.tables[section] if row[0] == name]
        self.assertEqual(len(rows), 1, page.tables[section])
        return rows[0]

    def test_content(self):
        _, config = self.store(COUNTED)
        page, text = self.page(config)
        self.assertIn("Sent10,000", page.text)
        self.assertIn("Dead addresses6.00\u00a0%much; 600", page.text)
        self.assertIn("Complaints0.041\u00a0%good; 4", page.text)
        self.assertIn("97.0\u00a0% delivered", page.text)
        gmail = self.row(page, "providers", "Google")
        self.assertEqual(gmail[2:7], ["10,000", "6.00\u00a0%\u00a0!", "0.14\u00a0%", "2.00\u00a0%", "0.041\u00a0%"])
        self.assertIn("dead addresses", gmail[7])
        self.assertIn(". Mostly bad-mailbox", gmail[7])
        self.assertIn("Stop mailing this address", gmail[8])
        self.assertIn("https://support.google.com/mail/answer/81126", page.links)
        self.assertEqual(self.row(page, "classes", "bad-mailbox")[:4], ["bad-mailbox", "hard", "600", "0"])
        self.assertEqual(self.row(page, "classes", "greylisted")[2:4], ["0", "200"])
        self.assertIn("Nothing is suppressed.", page.text)
        self.assertLess(len(text), 200_000)
        days = [row for row in page.tables["days"] if row[0].startswith("20")]
        self.assertIn("1,940", {row[1] for row in days})  # behind the first plot

    def test_spans_and_streams(self):
        _, config = self.store(COUNTED)
        page, _ = self.page(config, "--days", "1")
        self.assertIn("Sent2,000", page.text)
        self.assertIn("No failure was reported", page.text)
        page, _ = self.page(config, "--scope", "news", "--days", "366")
        self.assertIn("Sent5,000", page.text)
        self.assertIn("the stream news, scores of all mail", page.text)
        page, _ = self.page(config, "--scope", "<none>")
        self.assertIn("the stream <none>", page.text)
        for wrong in (("--days", "0"), ("--days", "367"), ("--days", "x"), ("superfluous",)):
            self.assertEqual(self.heed("report", *wrong, config=config, want=64).stdout, "")

    def test_empty(self):
        _, config = self.store()
        page, _ = self.page(config)
        for words in ("No log tells how much was sent", "Nothing was counted in 30 days.", "No failure was reported",
                      "No reply came", "Nothing is suppressed.", "No surge was held", "No mailbox has been polled yet",
                      "No log is read"):
            self.assertIn(words, page.text)
        self.assertIn("To do\n\nNothing.", page.text)

    def test_hostile(self):
        database, config = self.store()
        hostile_store.fill(self.world.postgres, database)
        page, text = self.page(config)
        for words in ("<script>document.title=", "lost<i>directory.example", "bounces <b>", hostile_store.NAMES[0],
                      "Log main <b>: the last look failed: no such \"<file>\"",
                      "3 complaints of these days name no recipient", "A surge of hard failures lasts"):
            self.assertIn(words, page.text)
        self.assertNotIn("secret", text)
        self.assertNotIn("wordwithoutend" * 20, text)
        self.assertIn("…", text)
        self.assertNotIn("\u0322\u0322\u0322", text)

    def test_written_whole_or_not_at_all(self):
        _, config = self.store()
        target = self.world.folder / "report.html"
        target.write_text("old")
        self.heed("report", "-o", target, "--scope", "x" * 2000, config=config, want=64)
        self.assertEqual(target.read_text(), "old")
        done = self.heed("report", "-o", target, config=config)
        self.assertEqual(done.stdout, "")
        self.assertIn("report.html", done.stderr)
        self.assertTrue(target.read_text().endswith("</html>\n"))
        self.assertEqual([path.name for path in self.world.folder.glob("*report.html*")], ["report.html"])
        self.heed("report", "-o", self.world.folder / "none" / "x.html", config=config, want=73)
        gone = self.world.config("no_such_database", "gone.conf", "")
        self.heed("report", "-o", target, config=gone, want=78)
        self.assertTrue(target.read_text().endswith("</html>\n"))

    def test_a_month(self):
        database, config = self.store()
        month.fill(self.world.postgres, database, 200, 400, days=8)
        page, text = self.page(config)
        self.assertEqual(len(page.tables["domains"]), 13)
        self.assertEqual(self.row(page, "suppression", "bad-mailbox")[1:3], ["hard", "200"])
        replies = page.tables["replies"]
        self.assertTrue(any("<address>: recipient address rejected" in row[0] for row in replies), replies)
        self.assertLess(len(text), 1_000_000)


SAMPLE = re.compile(r'([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? (-?[0-9.e+]+)')


def parse_metrics(text):
    """{(name, labels): value}, strictly: each family begun once with HELP and TYPE, its samples together and different."""
    found, family, seen = {}, None, set()
    lines = text.split("\n")
    assert lines.pop() == "", "no line end at the end"
    for help_line, line in zip([None, *lines], lines):
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in seen and len(line.split(" ", 3)[3]) > 5, line
            seen.add(family)
        elif line.startswith("# TYPE "):
            assert help_line.startswith(f"# HELP {family} ") and re.fullmatch(rf"# TYPE {family} (gauge|counter)", line), line
            assert line.endswith("counter") == family.endswith("_total"), line
        else:
            match = SAMPLE.fullmatch(line)
            assert match and match[1] == family, line
            labels = tuple(re.findall(r'([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"', match[2] or ""))
            assert (family, labels) not in found, line
            found[family, labels] = float(match[3])
    return found


class Metrics(Case):
    needs_dovecot = False

    def test_metrics(self):
        database = self.world.database()
        config = self.world.config(database, "metrics.conf", "")
        self.world.postgres.query(database, COUNTED)
        hostile_store.fill(self.world.postgres, database)
        self.world.postgres.query(database, "INSERT INTO heed_data.mailbox (name, url) VALUES (E'a\"b\\\\c\\nd', 'x')")
        text = self.heed("metrics", config=config).stdout
        self.assertNotRegex(text, r"[\w.]+@[\w.]+|secret")
        found = parse_metrics(text)
        self.assertEqual(found["heed_database_up", ()], 1)
        self.assertEqual(found["heed_failures", (("kind", "bounce"), ("class", "reputation"), ("verdict", "block"))], 14)
        self.assertEqual(found["heed_outcomes", (("by", "provider"), ("name", "gmail"), ("outcome", "delivered"),
                                                 ("window", "30d"))], 9700)
        self.assertEqual(found["heed_score", (("by", "provider"), ("name", "gmail"))], self.score(config, "gmail"))
        self.assertEqual(found["heed_mailbox_failing", (("mailbox", "bounces <b>"),)], 1)
        self.assertEqual(found["heed_mailbox_messages_total", (("mailbox", "complaints"),)], 1234)
        self.assertEqual(found["heed_log_failing", (("log", "main <b>"),)], 1)
        self.assertEqual(found["heed_log_unread_lines_total", (("log", "main <b>"),)], 3)
        self.assertNotIn(("heed_log_last_line_timestamp_seconds", (("log", "main <b>"),)), found)
        self.assertIn(("heed_mailbox_failing", (("mailbox", 'a\\"b\\\\c\\nd'),)), found)
        self.assertEqual(found["heed_guard_holds", ()], 1)
        self.assertEqual(found["heed_unmatched_complaints", ()], 3)
        self.assertFalse([labels for _, labels in found if ("by", "recipient-domain") in labels])

    def test_no_longer_configured(self):
        database = self.world.database()
        hostile_store.fill(self.world.postgres, database)
        config = self.world.config(database, "left.conf", 'mailbox "complaints" { url = "maildir:///nonexistent" }\n')
        found = parse_metrics(self.heed("metrics", config=config).stdout)
        self.assertEqual({labels for name, labels in found if name.startswith(("heed_mailbox_", "heed_log_"))},
                         {(("mailbox", "complaints"),)})
        page = self.heed("report", config=config).stdout
        self.assertNotIn("the last poll failed", page)
        self.assertNotIn("the last look failed", page)
        self.assertEqual(page.count("no longer in the configuration"), 2)
        shown = self.heed("status", config=config).stdout
        self.assertEqual(shown.count("no longer in the configuration"), 2)
        status = json.loads(self.heed("status", "--format", "json", config=config).stdout)
        self.assertEqual([(box["name"], box["configured"]) for box in status["mailboxes"] + status["logs"]],
                         [("bounces <b>", False), ("complaints", True), ("main <b>", False)])

    def score(self, config, provider):
        done = self.heed("score", "--by", "provider", provider, config=config)
        return int(re.search(r": (\d+) of 100", done.stdout)[1])

    def test_written(self):
        database = self.world.database()
        config = self.world.config(database, "written.conf", "")
        target = self.world.folder / "heed.prom"
        done = self.heed("metrics", "--output", target, config=config)
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        self.assertEqual(parse_metrics(target.read_text())["heed_database_up", ()], 1)
        self.assertEqual(target.stat().st_mode & 0o777, 0o644)
        gone = self.world.config("no_such_database", "gone-metrics.conf", "")
        self.heed("metrics", "-o", target, config=gone, want=78)
        self.assertEqual(parse_metrics(target.read_text())["heed_database_up", ()], 0)

    def test_fail_below(self):
        """For cron: exit status 1, and which."""
        database = self.world.database()
        config = self.world.config(database, "below.conf", "")
        unknown = self.heed("score", "--quiet", "--by", "source-ip", "--fail-below", "100", config=config)
        self.assert_one_line(unknown.stderr, "there is no score to judge")
        self.world.postgres.query(database, COUNTED)
        score = self.score(config, "gmail")
        self.heed("score", "--by", "provider", "--fail-below", score, config=config)
        done = self.heed("score", "--by", "provider", "--fail-below", score + 1, config=config, want=1)
        self.assert_one_line(done.stderr, "gmail", str(score), "dead addresses")
        quiet = self.heed("score", "--quiet", "--by", "provider", "--fail-below", score + 1, config=config, want=1)
        self.assert_one_line(quiet.stderr, "gmail")
