/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bytes of a message: kept whatever is announced, at a cost that follows what has come. */

#include "payload.h"

static void
test_announced(void)
{
    Payload payload = { 0 };

    payload_append(&payload, (const guint8 *)"begun", 5, G_MAXUINT32);
    g_assert_cmpuint(payload.capacity, <=, 1024 * 1024);
    payload_clear(&payload);
    payload_append(&payload, (const guint8 *)"exact", 5, 5);
    g_assert_cmpuint(payload.capacity, ==, 5);
    payload_clear(&payload);
}

/* Many pieces of a byte, each announced by itself: the block is moved a few times, not once for each. */
static void
test_pieces(void)
{
    enum { PIECES = 1000 * 1000 };
    Payload payload = { 0 };
    g_autoptr(GBytes) bytes = NULL;
    const guint8 *data;
    guint grown = 0;

    for (guint i = 0; i < PIECES; i++) {
        gsize capacity = payload.capacity;
        guint8 byte = (guint8)(i * 7);

        payload_append(&payload, &byte, 1, payload.length + 1);
        grown += payload.capacity != capacity;
    }
    g_assert_cmpuint(grown, <=, 21);
    g_assert_cmpuint(payload.capacity, <=, 2 * PIECES);
    bytes = payload_take(&payload);
    g_assert_null(payload.data);
    g_assert_cmpuint(g_bytes_get_size(bytes), ==, PIECES);
    data = g_bytes_get_data(bytes, NULL);
    for (guint i = 0; i < PIECES; i++)
        g_assert_cmpuint(data[i], ==, (guint8)(i * 7));
}

static void
test_empty(void)
{
    Payload payload = { 0 };
    g_autoptr(GBytes) bytes = NULL;

    payload_append(&payload, NULL, 0, 0);
    bytes = payload_take(&payload);
    g_assert_cmpuint(g_bytes_get_size(bytes), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/payload/announced", test_announced);
    g_test_add_func("/payload/pieces", test_pieces);
    g_test_add_func("/payload/empty", test_empty);
    return g_test_run();
}
