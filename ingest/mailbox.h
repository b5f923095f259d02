/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_MAILBOX_H
#define HEED_INGEST_MAILBOX_H

/*
 * What a mailbox section of the configuration says, as this room needs it; filled by cli/. It
 * travels to the fetcher of that mailbox as JSON, so it holds no secret: only where the secret is
 * (a file, a command).
 */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum HeedProtocol {
    HEED_PROTOCOL_IMAP,
    HEED_PROTOCOL_POP3,
    HEED_PROTOCOL_MAILDIR,
    HEED_PROTOCOL_MBOX,
    HEED_PROTOCOL_PATHS /* files and folders named on the command line; whatever they are */
} HeedProtocol;

typedef enum HeedTlsMode {
    HEED_TLS_IMPLICIT, /* imaps:, pop3s: */
    HEED_TLS_STARTTLS, /* imap+starttls:, pop3+starttls:, never falling back */
    HEED_TLS_NONE      /* imap:, pop3: with tls = "none" only */
} HeedTlsMode;

typedef enum HeedOnDone {
    HEED_ON_DONE_LEAVE,
    HEED_ON_DONE_SEEN,
    HEED_ON_DONE_MOVE,
    HEED_ON_DONE_DELETE
} HeedOnDone;

/* What to do with the server's copy of a stored message. */
typedef struct HeedAckAction {
    HeedOnDone what;
    char *folder; /* owned; for MOVE, UTF-8 */
} HeedAckAction;

typedef struct HeedMailbox {
    char *name; /* all strings owned */
    HeedProtocol protocol;
    HeedTlsMode tls;
    char *user;
    char *host;
    uint16_t port; /* never 0 for IMAP and POP3: defaults are filled in */
    char *folder;  /* IMAP folder, UTF-8, "INBOX" by default; path of a Maildir or mbox */
    char **paths;  /* PATHS: NULL-terminated */
    char *password_command;
    char *password_file;
    char *token_command; /* XOAUTH2 */
    char *token_file;
    char *ca_file; /* NULL: the system's */
    char *stream;
    bool closed;
    HeedAckAction on_done[3]; /* by HeedDisposition: done, unrecognised, quarantined */
    unsigned read_seconds;    /* 0: HEED_LIMIT_READ_SECONDS; so for the next */
    unsigned response_seconds;
} HeedMailbox;

/* One that leaves all mail where it is, without a url. Free accepts NULL. */
HeedMailbox *heed_mailbox_new(const char *name);
void heed_mailbox_free(HeedMailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedMailbox, heed_mailbox_free)

/*
 * Reads "imaps://user@host:port/FOLDER" (percent-encoded; a user may hold an encoded "@"),
 * "maildir:PATH", "mbox:PATH". HEED_ERROR_CONFIG says what is allowed; a password in the url is
 * refused.
 */
bool heed_mailbox_set_url(HeedMailbox *mailbox, const char *url, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The url without anything secret, normalised, as the checkpoint keeps it. Caller frees. */
char *heed_mailbox_url(const HeedMailbox *mailbox);

/* "leave", "seen", "move:FOLDER", "delete". HEED_ERROR_CONFIG. */
bool heed_ack_action_parse(const char *text, HeedAckAction *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What the protocol cannot do (mbox with delete, POP3 with move …), or a move into the folder that
 * is read: HEED_ERROR_CONFIG naming what can be done. */
bool heed_mailbox_check(const HeedMailbox *mailbox, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* To and from the fetcher's first frame. */
json_t *heed_mailbox_to_json(const HeedMailbox *mailbox);
HeedMailbox *heed_mailbox_from_json(const json_t *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
