# SPDX-License-Identifier: LGPL-2.1-or-later
"""A name server that changes its answer: what was vetted is what is dialled (ACCEPTANCE rows 53 and 54). The address
that policy lists stands for a public one, which nobody here has."""

import errno

import pytest

from harness.application import Close

NAME = "rebinding.example.test"
LISTED, LISTED_TOO, INSIDE = "127.0.0.2", "127.0.0.3", "127.0.0.1"
POLICY = (
    "[user *]\nPermissions=INTERNET\nAllowLocalAddresses=no\n"
    f"AllowDomains={NAME}:*;{LISTED}:*;{LISTED_TOO}:*\n"
)

pytestmark = [pytest.mark.name_server, pytest.mark.policy(POLICY)]

PORTS_TRIED = 20
QUERIES_OF_A_LOOKUP = 2  # A and AAAA


@pytest.fixture
def rebinding(needs_names, name_server):
    """The first lookup of the name has one answer, every later one another: rebinding(first, later)."""
    answer = name_server.answer

    def rebind(first, later):
        def changing_answer(query):
            asked = name_server.queries.count(NAME)
            name_server.addresses[NAME] = first if asked < QUERIES_OF_A_LOOKUP else later
            return answer(query)

        name_server.answer = changing_answer
        return name_server

    return rebind


async def servers_at(serve, *hosts):
    """One at each, with the same port: one that nobody has at any of them."""
    for _ in range(PORTS_TRIED):
        first = await serve(host=hosts[0])
        try:
            return [first] + [await serve(host=host, port=first.port) for host in hosts[1:]]
        except OSError as error:
            assert error.errno == errno.EADDRINUSE, error
    raise AssertionError(f"no port that is free at {hosts}")


async def test_row_54_only_the_vetted_address_is_dialled(rebinding, websocket, serve):
    listed, inside = await servers_at(serve, LISTED, INSIDE)
    name_server = rebinding([LISTED], [INSIDE])
    await websocket.open(f"ws://{NAME}:{listed.port}/")
    await websocket.echo("vetted")
    assert await websocket.property("RemoteAddress") == f"{LISTED}:{listed.port}"
    assert name_server.queries.count(NAME) == QUERIES_OF_A_LOOKUP
    await websocket.close(1000, "")
    await websocket.next(Close)
    # The next attempt asks anew, and is judged by what it is told.
    error = await websocket.fail(f"ws://{NAME}:{listed.port}/")
    assert (error.code, error.stage) == (2302998, "policy")
    assert name_server.queries.count(NAME) == 2 * QUERIES_OF_A_LOOKUP
    assert not inside.connections


async def test_row_54_failure_to_connect_does_not_ask_again(rebinding, websocket, serve):
    """Not even when the vetted address answers no connection: the other one would."""
    inside = await serve(host=INSIDE)
    name_server = rebinding([LISTED], [INSIDE])
    error = await websocket.fail(f"ws://{NAME}:{inside.port}/")
    assert (error.code, error.stage) == (200, "connect")
    assert name_server.queries.count(NAME) == QUERIES_OF_A_LOOKUP
    assert not inside.connections


async def test_row_54_first_answer_is_refused(rebinding, websocket, serve):
    """That the next would do does not help."""
    listed, inside = await servers_at(serve, LISTED, INSIDE)
    rebinding([INSIDE], [LISTED])
    error = await websocket.fail(f"ws://{NAME}:{listed.port}/")
    assert (error.code, error.stage) == (2302998, "policy")
    assert not listed.connections and not inside.connections


@pytest.mark.parametrize("refused_first", [True, False])
async def test_row_53_refused_addresses_are_left_out(rebinding, websocket, serve, refused_first):
    """Of three, one is refused, one answers no connection, and one is left."""
    server, inside = await servers_at(serve, LISTED_TOO, INSIDE)
    allowed = [LISTED, LISTED_TOO]
    rebinding([INSIDE, *allowed] if refused_first else [*allowed, INSIDE], [INSIDE])
    await websocket.open(f"ws://{NAME}:{server.port}/")
    assert await websocket.property("RemoteAddress") == f"{LISTED_TOO}:{server.port}"
    assert not inside.connections


@pytest.mark.parametrize("address", ["::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1"])
async def test_row_53_refused_address_of_the_other_family(rebinding, websocket, serve, address):
    """However the inside is spelled, it is left out beside one that is allowed."""
    server = await serve(host=LISTED)
    rebinding([address, LISTED], [INSIDE])
    await websocket.open(f"ws://{NAME}:{server.port}/")
    assert await websocket.property("RemoteAddress") == f"{LISTED}:{server.port}"
