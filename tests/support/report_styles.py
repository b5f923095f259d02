# SPDX-License-Identifier: Apache-2.0
"""How the mail systems of the world word a delivery report: for each one its envelope of headers,
its words for people and its fields. Written from knowledge of the formats; every name and address
is an example. make_reports.py decides what to report, this module only how it looks."""

import base64
from dataclasses import dataclass, field
from email.utils import format_datetime


@dataclass
class Recipient:
    """One recipient of a report, and what a correct reader must find."""

    address: str
    status: str = "5.1.1"
    reply: str = "550 5.1.1 <{address}>: Recipient address rejected: User unknown"
    action: str = "failed"
    verdict: str | None = "hard"
    class_: str | None = "bad-mailbox"
    final: str | None = None  # when it differs: the mail was forwarded
    remote: str = ""

    def text(self):
        return self.reply.format(address=self.final or self.address)

    def mx(self):
        return self.remote or "mx." + (self.final or self.address).rsplit("@", 1)[1]


@dataclass
class Report:
    """What is to be said, and all that the styles need to say it."""

    number: int
    date: object  # datetime, UTC
    sender: str
    message_id: str  # of the original
    subject: str
    recipients: list
    host: str = "out1.example.com"  # who reports
    queue_id: str = ""
    envelope_id: str = ""
    original_date: object = None
    pad: int = 0
    trace: str = ""  # what our own receiver wrote on top
    extra: dict = field(default_factory=dict)


def when(date):
    return format_datetime(date)


def original(report, body=True):
    """The returned message, its body of about report.pad bytes."""
    to = report.recipients[0].address if report.recipients else report.extra.get("to", "reader@example.net")
    lines = [
        f"Received: from app.example.com (app.example.com [192.0.2.20])\n\tby {report.host} with ESMTPS id {report.queue_id};"
        f"\n\t{when(report.original_date or report.date)}",
        f"From: Example News <{report.sender}>",
        f"To: {to}",
        f"Subject: {report.subject}",
        f"Date: {when(report.original_date or report.date)}",
        f"Message-ID: <{report.message_id}>",
        "MIME-Version: 1.0",
        "List-Id: Weekly letters <weekly.example.com>",
        "List-Unsubscribe: <https://example.com/leave/0123456789>",
        "Content-Type: text/plain; charset=utf-8",
        "",
    ]
    if body:
        sentence = "This week we look at gardens, boats and the long way home; read on at https://example.com/news.\n"
        length = max(report.pad, len(sentence))
        lines.append((sentence * (length // len(sentence) + 1))[:length].rstrip("\n"))
    return "\n".join(lines) + "\n"


def headers(report, sender, subject, content_type, more=()):
    lines = [report.trace.rstrip("\n")] if report.trace else []
    lines += [
        f"Date: {when(report.date)}",
        f"From: {sender}",
        f"To: {report.extra.get('bounce_to', 'bounces@example.com')}",
        f"Subject: {subject}",
        f"Message-ID: <report-{report.number}@{report.host}>",
        *more,
        "MIME-Version: 1.0",
        f"Content-Type: {content_type}",
    ]
    return "\n".join(lines) + "\n\n"


def part(boundary, content_type, body, *more):
    head = "".join(f"{line}\n" for line in more)
    return f"--{boundary}\nContent-Type: {content_type}\n{head}\n{body}\n"


def multipart_report(report, sender, subject, text, status, more=(), copy="message/rfc822", text_type="text/plain",
                     text_more=(), status_type="message/delivery-status", status_more=()):
    boundary = f"=_{report.number:08x}/{report.host}"
    top = headers(report, sender, subject,
                  f'multipart/report; report-type=delivery-status;\n\tboundary="{boundary}"', more)
    returned = part(boundary, copy, original(report, body=copy != "text/rfc822-headers")) if copy else ""
    return (top + "This is a MIME-encapsulated message.\n\n" + part(boundary, text_type, text, *text_more)
            + part(boundary, status_type, status, *status_more) + returned + f"--{boundary}--\n")


def fields(report, per_message, per_recipient):
    groups = ["\n".join(per_message)]
    for recipient in report.recipients:
        groups.append("\n".join(line for line in per_recipient(recipient) if line))
    return "\n\n".join(groups) + "\n"


def words(report):
    return "\n".join(f"   {r.final or r.address}\n      {r.text().splitlines()[0]}" for r in report.recipients)


def folded(reply, indent="    "):
    return ("\n" + indent).join(reply.splitlines())


def postfix(report):
    status = fields(report, [
        f"Reporting-MTA: dns; {report.host}",
        *([f"Original-Envelope-Id: {report.envelope_id}"] if report.envelope_id else []),
        f"X-Postfix-Queue-ID: {report.queue_id}",
        f"X-Postfix-Sender: rfc822; {report.sender}",
        f"Arrival-Date: {when(report.original_date or report.date)}",
    ], lambda r: [
        f"Final-Recipient: rfc822; {r.final or r.address}",
        f"Original-Recipient: rfc822;{r.address}",
        f"Action: {r.action}",
        f"Status: {r.status}",
        f"Remote-MTA: dns; {r.mx()}",
        f"Diagnostic-Code: smtp; {folded(r.text())}",
        "Will-Retry-Until: Sun, 29 Nov 2026 10:00:00 +0000" if r.action == "delayed" else "",
    ])
    late = any(r.action == "delayed" for r in report.recipients)
    subject = "Delayed Mail (still being retried)" if late else "Undelivered Mail Returned to Sender"
    text = (f"Here is the mail program on {report.host}.\n\nYour message was not handed over to everybody:\n\n"
            f"{words(report)}\n\nThe postmaster of this host can help.\n")
    return multipart_report(report, f"MAILER-DAEMON@{report.host} (Mail Delivery System)", subject, text, status,
                            ["Auto-Submitted: auto-replied"])


def exim(report):
    status = fields(report, [f"Reporting-MTA: dns; {report.host}"], lambda r: [
        f"Action: {r.action}",
        f"Final-Recipient: rfc822;{r.final or r.address}",
        f"Status: {r.status}",
        f"Remote-MTA: dns; {r.mx()}",
        f"Diagnostic-Code: smtp; {folded(r.text(), ' ')}",
    ])
    failed = ", ".join(r.address for r in report.recipients)
    text = f"This text was made by mail delivery software.\n\nA message you sent could not be delivered:\n\n{words(report)}\n"
    return multipart_report(report, f"Mail Delivery System <Mailer-Daemon@{report.host}>",
                            "Mail delivery failed: returning message to sender", text, status,
                            [f"X-Failed-Recipients: {failed}", "Auto-Submitted: auto-replied"])


def sendmail(report):
    status = fields(report, [
        f"Reporting-MTA: dns; {report.host}",
        "Received-From-MTA: DNS; app.example.com",
        f"Arrival-Date: {when(report.original_date or report.date)}",
    ], lambda r: [
        f"Final-Recipient: RFC822; {r.final or r.address}",
        f"Action: {r.action}",
        f"Status: {r.status}",
        f"Remote-MTA: DNS; {r.mx()}",
        f"Diagnostic-Code: SMTP; {folded(r.text())}",
        f"Last-Attempt-Date: {when(report.date)}",
    ])
    text = f"The original message arrived {when(report.date)}\n\n   ----- Permanent errors of these addresses -----\n{words(report)}\n"
    return multipart_report(report, f"Mail Delivery Subsystem <MAILER-DAEMON@{report.host}>",
                            "Returned mail: see transcript for details", text, status,
                            ["Auto-Submitted: auto-generated (failure)"], copy="text/rfc822-headers")


def exchange(report):
    status = fields(report, [f"Reporting-MTA: dns;{report.host}", "Received-From-MTA: dns;out1.example.com",
                             f"Arrival-Date: {when(report.date)}"], lambda r: [
        f"Final-Recipient: rfc822;{r.final or r.address}",
        f"Action: {r.action}",
        f"Status: {r.status}",
        f"Diagnostic-Code: smtp;{folded(r.text())}",
        f"X-Display-Name: {r.address.split('@')[0]}",
    ])
    html = f"<html><body><p><b>It was not possible to deliver to these people:</b></p><pre>{words(report)}</pre></body></html>"
    encoded = base64.encodebytes(html.encode("utf-16-le" if report.number % 2 else "utf-8")).decode()
    charset = "utf-16le" if report.number % 2 else "utf-8"
    return multipart_report(report, f"Microsoft Outlook <postmaster@{report.host}>", f"Undeliverable: {report.subject}",
                            encoded, status, ["Content-Language: en-US", "Auto-Submitted: auto-replied",
                                              "X-MS-Exchange-Message-Is-Ndr:"],
                            text_type=f'text/html; charset="{charset}"', text_more=["Content-Transfer-Encoding: base64"])


def gmail(report):
    status = fields(report, [f"Reporting-MTA: dns; {report.host}", f"Received-From-MTA: dns; {report.sender}",
                             f"Arrival-Date: {when(report.date)}",
                             f"X-Original-Message-ID: <{report.message_id}>"], lambda r: [
        f"Final-Recipient: rfc822; {r.final or r.address}",
        f"Action: {r.action}",
        f"Status: {r.status}",
        f"Remote-MTA: dns; {r.mx()}. (198.51.100.7, the server for the domain.)",
        f"Diagnostic-Code: smtp; {folded(r.text(), ' ')}",
        f"Last-Attempt-Date: {when(report.date)}",
    ])
    boundary = f"{report.number:012x}rel"
    inner = (f"--{boundary}\nContent-Type: multipart/alternative; boundary=\"{boundary}alt\"\n\n"
             f"--{boundary}alt\nContent-Type: text/plain; charset=\"UTF-8\"\n\n** Address not found **\n\n{words(report)}\n"
             f"--{boundary}alt\nContent-Type: text/html; charset=\"UTF-8\"\n\n<p>Address not found</p>\n--{boundary}alt--\n"
             f"--{boundary}--\n")
    return multipart_report(report, f"Mail Delivery Subsystem <mailer-daemon@{report.host}>",
                            "Delivery Status Notification (Failure)", inner, status, ["Auto-Submitted: auto-replied"],
                            text_type=f'multipart/related; boundary="{boundary}"')


def courier(report):
    status = fields(report, [f"Reporting-MTA: dns; {report.host}", f"Arrival-Date: {when(report.date)}",
                             "Received-From-MTA: dns; app.example.com"], lambda r: [
        f"Final-Recipient: rfc822; {r.final or r.address}",
        f"Action: {r.action}",
        f"Status: {r.status}",
        f"Remote-MTA: dns; {r.mx()} [198.51.100.9]",
        f"Diagnostic-Code: smtp; {folded(r.text())}",
    ])
    text = f"A DELIVERY STATUS NOTICE from {report.host}.\n\nUNDELIVERABLE MAIL\n\n{words(report)}\n"
    return multipart_report(report, f'"Courier mail server at {report.host}" <@{report.host}>', "NOTICE: mail delivery status.",
                            text, status, copy="text/rfc822-headers; charset=us-ascii")


def opensmtpd(report):
    status = fields(report, [f"Reporting-MTA: dns; {report.host}"], lambda r: [
        f"Final-Recipient: rfc822; {r.final or r.address}",
        f"Action: {r.action}",
        f"Status: {r.status}",
        f"Diagnostic-Code: smtp; {folded(r.text())}",
    ])
    text = f"    Hi!\n\n    This is the MAILER-DAEMON of {report.host}: an error has occurred.\n\n{words(report)}\n"
    return multipart_report(report, f"Mailer Daemon <MAILER-DAEMON@{report.host}>", "Delivery status notification: error",
                            text, status, copy="text/rfc822-headers")


def kumomta(report):
    status = fields(report, [f"Reporting-MTA: dns; {report.host}", f"Arrival-Date: {when(report.date)}"], lambda r: [
        f"Final-Recipient: rfc822;{r.final or r.address}",
        f"Original-Recipient: rfc822;{r.address}",
        f"Action: {r.action}",
        f"Status: {r.status}",
        f"Remote-MTA: dns; {r.mx()}",
        f"Diagnostic-Code: smtp; {folded(r.text())}",
        f"Last-Attempt-Date: {when(report.date)}",
    ])
    text = f"The message was received at {when(report.date)} from {report.sender}.\n\n{words(report)}\n"
    return multipart_report(report, f"Mail Delivery Subsystem <mailer-daemon@{report.host}>", "Returned mail", text, status,
                            ["Auto-Submitted: auto-generated (failure)"], copy="text/rfc822-headers")


def powermta(report):
    status = fields(report, [f"Reporting-MTA: dns;{report.host}", "X-PowerMTA-VirtualMTA: pool1",
                             "Received-From-MTA: dns;app.example.com (192.0.2.20)",
                             f"Arrival-Date: {when(report.date)}"], lambda r: [
        f"Original-Recipient: rfc822;{r.address}",
        f"Final-Recipient: rfc822;{r.final or r.address}",
        f"Action: {r.action}",
        f"Status: {r.status}",
        f"Remote-MTA: dns;{r.mx()} (198.51.100.3)",
        f"Diagnostic-Code: smtp;{folded(r.text())}",
        "X-PowerMTA-BounceCategory: bad-mailbox",
    ])
    text = f"Hello, this is the mail server on {report.host}.\n\nYour message could not be delivered:\n\n{words(report)}\n"
    return multipart_report(report, f"<mailer-daemon@{report.host}>", "Delivery report", text, status)


def internationalised(report):
    """RFC 6533: global-delivery-status with utf-8 addresses, in base64 as some systems send it."""
    status = fields(report, [f"Reporting-MTA: dns; {report.host}"], lambda r: [
        f"Original-Recipient: utf-8;{r.address}",
        f"Final-Recipient: utf-8;{r.final or r.address}",
        f"Action: {r.action}",
        f"Status: {r.status}",
        f"Diagnostic-Code: smtp; {folded(r.text())}",
    ])
    encoded = base64.encodebytes(status.encode()).decode()
    return multipart_report(report, f"MAILER-DAEMON@{report.host}", "Undelivered Mail Returned to Sender", words(report),
                            encoded, copy="message/global", text_type="text/plain; charset=utf-8",
                            text_more=["Content-Transfer-Encoding: 8bit"], status_type="message/global-delivery-status",
                            status_more=["Content-Transfer-Encoding: base64"])


STYLES = [postfix, exim, sendmail, exchange, gmail, courier, opensmtpd, kumomta, powermta]


def feedback(report, kind, user_agent, *, original_rcpt=True, more=(), redacted=False):
    """RFC 5965 and its kin."""
    boundary = f"feedback-{report.number:08x}"
    recipient = report.recipients[0].address if report.recipients else "redacted@example.net"
    lines = [
        f"Feedback-Type: {kind}",
        f"User-Agent: {user_agent}",
        "Version: 1",
        f"Original-Mail-From: <{report.sender}>",
        *([f"Original-Rcpt-To: <{recipient}>"] if original_rcpt else []),
        f"Arrival-Date: {when(report.original_date or report.date)}",
        "Source-IP: 192.0.2.1",
        "Reported-Domain: example.com",
        *more,
    ]
    returned = original(report)
    if redacted:
        returned = returned.replace(recipient, "redacted@example.net")
    top = headers(report, f"feedback@{report.host}", f"FW: {report.subject}",
                  f'multipart/report; report-type=feedback-report;\n boundary="{boundary}"')
    return (top + part(boundary, "text/plain; charset=us-ascii",
                       "This is an email abuse report for a message from 192.0.2.1.\n")
            + part(boundary, "message/feedback-report", "\n".join(lines) + "\n")
            + part(boundary, "message/rfc822", returned) + f"--{boundary}--\n")


def auto_reply(report):
    return headers(report, f"Reader <{report.recipients[0].address}>", f"Automatic reply: {report.subject}",
                   "text/plain; charset=utf-8",
                   ["Auto-Submitted: auto-replied", f"In-Reply-To: <{report.message_id}>", "Precedence: bulk"]) \
        + "I am away until Monday and will answer then.\n"


def read_receipt(report):
    """An MDN, RFC 8098."""
    boundary = f"mdn-{report.number:08x}"
    reader = report.recipients[0].address
    top = headers(report, f"Reader <{reader}>", f"Read: {report.subject}",
                  f'multipart/report; report-type=disposition-notification; boundary="{boundary}"')
    notice = "\n".join(["Reporting-UA: mail.example.net; Example Mail 1.0", f"Final-Recipient: rfc822;{reader}",
                        f"Original-Message-ID: <{report.message_id}>",
                        "Disposition: manual-action/MDN-sent-manually; displayed"]) + "\n"
    return (top + part(boundary, "text/plain", "The message was displayed.\n")
            + part(boundary, "message/disposition-notification", notice) + f"--{boundary}--\n")


def ordinary(report):
    return headers(report, f"A reader <{report.recipients[0].address}>", f"Question about {report.subject}",
                   "text/plain; charset=utf-8") + "Hello,\n\nwhere can I change the language of the letter?\n\nThanks\n"
