# SPDX-License-Identifier: Apache-2.0
"""heed explain, and files of rules: for people, for programs, with mistakes, with and without the cache. No servers."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema

from tests.e2e import harness

# The seven causes of a 421, each in words that servers use.
CAUSES = {
    "421 Too many connections, try again later": "connections",
    "421 4.7.0 Too many concurrent SMTP connections from 192.0.2.1": "connections",
    "421 Temporary failure, please try again later": "overload",
    "421 Service not available - closing transmission channel": "overload",
    "421 4.3.2 The server is too busy, try again later": "overload",
    "421 4.3.2 All server ports are busy": "overload",
    "421 4.3.2 Service currently unavailable": "overload",
    "421 4.3.1 Insufficient system resources": "overload",
    "421 Too much load; please try again later.": "overload",
    "421 4.3.2 Too many connections, closing": "connections",
    "421 Too many concurrent connections from this client (G2)": "connections",
    "421 4.7.0 mx.example.org Error: too many connections from 192.0.2.1": "connections",
    "421 Maximum number of connections reached for your host": "connections",
    "421 4.3.2 Connection limit": "connections",
    "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred": "reputation",
    "421 4.7.0 Your IP 192.0.2.1 has been temporarily blocked because of its poor reputation": "reputation",
    "421 4.7.1 Client host [192.0.2.1] blocked using dnsbl.example.net": "reputation",
    "421 Your IP address is temporarily blocked due to spam complaints": "reputation",
    "421 Refused. Your reverse IP has poor reputation": "reputation",
    "421 IP blacklisted, see https://lookup.example.org": "reputation",
    "421 4.4.3 Temporary DNS lookup failure": "dns",
    "451 4.4.3 Temporary server error. DNS timeout": "dns",
    "421 Unable to perform a DNS lookup, try later": "dns",
    "421 4.4.0 Unable to resolve example.com, name server failure": "dns",
    "421 4.4.4 MX lookup failed temporarily": "dns",
    "421 Temporary failure in name resolution": "dns",
    "451 4.1.8 Domain of sender address news@example.com does not resolve": "dns",
    "421 4.7.28 Our system has detected an unusual rate of mail; your messages have been rate limited": "rate",
    "421 4.7.0 Too many messages from 192.0.2.1, slow down": "rate",
    "421 Message rate limit exceeded: too many messages per hour": "rate",
    "421 Throttled - try again later": "rate",
    "450 4.7.1 Error: too much mail from 192.0.2.1": "rate",
    "452 4.3.2 Connection rate limit exceeded": "rate",
    "421 4.7.0 mx.example.org Error: too many new TLS sessions from 192.0.2.1": "rate",
    "421 4.7.25 The IP address 192.0.2.1 has no PTR record": "ptr",
    "421 Reverse DNS failure: Try again later": "ptr",
    "450 4.7.1 Client host 192.0.2.1 has no PTR record (G1F)": "ptr",
    "450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]": "ptr",
    "450 4.7.1 Client host rejected: Reverse DNS lookup timed out": "ptr",
    "421 rDNS mismatch": "ptr",
    "421 4.4.2 Connection timed out": "fault",
    "421 4.4.2 Connection dropped": "fault",
    "421 hardware failure": "fault",
    "421 Service not available (hardware failure), closing transmission channel": "fault",
    "421 Network problem, try again later": "fault",
    "421 4.4.1 Unable to connect to remote host": "fault",
    "421 4.4.2 mx.example.org Error: timeout exceeded": "fault",
    "421 mx.example.org: SMTP command timeout - closing connection": "fault",
}

RULE = """# mine
rule own.weather
class greylisted
text too much rain
example 550 too much rain
wait 30m
do Wait for the sun.
"""


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="heed-explain.")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment = harness.environment()
        schema = json.loads((harness.ROOT / "docs" / "explain.schema.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)

    def heed(self, *arguments, text=b""):
        return subprocess.run([str(harness.PROGRAM), *map(str, arguments)], input=text, capture_output=True, check=False,
                              env=self.environment, timeout=harness.PATIENCE)

    def ask(self, lines, *options):
        """One answer a line, each as the schema has it."""
        done = self.heed("explain", *options, text=lines)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        for answer in answers:
            self.validator.validate(answer)
        return answers

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


class Explain(Case):
    """With the compiled rules from the cache that all tests share."""

    def test_causes(self):
        answers = self.ask("\n".join(CAUSES).encode())
        self.assertEqual({answer["text"]: answer["cause"] for answer in answers}, CAUSES)

    def test_people(self):
        done = self.heed("explain", "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        text = done.stdout.decode()
        for word in ("reputation", "block", "2 hours", "Yahoo", "https://", "text:yahoo.tss04"):
            self.assertIn(word, text)
        unquoted = self.heed("explain", *"421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred".split())
        self.assertEqual(unquoted.stdout, done.stdout)

    def test_every_line_has_an_answer(self):
        lines = (b"550 5.1.1 <u@example.net>: user unknown\r\n\n250 2.0.0 OK\n\xff\xfe\x00\x1b[31m \"quoted\" \\\n"
                 + b"x" * 200_000 + b"\n550 last")
        answers = self.ask(lines)
        self.assertEqual(len(answers), 6)
        self.assertEqual([answer["class"] for answer in answers][:3], ["bad-mailbox", "unknown", None])
        self.assertEqual(answers[0]["text"], "550 5.1.1 <u@example.net>: user unknown")
        self.assertEqual((answers[0]["verdict"], answers[0]["waiting_helps"]), ("hard", False))
        self.assertTrue(answers[3]["text"].startswith("\u00ff\u00fe\0\x1b[31m \"quoted\""))
        self.assertEqual(len(answers[4]["text"]), 64 * 1024)
        self.assertEqual(answers[5]["code"], "550")

    def test_text_is_harmless(self):
        done = self.heed("explain", "--format", "text", text=b"550 \x1b[31mred\x9b \xe2\x80\xaeturned\n")
        self.assertNotIn(b"\xe2\x80\xae", done.stdout)
        self.assertNotIn(b"\x1b", done.stdout)
        self.assertNotIn(b"\xc2\x9b", done.stdout)

    def test_from(self):
        (answer,) = self.ask(b"552 5.2.2 over quota\n", "--from", "mx1.mail.icloud.com")
        self.assertEqual(answer["provider"], "apple")
        (answer,) = self.ask(b"host mx1.mail.icloud.com[192.0.2.1] said: 552 5.2.2 over quota\n")
        self.assertEqual(answer["provider"], "apple")

    def test_rules(self):
        own = self.write("own.rules", RULE)
        (answer,) = self.ask(b"550 Too much  rain\n", "--rules", own)
        self.assertEqual((answer["rule"], answer["class"], answer["wait_seconds"], answer["do"]),
                         ("text:own.weather", "greylisted", 1800, "Wait for the sun."))
        self.write("heed.conf", 'rules = {"own.rules"}\nown { domains = {"example.com"} }\n')
        (answer,) = self.ask(b"550 Too much rain\n", "--config", self.folder / "heed.conf")
        self.assertEqual(answer["rule"], "text:own.weather")

    def test_mistakes_have_a_line(self):
        broken = self.write("broken.rules", RULE + "colour red\n")
        config = self.write("heed.conf", 'rules = {"broken.rules"}\nown { domains = {"example.com"} }\n')
        mail = self.write("mail.eml", "Subject: hello\n\n")
        for arguments in (("explain", "--rules", broken, "x"), ("explain", "--config", config, "x"),
                          ("parse", "--rules", broken, mail), ("parse", "--in-process", "--rules", broken, mail),
                          ("config", "check", config), ("config", "check", "--rules", broken)):
            with self.subTest(arguments[0]):
                done = self.heed(*arguments)
                self.assertEqual(done.returncode, 78, done.stderr)
                self.assertIn(f"{broken}:8: 'colour' is not known here".encode(), done.stderr)
                self.assertEqual(done.stdout, b"")

    def test_check(self):
        done = self.heed("config", "check", "--rules")
        self.assertEqual(done.returncode, 0, done.stderr)
        own = self.write("own.rules", RULE + "\nrule own.rain\nclass policy\ntext rain\nexample too much rain\n")
        done = self.heed("config", "check", "--rules", own)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"{own}:9: rule own.rain can never win".encode(), done.stderr)

    def test_name_of_a_built_in_rule(self):
        own = self.write("own.rules", "# mine\n" + RULE.replace("own.weather", "user.unknown"))
        done = self.heed("explain", "--rules", own, "x")
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"{own}:3: rule user.unknown is built in".encode(), done.stderr)

    def test_byte_order_mark(self):
        own = self.write("own.rules", "\ufeff" + RULE)
        (answer,) = self.ask(b"550 Too much rain\n", "--rules", own)
        self.assertEqual(answer["rule"], "text:own.weather")

    def test_nothing_to_explain(self):
        for text in ("", "  "):
            done = self.heed("explain", text)
            self.assertEqual((done.returncode, done.stdout), (64, b""))
            self.assertIn(b"nothing to explain", done.stderr)

    def test_words_in_any_locale(self):
        """As cron has it; and bytes that are no UTF-8, as on standard input."""
        self.environment["LC_ALL"] = "C"
        for reply in ("550 Benutzer unbekannt: für immer".encode(), b"550 Benutzer unbekannt: f\xfcr immer"):
            done = subprocess.run([str(harness.PROGRAM), "explain", "--format", "json", reply], capture_output=True,
                                  check=False, env=self.environment, timeout=harness.PATIENCE)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            answer = json.loads(done.stdout)
            self.assertEqual((answer["text"], answer["class"]), ("550 Benutzer unbekannt: für immer", "bad-mailbox"))

    def test_file_as_reply(self):
        path = self.write("replies.txt", "550 5.1.1 user unknown\n")
        done = self.heed("explain", path)
        self.assertEqual(done.returncode, 0)
        self.assertIn(f"heed explain < {path}".encode(), done.stderr)
        self.assertIn(str(path).encode(), done.stdout)

    def test_table_of_replies(self):
        rows = [("pattern", "match", "reply_code", "provider", "heed_class"),
                ("[TSS04]", "sub", "421 4.7.0", "Yahoo", "reputation"),
                (r"AUP#(I|In)-13[0-4]0\b.*x", "re", "-", "Charter", "too-many-connections|policy"),
                ("mailbox is full", "isub", "4xx/552 5.2.2", "a", "bad-mailbox"),
                ("x", "sub", "550", "b", "(none)")]
        table = self.write("table.tsv", "".join("\t".join(row) + "\n" for row in rows))
        done = subprocess.run([sys.executable, "-m", "tests.bench.replies", "--heed", str(harness.PROGRAM), str(table)],
                              capture_output=True, check=False, env=self.environment, cwd=harness.ROOT,
                              timeout=harness.PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (1, b""))
        self.assertEqual(done.stdout.decode().splitlines(), [
            "a: 450 mailbox is full: bad-mailbox in the table, mailbox-full by text:mailbox.full",
            "a: 552 5.2.2 mailbox is full: bad-mailbox in the table, mailbox-full by text:mailbox.full",
            "2 of 3 rows agree (66.7 %), 5 replies; 1 rows without a class of Heed's"])

    def test_usage(self):
        done = self.heed("explain", "--format", "yaml", "x")
        self.assertEqual(done.returncode, 64)
        self.assertIn(b"json", done.stderr)


class Cache(Case):
    """The rules are compiled three times: a sanitizer's run leaves this out, and has the cache's unit tests."""

    def test_cache(self):
        """It is made, used, and done without where it cannot be."""
        line = b"550 over quota\n"
        self.environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        first = self.ask(line)
        cached = sorted((self.folder / "cache" / "heed").iterdir())
        self.assertTrue(cached)
        self.assertEqual((self.folder / "cache" / "heed").stat().st_mode & 0o777, 0o700)
        self.assertEqual(self.ask(line), first)
        for path in cached:
            path.write_bytes(b"nonsense")
        self.assertEqual(self.ask(line), first)
        self.environment["XDG_CACHE_HOME"] = "/dev/null"
        self.environment["HEED_DATA"] = "/dev/null"
        self.assertEqual(self.ask(line), first)


if __name__ == "__main__":
    unittest.main()
