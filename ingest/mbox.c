/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An mbox file as a source. The position is the byte behind the last message read, the uid the byte
 * where a message begins, the epoch a hash of the file's identity and of its first message's
 * header: a file that was replaced, or whose first message was deleted, is another mailbox. Only
 * the length is read under a lock: deliverers append, so what is there does not change, and they
 * are not kept waiting while we read.
 */
#include "ingest/source.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "ingest/local_file.h"
#include "ingest/mbox_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#define LOCK_SECONDS      30
#define LOCK_PAUSE_MICROS 100000
#define IDENTIFYING_BYTES 1024U
#define LOCKS_PER_SECOND  (G_USEC_PER_SEC / LOCK_PAUSE_MICROS)

typedef struct MboxSource {
    HeedSource base;
    HeedFd fd;
    int64_t epoch;
    int64_t position;
    int64_t size;
    HeedMboxReader *reader;
} MboxSource;

static MboxSource *
self(HeedSource *source)
{
    return (MboxSource *)source;
}

/* The length of the file at a moment when nobody is in the middle of appending. */
static bool
measure(MboxSource *source, GError **error)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    struct stat status;
    bool locked = false;

    for (int i = 0; !locked && i < LOCK_SECONDS * LOCKS_PER_SECOND; i++) {
        locked = fcntl(source->fd, F_SETLK, &lock) == 0;
        if (!locked && errno != EACCES && errno != EAGAIN && errno != EINTR)
            break; /* a file system without locks: read what is there */
        if (!locked)
            g_usleep(LOCK_PAUSE_MICROS);
    }
    if (!locked && (errno == EACCES || errno == EAGAIN)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY,
                    "'%s' has been locked by another program for %d seconds",
                    source->base.mailbox->folder, LOCK_SECONDS);
        return false;
    }
    if (fstat(source->fd, &status) < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot read '%s': %s",
                    source->base.mailbox->folder, g_strerror(errno));
        return false;
    }
    source->size = status.st_size;
    lock.l_type = F_UNLCK;
    (void)fcntl(source->fd, F_SETLK, &lock);
    return true;
}

/* Device, inode and the first message's header, hashed to a positive number. An empty file has no
 * epoch yet: 0. */
static int64_t
identify(MboxSource *source)
{
    char head[IDENTIFYING_BYTES];
    ssize_t length = pread(source->fd, head, sizeof(head), 0);
    const char *end = length > 0 ? g_strstr_len(head, length, "\n\n") : NULL;
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    g_autoptr(GByteArray) identity = g_byte_array_new();
    struct stat status = {0};
    int64_t epoch = 0;

    if (length <= 0)
        return 0;
    if (end != NULL)
        length = end - head;
    (void)fstat(source->fd, &status);
    g_byte_array_append(identity, (const guint8 *)&status.st_dev, sizeof(status.st_dev));
    g_byte_array_append(identity, (const guint8 *)&status.st_ino, sizeof(status.st_ino));
    g_byte_array_append(identity, (const guint8 *)head, (guint)length);
    (void)EVP_Q_digest(NULL, "SHA256", NULL, identity->data, identity->len, digest, NULL);
    memcpy(&epoch, digest, sizeof(epoch));
    return epoch & INT64_MAX;
}

static bool
mbox_open(HeedSource *source, int64_t *out_epoch, GError **error)
{
    const char *path = source->mailbox->folder;

    self(source)->fd = heed_local_file_open(path);
    if (self(source)->fd < 0) {
        g_set_error(error, HEED_ERROR,
                    errno == EACCES ? HEED_ERROR_PERMISSION : HEED_ERROR_NO_INPUT,
                    "cannot open mbox '%s': %s", path,
                    errno == EINVAL || errno == EISDIR ? "not a file" : g_strerror(errno));
        return false;
    }
    if (!measure(self(source), error))
        return false;
    self(source)->epoch = identify(self(source));
    *out_epoch = self(source)->epoch;
    return true;
}

/* Does a message begin there? Else the file was edited, and is read from its start again: what is
 * stored already is recognised by its digest. */
static bool
is_boundary(const MboxSource *source, int64_t position)
{
    char bytes[sizeof("From ") - 1];

    if (position == source->size)
        return true;
    return position > 0 && position < source->size &&
           pread(source->fd, bytes, sizeof(bytes), position) == (ssize_t)sizeof(bytes) &&
           memcmp(bytes, "From ", sizeof(bytes)) == 0;
}

static void
mbox_resume(HeedSource *source, const HeedResume *resume)
{
    if (resume->epoch == self(source)->epoch && is_boundary(self(source), resume->position))
        self(source)->position = resume->position;
}

static HeedMboxReader *
reader_at(const MboxSource *source)
{
    g_auto(HeedFd) fd = fcntl(source->fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0 || lseek(fd, source->position, SEEK_SET) < 0)
        return NULL;
    return heed_mbox_reader_new(heed_fd_steal(&fd), source->position, source->size);
}

static HeedNext
mbox_next(HeedSource *source, HeedItem *out, GError **error)
{
    MboxSource *mbox = self(source);
    int64_t start = mbox->position;
    HeedNext next;

    if (mbox->position >= mbox->size)
        return HEED_NEXT_END;
    if (mbox->reader == NULL)
        mbox->reader = reader_at(mbox);
    if (mbox->reader == NULL || (start == 0 && !heed_mbox_reader_at_from_line(mbox->reader))) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                    "'%s' is not an mbox: no 'From ' line begins it", source->mailbox->folder);
        return HEED_NEXT_ERROR;
    }
    next = heed_mbox_reader_next(mbox->reader, out, error);
    if (next == HEED_NEXT_ERROR)
        g_prefix_error(error, "mbox '%s': ", source->mailbox->folder);
    if (next != HEED_NEXT_ITEM)
        return next;
    mbox->position = out->position;
    out->uid = g_strdup_printf("%" G_GINT64_FORMAT, start);
    out->source = g_strdup_printf("%s@%" G_GINT64_FORMAT, source->mailbox->folder, start);
    return HEED_NEXT_ITEM;
}

/* The only action of an mbox is to leave it alone. */
static bool
mbox_acknowledge(HeedSource *source, const HeedAck *acks, size_t count, GError **error)
{
    (void)source;
    (void)acks;
    (void)count;
    (void)error;
    return true;
}

static bool
mbox_wait(HeedSource *source, unsigned seconds, int wake_fd, GError **error)
{
    struct stat opened = {0};
    struct stat named = {0};

    heed_local_file_sleep(seconds, wake_fd, -1);
    g_clear_pointer(&self(source)->reader, heed_mbox_reader_free);
    if (!measure(self(source), error))
        return false;
    if (fstat(self(source)->fd, &opened) < 0 || stat(source->mailbox->folder, &named) < 0 ||
        opened.st_ino != named.st_ino || opened.st_dev != named.st_dev ||
        self(source)->size < self(source)->position) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "mbox '%s' was replaced meanwhile",
                    source->mailbox->folder);
        return false;
    }
    return true;
}

static void
mbox_free(HeedSource *source)
{
    heed_mbox_reader_free(self(source)->reader);
    heed_fd_clear(&self(source)->fd);
    g_free(source);
}

HeedSource *
heed_mbox_source_new(const HeedMailbox *mailbox)
{
    static const HeedSourceOps ops = {
        .open = mbox_open,
        .resume = mbox_resume,
        .next = mbox_next,
        .acknowledge = mbox_acknowledge,
        .wait = mbox_wait,
        .free = mbox_free,
    };
    MboxSource *source = g_new0(MboxSource, 1);

    source->base = (HeedSource){.ops = &ops, .mailbox = mailbox};
    source->fd = -1;
    return &source->base;
}
