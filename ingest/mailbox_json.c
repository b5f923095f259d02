/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/mailbox.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stddef.h>

#define NUMBER_OF_ACTIONS 3U

/* The members that are plain text, for both directions. */
static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    {"user", offsetof(HeedMailbox, user)},
    {"host", offsetof(HeedMailbox, host)},
    {"folder", offsetof(HeedMailbox, folder)},
    {"password_command", offsetof(HeedMailbox, password_command)},
    {"password_file", offsetof(HeedMailbox, password_file)},
    {"token_command", offsetof(HeedMailbox, token_command)},
    {"token_file", offsetof(HeedMailbox, token_file)},
    {"ca_file", offsetof(HeedMailbox, ca_file)},
    {"stream", offsetof(HeedMailbox, stream)},
};

/*
 * Paths are bytes and JSON is UTF-8: what is not valid UTF-8 travels as if it were ISO-8859-1, with
 * a mark in front that no path can hold.
 */
#define BYTES_MARK "\x01"

static json_t *
text_to_json(const char *text)
{
    g_autofree char *widened = NULL;
    g_autofree char *marked = NULL;

    if (text == NULL)
        return json_null();
    if (g_utf8_validate(text, -1, NULL))
        return json_string(text);
    widened = g_convert(text, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
    marked = g_strconcat(BYTES_MARK, widened, NULL);
    return json_string(marked);
}

static char *
text_from_json(const json_t *json)
{
    const char *text = json_string_value(json);

    if (text == NULL || *text != *BYTES_MARK)
        return g_strdup(text);
    return g_convert(text + 1, -1, "ISO-8859-1", "UTF-8", NULL, NULL, NULL);
}

json_t *
heed_mailbox_to_json(const HeedMailbox *mailbox)
{
    json_t *json = json_object();
    json_t *actions = json_array();

    json_object_set_new(json, "name", text_to_json(mailbox->name));
    json_object_set_new(json, "protocol", json_integer(mailbox->protocol));
    json_object_set_new(json, "tls", json_integer(mailbox->tls));
    json_object_set_new(json, "port", json_integer(mailbox->port));
    json_object_set_new(json, "closed", json_boolean(mailbox->closed));
    json_object_set_new(json, "read_seconds", json_integer(mailbox->read_seconds));
    json_object_set_new(json, "response_seconds", json_integer(mailbox->response_seconds));
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const void *member = (const char *)mailbox + texts[i].offset;

        json_object_set_new(json, texts[i].key, text_to_json(*(char *const *)member));
    }
    if (mailbox->paths != NULL) {
        json_t *paths = json_array();

        for (char **path = mailbox->paths; *path != NULL; path++)
            json_array_append_new(paths, text_to_json(*path));
        json_object_set_new(json, "paths", paths);
    }
    for (size_t i = 0; i < NUMBER_OF_ACTIONS; i++) {
        json_t *action = json_object();

        json_object_set_new(action, "what", json_integer(mailbox->on_done[i].what));
        json_object_set_new(action, "folder", text_to_json(mailbox->on_done[i].folder));
        json_array_append_new(actions, action);
    }
    json_object_set_new(json, "on_done", actions);
    return json;
}

/* A number from 0 to maximum; what is missing or beyond sets *ok to false. */
static unsigned
take_number(const json_t *json, const char *key, unsigned maximum, bool *ok)
{
    const json_t *value = json_object_get(json, key);
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || number > (json_int_t)maximum) {
        *ok = false;
        return 0;
    }
    return (unsigned)number;
}

static void
take_paths(HeedMailbox *mailbox, const json_t *json)
{
    const json_t *paths = json_object_get(json, "paths");
    g_autoptr(GPtrArray) taken = g_ptr_array_new_with_free_func(g_free);

    if (!json_is_array(paths))
        return;
    for (size_t i = 0; i < json_array_size(paths); i++) {
        char *path = text_from_json(json_array_get(paths, i));

        if (path != NULL)
            g_ptr_array_add(taken, path);
    }
    g_ptr_array_add(taken, NULL);
    mailbox->paths = (char **)g_ptr_array_free(g_steal_pointer(&taken), FALSE);
}

static bool
take_actions(HeedMailbox *mailbox, const json_t *json)
{
    const json_t *actions = json_object_get(json, "on_done");
    bool ok = json_array_size(actions) == NUMBER_OF_ACTIONS;

    for (size_t i = 0; ok && i < NUMBER_OF_ACTIONS; i++) {
        const json_t *action = json_array_get(actions, i);
        HeedAckAction *out = &mailbox->on_done[i];

        out->what = (HeedOnDone)take_number(action, "what", HEED_ON_DONE_DELETE, &ok);
        out->folder = text_from_json(json_object_get(action, "folder"));
        ok = ok && (out->what == HEED_ON_DONE_MOVE) == (out->folder != NULL);
    }
    return ok;
}

HeedMailbox *
heed_mailbox_from_json(const json_t *json, GError **error)
{
    g_autofree char *name = text_from_json(json_object_get(json, "name"));
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new(name);
    bool ok = name != NULL;

    mailbox->protocol =
        (HeedProtocol)take_number(json, "protocol", (unsigned)HEED_PROTOCOL_PATHS, &ok);
    mailbox->tls = (HeedTlsMode)take_number(json, "tls", (unsigned)HEED_TLS_NONE, &ok);
    mailbox->port = (uint16_t)take_number(json, "port", UINT16_MAX, &ok);
    mailbox->closed = json_is_true(json_object_get(json, "closed"));
    mailbox->read_seconds = take_number(json, "read_seconds", INT32_MAX, &ok);
    mailbox->response_seconds = take_number(json, "response_seconds", INT32_MAX, &ok);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        char **member = (char **)G_STRUCT_MEMBER_P(mailbox, texts[i].offset);

        *member = text_from_json(json_object_get(json, texts[i].key));
    }
    take_paths(mailbox, json);
    if (!ok || !take_actions(mailbox, json)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "not the description of a mailbox");
        return NULL;
    }
    return g_steal_pointer(&mailbox);
}
