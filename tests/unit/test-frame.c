/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The frame scanner: what it says does not depend on how the bytes come in, and it says it with the first byte that
 * shows the fault. */

#include "frame.h"

#include "bytes.h"
#include "row.h"
#include "wsbroker-protocol.h"

#include <string.h>

enum { LIMIT = 10, NO_FAULT = -1 };

static const struct Case {
    const char *bytes;
    gsize length;
    FrameFault fault;
    int fault_at; /* the byte that shows it */
    int frame_at; /* where the frame begins that is at fault: all before it is accepted in any case */
} cases[] = {
    /* What is right. */
    { BYTES(""), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x81\x05hello"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x81\x00"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x82\x00"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x82\x02\xff\xfe"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x81\x03\x00\x01\x02"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x01\x03Hel\x80\x02lo"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x01\x00\x00\x00\x80\x00"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x02\x01\xff\x80\x01\xc3\x81\x02\xc3\xbc"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x01\x03Hel\x89\x00\x8a\x01x\x80\x02lo"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x89\x02\xff\xff\x8a\x00"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x81\x02\xc3\xbc"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x01\x01\xc3\x80\x01\xbc"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x01\x01\xf0\x89\x01\xff\x00\x01\x9f\x00\x00\x00\x01\x98\x80\x01\x80"), FRAME_FAULT_NONE,
      NO_FAULT, 0 },
    { BYTES("\x81\x0aten bytes!\x81\x0aten bytes!"), FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x01\x05"
            "12345\x80\x05"
            "67890"),
      FRAME_FAULT_NONE, NO_FAULT, 0 },
    { BYTES("\x02\x0a"
            "1234567890\x89\x7d" /* a ping counts for nothing */
            "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdef"
            "ghij"
            "abcdefghijabcdefghijabcde\x80\x00"),
      FRAME_FAULT_NONE, NO_FAULT, 0 },

    /* Headers. */
    { BYTES("\x81\x01"
            "a\xc1\x00"),
      FRAME_FAULT_PROTOCOL, 4, 3 },
    { BYTES("\xa1\x00"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\x91\x00"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\xc9\x00"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\x81\x80\x01\x02\x03\x04"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\x81\x00\x89\x80\x01\x02\x03\x04"), FRAME_FAULT_PROTOCOL, 3, 2 },
    { BYTES("\x08\x00"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\x09\x00"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\x0a\x00"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\x89\x7e\x00\x7e"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\x88\x7f\x00\x00"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\x80\x00"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\x00\x00"), FRAME_FAULT_PROTOCOL, 1, 0 },
    { BYTES("\x81\x00\x80\x00"), FRAME_FAULT_PROTOCOL, 3, 2 },
    { BYTES("\x01\x00\x80\x00\x80\x00"), FRAME_FAULT_PROTOCOL, 5, 4 },
    { BYTES("\x01\x00\x81\x00"), FRAME_FAULT_PROTOCOL, 3, 2 },
    { BYTES("\x01\x00\x02\x00"), FRAME_FAULT_PROTOCOL, 3, 2 },
    { BYTES("\x01\x01"
            "a\x89\x00\x82\x00"),
      FRAME_FAULT_PROTOCOL, 6, 5 },

    /* Lengths. */
    { BYTES("\x82\x7e\x00\x7d"), FRAME_FAULT_PROTOCOL, 3, 0 },
    { BYTES("\x82\x7e\x00\x00"), FRAME_FAULT_PROTOCOL, 3, 0 },
    { BYTES("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"), FRAME_FAULT_PROTOCOL, 9, 0 },
    { BYTES("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"), FRAME_FAULT_PROTOCOL, 9, 0 },
    { BYTES("\x82\x0b"
            "12345678901"),
      FRAME_FAULT_TOO_BIG, 1, 0 },
    { BYTES("\x82\x7e\x00\x7e"), FRAME_FAULT_TOO_BIG, 3, 0 },
    { BYTES("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"), FRAME_FAULT_TOO_BIG, 9, 0 },
    { BYTES("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), FRAME_FAULT_TOO_BIG, 9, 0 },
    { BYTES("\x02\x06"
            "123456\x80\x05"
            "12345"),
      FRAME_FAULT_TOO_BIG, 9, 8 },
    { BYTES("\x02\x06"
            "123456\x00\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"),
      FRAME_FAULT_TOO_BIG, 17, 8 },
    { BYTES("\x02\x0a"
            "1234567890\x00\x00\x89\x01x\x80\x01x"),
      FRAME_FAULT_TOO_BIG, 18, 17 },

    /* Text. */
    { BYTES("\x81\x01\xff"), FRAME_FAULT_DATA, 2, 0 },
    { BYTES("\x81\x05"
            "ab\xff"
            "cd"),
      FRAME_FAULT_DATA, 4, 0 },
    { BYTES("\x81\x01"
            "a\x81\x0a\xc3\x28"),
      FRAME_FAULT_DATA, 6, 3 },
    { BYTES("\x81\x0a\xed\xa0"), FRAME_FAULT_DATA, 3, 0 },
    { BYTES("\x81\x01\xc3"), FRAME_FAULT_DATA, 2, 0 },
    { BYTES("\x01\x01\xc3\x80\x00"), FRAME_FAULT_DATA, 4, 3 },
    { BYTES("\x01\x01\xc3\x80\x01\xc3"), FRAME_FAULT_DATA, 5, 3 },
    { BYTES("\x01\x01"
            "a\x89\x00\x00\x01"
            "b\x00\x01\xff"),
      FRAME_FAULT_DATA, 10, 8 },

    /* Close frames; what comes behind a right one is not looked at. */
    { BYTES("\x88\x01\x03"), FRAME_FAULT_PROTOCOL, 2, 0 },
    { BYTES("\x88\x04\x03\xe8\xc3\x28"), FRAME_FAULT_DATA, 5, 0 },
    { BYTES("\x88\x03\x03\xe8\xc3"), FRAME_FAULT_DATA, 4, 0 },
    { BYTES("\x81\x00\x88\x02\x03\xed"), FRAME_FAULT_PROTOCOL, 5, 2 },
};

typedef struct Outcome {
    FrameFault fault;
    const char *fault_text;
    gsize accepted;
} Outcome;

/* Feeds the pieces [0, first), [first, second), … of PIECE_SIZE bytes until a fault. */
static void
feed(FrameScanner *scanner, const guint8 *bytes, gsize length, gsize first, gsize piece_size,
     Outcome *outcome)
{
    gsize at = 0, size = first;

    while (outcome->fault == FRAME_FAULT_NONE && at < length) {
        gsize n = MIN(size, length - at), accepted = G_MAXSIZE;
        g_autofree guint8 *piece = g_memdup2(bytes + at, n);

        outcome->fault = frame_scanner_feed(scanner, piece, n, &accepted);
        g_assert_cmpuint(accepted, <=, n);
        outcome->accepted += accepted;
        at += n;
        size = piece_size;
    }
    outcome->fault_text = scanner->fault_text;
}

static void
feed_new(const struct Case *row, gsize first, gsize piece_size, Outcome *outcome)
{
    FrameScanner scanner;

    *outcome = (Outcome){ 0 };
    frame_scanner_init(&scanner, LIMIT);
    feed(&scanner, (const guint8 *)row->bytes, row->length, first, piece_size, outcome);
    frame_scanner_clear(&scanner);
}

static void
check_outcome(const struct Case *row, const Outcome *whole, const Outcome *outcome)
{
    g_assert_cmpint(outcome->fault, ==, row->fault);
    g_assert_cmpstr(outcome->fault_text, ==, whole->fault_text);
    if (row->fault == FRAME_FAULT_NONE) {
        g_assert_cmpuint(outcome->accepted, ==, row->length);
    } else {
        g_assert_cmpuint(outcome->accepted, >=, (gsize)row->frame_at);
        g_assert_cmpuint(outcome->accepted, <=, (gsize)row->fault_at);
    }
}

static void
test_every_split(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct Case *row = &cases[i];
        gsize length = row->length;
        Outcome whole, outcome;

        test_row(row->bytes);
        feed_new(row, length, length, &whole);
        g_assert_cmpint(whole.fault_text != NULL, ==, row->fault != FRAME_FAULT_NONE);
        check_outcome(row, &whole, &whole);
        for (gsize piece = 1; piece <= length; piece++) {
            feed_new(row, piece, piece, &outcome);
            check_outcome(row, &whole, &outcome);
            feed_new(row, piece, length, &outcome);
            check_outcome(row, &whole, &outcome);
        }
    }
}

/* Whether the byte at AT is of the frame at fault, and that a Close frame. */
static gboolean
is_in_close(const struct Case *row, int at)
{
    return row->fault != FRAME_FAULT_NONE && at >= row->frame_at &&
           (row->bytes[row->frame_at] & 0x0F) == 0x08;
}

/* Byte by byte, no byte is accepted late and none is refused early. */
static void
test_first_wrong_byte(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        FrameScanner scanner;
        int at = 0;
        FrameFault fault = FRAME_FAULT_NONE;

        test_row(cases[i].bytes);
        frame_scanner_init(&scanner, LIMIT);
        while (fault == FRAME_FAULT_NONE && (gsize)at < cases[i].length) {
            gsize accepted = G_MAXSIZE;

            fault = frame_scanner_feed(&scanner, (const guint8 *)cases[i].bytes + at, 1, &accepted);
            g_assert_cmpuint(accepted, ==, fault == FRAME_FAULT_NONE && !is_in_close(&cases[i], at) ? 1 : 0);
            at++;
        }
        g_assert_cmpint(fault, ==, cases[i].fault);
        if (fault != FRAME_FAULT_NONE)
            g_assert_cmpint(at - 1, ==, cases[i].fault_at);
        frame_scanner_clear(&scanner);
    }
}

static void
test_reserved_opcodes(void)
{
    for (guint opcode = 0; opcode < 16; opcode++) {
        gboolean reserved = (opcode >= 3 && opcode <= 7) || opcode >= 11;
        guint8 bytes[] = { (guint8)(0x80 | opcode), 0 };
        FrameScanner scanner;
        gsize accepted;

        frame_scanner_init(&scanner, LIMIT);
        g_assert_cmpint(frame_scanner_feed(&scanner, bytes, sizeof(bytes), &accepted), ==,
                        reserved || opcode == 0 ? FRAME_FAULT_PROTOCOL : FRAME_FAULT_NONE);
        frame_scanner_clear(&scanner);
    }
}

static FrameFault
scan_close(FrameScanner *scanner, const char *bytes, gsize length, gsize *ret_accepted)
{
    frame_scanner_init(scanner, LIMIT);
    return frame_scanner_feed(scanner, (const guint8 *)bytes, length, ret_accepted);
}

static void
test_close_codes(void)
{
    for (guint code = 0; code <= G_MAXUINT16; code++) {
        gboolean may_travel = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                              (code >= 3000 && code <= 4999);
        char bytes[] = { (char)0x88, 2, (char)(code >> 8), (char)code };
        FrameScanner scanner;
        gsize accepted;
        FrameFault fault = scan_close(&scanner, bytes, sizeof(bytes), &accepted);

        if ((fault == FRAME_FAULT_NONE) != may_travel || scanner.close_seen != may_travel)
            g_error("close code %u", code);
        if (may_travel)
            g_assert_cmpuint(scanner.close_code, ==, code);
        frame_scanner_clear(&scanner);
    }
}

static const struct Close {
    const char *bytes;
    gsize length;
    guint code;
    const char *reason;
    gsize accepted; /* what comes before the Close frame */
} closes[] = {
    { BYTES("\x88\x00"), WSB_CLOSE_NO_STATUS, "", 0 },
    { BYTES("\x88\x02\x03\xe8"), 1000, "", 0 },
    { BYTES("\x88\x05\x03\xe9"
            "bye"),
      1001, "bye", 0 },
    { BYTES("\x88\x04\x0f\xa0\xc3\xbc"), 4000, "ü", 0 },
    { BYTES("\x88\x05\x0f\xa0"
            "a\0b"),
      4000, "a\uFFFDb", 0 },
    { BYTES("\x01\x01"
            "a\x88\x00"),
      WSB_CLOSE_NO_STATUS, "", 3 },
    { BYTES("\x81\x00\x89\x01!\x88\x00\x81\x80garbage"), WSB_CLOSE_NO_STATUS, "", 5 },
    { BYTES("\x88\x02\x03\xe8\x88\x02\x03\xe9"), 1000, "", 0 },
};

static void
test_close(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(closes); i++) {
        test_row(closes[i].bytes);
        for (gsize piece = 1; piece <= closes[i].length; piece++) {
            FrameScanner scanner;
            Outcome outcome = { 0 };

            frame_scanner_init(&scanner, LIMIT);
            feed(&scanner, (const guint8 *)closes[i].bytes, closes[i].length, piece, piece, &outcome);
            g_assert_cmpint(outcome.fault, ==, FRAME_FAULT_NONE);
            g_assert_cmpuint(outcome.accepted, ==, closes[i].accepted);
            g_assert_true(scanner.close_seen);
            g_assert_cmpuint(scanner.close_code, ==, closes[i].code);
            g_assert_cmpstr(scanner.close_reason, ==, closes[i].reason);
            frame_scanner_clear(&scanner);
        }
    }
}

static void
test_longest_close(void)
{
    char bytes[2 + 125];
    FrameScanner scanner;
    gsize accepted;

    memset(bytes, 'x', sizeof(bytes));
    memcpy(bytes, "\x88\x7d\x03\xe8", 4);
    g_assert_cmpint(scan_close(&scanner, bytes, sizeof(bytes), &accepted), ==, FRAME_FAULT_NONE);
    g_assert_cmpuint(strlen(scanner.close_reason), ==, WSB_CLOSE_REASON_MAX);
    frame_scanner_clear(&scanner);
}

/* A frame of SIZE bytes in the shortest form of its length. */
static GByteArray *
frame_new(guint8 first, guint64 size)
{
    GByteArray *frame = g_byte_array_new();
    guint8 header[10] = { first, 0 };
    guint n = size < 126 ? 2 : size <= G_MAXUINT16 ? 4 : 10;

    header[1] = size < 126 ? (guint8)size : size <= G_MAXUINT16 ? 126 : 127;
    for (guint i = n - 1, shift = 0; i >= 2; i--, shift += 8)
        header[i] = (guint8)(size >> shift);
    g_byte_array_append(frame, header, n);
    g_byte_array_set_size(frame, n + (guint)size);
    memset(frame->data + n, 'x', size);
    return frame;
}

static void
test_lengths(void)
{
    static const guint64 sizes[] = { 0, 1, 125, 126, 127, 255, 256, 65535, 65536, 65537, 200000 };

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GByteArray) frame = frame_new(0x81, sizes[i]);

        for (guint64 limit = sizes[i] > 0 ? sizes[i] - 1 : 0; limit <= sizes[i] + 1; limit++) {
            FrameScanner scanner;
            gsize accepted;
            gboolean fits = sizes[i] <= limit;

            frame_scanner_init(&scanner, limit);
            g_assert_cmpint(frame_scanner_feed(&scanner, frame->data, frame->len, &accepted), ==,
                            fits ? FRAME_FAULT_NONE : FRAME_FAULT_TOO_BIG);
            g_assert_cmpint(accepted == frame->len, ==, fits);
            frame_scanner_clear(&scanner);
        }
    }
}

/* Fragments of a byte each, without end. */
static void
test_endless_fragments(void)
{
    FrameScanner scanner;
    gsize accepted;
    FrameFault fault;
    guint count = 1;

    frame_scanner_init(&scanner, 1000);
    fault = frame_scanner_feed(&scanner, (const guint8 *)"\x02\x01x", 3, &accepted);
    while (fault == FRAME_FAULT_NONE && count < 2000) {
        fault = frame_scanner_feed(&scanner, (const guint8 *)"\x00\x01x", 3, &accepted);
        count++;
    }
    g_assert_cmpint(fault, ==, FRAME_FAULT_TOO_BIG);
    g_assert_cmpuint(count, ==, 1001);
    frame_scanner_clear(&scanner);
}

/* No limit at all and the largest lengths: sums must not wrap. */
static void
test_huge_lengths(void)
{
    static const guint8 huge[] = { 0x02, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    FrameScanner scanner;
    gsize accepted;

    frame_scanner_init(&scanner, G_MAXUINT64);
    g_assert_cmpint(frame_scanner_feed(&scanner, huge, sizeof(huge), &accepted), ==, FRAME_FAULT_NONE);
    g_assert_cmpuint(scanner.message_size, ==, G_MAXINT64);
    frame_scanner_clear(&scanner);

    /* As if all but a little of a message had come. */
    frame_scanner_init(&scanner, G_MAXUINT64);
    g_assert_cmpint(frame_scanner_feed(&scanner, (const guint8 *)"\x02\x00", 2, &accepted), ==,
                    FRAME_FAULT_NONE);
    scanner.message_size = G_MAXUINT64 - 5;
    g_assert_cmpint(frame_scanner_feed(&scanner, (const guint8 *)"\x00\x06", 2, &accepted), ==,
                    FRAME_FAULT_TOO_BIG);
    frame_scanner_clear(&scanner);
}

static const struct Deflate {
    const char *bytes;
    gsize length;
    FrameFault fault;
} deflates[] = {
    { BYTES("\xc1\x02\xff\xfe"), FRAME_FAULT_NONE }, /* compressed: for the inflater to judge */
    { BYTES("\xc2\x02\xff\xfe"), FRAME_FAULT_NONE },
    { BYTES("\x41\x01\xff\x80\x01\xc3"), FRAME_FAULT_NONE },
    { BYTES("\xc1\x01\xff\x81\x01\xff"), FRAME_FAULT_DATA }, /* the second is not */
    { BYTES("\x41\x01\xff\xc0\x01\xc3"), FRAME_FAULT_PROTOCOL },
    { BYTES("\xc9\x00"), FRAME_FAULT_PROTOCOL },
    { BYTES("\xc8\x00"), FRAME_FAULT_PROTOCOL },
    { BYTES("\xa1\x00"), FRAME_FAULT_PROTOCOL },
    { BYTES("\x91\x00"), FRAME_FAULT_PROTOCOL },
    { BYTES("\xc1\x4b"), FRAME_FAULT_NONE }, /* room for what cannot be compressed */
    { BYTES("\xc1\x4c"), FRAME_FAULT_TOO_BIG },
    { BYTES("\x41\x0b\xff"), FRAME_FAULT_NONE },
    { BYTES("\x81\x0b"), FRAME_FAULT_TOO_BIG },
};

static void
test_deflate(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(deflates); i++) {
        test_row(deflates[i].bytes);
        for (gsize piece = 1; piece <= deflates[i].length; piece++) {
            FrameScanner scanner;
            Outcome outcome = { 0 };

            frame_scanner_init(&scanner, LIMIT);
            scanner.deflate = TRUE;
            feed(&scanner, (const guint8 *)deflates[i].bytes, deflates[i].length, piece, piece, &outcome);
            g_assert_cmpint(outcome.fault, ==, deflates[i].fault);
            frame_scanner_clear(&scanner);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame/every-split", test_every_split);
    g_test_add_func("/frame/first-wrong-byte", test_first_wrong_byte);
    g_test_add_func("/frame/reserved-opcodes", test_reserved_opcodes);
    g_test_add_func("/frame/close-codes", test_close_codes);
    g_test_add_func("/frame/close", test_close);
    g_test_add_func("/frame/longest-close", test_longest_close);
    g_test_add_func("/frame/lengths", test_lengths);
    g_test_add_func("/frame/endless-fragments", test_endless_fragments);
    g_test_add_func("/frame/huge-lengths", test_huge_lengths);
    g_test_add_func("/frame/deflate", test_deflate);
    return g_test_run();
}
