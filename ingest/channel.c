/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"

#define READ_BYTES (64U * 1024)
#define SEND_PARTS 32U

/* A buffer that grew for one large message is given back at this size. */
#define KEEP_BYTES (512U * 1024)

void
heed_channel_init(HeedChannel *channel, int fd)
{
    *channel =
        (HeedChannel){.fd = fd, .out = g_queue_new(), .in = g_byte_array_new(), .passed = -1};
}

static void
unref_bytes(gpointer bytes)
{
    g_bytes_unref((GBytes *)bytes);
}

void
heed_channel_clear(HeedChannel *channel)
{
    if (channel->out != NULL)
        g_queue_free_full(channel->out, unref_bytes);
    if (channel->in != NULL)
        g_byte_array_unref(channel->in);
    if (channel->takes_fd)
        heed_fd_clear(&channel->passed);
    heed_fd_clear(&channel->fd);
    *channel = (HeedChannel){.fd = -1, .passed = -1};
}

void
heed_channel_send(HeedChannel *channel, GBytes *bytes)
{
    channel->waiting += g_bytes_get_size(bytes);
    g_queue_push_tail(channel->out, bytes);
}

static void
drop_sent(HeedChannel *channel, size_t sent)
{
    channel->waiting -= sent;
    sent += channel->out_at;
    while (!g_queue_is_empty(channel->out)) {
        GBytes *first = (GBytes *)g_queue_peek_head(channel->out);
        size_t size = g_bytes_get_size(first);

        if (sent < size)
            break;
        sent -= size;
        g_bytes_unref((GBytes *)g_queue_pop_head(channel->out));
    }
    channel->out_at = sent;
}

/* Points at the first parts of what is queued. */
static int
gather(const HeedChannel *channel, struct iovec *parts)
{
    size_t skip = channel->out_at;
    int count = 0;

    for (GList *link = channel->out->head; link != NULL && count < (int)SEND_PARTS;
         link = link->next) {
        size_t size;
        gconstpointer data = g_bytes_get_data((GBytes *)link->data, &size);

        /* writev(2) does not write to what iov_base points at. */
        parts[count].iov_base = (char *)(uintptr_t)data + skip;
        parts[count].iov_len = size - skip;
        count++;
        skip = 0;
    }
    return count;
}

bool
heed_channel_flush(HeedChannel *channel, bool wait, GError **error)
{
    while (channel->waiting > 0) {
        struct iovec parts[SEND_PARTS];
        struct msghdr message = {.msg_iov = parts};
        ssize_t sent;

        message.msg_iovlen = (size_t)gather(channel, parts);
        sent = sendmsg(channel->fd, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
        if (sent >= 0) {
            drop_sent(channel, (size_t)sent);
        } else if (errno == EPIPE || errno == ECONNRESET) {
            drop_sent(channel, channel->waiting); /* the reading side will find the end */
        } else if (errno == EAGAIN) {
            return true;
        } else if (errno != EINTR) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot write to a process of ours: %s",
                        g_strerror(errno));
            return false;
        }
    }
    return true;
}

/* Room for one descriptor beside the bytes, aligned as it has to be. */
typedef union Control {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
} Control;

bool
heed_channel_pass(HeedChannel *channel, GBytes *bytes, int fd, GError **error)
{
    Control control = {0};
    gsize length;
    gconstpointer data = g_bytes_get_data(bytes, &length);
    struct iovec part = {.iov_base = (char *)(uintptr_t)data, .iov_len = length};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    bool flushed = heed_channel_flush(channel, true, error);
    ssize_t sent = -1;

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    while (flushed && sent < 0) {
        sent = sendmsg(channel->fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            break;
    }
    if (sent >= 0 && (size_t)sent < length) {
        heed_channel_send(channel,
                          g_bytes_new_from_bytes(bytes, (gsize)sent, length - (gsize)sent));
        flushed = heed_channel_flush(channel, true, error);
    } else if (flushed && sent < 0 && errno != EPIPE && errno != ECONNRESET) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot hand over a file: %s",
                    g_strerror(errno));
        flushed = false;
    }
    g_bytes_unref(bytes);
    return flushed;
}

static ssize_t
receive(HeedChannel *channel, void *out, size_t size, int flags)
{
    Control control = {0};
    struct iovec part = {.iov_base = out, .iov_len = size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    const struct cmsghdr *head;
    ssize_t got;

    if (!channel->takes_fd)
        return recv(channel->fd, out, size, flags);
    got = recvmsg(channel->fd, &message, flags | MSG_CMSG_CLOEXEC);
    head = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
        heed_fd_clear(&channel->passed);
        memcpy(&channel->passed, CMSG_DATA(head), sizeof(channel->passed));
    }
    return got;
}

/* Before more is received: frames that were taken make room. */
static void
compact(HeedChannel *channel)
{
    if (channel->in_at == 0)
        return;
    if (channel->in_at < channel->in->len) {
        g_byte_array_remove_range(channel->in, 0, (guint)channel->in_at);
    } else if (channel->in_peak > KEEP_BYTES) {
        g_byte_array_unref(channel->in);
        channel->in = g_byte_array_new();
        channel->in_peak = 0;
    } else {
        g_byte_array_set_size(channel->in, 0);
    }
    channel->in_at = 0;
}

bool
heed_channel_fill(HeedChannel *channel, bool wait, GError **error)
{
    guint before;
    ssize_t got;

    compact(channel);
    before = channel->in->len;
    g_byte_array_set_size(channel->in, before + READ_BYTES);
    do {
        got = receive(channel, channel->in->data + before, READ_BYTES, wait ? 0 : MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    g_byte_array_set_size(channel->in, before + (guint)MAX(got, 0));
    channel->in_peak = MAX(channel->in_peak, (size_t)channel->in->len);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
        channel->ended = true;
    } else if (got < 0 && errno != EAGAIN) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot read from a process of ours: %s",
                    g_strerror(errno));
        return false;
    }
    return true;
}

HeedChannelNext
heed_channel_next(HeedChannel *channel, HeedFrame *out, GError **error)
{
    const uint8_t *head;
    size_t left = channel->in->len - channel->in_at;
    uint32_t length;

    if (left < HEED_FRAME_HEAD_BYTES)
        return HEED_CHANNEL_NONE;
    head = channel->in->data + channel->in_at;
    memcpy(&length, head, sizeof(length));
    length = GUINT32_FROM_LE(length);
    if (length == 0 || length > HEED_LIMIT_FRAME_BYTES) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "a frame of %u bytes is refused", length);
        return HEED_CHANNEL_BAD;
    }
    if (left - sizeof(length) < length)
        return HEED_CHANNEL_NONE;
    out->type = (HeedFrameType)head[sizeof(length)];
    out->payload = head + HEED_FRAME_HEAD_BYTES;
    out->length = length - 1;
    channel->in_at += sizeof(length) + length;
    return HEED_CHANNEL_FRAME;
}

bool
heed_channel_receive(HeedChannel *channel, HeedFrame *out, GError **error)
{
    for (;;) {
        switch (heed_channel_next(channel, out, error)) {
        case HEED_CHANNEL_FRAME:
            return true;
        case HEED_CHANNEL_BAD:
            return false;
        case HEED_CHANNEL_NONE:
            break;
        }
        if (channel->ended) {
            g_set_error_literal(error, HEED_ERROR, HEED_ERROR_CANCELLED, "the store has ended");
            return false;
        }
        if (!heed_channel_flush(channel, true, error) || !heed_channel_fill(channel, true, error))
            return false;
    }
}
