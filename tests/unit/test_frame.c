/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "ingest/channel.h"
#include "ingest/frame.h"

static void
make_pair(HeedChannel *one, HeedChannel *two)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    heed_channel_init(one, fds[0]);
    heed_channel_init(two, fds[1]);
}

static void
test_pack(void)
{
    HeedPack pack;
    HeedFrame frame = {.type = HEED_FRAME_PARSE};
    HeedUnpack unpack;
    size_t length;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = NULL;
    g_autofree char *text = NULL;
    g_autofree char *none = NULL;

    heed_pack_begin(&pack, HEED_FRAME_PARSE);
    heed_pack_u8(&pack, 7);
    heed_pack_u32(&pack, 0xdeadbeef);
    heed_pack_u64(&pack, UINT64_MAX - 1);
    heed_pack_i64(&pack, INT64_MIN);
    heed_pack_text(&pack, "text");
    heed_pack_text(&pack, NULL);
    heed_pack_bytes(&pack, "a\0b", 3);
    heed_pack_bytes(&pack, "", 0);
    bytes = heed_pack_end(&pack);
    frame.payload = (const uint8_t *)g_bytes_get_data(bytes, &frame.length) + HEED_FRAME_HEAD_BYTES;
    frame.length -= HEED_FRAME_HEAD_BYTES;

    heed_unpack_begin(&unpack, &frame);
    g_assert_cmpuint(heed_unpack_u8(&unpack), ==, 7);
    g_assert_cmpuint(heed_unpack_u32(&unpack), ==, 0xdeadbeef);
    g_assert_cmpuint(heed_unpack_u64(&unpack), ==, UINT64_MAX - 1);
    g_assert_cmpint(heed_unpack_i64(&unpack), ==, INT64_MIN);
    text = heed_unpack_text(&unpack, 4);
    g_assert_cmpstr(text, ==, "text");
    none = heed_unpack_text(&unpack, 4);
    g_assert_null(none);
    g_assert_cmpint(memcmp(heed_unpack_bytes(&unpack, &length), "a\0b", 3), ==, 0);
    g_assert_cmpuint(length, ==, 3);
    g_assert_nonnull(heed_unpack_bytes(&unpack, &length));
    g_assert_cmpuint(length, ==, 0);
    g_assert_true(heed_unpack_finish(&unpack, &error));
    g_assert_no_error(error);
}

typedef struct Hostile {
    const char *name;
    const char *payload; /* of a frame that should hold a u8 and a text of at most 4 bytes */
    size_t length;
} Hostile;

#define PAYLOAD(text) text, sizeof(text) - 1

static const Hostile hostile[] = {
    {"empty", PAYLOAD("")},
    {"short-length", PAYLOAD("\1\1\0\0")},
    {"length-beyond", PAYLOAD("\1\3\0\0\0ab")},
    {"length-huge", PAYLOAD("\1\xfe\xff\xff\xff")},
    {"too-long", PAYLOAD("\1\5\0\0\0abcde")},
    {"nul-inside", PAYLOAD("\1\3\0\0\0a\0b")},
    {"more-behind", PAYLOAD("\1\1\0\0\0ab")},
};

static void
test_hostile(gconstpointer data)
{
    const Hostile *row = (const Hostile *)data;
    g_autofree uint8_t *exact = g_malloc(row->length);
    HeedFrame frame = {.type = HEED_FRAME_PARSE, .payload = exact, .length = row->length};
    HeedUnpack unpack;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    if (row->length > 0)
        memcpy(exact, row->payload, row->length);
    heed_unpack_begin(&unpack, &frame);
    (void)heed_unpack_u8(&unpack);
    text = heed_unpack_text(&unpack, 4);
    g_assert_false(heed_unpack_finish(&unpack, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_DATA);
}

/* A frame arrives byte by byte; the next one is there at once behind it. */
static void
test_pieces(void)
{
    HeedChannel one;
    HeedChannel two;
    HeedFrame frame;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = json_pack("{s:s}", "a", "b");
    g_autoptr(GBytes) first = heed_frame_json(HEED_FRAME_RESUME, json);
    g_autoptr(json_t) back = NULL;
    size_t size;
    const uint8_t *bytes = (const uint8_t *)g_bytes_get_data(first, &size);

    make_pair(&one, &two);
    for (size_t i = 0; i < size; i++) {
        g_assert_cmpint(heed_channel_next(&two, &frame, &error), ==, HEED_CHANNEL_NONE);
        g_assert_cmpint(write(one.fd, bytes + i, 1), ==, 1);
        if (i == size - 1) {
            heed_channel_send(&one, heed_frame_empty(HEED_FRAME_IDLE));
            g_assert_true(heed_channel_flush(&one, false, &error));
        }
        g_assert_true(heed_channel_fill(&two, false, &error));
    }
    g_assert_true(heed_channel_receive(&two, &frame, &error));
    g_assert_cmpint(frame.type, ==, HEED_FRAME_RESUME);
    back = heed_frame_to_json(&frame, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json_string_value(json_object_get(back, "a")), ==, "b");
    g_assert_true(heed_channel_receive(&two, &frame, &error));
    g_assert_cmpint(frame.type, ==, HEED_FRAME_IDLE);
    g_assert_cmpuint(frame.length, ==, 0);
    heed_channel_clear(&one);
    g_assert_false(heed_channel_receive(&two, &frame, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CANCELLED);
    heed_channel_clear(&two);
}

/* A great frame with its bytes behind it, sent without waiting while the reader takes it away. */
static void
test_great(void)
{
    HeedChannel one;
    HeedChannel two;
    HeedPack pack;
    HeedFrame frame;
    HeedUnpack unpack;
    const uint8_t *bytes;
    size_t length = HEED_LIMIT_MESSAGE_BYTES;
    g_autofree uint8_t *mail = g_malloc0(length);
    g_autoptr(GError) error = NULL;
    HeedChannelNext next = HEED_CHANNEL_NONE;

    make_pair(&one, &two);
    mail[length - 1] = 42;
    heed_pack_begin(&pack, HEED_FRAME_PARSE);
    heed_pack_u64(&pack, 3);
    heed_pack_promise(&pack, length);
    heed_channel_send(&one, heed_pack_end(&pack));
    heed_channel_send(&one, g_bytes_new(mail, length));
    g_assert_true(heed_channel_flush(&one, false, &error));
    g_assert_cmpuint(one.waiting, >, 0);
    while (next == HEED_CHANNEL_NONE) {
        g_assert_true(heed_channel_flush(&one, false, &error));
        g_assert_true(heed_channel_fill(&two, false, &error));
        next = heed_channel_next(&two, &frame, &error);
    }
    g_assert_cmpint(next, ==, HEED_CHANNEL_FRAME);
    g_assert_cmpuint(one.waiting, ==, 0);
    heed_unpack_begin(&unpack, &frame);
    g_assert_cmpuint(heed_unpack_u64(&unpack), ==, 3);
    bytes = heed_unpack_bytes(&unpack, &length);
    g_assert_cmpuint(length, ==, HEED_LIMIT_MESSAGE_BYTES);
    g_assert_cmpuint(bytes[length - 1], ==, 42);
    g_assert_true(heed_unpack_finish(&unpack, &error));
    heed_channel_clear(&one);
    heed_channel_clear(&two);
}

static void
refuse_length(uint32_t length)
{
    HeedChannel one;
    HeedChannel two;
    HeedFrame frame;
    uint32_t little = GUINT32_TO_LE(length);
    g_autoptr(GError) error = NULL;

    make_pair(&one, &two);
    g_assert_cmpint(write(one.fd, &little, sizeof(little)), ==, sizeof(little));
    g_assert_cmpint(write(one.fd, "x", 1), ==, 1);
    g_assert_false(heed_channel_receive(&two, &frame, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_DATA);
    heed_channel_clear(&one);
    heed_channel_clear(&two);
}

static void
test_lengths(void)
{
    refuse_length(0);
    refuse_length(HEED_LIMIT_FRAME_BYTES + 1);
    refuse_length(UINT32_MAX);
}

/* Writing to a peer that is gone loses nothing of what it had said before. */
static void
test_gone(void)
{
    HeedChannel one;
    HeedChannel two;
    HeedFrame frame;
    g_autoptr(GError) error = NULL;

    make_pair(&one, &two);
    heed_channel_send(&two, heed_frame_empty(HEED_FRAME_DONE));
    g_assert_true(heed_channel_flush(&two, true, &error));
    heed_channel_clear(&two);
    heed_channel_send(&one, heed_frame_empty(HEED_FRAME_FINISH));
    g_assert_true(heed_channel_flush(&one, false, &error));
    g_assert_cmpuint(one.waiting, ==, 0);
    g_assert_true(heed_channel_receive(&one, &frame, &error));
    g_assert_cmpint(frame.type, ==, HEED_FRAME_DONE);
    g_assert_false(heed_channel_receive(&one, &frame, &error));
    heed_channel_clear(&one);
}

static void
check_error(const char *payload, int code, const char *message)
{
    HeedFrame frame = {
        .type = HEED_FRAME_FAILED, .payload = (const uint8_t *)payload, .length = strlen(payload)};
    g_autoptr(GError) error = heed_frame_to_error(&frame);

    g_assert_error(error, HEED_ERROR, code);
    g_assert_cmpstr(error->message, ==, message);
}

static void
test_errors(void)
{
    static const char lost[] = "a child failed without saying how";

    check_error("{\"code\":8,\"message\":\"later\"}", HEED_ERROR_TEMPORARY, "later");
    check_error("{\"code\":99,\"message\":\"x\"}", HEED_ERROR_INTERNAL, lost);
    check_error("{\"code\":-1,\"message\":\"x\"}", HEED_ERROR_INTERNAL, lost);
    check_error("{\"code\":\"8\",\"message\":\"x\"}", HEED_ERROR_INTERNAL, lost);
    check_error("{\"code\":8}", HEED_ERROR_INTERNAL, lost);
    check_error("nonsense", HEED_ERROR_INTERNAL, lost);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame/pack", test_pack);
    for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
        g_autofree char *path = g_strconcat("/frame/hostile/", hostile[i].name, NULL);

        g_test_add_data_func(path, &hostile[i], test_hostile);
    }
    g_test_add_func("/frame/pieces", test_pieces);
    g_test_add_func("/frame/great", test_great);
    g_test_add_func("/frame/lengths", test_lengths);
    g_test_add_func("/frame/gone", test_gone);
    g_test_add_func("/frame/errors", test_errors);
    return g_test_run();
}
