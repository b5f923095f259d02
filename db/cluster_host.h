/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_CLUSTER_HOST_H
#define HEED_DB_CLUSTER_HOST_H

/*
 * What the private cluster stands on: the account it runs as, its folders, PostgreSQL's programs.
 * Shared by the files of db/cluster.h; nobody else includes it.
 */

#include "db/cluster.h"

#include <sys/types.h>

struct HeedCluster {
    char *data_dir;   /* owned, as all; absolute */
    char *home;       /* DATA_DIR/postgresql: a folder for each major version, the log, the lock */
    char *socket_dir; /* entered by the account only */
    char *conninfo;
    char *account; /* the name of the account the server runs as */
    uid_t uid;
    gid_t gid;
    bool is_root; /* we are; the account is another then */
};

/* Fills in the account. HEED_ERROR_CONFIG: root without account "heed". */
bool heed_cluster_find_account(HeedCluster *cluster, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Chooses the socket's folder, within the 107 bytes of a socket's path. */
bool heed_cluster_choose_socket(HeedCluster *cluster, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the folders that are missing, owned by the account. HEED_ERROR_PERMISSION: one belongs to
 * somebody else, or others may enter it. */
bool heed_cluster_make_folders(const HeedCluster *cluster, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether the socket's folder is there and nobody's but the account's; connect only then. */
bool heed_cluster_socket_is_safe(const HeedCluster *cluster);

/* The major version of the newest complete cluster in home; 0 for none. */
unsigned heed_cluster_major(const HeedCluster *cluster);

/* The folder of a major version's cluster; with suffix ".new" while it is being made. Caller frees.
 */
char *heed_cluster_folder(const HeedCluster *cluster, unsigned major, const char *suffix);

/* The folder of PostgreSQL's programs of a major version (0: the newest, at least 15) and which it
 * is; NULL when there are none. Caller frees. */
char *heed_cluster_find_programs(unsigned major, unsigned *out_major);

/* Where a program's output goes. */
typedef enum HeedClusterOutput {
    HEED_CLUSTER_OUTPUT_NONE,  /* nowhere */
    HEED_CLUSTER_OUTPUT_STDOUT /* our own standard output */
} HeedClusterOutput;

/* Runs a program as the account and waits for it. HEED_ERROR_UNAVAILABLE with its words;
 * HEED_ERROR_IO when it could not write its output. */
bool heed_cluster_run(const HeedCluster *cluster,
                      const char *const *argv,
                      HeedClusterOutput output,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes a file of the account's, whole or not at all, mode 0600. */
bool
heed_cluster_write(const HeedCluster *cluster, const char *path, const char *text, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Holds the lock of the cluster until the descriptor is closed; -1 with an error. */
int heed_cluster_lock(const HeedCluster *cluster, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes an empty cluster in the folder; starts and stops the server of one. Under the lock. */
bool heed_cluster_make(const HeedCluster *cluster,
                       const char *programs,
                       const char *folder,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool heed_cluster_start_server(const HeedCluster *cluster,
                               const char *programs,
                               const char *folder,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool heed_cluster_stop_server(const HeedCluster *cluster,
                              const char *programs,
                              const char *folder,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Programs of the cluster's own major version. HEED_ERROR_CONFIG naming what to do without them. */
char *heed_cluster_own_programs(const HeedCluster *cluster, unsigned major, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
