/* SPDX-License-Identifier: Apache-2.0 */
/* What a child that was taken over can send to the store: a stream of frames, each read in every
 * way in which the store reads one. */
#include <glib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ingest/channel.h"
#include "ingest/fetcher.h"
#include "ingest/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void
read_frame(const HeedFrame *frame)
{
    g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};
    g_autoptr(GPtrArray) uids = heed_fetcher_known_read(frame, NULL);
    g_autoptr(GError) failure = heed_frame_to_error(frame);
    g_autoptr(json_t) json = heed_frame_to_json(frame, NULL);
    HeedAnswer answer;

    if (heed_fetcher_message_read(frame, &item, NULL))
        g_assert_true(g_utf8_validate(item.uid, -1, NULL));
    if (heed_worker_answer_read(frame, &answer, NULL))
        heed_answer_clear(&answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    HeedChannel channel;
    HeedFrame frame;
    int fds[2];

    if (length > 64 * 1024 || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return 0;
    heed_channel_init(&channel, fds[0]);
    if (send(fds[1], bytes, length, MSG_DONTWAIT) == (ssize_t)length) {
        (void)close(fds[1]);
        fds[1] = -1;
        while (heed_channel_receive(&channel, &frame, NULL))
            read_frame(&frame);
    }
    heed_fd_clear(&fds[1]);
    heed_channel_clear(&channel);
    return 0;
}
