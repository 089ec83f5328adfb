/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The answer to the upgrade request, with the right key where it says $ACCEPT. The first byte says in pieces of which
 * size it comes, and whether subprotocols and compression were offered. Whatever it is, the handshake ends with the server's connection.
 */

#include "fuzz-input.h"

#include "handshake-attempt.h"

#include <string.h>

enum { ANSWER_MAX = 96 * 1024, WITH_OFFERS = 0x80 };

static const char *const protocols[] = { "chat", "superchat", NULL };

static GByteArray *
fill_in(FuzzInput *input, const char *accept)
{
    static const char mark[] = "$ACCEPT";
    GByteArray *answer = g_byte_array_new();

    while (input->size > 0) {
        const uint8_t *at = memmem(input->data, input->size, mark, sizeof(mark) - 1);
        size_t length = 0;
        const uint8_t *bytes = fuzz_input_take(input, at ? (size_t)(at - input->data) : input->size, &length);

        g_byte_array_append(answer, bytes, (guint)length);
        if (at) {
            g_byte_array_append(answer, (const guint8 *)accept, (guint)strlen(accept));
            (void)fuzz_input_take(input, sizeof(mark) - 1, &length);
        }
    }
    if (answer->len > ANSWER_MAX)
        g_byte_array_set_size(answer, ANSWER_MAX);
    return answer;
}

static void
assert_outcome(const Attempt *attempt)
{
    if (attempt->success) {
        g_assert_nonnull(attempt->result.headers);
        g_assert_nonnull(attempt->result.protocol);
        if (*attempt->result.protocol)
            g_assert_true(g_strv_contains(protocols, attempt->result.protocol));
        g_assert_true(*attempt->result.extensions || !attempt->result.deflate.agreed);
        g_assert_true(attempt->offer_deflate || !*attempt->result.extensions);
        g_assert_true(header_list_has_token(attempt->result.headers, "Upgrade", "websocket"));
    } else {
        g_assert_cmpint(attempt->failure->stage, ==, STAGE_HANDSHAKE);
        if (attempt->failure->body)
            g_assert_cmpuint(g_bytes_get_size(attempt->failure->body), <=, 1024);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput input = { data, size };
    guint8 how = fuzz_input_take_byte(&input);
    gsize piece = how & (WITH_OFFERS - 1);
    g_autoptr(Attempt) attempt = attempt_new();
    g_autoptr(GByteArray) answer = NULL;

    attempt->protocols = how & WITH_OFFERS ? protocols : NULL;
    attempt->offer_deflate = (how & WITH_OFFERS) != 0;
    attempt_start(attempt, "ws://example.com/");
    answer = fill_in(&input, attempt->accept);
    attempt_send(attempt, (const char *)answer->data, answer->len, piece > 0 ? piece : ANSWER_MAX);
    socket_pair_close_peer(attempt->pair);
    attempt_wait(attempt);
    assert_outcome(attempt);
    return 0;
}
