/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The body of a refusal. The first byte says how it is framed; it is never longer than asked for. */

#include "fuzz.h"

#include "response-body.h"

enum { MAX = 64 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(HeaderList) headers = header_list_new();
    ResponseBody body;

    if (size == 0)
        return 0;
    if (data[0] & 1)
        header_list_append(headers, "Transfer-Encoding", "chunked");
    if (data[0] & 2)
        header_list_append(headers, "Content-Length", "10");
    response_body_init(&body, 404, headers, MAX);
    for (size_t i = 1; i < size && !body.complete; i++)
        response_body_feed(&body, data + i, 1);
    g_assert_cmpuint(body.bytes->len, <=, MAX);
    response_body_clear(&body);
    return 0;
}
