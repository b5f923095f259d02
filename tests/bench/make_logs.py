# SPDX-License-Identifier: Apache-2.0
"""Logs of mail servers as large as wanted, for benchmarks: in each format the lines of messages of which most are delivered,
one in ten is deferred and one in twenty refused. Addresses, ids and times vary."""

import itertools
import time

BEGIN = 1767225600  # 2026-01-01T00:00:00Z

REPLIES = {
    "sent": (250, "2.0.0", "Ok: queued as {id}"),
    "deferred": (451, "4.7.1", "<{to}>: Greylisted, see https://help.example.net/greylist"),
    "bounced": (550, "5.1.1", "<{to}>: Recipient address rejected: User unknown in virtual mailbox table"),
}


def outcome(number):
    return "deferred" if number % 10 == 9 else "bounced" if number % 20 == 4 else "sent"


class Message:
    """One message to one recipient."""

    def __init__(self, number):
        self.number = number
        self.time = BEGIN + number // 200
        self.id = f"{number * 48271 % 0x7FFFFFFF:08X}"
        self.to = f"user{number * 7919 % 1000003}@d{number % 5000}.example.net"
        self.sender = f"bounce+{number}@example.com"
        self.host, self.ip = f"mx{number % 50}.example.net", f"192.0.2.{number % 200}"
        self.outcome = outcome(number)
        self.code, self.status, words = REPLIES[self.outcome]
        self.words = words.format(id=self.id, to=self.to)


def postfix(mail):
    at = time.strftime("%b %e %H:%M:%S", time.gmtime(mail.time)) + " out1 postfix/"
    said = f"{mail.code} {mail.status} {mail.words}"
    if mail.outcome != "sent":
        said = f"host {mail.host}[{mail.ip}] said: {said} (in reply to RCPT TO command)"
    yield f"{at}smtpd[2001]: {mail.id}: client=app.example.com[203.0.113.5]\n"
    yield f"{at}cleanup[2002]: {mail.id}: message-id=<{mail.number}@example.com>\n"
    yield f"{at}qmgr[901]: {mail.id}: from=<{mail.sender}>, size=1402, nrcpt=1 (queue active)\n"
    yield (f"{at}smtp[2003]: {mail.id}: to=<{mail.to}>, relay={mail.host}[{mail.ip}]:25, delay=0.8, delays=0.1/0/0.3/0.4, "
           f"dsn={mail.status}, status={mail.outcome} ({said})\n")
    if mail.outcome != "deferred":
        yield f"{at}qmgr[901]: {mail.id}: removed\n"


def exim(mail):
    at = time.strftime("%Y-%m-%d %H:%M:%S ", time.gmtime(mail.time)) + f"1{mail.id[:5]}-00{mail.id[4:]}-2b "
    way = f"R=dnslookup T=remote_smtp H={mail.host} [{mail.ip}] X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 CV=yes"
    refused = f"SMTP error from remote mail server after RCPT TO:<{mail.to}>: {mail.code} {mail.status} {mail.words}"
    yield f"{at}<= {mail.sender} H=app.example.com [203.0.113.5] P=esmtps S=1402 id={mail.number}@example.com\n"
    if mail.outcome == "sent":
        yield f'{at}=> {mail.to} {way} C="{mail.code} {mail.status} {mail.words}"\n'
    elif mail.outcome == "bounced":
        yield f"{at}** {mail.to} {way}: {refused}\n"
    else:
        yield f"{at}== {mail.to} R=dnslookup T=remote_smtp defer (-44) H={mail.host} [{mail.ip}]: {refused}\n"
    if mail.outcome != "deferred":
        yield f"{at}Completed\n"


def kumomta(mail):
    kind = {"sent": "Delivery", "deferred": "TransientFailure", "bounced": "Bounce"}[mail.outcome]
    whole, subject, detail = mail.status.split(".")
    for what, site in (("Reception", ""), (kind, f"source2->{mail.host}")):
        yield (f'{{"type":"{what}","id":"{mail.id}bbbc11ed940250ebf67f93bd","sender":"{mail.sender}","recipient":"{mail.to}",'
               f'"queue":"news:shop@{mail.to.partition("@")[2]}","site":"{site}","size":1402,"response":{{"code":{mail.code},'
               f'"enhanced_code":{{"class":{whole},"subject":{subject},"detail":{detail}}},"content":"{mail.words}","command":"."}},'
               f'"peer_address":{{"name":"{mail.host}.","addr":"{mail.ip}"}},"timestamp":{mail.time},"created":{mail.time - 1},'
               '"num_attempts":0,"bounce_classification":"Uncategorized","egress_pool":"pool0","egress_source":"source2",'
               '"source_address":{"address":"192.0.2.1:53210"},"feedback_report":null,"meta":{},"headers":{},'
               '"delivery_protocol":"ESMTP","reception_protocol":"ESMTP","nodeid":"557f3ad4-2c8c-11ee-976e-782d7e12e173",'
               '"tls_cipher":"TLS_AES_256_GCM_SHA384","tls_protocol_version":"TLSv1.3"}\n')


def powermta(mail):
    kind = {"sent": "d", "deferred": "t", "bounced": "b"}[mail.outcome]
    at = time.strftime("%Y-%m-%d %H:%M:%S+0000", time.gmtime(mail.time))
    yield (f"{kind},{at},{at},{mail.sender},{mail.to},,relayed,{mail.status} (success),\"smtp;{mail.code} {mail.status} {mail.words}\","
           f"{mail.host} ({mail.ip}),,smtp,app.example.com (203.0.113.5),smtp,192.0.2.1,{mail.ip},"
           f"\"ENHANCEDSTATUSCODES,PIPELINING,8BITMIME,SIZE,STARTTLS\",1402,mta{mail.number % 8},job7,,example.net/mta1,pool1\n")


def csv(mail):
    if mail.number == 0:
        yield "time,outcome,recipient,sender,message_id,relay_host,relay_ip,status,reply\n"
    kind = {"sent": "delivered", "bounced": "failed"}.get(mail.outcome, mail.outcome)
    yield (f"{mail.time},{kind},{mail.to},{mail.sender},{mail.number}@example.com,{mail.host},{mail.ip},{mail.status},"
           f"\"{mail.code} {mail.status} {mail.words}\"\n")


def jsonl(mail):
    kind = {"sent": "delivered", "bounced": "failed"}.get(mail.outcome, mail.outcome)
    yield (f'{{"time":{mail.time},"outcome":"{kind}","recipient":"{mail.to}","sender":"{mail.sender}","message_id":'
           f'"{mail.number}@example.com","relay_host":"{mail.host}","relay_ip":"{mail.ip}","status":"{mail.status}",'
           f'"reply":"{mail.code} {mail.status} {mail.words}"}}\n')


FORMATS = {"postfix": postfix, "exim": exim, "kumomta": kumomta, "powermta": powermta, "csv": csv, "jsonl": jsonl}


def lines(form, count):
    """So many lines of the format."""
    return itertools.islice((line for number in itertools.count() for line in FORMATS[form](Message(number))), count)
