#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A mail server that misbehaves, for the tests of ingest/.

usage: hostile_server.py SCENARIO

Listens on a free port of 127.0.0.1, prints the port and a newline, and plays the scenario with whoever connects, in
plaintext, until standard input ends. IMAP scenarios begin with "imap-", POP3 ones with "pop3-".
"""

import socket
import sys
import threading
import time

MAIL = b"Subject: x\r\n\r\nbody\r\n"
MEGABYTE = b"x" * (1 << 20)


class Gone(Exception):
    """The client has closed the connection, or this side has."""


def send(client, data):
    try:
        client.sendall(data)
    except OSError as error:
        raise Gone from error


def pour(client, data, times):
    for _ in range(times):
        send(client, data)


def trickle(client, data):
    for byte in data * 1000:
        send(client, bytes([byte]))
        time.sleep(0.2)


def fetch_body(scenario, client, uid):
    """Answers a FETCH of a message, in the scenario's way."""
    head = b"* 1 FETCH (UID %d BODY[] " % uid
    if scenario == "imap-close-in-literal":
        send(client, head + b"{1000}\r\nhalf")
        raise Gone
    if scenario == "imap-huge-literal":
        send(client, head + b"{4000000000}\r\n")
        pour(client, MEGABYTE, 300)
    if scenario == "imap-endless-line":
        send(client, head)
        pour(client, MEGABYTE, 300)
    if scenario == "imap-nested":
        send(client, b"* 1 FETCH (UID %d BODYSTRUCTURE " % uid + b"(" * 200000 + b"\r\n")
    if scenario == "imap-nested-behind-fake-literal":
        send(client, b"* OK look {1000000}\r\n* 1 FETCH (BODYSTRUCTURE " + b"(" * 200000 + b"\r\n")
    if scenario == "imap-nested-in-pieces":
        for _ in range(3000):
            send(client, b"* 1 FETCH (BODYSTRUCTURE " if _ == 0 else b"(" * 100 + b"{0}\r\n")
    if scenario == "imap-trickle":
        trickle(client, head + b"{100000}\r\n")
    if scenario == "imap-many-responses":
        pour(client, b"* 7 EXISTS\r\n" * 10000, 3000)
    if scenario == "imap-left-out":
        return
    if scenario == "imap-bye":
        send(client, b"* BYE shutting down\r\n")
        raise Gone
    send(client, head + b"{%d}\r\n%s)\r\n" % (len(MAIL), MAIL))


def fetch(scenario, client, tag, command):
    if b"RFC822.SIZE" in command:
        for uid in (1, 2):
            if b"%d" % uid in command.split(b" ")[3] or b":" in command:
                send(client, b'* %d FETCH (UID %d RFC822.SIZE 20 INTERNALDATE "01-Jan-2026 00:00:00 +0100")\r\n'
                     % (uid, uid))
    elif scenario == "imap-refuses-one" and b":" not in command.split(b" ")[3] and b" 2 " not in command:
        fetch_body(scenario, client, 1)
    elif scenario == "imap-refuses-one":
        send(client, tag + b" NO [SERVERBUG] cannot read that one\r\n")
        return
    else:
        for uid in (1, 2):
            fetch_body(scenario, client, uid)
    send(client, tag + b" OK done\r\n")


def imap_command(scenario, client, tag, command):
    word = command.split(b" ")[1].upper()
    if word == b"CAPABILITY" and scenario != "imap-no-capability":
        send(client, b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n")
    if word == b"LIST":
        if scenario == "imap-list-literal":
            send(client, b'* LIST () "/" {4}\r\nabcd\r\n')
        send(client, b'* LIST (\\Noselect) "/" ""\r\n')
    if word in (b"SELECT", b"EXAMINE"):
        send(client, b"* FLAGS (\\Seen)\r\n* 2 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT 3] n\r\n")
    if word == b"UID":
        fetch(scenario, client, tag, command)
        return
    if word == b"LOGOUT":
        send(client, b"* BYE\r\n" + tag + b" OK bye\r\n")
        raise Gone
    if word == b"STARTTLS":
        send(client, tag + b" OK begin\r\n" + b"* OK injected\r\n")
        return
    send(client, tag + b" OK done\r\n")


def greet(scenario, client):
    """The greeting; scenarios that get no further raise Gone."""
    kind = scenario.split("-", 1)[1]
    if kind == "garbage":
        send(client, b"\x00\xff\x16\x03\x01 HTTP/1.1 400 Bad Request\r\n\r\n")
    elif kind == "silent":
        time.sleep(60)
    elif kind == "close":
        raise Gone
    elif kind == "endless-greeting":
        pour(client, MEGABYTE, 300)
    elif kind == "trickle-greeting":
        trickle(client, b"* OK +OK")
    elif kind == "preauth":
        send(client, b"* PREAUTH welcome\r\n")
    elif kind == "bye-greeting":
        send(client, b"* BYE go away\r\n")
    else:
        send(client, b"* OK ready\r\n" if scenario.startswith("imap") else b"+OK ready\r\n")


def may_delete(scenario, command):
    if scenario == "pop3-same-uidl-resumed":
        return False
    return scenario != "pop3-same-uidl" or command.endswith(b" 1")


def pop3_command(scenario, client, command):
    word = command.split(b" ")[0].upper()
    if word == b"UIDL" and scenario == "pop3-no-uidl":
        send(client, b"-ERR unknown command\r\n")
    elif word in (b"UIDL", b"LIST") and b" " not in command:
        if scenario == "pop3-endless-list":
            send(client, b"+OK\r\n")
            pour(client, b"1 aaaaaaaa\r\n" * 10000, 3000)
        if scenario == "pop3-endless-list-line":
            send(client, b"+OK\r\n1 ")
            pour(client, MEGABYTE, 300)
        if scenario.startswith("pop3-same-uidl"):
            send(client, b"+OK\r\n1 11\r\n2 22\r\n3 11\r\n.\r\n")
        elif scenario == "pop3-gap":
            send(client, b"+OK\r\n1 11\r\n3 33\r\n.\r\n")
        elif scenario == "pop3-long-uidl":
            send(client, b"+OK\r\n1 " + b"1" * 300 + b"\r\n2 22\r\n.\r\n")
        else:
            send(client, b"+OK\r\n1 11\r\n2 22\r\n.\r\n")
    elif word == b"UIDL":
        send(client, b"+OK 2 22\r\n")
    elif word == b"RETR":
        if scenario == "pop3-close-in-retr":
            send(client, b"+OK\r\nhalf")
            raise Gone
        if scenario == "pop3-endless-retr":
            send(client, b"+OK\r\n")
            pour(client, MEGABYTE, 300)
        if scenario == "pop3-trickle":
            send(client, b"+OK\r\n")
            trickle(client, b"body\r\n")
        if scenario == "pop3-refuses-one" and command.endswith(b" 1"):
            send(client, b"-ERR cannot read that one\r\n")
            return
        send(client, b"+OK\r\n" + MAIL + b".\r\n")
    elif word == b"QUIT" and scenario == "pop3-quit-fails":
        send(client, b"-ERR some deleted messages not removed\r\n")
        raise Gone
    elif word == b"DELE" and not may_delete(scenario, command):
        send(client, b"-ERR that one was not asked for\r\n")
    elif word == b"QUIT":
        send(client, b"+OK\r\n")
        raise Gone
    elif word == b"STLS":
        send(client, b"+OK begin\r\n+OK injected\r\n")
    else:
        send(client, b"+OK\r\n")


def serve(scenario, client):
    lines = client.makefile("rb")
    try:
        greet(scenario, client)
        for line in lines:
            line = line.rstrip(b"\r\n")
            if scenario.startswith("imap"):
                imap_command(scenario, client, line.split(b" ")[0], line)
            else:
                pop3_command(scenario, client, line)
    except (Gone, OSError, IndexError):
        pass
    finally:
        try:
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        client.close()


def accept(scenario, listener):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(scenario, client), daemon=True).start()


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(sys.argv[1], listener), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


main()
