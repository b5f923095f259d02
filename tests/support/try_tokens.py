#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Real Postfix and Exim send mail that is signed as docs/trust.md says, and bounce it; Heed believes the bounces. By hand, as
root, with a network, from the project's folder:

    /usr/bin/python3 -m tests.support.try_tokens

Not one of the tests, since it needs more packages and longer than they may. What is tried is the text of the page itself:
the programs, the commands and the pieces of configuration that stand there. KumoMTA's is run by Lua, with KumoMTA's
functions written anew.
"""

import base64
import os
import re
import shutil
import smtplib
import socketserver
import subprocess
import sys
import threading
import time
from email.message import EmailMessage

from tests.e2e import harness
from tests.e2e.harness import OWN, ROOT, World, run_heed
from tests.support import mtas

PACKAGES = (*mtas.PACKAGES, "socat", "lua5.4")
PAGE = (ROOT / "docs" / "trust.md").read_text()
PORT, SINK = 2527, 2528

MAIN_CF = """
recipient_delimiter = +
virtual_mailbox_domains = example.com
virtual_mailbox_maps = inline:{{bounces@example.com=postfix/}}
virtual_mailbox_base = {boxes}
virtual_alias_maps = inline:{{b@example.com=bounces@example.com}}
virtual_uid_maps = static:64901
virtual_gid_maps = static:64901
transport_maps = inline:{{example.org=smtp:[127.0.0.1]:{sink}}}
smtpd_recipient_restrictions = permit_mynetworks, reject
smtp_dns_support_level = disabled
"""

MASTER_CF = """
pickup unix n - n 60 1 pickup
qmgr unix n - n 300 1 qmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
virtual unix - n n - - virtual
"""

EXIM = """
primary_hostname = mx.example.net
domainlist local_domains = example.com
begin routers
bounces:
  driver = accept
  domains = example.com
  local_parts = b : bounces
{suffix}
  transport = box
{router}
begin transports
box:
  driver = appendfile
  directory = {boxes}/exim
  maildir_format
  user = Debian-exim
remote_smtp:
  driver = smtp
  port = {sink}
  hosts_try_prdr =
"""

# What the piece of policy asks of KumoMTA: https://docs.kumomta.com/reference/kumo.digest/
KUMO = """
kumo = {{ digest = {{}} }}
function kumo.digest.hmac_sha256(_, text)
  local command = 'printf %s "' .. text .. '" | openssl dgst -sha256 -mac HMAC -macopt hexkey:{key} -binary | base32 | tr -d "=\\n"'
  return {{ base32_nopad = io.popen(command):read 'a' }}
end
local function mail(user, domain)
  return {{ recipient = function() return {{ user = user, domain = domain }} end, set_sender = function(_, path) print(path) end }}
end
function kumo.on(_, handler)
  handler(mail('Gone', 'Example.org'))
  handler(mail('ann', 'example.org'))
  handler(mail('"two words"', 'example.org'))
  handler(mail(('x'):rep(40), 'example.org'))
end
{policy}
"""


class Sink(socketserver.StreamRequestHandler):
    """The recipients' server: it knows nobody whose name begins with gone."""

    paths = []
    tokens = []

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self):
        self.say("220 mx.example.org ESMTP")
        for line in iter(self.rfile.readline, b""):
            word, _, rest = line.decode().strip().partition(":")
            if word == "MAIL FROM":
                self.paths.append(rest)
            if word == "RCPT TO" and rest.startswith("<gone"):
                self.say("550 5.1.1 no such user")
            elif word == "DATA":
                self.say("354 go on")
                for text in iter(self.rfile.readline, b".\r\n"):
                    if text.startswith(b"Heed-Token:"):
                        self.tokens.append(text.decode().strip())
                self.say("250 2.0.0 taken")
            elif word == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.1.0 fine")


def piece(after, kind=""):
    """The first piece of code of the page behind these words."""
    return re.search(rf"```{kind}\n(.*?)```", PAGE[PAGE.index(after):], re.DOTALL).group(1)


def message(address):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "News <news@example.com>", address, "January news"
    mail["Message-ID"] = f"<{address.partition('@')[0]}.{time.time_ns()}@example.com>"
    mail.set_content("Hello.\n")
    return mail


class Trial:
    def __init__(self, world, folder, root):
        self.world, self.folder, self.root = world, folder, root
        self.database = world.database()
        self.wrong = 0
        own = OWN.replace("}\n}", f'}}\n    token-key-file = "{folder}/token.key"\n}}')
        boxes = "".join(world.mailbox(name, f"maildir:{folder}/boxes/{name}") for name in ("postfix", "exim"))
        for name, user in (("postfix", 64901), ("exim", 64903)):
            for sub in ("", "cur", "new", "tmp"):
                (folder / "boxes" / name / sub).mkdir(parents=True, exist_ok=True)
                os.chown(folder / "boxes" / name / sub, user, user)
        self.config = world.config(self.database, "tokens.conf", boxes, own)
        self.heed("token", "make", "--new-key")
        programs = folder / "programs"  # what is called heed and sendmail in the page
        programs.mkdir()
        self.program(programs / "heed", f'exec "{harness.PROGRAM}" --config "{self.config}" "$@"')
        self.program(programs / "sendmail", f'MAIL_CONFIG="{folder}/postfix/etc" exec "{root}/usr/sbin/sendmail" "$@"')
        os.environ["PATH"] = f"{programs}:{root}/usr/bin:{root}/usr/sbin:{os.environ['PATH']}"

    def program(self, path, text):
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def heed(self, *arguments):
        done = run_heed(arguments, self.config)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def mails(self, name):
        return list((self.folder / "boxes" / name / "new").iterdir())

    def wait(self, name, count):
        for _ in range(300):
            if len(self.mails(name)) >= count:
                return
            time.sleep(0.1)

    def judge(self, what, addresses):
        """Each bounced, Heed believed it, and the list has it."""
        self.heed("poll")
        events = {address: trust for address, trust in
                  self.world.postgres.query(self.database, "SELECT address, trust FROM heed.event_log ORDER BY trust")}
        listed = set(self.heed("export", "--format", "text").split())
        for address in addresses:
            good = events.get(address) == "signed" and address in listed
            self.wrong += not good
            print(f"{'    ' if good else 'BAD '}{what:32} {address:24} {events.get(address)}")


def try_postfix(trial):
    """A program that asks for a token for each of its mails, and the shell's lines; both from the page."""
    folder = trial.folder / "postfix"
    postfix = mtas.Postfix(folder, trial.root, PORT, MAIN_CF.format(boxes=trial.folder / "boxes", sink=SINK), MASTER_CF)
    try:
        code = piece("### From a program", "python").replace('"localhost"', f'"127.0.0.1", {PORT}')
        exec(compile(code, "trust.md", "exec"),
             {"mailing": [(address, message(address)) for address in ("gone1@example.org", "ann@example.org")]})
        # In the header alone: the bounce returns it
        mail = message("gone2@example.org")
        name, _, token = trial.heed("token", "make", "--format", "header", "gone2@example.org").strip().partition(": ")
        mail[name] = token
        with smtplib.SMTP("127.0.0.1", PORT) as server:
            server.send_message(mail, from_addr="bounces@example.com", to_addrs=["gone2@example.org"])
        (folder / "message").write_text(message("gone3@example.org").as_string())
        subprocess.run(["sh", "-e"], input=piece("### Postfix", "sh").replace("ann@", "gone3@"), text=True, cwd=folder, check=True)
        trial.wait("postfix", 3)
    finally:
        postfix.stop()
    trial.judge("Postfix", [f"gone{number}@example.org" for number in (1, 2, 3)])


def try_exim(trial):
    folder = trial.folder / "exim"
    router = piece("### Exim").replace("/run/heed", str(folder)).replace(
        "driver = dnslookup", "driver = manualroute\n  route_list = * 127.0.0.1 byname\n  self = send")
    suffix = re.search(r"`(local_part_suffix = .*?)` and `(.*?)`", PAGE)
    server = mtas.Exim(folder, trial.root, EXIM.format(boxes=trial.folder / "boxes", sink=SINK, router=router,
                                                       suffix="\n".join(f"  {line}" for line in suffix.groups())))
    tokens = [subprocess.Popen(["sh", "-c", "exec " + line.replace("/run/heed", str(folder))])
              for line in piece("Each socket needs", "sh").splitlines()]
    try:
        time.sleep(0.5)
        addresses = ["gone4@example.org", "gone5@example.org", "gone" + "x" * 40 + "@example.org", "bob@example.org"]
        server.run("-odf", "-oi", "-f", "bounces@example.com", *addresses, input=message(addresses[0]).as_string())
        trial.wait("exim", 3)
    finally:
        for giver in tokens:
            giver.terminate()
            giver.wait()
    trial.judge("Exim", addresses[:2])
    trial.wrong += not trial.heed("token", "verify", Sink.tokens[-1]).startswith("bob@example.org")
    # The third one's address is too long for a return path: the bounce goes where it went before.
    trial.wrong += not any(b"\nTo: bounces@example.com" in mail.read_bytes() for mail in trial.mails("exim"))


def try_kumomta(trial):
    """The piece of policy, between functions of KumoMTA's that are written anew; Heed reads the return paths."""
    name, key = (trial.folder / "token.key").read_text().strip().split(":")
    policy = piece("### KumoMTA", "lua").replace("'heed:a'", f"'heed:{name}'").replace("'ha'", f"'h{name}'")
    done = subprocess.run([trial.root / "usr/bin/lua5.4", "-"], input=KUMO.format(key=base64.b64decode(key).hex(), policy=policy),
                          capture_output=True, text=True, check=True)
    paths = done.stdout.split()
    print(f"{trial.heed('token', 'verify', *paths)}by KumoMTA's policy")
    trial.wrong += len(paths) != 2


def main():
    world = World()
    sink = socketserver.ThreadingTCPServer(("127.0.0.1", SINK), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    try:
        folder = world.folder / "tokens"
        folder.mkdir()
        root = mtas.unpack(folder, PACKAGES)
        mtas.enter(folder)
        os.environ["LD_LIBRARY_PATH"] += f":{root}/usr/lib/x86_64-linux-gnu"
        world.start_postgres()
        trial = Trial(world, folder, root)
        try_postfix(trial)
        try_exim(trial)
        try_kumomta(trial)
        print("\n".join(["", "return paths that the recipients' server saw", *Sink.paths]))
        print(f"\n{trial.wrong} wrong")
        return trial.wrong != 0
    finally:
        sink.shutdown()
        world.stop()
        shutil.rmtree(world.folder, ignore_errors=True)


if __name__ == "__main__":
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    assert harness.PROGRAM.exists(), harness.PROGRAM
    sys.exit(main())
