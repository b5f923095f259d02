/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/mbox_reader.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"

#include <errno.h>
#include <string.h>

#define BUFFER_BYTES (64U * 1024)

/* A From_ line: sender and date, both far shorter. */
#define FROM_LINE_BYTES 1024U

static const char from[] = "From ";

#define FROM_LENGTH (sizeof(from) - 1)

struct HeedMboxReader {
    HeedFd fd;
    int64_t offset; /* in the file, of buffer[start] */
    int64_t limit;
    size_t start;
    size_t end;
    bool at_end;
    int reason; /* errno of a failed read */
    char buffer[BUFFER_BYTES];
};

/* A line, or a piece of one too long for the buffer. */
typedef struct Piece {
    const char *text;
    size_t length;
    bool ends_line;
} Piece;

/* What is gathered of one message. */
typedef struct Gathering {
    GByteArray *bytes;
    uint64_t size;
    char blank[2]; /* an empty line held back: it may be the one that ends the message */
    size_t blank_length;
} Gathering;

HeedMboxReader *
heed_mbox_reader_new(int fd, int64_t offset, int64_t limit)
{
    return heed_mbox_reader_renew(NULL, fd, offset, limit);
}

HeedMboxReader *
heed_mbox_reader_renew(HeedMboxReader *reader, int fd, int64_t offset, int64_t limit)
{
    if (reader == NULL)
        reader = g_new(HeedMboxReader, 1);
    else
        heed_fd_clear(&reader->fd);
    reader->fd = fd;
    reader->offset = offset;
    reader->limit = limit;
    reader->start = 0;
    reader->end = 0;
    reader->at_end = false;
    reader->reason = 0;
    return reader;
}

void
heed_mbox_reader_free(HeedMboxReader *reader)
{
    if (reader == NULL)
        return;
    heed_fd_clear(&reader->fd);
    g_free(reader);
}

/* Reads more into the buffer, moving what it holds to its front. */
static void
feed(HeedMboxReader *reader)
{
    int64_t left;
    size_t room;
    ssize_t count;

    memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
    left = reader->limit - reader->offset - (int64_t)reader->end;
    room = MIN(sizeof(reader->buffer) - reader->end, (size_t)MAX(left, 0));
    do
        count = room == 0 ? 0 : read(reader->fd, reader->buffer + reader->end, room);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        reader->reason = errno;
    if (count > 0)
        reader->end += (size_t)count;
    else
        reader->at_end = true;
}

/* The next line without consuming it; false at the end. */
static bool
peek(HeedMboxReader *reader, Piece *out)
{
    for (;;) {
        const char *text = reader->buffer + reader->start;
        size_t length = reader->end - reader->start;
        const char *newline = memchr(text, '\n', length);

        if (newline != NULL) {
            *out = (Piece){text, (size_t)(newline + 1 - text), true};
            return true;
        }
        if (reader->at_end || length == sizeof(reader->buffer)) {
            *out = (Piece){text, length, reader->at_end};
            return length > 0;
        }
        feed(reader);
    }
}

static void
consume(HeedMboxReader *reader, const Piece *piece)
{
    reader->start += piece->length;
    reader->offset += (int64_t)piece->length;
}

static bool
is_blank(const Piece *piece)
{
    return piece->ends_line &&
           (piece->length == 1 || (piece->length == 2 && piece->text[0] == '\r')) &&
           piece->text[piece->length - 1] == '\n';
}

static bool
has_from(const Piece *piece)
{
    return piece->length >= FROM_LENGTH && memcmp(piece->text, from, FROM_LENGTH) == 0;
}

/* "12:08" or "12:08:34" into h, m, s. */
static bool
take_time(const char *word, int out[3])
{
    size_t length = strlen(word);

    if ((length != 5 && length != 8) || word[2] != ':' || (length == 8 && word[5] != ':'))
        return false;
    out[2] = 0;
    for (size_t i = 0; i < length; i += 3) {
        if (!g_ascii_isdigit(word[i]) || !g_ascii_isdigit(word[i + 1]))
            return false;
        out[i / 3] = (word[i] - '0') * 10 + (word[i + 1] - '0');
    }
    return true;
}

static int
take_number(const char *word, size_t digits_at_most)
{
    size_t length = strlen(word);

    if (length == 0 || length > digits_at_most || strspn(word, "0123456789") != length)
        return -1;
    return (int)g_ascii_strtoull(word, NULL, 10);
}

static int
take_month(const char *word)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *found = strlen(word) == 3 ? strstr(names, word) : NULL;

    return found != NULL && (found - names) % 3 == 0 ? (int)(found - names) / 3 + 1 : -1;
}

/* "+0200" as seconds; 0 for anything else. */
static int64_t
take_zone(const char *word)
{
    int number =
        (*word == '+' || *word == '-') && strlen(word) == 5 ? take_number(word + 1, 4) : -1;
    int64_t seconds = number < 0 ? 0 : (number / 100 * 60 + number % 100) * 60;

    return *word == '-' ? -seconds : seconds;
}

/* The words of a date: "Fri Jul  8 12:08:34 2011", with a zone before or behind the year. */
typedef struct FromDate {
    int month, day, year;
    int time[3];
    bool has_time;
    int64_t zone;
} FromDate;

static void
take_date_word(FromDate *date, const char *word)
{
    int number = take_number(word, 4);

    if (!date->has_time && take_time(word, date->time))
        date->has_time = true;
    else if (date->month <= 0 && take_month(word) > 0)
        date->month = take_month(word);
    else if (strlen(word) == 4 && number > 0)
        date->year = number;
    else if (strlen(word) <= 2 && number > 0)
        date->day = number;
    else if (date->has_time && take_zone(word) != 0)
        date->zone = take_zone(word);
}

/* Is it a From_ line, and of when? The first word behind "From " is the sender, whatever it is. */
static bool
read_from_line(const Piece *piece, int64_t *out_date)
{
    g_autofree char *line = NULL;
    g_auto(GStrv) words = NULL;
    g_autoptr(GDateTime) time = NULL;
    FromDate date = {.month = -1, .day = -1, .year = -1};

    *out_date = HEED_DATE_UNKNOWN;
    if (!has_from(piece) || piece->length > FROM_LINE_BYTES)
        return false;
    line = g_strndup(piece->text + FROM_LENGTH, piece->length - FROM_LENGTH);
    g_strchomp(line);
    words = g_strsplit_set(line, " \t", -1);
    for (size_t i = 1; words[0] != NULL && words[i] != NULL; i++)
        take_date_word(&date, words[i]);
    if (!date.has_time || date.year < 0)
        return false;
    if (date.month > 0 && date.day > 0)
        time = g_date_time_new_utc(date.year, date.month, date.day, date.time[0], date.time[1],
                                   date.time[2]);
    if (time != NULL)
        *out_date = g_date_time_to_unix(time) - date.zone;
    return true;
}

bool
heed_mbox_reader_at_from_line(HeedMboxReader *reader)
{
    Piece piece;

    return peek(reader, &piece) && has_from(&piece);
}

static void
append(Gathering *gathering, const char *text, size_t length)
{
    size_t room = HEED_LIMIT_MESSAGE_BYTES - gathering->bytes->len;

    gathering->size += length;
    g_byte_array_append(gathering->bytes, (const guint8 *)text, (guint)MIN(length, room));
}

/* ">From " and ">>From " were "From " and ">From " once. */
static bool
is_quoted_from(const Piece *piece)
{
    size_t marks = 0;

    while (marks < piece->length && piece->text[marks] == '>')
        marks++;
    return marks > 0 && piece->length - marks >= FROM_LENGTH &&
           memcmp(piece->text + marks, from, FROM_LENGTH) == 0;
}

static void
gather(Gathering *gathering, const Piece *piece, bool starts_line)
{
    size_t skip = starts_line && is_quoted_from(piece) ? 1 : 0;

    append(gathering, gathering->blank, gathering->blank_length);
    gathering->blank_length = 0;
    if (starts_line && is_blank(piece)) {
        memcpy(gathering->blank, piece->text, piece->length);
        gathering->blank_length = piece->length;
        return;
    }
    append(gathering, piece->text + skip, piece->length - skip);
}

/* The lines of one message of an mbox, up to the next From_ line. */
static void
gather_mbox_message(HeedMboxReader *reader, Gathering *gathering)
{
    bool starts_line = true;
    int64_t date;
    Piece piece;

    while (peek(reader, &piece)) {
        if (starts_line && (gathering->blank_length > 0 || gathering->size == 0) &&
            read_from_line(&piece, &date))
            break;
        gather(gathering, &piece, starts_line);
        starts_line = piece.ends_line;
        consume(reader, &piece);
    }
}

static void
gather_rest(HeedMboxReader *reader, Gathering *gathering)
{
    for (;;) {
        Piece all = {reader->buffer + reader->start, reader->end - reader->start, false};

        append(gathering, all.text, all.length);
        consume(reader, &all);
        if (reader->at_end)
            break;
        feed(reader);
    }
}

/* Skips the From_ line, and the rest of one that is too long to be one. */
static void
consume_from_line(HeedMboxReader *reader, int64_t *out_date)
{
    Piece piece;
    bool more = peek(reader, &piece);

    (void)read_from_line(&piece, out_date);
    while (more) {
        consume(reader, &piece);
        more = !piece.ends_line && peek(reader, &piece);
    }
}

HeedNext
heed_mbox_reader_next(HeedMboxReader *reader, HeedItem *out, GError **error)
{
    Gathering gathering = {.bytes = NULL};
    int64_t date = HEED_DATE_UNKNOWN;
    Piece piece;

    if (peek(reader, &piece)) {
        gathering.bytes = g_byte_array_new();
        if (has_from(&piece)) {
            consume_from_line(reader, &date);
            gather_mbox_message(reader, &gathering);
        } else {
            gather_rest(reader, &gathering);
        }
    }
    if (reader->reason != 0) {
        if (gathering.bytes != NULL)
            g_byte_array_unref(gathering.bytes);
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO,
                    "cannot read on at byte %" G_GINT64_FORMAT ": %s", reader->offset,
                    g_strerror(reader->reason));
        return HEED_NEXT_ERROR;
    }
    if (gathering.bytes == NULL)
        return HEED_NEXT_END;
    out->size = gathering.size;
    out->truncated = gathering.size > gathering.bytes->len;
    out->received_at = date;
    out->position = reader->offset;
    out->bytes = g_byte_array_free_to_bytes(gathering.bytes);
    return HEED_NEXT_ITEM;
}
