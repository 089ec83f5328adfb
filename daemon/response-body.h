/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "header-list.h"

/*
 * The first bytes of an HTTP response's body (RFC 9112 section 6), for the details of an Error; what comes after
 * `max` bytes is not looked at.
 */
typedef struct ResponseBody {
    GByteArray *bytes; /* the body so far, without its framing */
    gsize max;
    gboolean complete; /* nothing more is wanted or to come */
    gboolean chunked;
    gboolean in_size; /* chunked: a size line is being read */
    guint64 left;     /* of the body, or of the chunk; G_MAXUINT64: until the end of the stream */
    GString *line;    /* chunked: the size line so far */
} ResponseBody;

/* HEADERS and STATUS are those of the response. */
void response_body_init(ResponseBody *body, guint status, const HeaderList *headers, gsize max);
void response_body_clear(ResponseBody *body);

/* Takes LENGTH more bytes. A malformed framing completes the body with what was read. */
void response_body_feed(ResponseBody *body, const guint8 *data, gsize length);
