# SPDX-License-Identifier: Apache-2.0
"""Real Postfix and Exim, Debian's: their logs and their bounces say what the server said that they had sent to, and they
refuse whom Heed's list names. Root alone can run this; see tests/support/mtas.py."""

import collections
import re
import shutil
import smtplib
import tempfile
import time
import unittest
from email.message import EmailMessage
from pathlib import Path

from tests.e2e.harness import ROOT, Case, World
from tests.support import mtas
from tests.support.receiver import Receiver

PORT, OTHER_PORT = 2526, 2527  # of Postfix

HOSTS = {"out.example.com": "192.0.2.1", "mx.example.org": "192.0.2.10", "mx.busy.example": "192.0.2.20",
         "mx.drop.example": "192.0.2.30", "mx.late.example": "192.0.2.40", "mx.xn--bcher-kva.example": "192.0.2.50"}
DOMAINS = {"example.org": "mx.example.org", "busy.example": "mx.busy.example", "drop.example": "mx.drop.example",
           "late.example": "mx.late.example", "xn--bcher-kva.example": "mx.xn--bcher-kva.example",
           "down.example": "203.0.113.9"}  # which nothing leads to

# The recipients of one message each; the first word is what the server does.
MAILS = [*([f"fine-{number}@example.org"] for number in range(10)), *([f"gone-{number}@example.org"] for number in range(3)),
         ["full-1@example.org"], ["full-2@example.org"], ["blocked-1@example.org"], ["spam-1@example.org"],
         ["spam-2@example.org"],
         ["fine-one@example.org", "gone-other@example.org"], ["fine-é@example.org"], ["fine-idn@xn--bcher-kva.example"],
         ['"fine-two words"@example.org'], ['"gone-two words"@example.org'], ["grey-1@example.org"], ["second-1@example.org"],
         ["busy-1@busy.example"], ["drop-1@drop.example"], ["fine-late@late.example"], ["grey-late@late.example"],
         ["fine-down@down.example"]]

# What Heed makes of each of the server's refusals: class, verdict.
CLASSES = {"gone": ("bad-mailbox", "hard"), "full": ("mailbox-full", "soft"), "blocked": ("reputation", "block"),
           "spam": ("spam-content", "block"), "grey": ("greylisted", "transient")}
EXPIRED = "grey-late@late.example"
DOWN = "fine-down@down.example"

POSTFIX_MAIN = """
smtp_dns_support_level = disabled
smtp_connection_cache_on_demand = no
smtputf8_enable = yes
virtual_mailbox_domains = example.com
virtual_mailbox_maps = inline:{{bounces@example.com=postfix/}}
virtual_mailbox_base = {boxes}
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{user}
transport_maps = inline:{{{transports}}}
smtpd_recipient_restrictions = permit_mynetworks, reject
"""

POSTFIX_MASTER = """
qmgr unix n - n 300 1 qmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
showq unix n - n - - showq
flush unix n - n 1000? 0 flush
pickup unix n - n 60 1 pickup
"""

EXIM = """
primary_hostname = out.example.com
log_selector = +all
smtputf8_advertise_hosts = *
begin routers
bounces:
  driver = accept
  domains = example.com
  transport = box
others:
  driver = manualroute
  route_list = {routes}
  transport = remote
  self = send
begin transports
box:
  driver = appendfile
  directory = {boxes}/exim
  maildir_format
  user = Debian-exim
remote:
  driver = smtp
  interface = 192.0.2.1
  hosts_try_prdr =
begin retry
!late.example * F,1h,1m
"""

ASKED_EXIM = """
primary_hostname = mx.example.net
acl_smtp_rcpt = rcpt
smtputf8_advertise_hosts = *
begin acl
rcpt:
{acl}
  accept
"""

# What is on the list, and what is not though it is like it.
SUPPRESSED = ["plain@example.org", '"two words"@example.org', '"co:lon"@example.org', '"q\\"u\\\\o"@example.org',
              "p%25s@example.org", "${run{x}}@example.org", "a//b@example.org", "*@example.org", "o'neil@example.org", "\u00e9@example.org",
              "idn@xn--bcher-kva.example"]
NOT_IN_FILES = "#hash@example.org"  # for Postfix
NOT_FOR_OLD_PGSQL = "\u00e9@example.org"  # Postfix asks PostgreSQL in Latin-1 before 3.8
OTHERS = ["fine@example.org", "words@example.org", '"two  words"@example.org', "co@example.org", "example.org@example.net",
          "idn@xn--bchr-kva.example"]


def page(heading, kind=""):
    """The first piece of code of docs/export.md below the heading that holds this kind of text."""
    text = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    text = text[text.index(f"\n## {heading}\n"):]
    return next(piece for piece in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) if kind in piece)


def message(number, recipients):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "News <news@example.com>", "January news"
    mail["Message-ID"] = f"<{number}.{time.time_ns()}@example.com>"
    mail.set_content(f"Hello, {len(recipients)} of you.\n")
    return mail.as_string()


def setUpModule():
    global folder, receiver, root, world  # pylint: disable=global-variable-undefined
    folder = Path(tempfile.mkdtemp(prefix="heed-mtas."))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    root = mtas.unpack(folder)
    mtas.enter(folder, HOSTS)
    receiver = Receiver("0.0.0.0", 25)
    unittest.addModuleCleanup(receiver.stop)
    world = World()
    unittest.addModuleCleanup(world.stop)
    world.start_postgres()


class WithMtas(Case):
    """Cases that share a world."""

    @classmethod
    def setUpClass(cls):
        cls.world = world

    @classmethod
    def tearDownClass(cls):
        pass


class Sent(WithMtas):
    """What a server sent and could not send, told by its log and by its bounces."""

    def settle(self, server, attempts, bounces):
        """Waits until the log has so many attempts at others' domains, and so many bounces came back."""
        def settled():
            told = len(re.findall(self.attempt, server.log.read_text(errors="replace")))
            return told >= attempts and len(self.bounces(server)) >= bounces
        try:
            mtas.wait(settled, f"{attempts} attempts and {bounces} bounces")
        except RuntimeError as error:
            raise RuntimeError(f"{error}; the log:\n{server.log.read_text(errors='replace')}") from error

    def bounces(self, server):
        return sorted((folder / "boxes" / server.folder.name / "new").iterdir())

    def check(self, server, name, said):
        """Counts of the log are those of the server; log and bounces tell of one failure each, whichever comes first."""
        last = {}
        for answer in said:
            last[answer.address] = answer
        self.assertEqual(set(last), {address for mail in MAILS for address in mail} - {DOWN})
        delivered = {address for address, answer in last.items() if answer.code == 250}
        failed = {address for address, answer in last.items() if answer.code >= 500} | {EXPIRED}
        deferred = len(said) - len(delivered) - len(failed - {EXPIRED}) + self.unreached
        for logs_first in True, False:
            with self.subTest(logs_first=logs_first):
                database = self.world.database()
                log = f'log "{name}" {{ path = "{server.log}" format = "{name}" }}\nguard {{ enabled = no }}'
                config = self.world.config(database, f"{database}.conf", log)
                steps = [["poll"], ["ingest", folder / "boxes" / name / "new"]]
                for step in steps if logs_first else reversed(steps):
                    self.heed(*step, config=config)
                query = self.world.postgres.query
                self.assertEqual(query(database, "SELECT delivered, deferred, failed, unread, last_error FROM heed.log_status"),
                                 [[str(len(delivered)), str(deferred), str(len(failed)), "0", ""]])
                self.check_failures(query, database, failed)

    def check_failures(self, query, database, failed):
        """Each recipient failed once, told twice, and is of the class that the server's words are of."""
        rows = query(database, "SELECT address, class, verdict, count(*), count(DISTINCT digest) FROM heed.event_log"
                               " WHERE kind = 'bounce' GROUP BY 1, 2, 3")
        want = {self.normal(address): CLASSES[address.strip('"').split("-")[0]] for address in failed}
        self.assertEqual({address: (kind, verdict) for address, kind, verdict, _, _ in rows}, want)
        self.assertEqual(collections.Counter((told, reports) for *_, told, reports in rows), {("2", "2"): len(failed)})
        self.assertEqual(query(database, "SELECT count(*) FROM heed_data.failure AS f WHERE EXISTS (SELECT FROM heed_data.event"
                                         " WHERE event.failure_key = f.failure_key AND kind = 'bounce')"), [[str(len(failed))]])

    @staticmethod
    def normal(address):
        return address.lower()


class Postfix(Sent):
    attempt = r"to=<[^>]*@(?!example\.com>)[^>]*>.* status=(?:sent|deferred|bounced)"
    unreached = 2  # attempts at what cannot be reached

    def test_sent(self):
        mtas.maildir(folder / "boxes" / "postfix", mtas.POSTFIX)
        transports = " ".join(f"{{{domain}=smtp:[{host}]:25}}" for domain, host in DOMAINS.items())
        main = POSTFIX_MAIN.format(boxes=folder / "boxes", user=mtas.POSTFIX, transports=transports)
        server = mtas.Postfix(folder / "postfix", root, PORT, main, POSTFIX_MASTER)
        receiver.take()
        try:
            with smtplib.SMTP("127.0.0.1", PORT) as session:
                session.command_encoding = "utf-8"
                session.ehlo("app.example.com")
                for number, recipients in enumerate(MAILS):
                    session.mail("bounces@example.com", ["SMTPUTF8"])
                    for address in recipients:
                        self.assertEqual(session.docmd(f"RCPT TO:<{address}>")[0], 250, address)
                    session.data(message(number, recipients))
            recipients = sum(map(len, MAILS))
            self.settle(server, recipients, 10)
            queue = server.queue()
            server.command("postsuper", "-e", queue[EXPIRED])
            server.command("postqueue", "-f")
            self.settle(server, recipients + len(queue) - 1, 11)  # what is made to expire is not tried again
        finally:
            server.stop()
        self.check(server, "postfix", receiver.take())


class Exim(Sent):
    attempt = r"(?:=>|->|\*\*|==) \S.*@(?!example\.com)"
    unreached = 2

    def test_sent(self):
        mtas.maildir(folder / "boxes" / "exim", mtas.EXIM)
        routes = " ; ".join(f"{domain} {host} byname" for domain, host in DOMAINS.items())
        server = mtas.Exim(folder / "exim", root, EXIM.format(boxes=folder / "boxes", routes=routes))
        receiver.take()
        for number, recipients in enumerate(MAILS):
            server.run("-odf", "-oi", "-f", "bounces@example.com", *recipients, input=message(number, recipients))
        server.run("-qff")
        self.settle(server, sum(map(len, MAILS)), 11)
        self.check(server, "exim", receiver.take())


class Lists(WithMtas):
    """Both servers refuse who is on the list, and nobody else."""

    def setUp(self):
        self.folder = folder / self.id().rpartition(".")[2]
        self.folder.mkdir()
        self.database = self.world.database()
        self.config = self.world.config(self.database, f"{self.database}.conf", "")
        self.heed("suppress", "add", *SUPPRESSED, NOT_IN_FILES, config=self.config)

    def judge(self, answers, without=()):
        self.assertEqual(set(answers), {*SUPPRESSED, NOT_IN_FILES, *OTHERS})
        for address, answer in answers.items():
            refused = address not in OTHERS and address not in without
            self.assertTrue(answer.startswith("55" if refused else "25"), f"{address}: {answer}")
            self.assertEqual("suppressed: manual" in answer, refused, answer)

    def ask_postfix(self, port):
        """{address: its answer to RCPT}"""
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as session:
            session.command_encoding = "utf-8"
            session.ehlo("client.example.net")
            session.docmd("MAIL FROM:<sender@example.net> SMTPUTF8")
            answers = {}
            for address in [*SUPPRESSED, NOT_IN_FILES, *OTHERS]:
                code, text = session.docmd(f"RCPT TO:<{address}>")
                answers[address] = f"{code} {text.decode(errors='replace')}"
            return answers

    def test_postfix(self):
        listed, asked = self.folder / "suppressed", self.folder / "suppressed.cf"
        self.assert_one_line(self.heed("export", "--format", "postfix", "-o", listed, config=self.config).stderr, "is not in it")
        asked.write_text(page("Postfix", "hosts =").replace("///heed?", f"///{self.database}?host={self.world.postgres.folder}&")
                         .replace("dbname = heed", f"dbname = {self.database}"))
        main = "default_transport = discard\nsmtputf8_enable = yes\nsmtpd_error_sleep_time = 0\n" + "".join(
            f"{name} = check_recipient_access {kind}:{path}, permit_mynetworks, reject\n"
            for name, kind, path in (("smtpd_recipient_restrictions", "texthash", listed), ("by_pgsql", "pgsql", asked)))
        server = mtas.Postfix(self.folder / "postfix", root, PORT, main,
                              f"{OTHER_PORT} inet n - n - - smtpd -o smtpd_recipient_restrictions=$by_pgsql\n")
        try:
            self.judge(self.ask_postfix(PORT), [NOT_IN_FILES])
            self.judge(self.ask_postfix(OTHER_PORT), [NOT_FOR_OLD_PGSQL])
            server.command("postmap", f"hash:{listed}")
            for address in SUPPRESSED:
                self.assertIn("REJECT 5.7.1 suppressed: manual", server.command("postmap", "-q", address, f"hash:{listed}"))
            with self.assertRaises(RuntimeError):
                server.command("postmap", "-q", OTHERS[0], f"hash:{listed}")
        finally:
            server.stop()

    def ask_exim(self, server):
        """The same of a session that it plays with its standard input."""
        asked = [*SUPPRESSED, NOT_IN_FILES, *OTHERS]
        lines = ["EHLO client.example.net", "MAIL FROM:<sender@example.net> SMTPUTF8",
                 *(f"RCPT TO:<{address}>" for address in asked), "QUIT"]
        said = server.run("-bh", "192.0.2.99", input="".join(f"{line}\r\n" for line in lines))
        answers = [line for line in said.splitlines() if line[:1] in "245" and line[3:4] == " "]
        return dict(zip(asked, answers[3:]))  # behind the greeting, and the answers to EHLO and MAIL

    def test_exim(self):
        listed = self.folder / "suppressed"
        self.heed("export", "--format", "exim", "-o", listed, config=self.config)
        mtas.run(root / "usr/sbin/exim_dbmbuild", listed, self.folder / "suppressed.db")
        acl = page("Exim", "deny").replace("/etc/exim4/suppressed", str(listed))
        for kind, rule in ("lsearch", acl), ("dbm", acl.replace("lsearch{", "dbm{").replace(f"{listed}}}", f"{listed}.db}}")):
            with self.subTest(kind=kind):
                server = mtas.Exim(self.folder / kind, root, ASKED_EXIM.format(acl=rule))
                self.judge(self.ask_exim(server))
        found = server.run("-be", f"${{lookup{{two words@example.org}}lsearch{{{listed}}}{{$value}}{{none}}}}",
                           f"${{lookup{{fine@example.org}}lsearch{{{listed}}}{{$value}}{{none}}}}")
        self.assertEqual(found.split("\n")[:2], ["suppressed: manual", "none"])


if __name__ == "__main__":
    unittest.main()
