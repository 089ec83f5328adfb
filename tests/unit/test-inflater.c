/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Compressed messages: those of RFC 7692 section 7.2.3, whatever zlib makes, and what no compressor made. */

#include "inflater.h"

#include "bytes.h"
#include "row.h"

#include <string.h>
#include <zlib.h>

enum { MESSAGE_MAX = 4 * 1024 * 1024, BUDGET = 64 * 1024 };

static const PermessageDeflate with_takeover = { .agreed = TRUE, .server_max_window_bits = 15 };
static const PermessageDeflate without_takeover = { .agreed = TRUE,
                                                    .server_no_context_takeover = TRUE,
                                                    .server_max_window_bits = 15 };

/* What became of one message, BUDGET bytes a turn. */
typedef struct Outcome {
    FrameFault fault;
    const char *fault_text;
    GBytes *message;
    gboolean text;
    guint turns;
    gsize cost; /* bytes of their budgets */
} Outcome;

static void
outcome_clear(Outcome *outcome)
{
    g_clear_pointer(&outcome->message, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_clear)

static Outcome
inflate_message(Inflater *inflater, gboolean text, GBytes *compressed)
{
    Outcome outcome = { 0 };

    g_assert_false(inflater_is_busy(inflater));
    inflater_start(inflater, text, compressed);
    g_assert_true(inflater_is_busy(inflater));
    while (outcome.fault == FRAME_FAULT_NONE && !outcome.message) {
        gsize budget = BUDGET;

        outcome.fault =
            inflater_work(inflater, &budget, &outcome.message, &outcome.text, &outcome.fault_text);
        outcome.turns++;
        outcome.cost += BUDGET - budget;
        g_assert_true(outcome.message || outcome.fault != FRAME_FAULT_NONE || budget == 0);
    }
    g_assert_cmpint(inflater_is_busy(inflater), ==, outcome.fault != FRAME_FAULT_NONE);
    g_assert_cmpint(outcome.fault_text != NULL, ==, outcome.fault != FRAME_FAULT_NONE);
    return outcome;
}

static void
assert_inflates(Inflater *inflater, GBytes *compressed, const char *expected, gsize length)
{
    g_auto(Outcome) outcome = inflate_message(inflater, TRUE, compressed);
    gsize n = 0;
    gconstpointer data;

    g_assert_cmpint(outcome.fault, ==, FRAME_FAULT_NONE);
    g_assert_true(outcome.text);
    data = g_bytes_get_data(outcome.message, &n);
    g_assert_cmpuint(n, ==, length);
    g_assert_true(length == 0 || memcmp(data, expected, length) == 0);
}

static void
assert_fails(const PermessageDeflate *agreed, gboolean text, const void *bytes, gsize length,
             FrameFault fault)
{
    Inflater *inflater = inflater_new(agreed, MESSAGE_MAX);
    g_autoptr(GBytes) compressed = g_bytes_new(bytes, length);
    g_auto(Outcome) outcome = inflate_message(inflater, text, compressed);

    g_assert_cmpint(outcome.fault, ==, fault);
    inflater_free(inflater);
}

/* Messages of RFC 7692, and others that come to the same. All are "Hello". */
static const struct Hello {
    const char *bytes;
    gsize length;
} hellos[] = {
    { BYTES("\xf2\x48\xcd\xc9\xc9\x07\x00") },                         /* section 7.2.3.1 */
    { BYTES("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00") },         /* 7.2.3.3 */
    { BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\x00") },                     /* 7.2.3.4 */
    { BYTES("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00") }, /* 7.2.3.5 */
    { BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00") },                         /* the last block, and nothing more */
    { BYTES("\xf3\x48\x05\x00\xca\xc9\xc9\x07\x00") },                 /* a last block, and another */
    { BYTES("\x03\x00\x03\x00\xf2\x48\xcd\xc9\xc9\x07\x00") },         /* two last ones that are empty */
    { BYTES("\x00\x00\x00\xff\xff\xf2\x48\xcd\xc9\xc9\x07\x00") },     /* an empty stored one */
    { BYTES("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x01") },         /* the tail's block is the last */
};

static void
test_examples(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(hellos); i++) {
        g_autoptr(GBytes) compressed = g_bytes_new_static(hellos[i].bytes, hellos[i].length);
        /* Section 7.2.3.2: the whole message, out of what was in the window. */
        g_autoptr(GBytes) again = g_bytes_new_static(BYTES("\xf2\x00\x11\x00\x00"));
        Inflater *inflater = inflater_new(&with_takeover, MESSAGE_MAX);

        g_test_message("row %" G_GSIZE_FORMAT, i);
        assert_inflates(inflater, compressed, BYTES("Hello"));
        assert_inflates(inflater, again, BYTES("Hello"));
        assert_inflates(inflater, compressed, BYTES("Hello"));
        inflater_free(inflater);
    }
}

static void
test_empty(void)
{
    g_autoptr(GBytes) block = g_bytes_new_static(BYTES("\x00")); /* section 7.2.3.6 */
    g_autoptr(GBytes) nothing = g_bytes_new_static(BYTES(""));
    g_autoptr(GBytes) hello = g_bytes_new_static(hellos[0].bytes, hellos[0].length);
    Inflater *inflater = inflater_new(&with_takeover, MESSAGE_MAX);

    assert_inflates(inflater, block, BYTES(""));
    assert_inflates(inflater, nothing, BYTES(""));
    assert_inflates(inflater, hello, BYTES("Hello"));
    assert_inflates(inflater, nothing, BYTES(""));
    assert_inflates(inflater, block, BYTES(""));
    inflater_free(inflater);
}

/* What was before is not to be had where the server said that it would not refer to it. */
static void
test_no_takeover(void)
{
    Inflater *inflater = inflater_new(&without_takeover, MESSAGE_MAX);
    g_autoptr(GBytes) hello = g_bytes_new_static(hellos[0].bytes, hellos[0].length);
    g_autoptr(GBytes) again = g_bytes_new_static(BYTES("\xf2\x00\x11\x00\x00"));

    assert_inflates(inflater, hello, BYTES("Hello"));
    assert_inflates(inflater, hello, BYTES("Hello"));
    {
        g_auto(Outcome) outcome = inflate_message(inflater, TRUE, again);

        g_assert_cmpint(outcome.fault, ==, FRAME_FAULT_DATA);
    }
    inflater_free(inflater);
}

static const struct Wrong {
    const char *bytes;
    gsize length;
} wrongs[] = {
    { BYTES("\xff") },                                         /* a kind of block that there is not */
    { BYTES("\x07") },                                         /* the same, as the last */
    { BYTES("Hello") },                                        /* not compressed */
    { BYTES("\xf2\x48\xcd\xc9\xc9") },                         /* cut short */
    { BYTES("\x00\x05\x00\xfa\xfe\x48\x65\x6c\x6c\x6f\x00") }, /* a length and its complement that differ */
    { BYTES("\x00\x05\x00\xfa\xff\x48\x65") },     /* a stored block that the tail is taken into */
    { BYTES("\xf2\x00\x11\x00\x00") },             /* refers to what never was */
    { BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\xff") }, /* more behind the last block, and wrong */
    { BYTES("\x78\x9c\xf3\x48\xcd\xc9\xc9\x07\x00\x05\x8c\x01\xf5") }, /* with zlib's header */
    { BYTES(
        "\x04\xc0\x81\x08\x00\x00\x00\x00\x20\x7f\xeb\x0b\x00\x00\xff") }, /* code lengths that are none */
};

static void
test_wrong(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(wrongs); i++) {
        g_test_message("row %" G_GSIZE_FORMAT, i);
        assert_fails(&with_takeover, FALSE, wrongs[i].bytes, wrongs[i].length, FRAME_FAULT_DATA);
        assert_fails(&without_takeover, FALSE, wrongs[i].bytes, wrongs[i].length, FRAME_FAULT_DATA);
    }
}

/* A server's side (section 7.2.1): messages of one stream, or each of its own. */
typedef struct Compressor {
    z_stream zlib;
    gboolean takeover;
} Compressor;

static void
compressor_init(Compressor *compressor, gboolean takeover, int window_bits, int level)
{
    *compressor = (Compressor){ .takeover = takeover };
    g_assert_cmpint(deflateInit2(&compressor->zlib, level, Z_DEFLATED, -window_bits, /* memLevel= */ 8,
                                 Z_DEFAULT_STRATEGY),
                    ==, Z_OK);
}

static GBytes *
compressor_run(Compressor *compressor, const void *data, gsize length)
{
    gsize room = deflateBound(&compressor->zlib, length) + 64;
    guint8 *out = g_malloc(room);
    gsize n;

    compressor->zlib.next_in = (guint8 *)data;
    compressor->zlib.avail_in = (guint)length;
    compressor->zlib.next_out = out;
    compressor->zlib.avail_out = (guint)room;
    g_assert_cmpint(deflate(&compressor->zlib, Z_SYNC_FLUSH), ==, Z_OK);
    g_assert_cmpuint(compressor->zlib.avail_in, ==, 0);
    n = room - compressor->zlib.avail_out;
    g_assert_cmpuint(n, >=, 5);
    g_assert_cmpmem(out + n - 4, 4, "\x00\x00\xff\xff", 4);
    if (!compressor->takeover)
        deflateReset(&compressor->zlib);
    return g_bytes_new_take(out, n - 4);
}

/* Half of it repeats what came before, so that windows matter. */
static GByteArray *
make_message(GRand *random, const GByteArray *former)
{
    gsize length = (gsize)g_rand_int_range(random, 1, 200 * 1024);
    GByteArray *message = g_byte_array_new();

    while (message->len < length) {
        guint n = (guint)g_rand_int_range(random, 1, 2000);

        if (g_rand_boolean(random) && former->len > n) {
            g_byte_array_append(message,
                                former->data + g_rand_int_range(random, 0, (gint32)(former->len - n)), n);
        } else {
            for (; n > 0; n--)
                g_byte_array_append(message, (const guint8[]){ (guint8)g_rand_int_range(random, 32, 127) },
                                    1);
        }
    }
    return message;
}

static void
exchange(const PermessageDeflate *agreed, int window_bits, int level)
{
    g_autoptr(GRand) random = g_rand_new_with_seed((guint32)(window_bits * 10 + level));
    GByteArray *former = g_byte_array_new();
    Inflater *inflater = inflater_new(agreed, MESSAGE_MAX);
    Compressor compressor;

    compressor_init(&compressor, !agreed->server_no_context_takeover, window_bits, level);
    for (guint i = 0; i < 20; i++) {
        GByteArray *message = make_message(random, former);
        g_autoptr(GBytes) compressed = compressor_run(&compressor, message->data, message->len);

        assert_inflates(inflater, compressed, (const char *)message->data, message->len);
        g_byte_array_unref(former);
        former = message;
    }
    deflateEnd(&compressor.zlib);
    inflater_free(inflater);
    g_byte_array_unref(former);
}

static void
test_zlib(void)
{
    for (int level = 0; level <= 9; level += 3) {
        exchange(&with_takeover, 15, level);
        exchange(&without_takeover, 15, level);
    }
    for (guint8 bits = 8; bits <= 15; bits++) {
        const PermessageDeflate agreed = { .agreed = TRUE, .server_max_window_bits = bits };

        exchange(&agreed, MAX(bits, 9), 6);
    }
}

/* A server that refers to what is far behind the window that it announced. */
static void
test_window_too_far(void)
{
    const PermessageDeflate agreed = { .agreed = TRUE, .server_max_window_bits = 9 };
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    guint8 data[48 * 1024];
    g_autoptr(GBytes) compressed = NULL;
    Compressor compressor;

    for (gsize i = 0; i < sizeof(data) / 2; i++)
        data[i] = data[sizeof(data) / 2 + i] = (guint8)g_rand_int_range(random, 0, 256);
    compressor_init(&compressor, TRUE, 15, 6);
    compressed = compressor_run(&compressor, data, sizeof(data));
    deflateEnd(&compressor.zlib);
    assert_fails(&agreed, FALSE, g_bytes_get_data(compressed, NULL), g_bytes_get_size(compressed),
                 FRAME_FAULT_DATA);
}

/* LENGTH bytes of PLAIN over and over. */
static GBytes *
compress_many(const char *plain, gsize length)
{
    g_autofree char *data = g_malloc(length);
    Compressor compressor;
    GBytes *compressed;

    for (gsize i = 0; i < length; i++)
        data[i] = plain[i % strlen(plain)];
    compressor_init(&compressor, TRUE, 15, 6);
    compressed = compressor_run(&compressor, data, length);
    deflateEnd(&compressor.zlib);
    return compressed;
}

/* The limit is of what it inflates to, to the byte; and each turn's work is bounded. */
static void
test_limit(void)
{
    static const gsize sizes[] = { MESSAGE_MAX - 1, MESSAGE_MAX, MESSAGE_MAX + 1, 10 * MESSAGE_MAX };

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GBytes) compressed = compress_many("x", sizes[i]);
        Inflater *inflater = inflater_new(&with_takeover, MESSAGE_MAX);
        g_auto(Outcome) outcome = inflate_message(inflater, FALSE, compressed);

        g_assert_cmpuint(g_bytes_get_size(compressed), <, sizes[i] / 500);
        g_assert_cmpuint(outcome.turns, >=, MESSAGE_MAX / (BUDGET + 16 * 1024));
        if (sizes[i] > MESSAGE_MAX) {
            g_assert_cmpint(outcome.fault, ==, FRAME_FAULT_TOO_BIG);
        } else {
            g_assert_cmpint(outcome.fault, ==, FRAME_FAULT_NONE);
            g_assert_cmpuint(g_bytes_get_size(outcome.message), ==, sizes[i]);
        }
        inflater_free(inflater);
    }
}

/* Last blocks of two bytes each, for all of which the window is kept: no turn does more than some of them. */
static void
test_many_last_blocks(void)
{
    enum { BLOCKS = 1000 };
    g_autoptr(GByteArray) data = g_byte_array_new();
    g_autoptr(GBytes) compressed = NULL;
    Inflater *inflater = inflater_new(&with_takeover, MESSAGE_MAX);
    g_auto(Outcome) outcome = { 0 };

    for (guint i = 0; i < BLOCKS; i++)
        g_byte_array_append(data, (const guint8 *)"\x03\x00", 2);
    g_byte_array_append(data, (const guint8 *)hellos[0].bytes, (guint)hellos[0].length);
    compressed = g_byte_array_free_to_bytes(g_steal_pointer(&data));
    outcome = inflate_message(inflater, TRUE, compressed);
    g_assert_cmpint(outcome.fault, ==, FRAME_FAULT_NONE);
    g_assert_cmpuint(g_bytes_get_size(outcome.message), ==, 5);
    g_assert_cmpuint(outcome.turns, >=, BLOCKS / 4);
    inflater_free(inflater);
}

/* So it is where each is a message of its own. */
static void
test_many_last_messages(void)
{
    g_autoptr(GBytes) last = g_bytes_new_static(BYTES("\x03\x00"));
    g_autoptr(GBytes) full_window = compress_many("x", 64 * 1024);
    Inflater *inflater = inflater_new(&with_takeover, MESSAGE_MAX);
    g_auto(Outcome) before = inflate_message(inflater, FALSE, full_window);

    g_assert_cmpint(before.fault, ==, FRAME_FAULT_NONE);
    for (guint i = 0; i < 10; i++) {
        g_auto(Outcome) outcome = inflate_message(inflater, FALSE, last);

        g_assert_cmpint(outcome.fault, ==, FRAME_FAULT_NONE);
        g_assert_cmpuint(g_bytes_get_size(outcome.message), ==, 0);
        g_assert_cmpuint(outcome.cost, >=, i == 0 ? 1 : 32 * 1024);
    }
    inflater_free(inflater);
}

/* Text is looked at as it is inflated. */
static void
test_text(void)
{
    g_autoptr(GBytes) umlauts = compress_many("\xc3\xbc", 1024 * 1024);
    g_autoptr(GBytes) cut = compress_many("\xc3\xbc", 1024 * 1024 + 1);
    g_autoptr(GBytes) wrong = compress_many("\xbc\xc3", MESSAGE_MAX);

    for (guint text = 0; text <= 1; text++) {
        Inflater *inflater = inflater_new(&with_takeover, MESSAGE_MAX);
        g_auto(Outcome) first = inflate_message(inflater, (gboolean)text, umlauts);
        g_auto(Outcome) second = inflate_message(inflater, (gboolean)text, cut);

        g_assert_cmpint(first.fault, ==, FRAME_FAULT_NONE);
        g_assert_cmpint(first.text, ==, text);
        g_assert_cmpint(second.fault, ==, text ? FRAME_FAULT_DATA : FRAME_FAULT_NONE);
        inflater_free(inflater);
    }
    {
        Inflater *inflater = inflater_new(&with_takeover, MESSAGE_MAX);
        g_auto(Outcome) early = inflate_message(inflater, TRUE, wrong);

        g_assert_cmpint(early.fault, ==, FRAME_FAULT_DATA);
        g_assert_cmpuint(early.turns, ==, 1);
        inflater_free(inflater);
    }
}

/* Given up in the middle. */
static void
test_freed_busy(void)
{
    g_autoptr(GBytes) compressed = compress_many("x", MESSAGE_MAX);
    Inflater *inflater = inflater_new(&with_takeover, MESSAGE_MAX);
    g_autoptr(GBytes) message = NULL;
    const char *fault_text = NULL;
    gboolean text = FALSE;
    gsize budget = 1;

    inflater_start(inflater, FALSE, compressed);
    g_assert_cmpint(inflater_work(inflater, &budget, &message, &text, &fault_text), ==, FRAME_FAULT_NONE);
    g_assert_null(message);
    g_assert_true(inflater_is_busy(inflater));
    inflater_free(inflater);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inflater/examples", test_examples);
    g_test_add_func("/inflater/empty", test_empty);
    g_test_add_func("/inflater/no-takeover", test_no_takeover);
    g_test_add_func("/inflater/wrong", test_wrong);
    g_test_add_func("/inflater/zlib", test_zlib);
    g_test_add_func("/inflater/window-too-far", test_window_too_far);
    g_test_add_func("/inflater/limit", test_limit);
    g_test_add_func("/inflater/many-last-blocks", test_many_last_blocks);
    g_test_add_func("/inflater/many-last-messages", test_many_last_messages);
    g_test_add_func("/inflater/text", test_text);
    g_test_add_func("/inflater/freed-busy", test_freed_busy);
    return g_test_run();
}
