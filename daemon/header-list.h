/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* One header field (RFC 9110 section 5). */
typedef struct Header {
    char *name;
    char *value;
} Header;

/* Header fields in the order in which they came or are to be sent. */
typedef struct HeaderList HeaderList;

HeaderList *header_list_new(void);
void header_list_free(HeaderList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeaderList, header_list_free)

/* Both strings are copied. */
void header_list_append(HeaderList *list, const char *name, const char *value);

guint header_list_length(const HeaderList *list);
const Header *header_list_get(const HeaderList *list, guint index);

/* The value of the one field of NAME, compared as ASCII without case; NULL when there is none or more than one.
 * *ret_count (may be NULL) says how many there are. */
const char *header_list_find(const HeaderList *list, const char *name, guint *ret_count);

/* Whether any field of NAME, read as a comma-separated list, has TOKEN, compared without case. */
gboolean header_list_has_token(const HeaderList *list, const char *name, const char *token);

/* Whether TEXT is a token of RFC 9110 section 5.6.2. */
gboolean header_is_token(const char *text);

/* Appends the line "NAME: Basic …" (RFC 7617) with its CRLF to REQUEST; PASSWORD may be NULL. */
void header_append_basic(GString *request, const char *name, const char *user, const char *password);
