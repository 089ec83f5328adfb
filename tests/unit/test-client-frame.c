/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The frames that the service sends: messages and Close frames, and other masking keys for libsoup's. */

#include "client-frame.h"

#include "bytes.h"

/* A masked binary frame of SIZE bytes of payload, which is 0, 1, 2, … before it is masked. */
static GByteArray *
frame_new(gsize size, guint8 length_bytes, const guint8 *key)
{
    GByteArray *frame = g_byte_array_new();
    guint8 header[] = { 0x82, 0x80 };

    header[1] |= length_bytes == 0 ? (guint8)size : length_bytes == 2 ? 126 : 127;
    g_byte_array_append(frame, header, sizeof(header));
    for (int shift = 8 * (length_bytes - 1); shift >= 0; shift -= 8)
        g_byte_array_append(frame, &(guint8){ (guint8)(size >> shift) }, 1);
    g_byte_array_append(frame, key, 4);
    for (gsize i = 0; i < size; i++)
        g_byte_array_append(frame, &(guint8){ (guint8)(i ^ key[i % 4]) }, 1);
    return frame;
}

static guint8
length_bytes_of(gsize size)
{
    if (size < 126)
        return 0;
    return size <= G_MAXUINT16 ? 2 : 8;
}

static void
test_size(void)
{
    static const gsize sizes[] = { 0, 1, 125, 126, 127, 65535, 65536, 70000 };
    static const guint8 key[4] = { 0 };

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GByteArray) frame = frame_new(sizes[i], length_bytes_of(sizes[i]), key);

        g_assert_cmpuint(client_frame_size(frame->data), ==, frame->len);
    }
}

/* The payload stays what it is, the header too but for its key, for every length that the copying could get wrong. */
static void
test_remask(void)
{
    static const guint8 old_key[] = { 0x12, 0x34, 0x56, 0x78 }, new_key[] = { 0x9A, 0xBC, 0xDE, 0xF0 };
    guint32 key;

    memcpy(&key, new_key, sizeof(key));
    for (gsize size = 0; size < 300; size++) {
        g_autoptr(GByteArray) frame = frame_new(size, length_bytes_of(size), old_key);
        g_autoptr(GByteArray) expected = frame_new(size, length_bytes_of(size), new_key);
        g_autofree guint8 *copy = g_malloc(frame->len);

        client_frame_remask(copy, frame->data, frame->len, key);
        assert_bytes(copy, frame->len, expected->data, expected->len);
    }
}

/* Nothing is read or written behind what is no whole masked frame. */
static void
test_remask_no_frame(void)
{
    static const struct {
        const char *bytes;
        gsize length;
    } rows[] = { { BYTES("") },
                 { BYTES("\x82") },
                 { BYTES("\x82\x80") },
                 { BYTES("\x82\x80\x01\x02\x03") },
                 { BYTES("\x82\xfe\x01\x02\x03") },
                 { BYTES("\x82\xff\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b") },
                 { BYTES("\x82\x05hello") } };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree guint8 *exact = g_memdup2(rows[i].bytes, rows[i].length);
        g_autofree guint8 *copy = g_malloc0(rows[i].length);

        client_frame_remask(copy, exact, rows[i].length, 0xFFFFFFFF);
        assert_bytes(copy, rows[i].length, rows[i].bytes, rows[i].length);
    }
}

static void
test_keys(void)
{
    enum { KEYS = 1000 };
    MaskingKeys keys = { 0 };
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < KEYS; i++)
        g_hash_table_add(seen, GUINT_TO_POINTER(masking_keys_take(&keys)));
    /* Three equal ones among so few would be once in 10^11 runs. */
    g_assert_cmpuint(g_hash_table_size(seen), >, KEYS - 3);
}

/* Each length in its shortest form. */
static void
test_made(void)
{
    static const gsize sizes[] = { 0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 70000 };
    static const guint8 key_bytes[] = { 0x12, 0x34, 0x56, 0x78 };
    guint8 payload[70000], made[CLIENT_FRAME_HEADER_MAX + sizeof(payload)];
    guint32 key;

    memcpy(&key, key_bytes, sizeof(key));
    for (gsize i = 0; i < sizeof(payload); i++)
        payload[i] = (guint8)i;
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GByteArray) expected = frame_new(sizes[i], length_bytes_of(sizes[i]), key_bytes);
        gsize size = client_frame_write_header(made, OPCODE_BINARY, sizes[i], key);

        client_frame_mask(made + size, payload, sizes[i], key);
        assert_bytes(made, size + sizes[i], expected->data, expected->len);
    }
    assert_bytes(made, client_frame_write_header(made, OPCODE_CLOSE, 0, 0), "\x88\x80\0\0\0\0", 6);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/client-frame/size", test_size);
    g_test_add_func("/client-frame/remask", test_remask);
    g_test_add_func("/client-frame/remask-no-frame", test_remask_no_frame);
    g_test_add_func("/client-frame/keys", test_keys);
    g_test_add_func("/client-frame/made", test_made);
    return g_test_run();
}
