# SPDX-License-Identifier: Apache-2.0
"""A mail server that answers as the recipient's name asks for, and remembers what it said: the truth that logs, bounces and
Heed are held against."""

import collections
import socketserver
import threading

# By the name's first word, up to "-": when it is said, and what.
SAYS = {
    "gone": ("rcpt", "550 5.1.1 <{address}>: Recipient address rejected: User unknown"),
    "full": ("rcpt", "552-5.2.2 <{address}>: mailbox is full\r\n552 5.2.2 Quota exceeded"),
    "blocked": ("rcpt", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example.net"),
    "grey": ("rcpt", "451 4.7.1 <{address}>: Recipient address rejected: Greylisted"),
    "busy": ("rcpt", "421 4.7.0 Too many messages from your host, try again later"),
    "spam": ("data", "550 5.7.1 Message rejected as spam by content filtering"),
    "drop": ("rcpt", None),
}

Answer = collections.namedtuple("Answer", "address code text")


class Session(socketserver.StreamRequestHandler):
    """One connection. What is said of a recipient is noted when it is final: at RCPT when refused, else behind the data."""

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def recipient(self, address):
        """What is said to RCPT; None: nothing, and the connection is closed."""
        word = address.strip('"').split("@")[0].split("-")[0]
        when, text = SAYS.get(word, ("data", None))
        if word == "second" and self.server.tries[address] == 0:
            when, text = SAYS["grey"]
        self.server.tries[address] += 1
        if when == "data":
            self.taken.append(address)
            self.verdict = text or self.verdict
            return "250 2.1.5 Ok"
        text = text and text.format(address=address)
        self.note(address, text)
        return text

    def note(self, address, text):
        with self.server.lock:
            self.server.said.append(Answer(address, int(text[:3]) if text else 0, text and text.replace("\r\n", " ")))

    def data(self):
        self.say("354 End data with <CR><LF>.<CR><LF>")
        for line in self.rfile:
            if line == b".\r\n":
                break
        else:
            return False
        text = self.verdict or f"250 2.0.0 Ok: \"queued\" as {len(self.server.said)}"
        for address in self.taken:
            self.note(address, text)
        self.say(text)
        return True

    def handle(self):
        self.say("220 mx.example.org ESMTP")
        for line in self.rfile:
            word, _, rest = line.decode(errors="replace").strip().partition(":")
            word = word.upper()
            if word.startswith("EHLO"):
                self.say("250-mx.example.org\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
            elif word == "MAIL FROM":
                self.taken, self.verdict = [], None
                self.say("250 2.1.0 Ok")
            elif word == "RCPT TO":
                text = self.recipient(rest[rest.index("<") + 1:rest.rindex(">")])
                if text is None:
                    return
                self.say(text)
                if text.startswith("421"):
                    return
            elif word == "DATA":
                if not self.taken:
                    self.say("554 5.5.1 No valid recipients")
                elif not self.data():
                    return
            elif word == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                self.say("250 2.0.0 Ok")


class Receiver(socketserver.ThreadingTCPServer):
    """Listens from its making on until it is stopped."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, host, port):
        super().__init__((host, port), Session)
        self.lock = threading.Lock()
        self.said = []
        self.tries = collections.Counter()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def take(self):
        """What was said since it was asked last."""
        with self.lock:
            said, self.said = self.said, []
            self.tries.clear()
        return said
