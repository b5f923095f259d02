/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_CONFIG_H
#define HEED_CLI_CONFIG_H

/*
 * The configuration file, heed.conf: what it may hold is in heed.conf.example. Read with
 * libconfuse: typed, every error with file and line and what is allowed, unknown and repeated keys
 * refused. Only this room knows the file; the others are given their own options.
 *
 * In double quotes ${NAME} is an environment variable and a backslash escapes, as libconfuse has
 * it; in single quotes nothing is special. There is no include.
 */

#include "db/store.h"
#include "ingest/mailbox.h"
#include "parsers/log_reader.h"
#include "suppress/guard_statistics.h"
#include "suppress/policy_lines.h"

#include <glib.h>
#include <stdbool.h>

/* log "NAME" { … }: a mail server's log. */
typedef struct HeedLogSection {
    char *name; /* owned, as all */
    char *path; /* a file, beside which are the rotated ones, or a pattern */
    HeedLogFormat format;
    char *stream;    /* what its mail belongs to where nothing else says; NULL: nothing */
    char *zone;      /* of times without one */
    bool deliveries; /* keep who got mail when */
} HeedLogSection;

/* Accepts NULL. */
void heed_log_section_free(HeedLogSection *section);

/* One of own.domains as it is kept; NULL: it cannot be one (com, an address). Caller frees. */
#define HEED_CONFIG_OWN_DOMAIN \
    "a domain of yours: allowed are names such as example.com, not com or co.uk"
char *heed_config_own_domain(const char *text);

/* Whether there is such a time zone: "Europe/Berlin", "UTC", "+02:00". */
bool heed_config_is_zone(const char *zone);

/* The one of this machine. Caller frees. */
char *heed_config_local_zone(void);

typedef struct HeedConfig {
    char *path;           /* owned, as all; NULL: no file, all defaults */
    char *database;       /* conninfo; NULL: the private cluster */
    GPtrArray *mailboxes; /* of HeedMailbox *, in the file's order */
    GPtrArray *logs;      /* of HeedLogSection *, so too */
    GPtrArray *domains;   /* own.*: of char *, ended by NULL (len counts it); NULL: not given */
    GPtrArray *relays;
    GPtrArray *receivers;
    GPtrArray *authserv_ids;
    bool results_below_received;
    GPtrArray *verp;
    GPtrArray *recipient_headers;
    char *token_key_file;        /* absolute or relative to the file's folder; NULL: none */
    GPtrArray *streams;          /* of HeedStreamMatch *, the first that fits counts; never NULL */
    GPtrArray *original_headers; /* the header fields that they look at, as domains */
    HeedPolicy *policy;          /* never NULL */
    HeedGuardOptions guard;
    GPtrArray *rules; /* files of classification rules, as above, strongest first */
    /* Where to keep what can be made again: $XDG_CACHE_HOME/heed (~/.cache/heed), or "cache" in the
     * place of the private database where the former cannot be written to; NULL: nowhere. Neither
     * need exist. */
    char *rules_cache;
    HeedRetention retention;
    unsigned workers; /* 0: one a core */
    char *role_owner; /* NULL: the default name */
    char *role_ingest;
    char *role_reader;
} HeedConfig;

#define HEED_CONFIG_RAW_DAYS   30U
#define HEED_CONFIG_EVENT_DAYS 400U
#define HEED_CONFIG_COUNT_DAYS 1200U
/* The guard asks what failed in the last 30 days. */
#define HEED_CONFIG_LEAST_EVENT_DAYS 31U

/* All defaults. */
HeedConfig *heed_config_new(void);
void heed_config_free(HeedConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedConfig, heed_config_free)

/*
 * Reads the file given (--config) if it is not NULL, else $HEED_CONFIG, ./heed.conf,
 * $XDG_CONFIG_HOME/heed/heed.conf, /etc/heed/heed.conf, the first that exists, where the first two
 * must; all defaults where there is no file. HEED_ERROR_CONFIG for all that is wrong
 * with the file, also when others may write to it or when ./heed.conf, found by itself, is somebody
 * else's: it may name commands.
 */
HeedConfig *heed_config_load(const char *given, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, but all defaults where no file is given: for answers that must not depend on one that
 * happens to lie here. */
HeedConfig *heed_config_load_given(const char *given, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads text; path is for messages and for what relative paths are relative to. Looks at no file.
 */
HeedConfig *heed_config_parse(const char *text, const char *path, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What a run would stumble over: secret files and CA files that are not there or too open. */
bool heed_config_check_files(const HeedConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a mailbox or log that the store knows is still to be read. Of a configuration that names
 * neither, which is for looking only, nobody knows: then all are. */
bool heed_config_reads_mailbox(const HeedConfig *config, const char *name);
bool heed_config_reads_log(const HeedConfig *config, const char *name);

/* HEED_ERROR_CONFIG, saying why, when own.domains is missing: polling and ingesting need it. */
bool heed_config_require_domains(const HeedConfig *config, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether a connection string holds a password, and so must not be seen by others. */
bool heed_config_conninfo_has_password(const char *conninfo);

/* Puts these in front of the files of rules that it has. NULL: none. */
void heed_config_add_rules(HeedConfig *config, char **files);

/* The place of the user's (as root the system's) private database: given (--data-dir), else
 * $HEED_DATA, else /var/lib/heed for root, else $XDG_DATA_HOME/heed. Caller frees; absolute. */
char *heed_config_data_dir(const char *given);

#endif
