#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Lets a real Postfix deliver mail with a configuration that `heed throttle` printed. For tests/e2e/test_throttle.py, as root,
from the project's folder:

    /usr/bin/python3 -m tests.support.paced_postfix FOLDER ROOT RECIPIENT…

FOLDER has the parts main, master and transport; ROOT is where the package is unpacked. All mail goes to Postfix's own
smtp-sink. Prints what the log says of each recipient, a line each: how long it waited in the queue manager, and its status.
"""

import re
import smtplib
import subprocess
import sys
from pathlib import Path

from tests.support import mtas

PORT = 2528
SINK = "127.0.0.2"  # not Postfix's own address, or it would say that mail loops
MAIN_CF = """
transport_maps = texthash:{folder}/transport
disable_dns_lookups = yes
smtp_host_lookup = native
smtp_tcp_port = 2529
smtp_tls_security_level = none
"""
MASTER_CF = """
smtp unix - - n - - smtp
qmgr unix n - n 300 1 qmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
flush unix n - n 1000? 0 flush
"""
SAID = re.compile(r"to=<([^>]+)>,.* delays=[^/]+/([0-9.]+)/.* status=(\w+) \((.*)\)")


def deliver(folder, root, recipients):
    postfix = mtas.Postfix(folder / "instance", root, PORT, MAIN_CF.format(folder=folder) + (folder / "main").read_text(),
                           MASTER_CF + (folder / "master").read_text())
    try:
        session = smtplib.SMTP("127.0.0.1", PORT, timeout=20)
        for recipient in recipients:
            session.sendmail("sender@example.net", [recipient], "Subject: test\n\ntext\n")

        def told():
            lines = SAID.findall(postfix.log.read_text())
            return lines if len(lines) >= len(recipients) else None

        return mtas.wait(told, "Postfix to say what became of all", 30)
    finally:
        postfix.stop()


def main(folder, root, *recipients):
    folder, root = Path(folder), Path(root)
    mtas.enter(folder, {recipient.split("@")[1]: SINK for recipient in recipients})
    sink = subprocess.Popen([root / "usr/sbin/smtp-sink", "-u", "nobody", f"{SINK}:2529", "100"])
    try:
        for recipient, waited, status, words in deliver(folder, root, recipients):
            print(recipient, waited, status, words)
    finally:
        sink.terminate()
        sink.wait(20)


if __name__ == "__main__":
    main(*sys.argv[1:])
