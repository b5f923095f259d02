/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_BASE_LIMITS_H
#define HEED_BASE_LIMITS_H

/*
 * Every maximum of Heed, with its reason. Mail, mail servers and lists are foreign: whatever they
 * can make grow is bounded here, before memory is allocated for it. The target is 64 MiB of memory
 * a process.
 */

/* Sizes, in bytes. */

/* One message. Reports stand at the front; what makes a bounce large is the returned original
 * behind them. What exceeds this is cut off, read, and marked as truncated (RFC 3464 reports are a
 * few KB; ARF with whole mail fits). */
#define HEED_LIMIT_MESSAGE_BYTES (4U * 1024 * 1024)

/* The part of the canonical message that its digest covers. Less than the message limit by more
 * than one header block, so that copies cut off at different places (other transport headers) still
 * have the same digest. */
#define HEED_LIMIT_DIGEST_BYTES (HEED_LIMIT_MESSAGE_BYTES - 512U * 1024)

/* One header block and one header field. GMime 3.2.13 overflows its stack on nested address groups
 * of some 100 KB in one field ("To: g:g:g:..."); 64 KB of them is measured to be safe with the
 * default 8 MB stack. */
#define HEED_LIMIT_HEADER_BYTES       (256U * 1024)
#define HEED_LIMIT_HEADER_FIELD_BYTES (32U * 1024)

/* Header fields of one message, those of its parts and enclosed messages included: GMime takes 400
 * bytes for each. A report of the most recipients has 60,000. */
#define HEED_LIMIT_HEADER_FIELDS 100000U

/* The decoded report part (delivery-status, feedback-report) and the text we look at for a notice.
 */
#define HEED_LIMIT_REPORT_PART_BYTES (1024U * 1024)

/* One field value kept in a report; longer ones are cut (a diagnostic of a real server is below 2
 * KB). */
#define HEED_LIMIT_FIELD_VALUE_BYTES (4U * 1024)

/* RFC 5321 4.5.3.1: local part 64, domain 255; addresses of X.400 and others are longer. */
#define HEED_LIMIT_ADDRESS_BYTES 1024U

/* Counts. */
#define HEED_LIMIT_MIME_PARTS 1000U /* parts of one message that are looked at */
/* Lines that may delimit parts, "--…": GMime makes a part of each, looked at or not, and takes 1.3
 * KB for it. What is behind them is cut off. */
#define HEED_LIMIT_MIME_DELIMITERS 10000U
#define HEED_LIMIT_MIME_DEPTH      32U /* nesting of multiparts and enclosed messages */
#define HEED_LIMIT_RECIPIENTS \
    10000U /* recipients of one report; qmail lists of a bulk list reach thousands */
#define HEED_LIMIT_REPORT_FIELDS 2000U /* unknown fields kept of one feedback report */
#define HEED_LIMIT_WARNINGS      20U   /* warnings kept with a report */

/* Workers. */
#define HEED_LIMIT_WORKER_SECONDS 20U /* a worker silent for longer on one message is replaced */
#define HEED_LIMIT_WORKER_MEMORY \
    (1024UL * 1024 * 1024) /* address space; what GMime can need for 4 MB of parts */
#define HEED_LIMIT_WORKER_QUEUE_BYTES \
    (1024U * 1024) /* bytes handed to one worker ahead of its answers */

/* Frames between our processes: a message and its metadata. */
#define HEED_LIMIT_FRAME_BYTES (HEED_LIMIT_MESSAGE_BYTES * 2U)

/* The pipeline: messages and bytes between fetchers and the commit that holds them. */
#define HEED_LIMIT_BATCH_MESSAGES 1000U
#define HEED_LIMIT_BATCH_BYTES    (8U * 1024 * 1024)
#define HEED_LIMIT_BATCH_DELAY_MS \
    500U /* a smaller batch is committed when its first message has waited so long */

/* Beyond this, no fetcher is read from until something is committed. Counted are the bytes of mail
 * and reports, and for each message what our own records of it take. */
#define HEED_LIMIT_IN_FLIGHT_BYTES   (16U * 1024 * 1024)
#define HEED_LIMIT_IN_FLIGHT_MESSAGE 4096U

/* Mailboxes read at once; the others wait for their turn (with watch, none can). */
#define HEED_LIMIT_FETCHERS 16U

/* With watch, a mailbox with temporary trouble is opened again after so long, twice as long each
 * time. */
#define HEED_LIMIT_REOPEN_FIRST_SECONDS 5U
#define HEED_LIMIT_REOPEN_LAST_SECONDS  600U

/* A fetcher that has nothing of ours in hand and was told to stop is ended after so long; one that
 * still acknowledges, on a server that may answer no more, after the longer time: the next run does
 * the rest. */
#define HEED_LIMIT_STOP_IDLE_SECONDS 5U
#define HEED_LIMIT_STOP_SECONDS      20U

/* Parse workers that die before they have read anything, one after the other: then it is not the
 * mail. */
#define HEED_LIMIT_WORKER_STARTS 5U

/* Mail servers. */
#define HEED_LIMIT_READ_SECONDS \
    60U /* silence of a server; IMAP servers sweep large folders for tens of seconds */
#define HEED_LIMIT_CONNECT_SECONDS 30U
#define HEED_LIMIT_RESPONSE_SECONDS \
    600U /* one command with all of its response: ends trickling servers */
/* One command's response: ends endless ones. */
#define HEED_LIMIT_RESPONSE_BYTES (16U * 1024 * 1024)
/* One line; libetpan 1.9.4 dies on 30,000 nested "(". */
#define HEED_LIMIT_LINE_BYTES (256U * 1024)
#define HEED_LIMIT_FETCH_BYTES \
    (2U * 1024 * 1024) /* one batch of FETCH, by the sizes the server named */
#define HEED_LIMIT_FETCH_MESSAGES 500U

/* Messages of a mailbox without an order (POP3, Maildir) whose rows are compared with what is
 * there: 8 bytes each. */
#define HEED_LIMIT_LISTED_MESSAGES 1000000U
/* Such a row goes when the mailbox has lacked its message for so long: servers in trouble may show
 * none for a while. */
#define HEED_LIMIT_MISSED_DAYS 7U

/* Failures of one address that are judged; a list that is mailed every day for two years has not
 * more. Beyond, the most trusted and the newest. */
#define HEED_LIMIT_JUDGED_FAILURES 1000U

/* Local input. */
#define HEED_LIMIT_LIST_LINE_BYTES (64U * 1024) /* one line of a mailing list */
#define HEED_LIMIT_LIST_COLUMNS    16U          /* of addresses in one mailing list */
/* Different addresses of a list that are remembered to tell duplicates by: what a table of 2^23
 * slots of 8 bytes holds when four in five are taken. */
#define HEED_LIMIT_LIST_ADDRESSES_SEEN 6710000U
#define HEED_LIMIT_SECRET_BYTES \
    (16U * 1024) /* a password or a token (JWTs of Microsoft are 2-3 KB) */
#define HEED_LIMIT_CONFIG_BYTES (1024U * 1024)

/* Classification rules, the built-in ones and the user's together. Patterns are compiled into one
 * automaton, in time and memory that grow with them: some thousand take less than a second. */
#define HEED_LIMIT_RULES_FILE_BYTES   (1024U * 1024)
#define HEED_LIMIT_RULES              5000U
#define HEED_LIMIT_RULE_PATTERNS      10000U
#define HEED_LIMIT_RULE_PATTERN_BYTES 1000U
#define HEED_LIMIT_RULE_LINE_BYTES    4000U
#define HEED_LIMIT_RULE_ID_BYTES      48U
/* What is made of them, as it is kept in a file. */
#define HEED_LIMIT_RULES_COMPILED_BYTES (64U * 1024 * 1024)

/* One line of replies to explain; what is longer is cut. Lines are read so many bytes at a time. */
#define HEED_LIMIT_REPLY_LINE_BYTES (64U * 1024)

/* Logs of mail servers. One line: what syslog carries is below 8 KB, JSON records that keep headers
 * of the mail are below 64 KB; what is longer is skipped and counted. */
#define HEED_LIMIT_LOG_LINE_BYTES (256U * 1024)
/* Messages whose sender and Message-ID are remembered, the longest unused go first; a message that
 * is tried again is named again. */
#define HEED_LIMIT_LOG_MESSAGES       100000U
#define HEED_LIMIT_LOG_MESSAGES_BYTES (24U * 1024 * 1024)
/* Recipients of one message that are remembered as not yet served. */
#define HEED_LIMIT_LOG_PENDING 50U
/* Columns of a log with columns; PowerMTA has some 60 of its own. */
#define HEED_LIMIT_LOG_COLUMNS 256U

/* Throttling advice: destinations, those with the most refusals, and recipient domains of one
 * mailbox provider, those with the most mail. A configuration of more is of no use to a server. */
#define HEED_LIMIT_THROTTLED         10000U
#define HEED_LIMIT_THROTTLED_DOMAINS 1000U
/* What a report for people lists at most: what comes after has little weight, and a page is to be
 * read. Replies are counted among so many of the newest events, so that it takes no longer where
 * there are millions. */
#define HEED_LIMIT_SUMMARY_CLASSES      20U
#define HEED_LIMIT_SUMMARY_REPLIES      20U
#define HEED_LIMIT_SUMMARY_REPLY_EVENTS 20000U
#define HEED_LIMIT_SUMMARY_WORST        12U
#define HEED_LIMIT_SUMMARY_HOLDS        20U
/* Providers, own domains and source addresses that a monitoring system is told of, each. */
#define HEED_LIMIT_METRIC_NAMES 50U
/* Following logs. The bytes by whose digest a file is known again, whatever its name: several
 * lines, of which the first has a time in it. */
#define HEED_LIMIT_LOG_HEAD_BYTES 4096U
/* What is counted of a log between two commits. More lines a commit cost less each; what a dying
 * child had counted since the last is read again. */
#define HEED_LIMIT_LOG_BATCH_BYTES    (32U * 1024 * 1024)
#define HEED_LIMIT_LOG_BATCH_FAILURES 2000U
#define HEED_LIMIT_LOG_BATCH_ROWS     20000U
/* Less than a frame by more than what one line can add. */
#define HEED_LIMIT_LOG_BATCH_ROWS_BYTES (3U * 1024 * 1024)
/* What is remembered of the messages that are under way, as it is kept: in a frame it has to fit.
 * It is written at the end of a file and every so many bytes of one, which are what is read again.
 */
#define HEED_LIMIT_LOG_STATE_BYTES    (6U * 1024 * 1024)
#define HEED_LIMIT_LOG_STATE_INTERVAL (128U * 1024 * 1024)
/* A file that was written to within so many seconds may still be written to: its last line, where
 * that has no end yet, waits. */
#define HEED_LIMIT_LOG_SETTLE_SECONDS 10
/* Lines of one file that a child died of and that are passed over; with more it is not the lines.
 */
#define HEED_LIMIT_LOG_DEADLY_LINES 20U
/* Ways from a sender to a recipient's domain that are remembered with what is known of them, and
 * failures remembered so that their repetition costs no look into the store. */
#define HEED_LIMIT_LOG_ROUTES 20000U
#define HEED_LIMIT_LOG_SEEN   131072U
/* A reader of a log that says nothing for so long hangs; unpacking up to where it is to begin is
 * silent. */
#define HEED_LIMIT_LOG_SILENCE_SECONDS 120U
/* Memory to unpack a log with: xz -9 takes 65 MB, zstd --ultra 128 MB. */
#define HEED_LIMIT_LOG_UNPACK_BYTES (136UL * 1024 * 1024)
/* With watch, how often logs are looked at. */
#define HEED_LIMIT_LOG_WATCH_SECONDS 5U

/* As much of a reply as rules look at; what comes later quotes the message. */
#define HEED_LIMIT_RULE_TEXT_BYTES 4096U

#endif
