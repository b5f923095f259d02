/* SPDX-License-Identifier: Apache-2.0 */
#include "db/keys.h"

#include <string.h>

#define SHA256_BYTES 32U

static void
take(GChecksum *checksum, uint8_t out[HEED_KEY_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    gsize length = sizeof(digest);

    g_checksum_get_digest(checksum, digest, &length);
    memcpy(out, digest, HEED_KEY_BYTES);
}

static void
add(GChecksum *checksum, const void *bytes, size_t length)
{
    g_checksum_update(checksum, bytes, (gssize)length);
}

static void
add_text(GChecksum *checksum, const char *text)
{
    add(checksum, text, strlen(text));
}

bool
heed_key_original(const HeedOriginal *original, uint8_t out[HEED_KEY_BYTES])
{
    const struct {
        const char *type;
        const char *value;
    } names[] = {
        {"message-id:", original->message_id},
        {"envelope-id:", original->envelope_id},
        {"queue-id:", original->queue_id},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GChecksum) checksum = NULL;

        if (names[i].value == NULL)
            continue;
        checksum = g_checksum_new(G_CHECKSUM_SHA256);
        add_text(checksum, names[i].type);
        add_text(checksum, names[i].value);
        take(checksum, out);
        return true;
    }
    return false;
}

void
heed_key_failure(const HeedFailure *failure, uint8_t out[HEED_KEY_BYTES])
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    if (failure->original_key != NULL && failure->address != NULL) {
        add_text(checksum, "original:");
        add(checksum, failure->original_key, HEED_KEY_BYTES);
        add(checksum, failure->address, strlen(failure->address) + 1);
    } else {
        uint32_t ordinal = GUINT32_TO_BE(failure->ordinal);

        add_text(checksum, "report:");
        add(checksum, failure->digest, HEED_DIGEST_BYTES);
        add(checksum, &ordinal, sizeof(ordinal));
    }
    add_text(checksum, failure->outcome);
    take(checksum, out);
}

const char *
heed_key_outcome(HeedKind kind, HeedAction action)
{
    switch (action) {
    case HEED_ACTION_FAILED:
        return "failed";
    case HEED_ACTION_DELAYED:
        return "delayed";
    case HEED_ACTION_DELIVERED:
    case HEED_ACTION_RELAYED:
    case HEED_ACTION_EXPANDED:
        return "delivered";
    case HEED_ACTION_NONE:
    default:
        break;
    }
    if (kind == HEED_KIND_BOUNCE)
        return "failed";
    if (kind == HEED_KIND_DELAY)
        return "delayed";
    if (kind == HEED_KIND_SUCCESS)
        return "delivered";
    return heed_kind_name(kind);
}
