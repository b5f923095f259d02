# SPDX-License-Identifier: Apache-2.0
"""An IMAP server of ill will: it answers well until the mail itself is asked for, and then misbehaves
as its mode says. Plain text, one thread a connection."""

import re
import socket
import socketserver
import threading
import time

MESSAGE = (b"From: MAILER-DAEMON@out1.example.com\r\nSubject: nothing\r\n\r\n" + b"x" * 2000 + b"\r\n")


def cut(session, tag, uid):
    """The connection ends inside a literal."""
    session.send(b"* %d FETCH (UID %d BODY[] {%d}\r\n" % (uid, uid, len(MESSAGE)) + MESSAGE[:100])
    raise ConnectionError


def trickle(session, tag, uid):
    """One byte a second."""
    session.send(b"* %d FETCH (UID %d BODY[] {%d}\r\n" % (uid, uid, len(MESSAGE)))
    for byte in MESSAGE:
        session.send(bytes([byte]))
        time.sleep(1)


def silent(session, tag, uid):
    """Nothing more, and the connection stays."""
    session.wait_for_end()


def endless_line(session, tag, uid):
    """A line that never ends."""
    session.send(b"* OK ")
    while True:
        session.send(b"a" * 65536)


def huge_literal(session, tag, uid):
    """A literal of four gigabytes."""
    session.send(b"* %d FETCH (UID %d BODY[] {4000000000}\r\n" % (uid, uid))
    while True:
        session.send(b"a" * 65536)


def nested_parentheses(session, tag, uid):
    """A structure that overflows the stack of who reads it recursively."""
    session.send(b"* %d FETCH (UID %d BODYSTRUCTURE " % (uid, uid) + b"(" * 60000 + b")" * 60000 + b")\r\n")
    session.send(tag + b" OK done\r\n")


def endless_responses(session, tag, uid):
    """Answers without end to one command."""
    while True:
        session.send(b"* 1 EXISTS\r\n" * 5000)


def close_at_greeting(session, tag, uid):
    """Never reached: the greeting is refused."""


class Session(socketserver.StreamRequestHandler):
    """Commands as RFC 3501 has them, as far as a client of ours needs them."""

    def send(self, data):
        self.wfile.write(data)
        self.wfile.flush()

    def wait_for_end(self):
        while self.rfile.readline():
            continue

    def handle(self):
        try:
            if self.server.mode is close_at_greeting:
                self.send(b"* BYE not today\r\n")
                return
            self.send(b"* OK ready\r\n")
            for line in iter(self.rfile.readline, b""):
                if not self.answer(line):
                    return
        except (ConnectionError, OSError):
            self.request.close()

    def answer(self, line):
        tag, _, command = line.rstrip(b"\r\n").partition(b" ")
        word = command.upper()
        if word.startswith(b"CAPABILITY"):
            self.send(b"* CAPABILITY IMAP4rev1 UIDPLUS MOVE IDLE\r\n")
        elif word.startswith((b"SELECT", b"EXAMINE")):
            self.send(b"* FLAGS (\\Seen \\Deleted)\r\n* 3 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] ok\r\n"
                      b"* OK [UIDNEXT 4] ok\r\n")
        elif word.startswith(b"UID SEARCH"):
            self.send(b"* SEARCH 1 2 3\r\n")
        elif b"FETCH" in word and b"BODY" in word:
            first = int(re.search(rb"FETCH (\d+)", word).group(1))
            self.server.mode(self, tag, first)
            return True
        elif b"FETCH" in word:
            for uid in (1, 2, 3):
                self.send(b"* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE \"01-Sep-2026 10:00:00 +0000\" FLAGS ())\r\n"
                          % (uid, uid, len(MESSAGE)))
        elif word.startswith(b"LOGOUT"):
            self.send(b"* BYE\r\n" + tag + b" OK bye\r\n")
            return False
        elif word.startswith(b"AUTHENTICATE"):
            self.send(b"+ \r\n")
            self.rfile.readline()
        self.send(tag + b" OK done\r\n")
        return True


class Hostile:
    """Use as a context: with Hostile(cut) as port."""

    def __init__(self, mode):
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self.server.daemon_threads = True
        self.server.mode = mode

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self.server.server_address[1]

    def __exit__(self, *unused):
        self.server.shutdown()
        self.server.server_close()


def refused_port():
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
