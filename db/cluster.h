/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_CLUSTER_H
#define HEED_DB_CLUSTER_H

/*
 * The private PostgreSQL: a cluster of our own in the data folder, for users who configured no
 * database. Unix socket only, in a folder that only its owner enters; started on demand under a
 * lock and left running. As root it belongs to the unprivileged account "heed", since PostgreSQL
 * refuses root.
 */

#include "db/connection.h"

typedef struct HeedCluster HeedCluster;

typedef struct HeedClusterState {
    bool exists;
    bool running;
    char *major; /* owned; the version that made it, "15"; NULL when it does not exist */
} HeedClusterState;

void heed_cluster_state_clear(HeedClusterState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedClusterState, heed_cluster_state_clear)

/* Nothing is touched yet. HEED_ERROR_CONFIG: root without account "heed", a socket path that cannot
 * fit 107 bytes. */
HeedCluster *heed_cluster_new(const char *data_dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void heed_cluster_free(HeedCluster *cluster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedCluster, heed_cluster_free)

/* Where the running cluster is, as psql and people take it:
 * "postgresql:///heed?host=FOLDER&user=heed". Caller frees. */
char *heed_cluster_url(const HeedCluster *cluster);

/* Makes the cluster if there is none, starts it if it is not running. Safe to call from several
 * processes at once. HEED_ERROR_CONFIG for a cluster of another major version, naming `heed db
 * upgrade`. */
bool heed_cluster_start(HeedCluster *cluster, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A connection to it as its superuser, made and started first where it must be. How's conninfo is
 * not looked at. */
HeedDatabase *heed_cluster_open(HeedCluster *cluster,
                                const HeedDatabaseOptions *how,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool heed_cluster_stop(HeedCluster *cluster, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool heed_cluster_state(HeedCluster *cluster, HeedClusterState *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* pg_dump of the database to standard output (custom format) as a child process. HEED_ERROR_IO when
 * that cannot be written to. */
bool heed_cluster_dump(HeedCluster *cluster, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Dumps with the old major's programs and restores into a new cluster; the old one is kept beside
 * it. */
bool heed_cluster_upgrade(HeedCluster *cluster, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
