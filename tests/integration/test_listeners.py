# SPDX-License-Identifier: LGPL-2.1-or-later
"""Listeners of the library: several for an event, and what they may do from inside (ACCEPTANCE rows 34, 46 and
47)."""

import asyncio

import pytest

from harness.application import Close, refused
from harness.library_application import to64
from harness.waiting import within


class Hearing:
    """Which listener of a WebSocket heard which event, in order."""

    def __init__(self, websocket):
        self.websocket = websocket
        self.lines = asyncio.Queue()
        self._on_line = websocket.on_line
        websocket.on_line = self._keep

    def _keep(self, line):
        self.lines.put_nowait((line["event"], line["listener"]))
        self._on_line(line)

    async def command(self, name, *words):
        return await self.websocket.owner.command(name, self.websocket.name, *map(str, words))

    async def next(self):
        return await within(self.lines.get(), "event at a listener")

    async def heard(self, count):
        return [await self.next() for _ in range(count)]

    async def nothing_more(self):
        """Whatever the lines before have caused has been heard."""
        await self.websocket.owner.command("barrier")
        assert self.lines.empty(), f"unexpected {self.lines.get_nowait()}"


@pytest.fixture
async def hearing(library_application):
    return Hearing(await library_application.create())


OPENING = [("headerReceive", 1), ("open", 1)]


async def test_row_46_two_listeners_are_called_in_order(hearing, serve):
    await hearing.command("on", "message", 2)
    await hearing.command("on", "message", 3)
    await hearing.websocket.connect((await serve()).url())
    assert await hearing.heard(2) == OPENING
    await hearing.websocket.send("one")
    assert await hearing.heard(4) == [("message", 1), ("message", 2), ("message", 3), ("dataEnd", 1)]


async def test_row_46_one_of_two_is_removed(hearing, serve):
    await hearing.command("on", "message", 2)
    await hearing.websocket.connect((await serve()).url())
    assert await hearing.heard(2) == OPENING
    await hearing.command("off", "message", 1)
    await hearing.websocket.send("one")
    assert await hearing.heard(2) == [("message", 2), ("dataEnd", 1)]


async def test_row_46_off_without_a_listener_removes_all(hearing, serve):
    await hearing.command("on", "message", 2)
    await hearing.websocket.connect((await serve()).url())
    assert await hearing.heard(2) == OPENING
    await hearing.command("off", "message", "all")
    await hearing.websocket.send("one")
    assert await hearing.next() == ("dataEnd", 1)


async def test_row_46_off_twice_is_harmless(hearing, serve):
    await hearing.command("on", "open", 2)
    for _ in range(2):
        await hearing.command("off", "open", 2)
    for _ in range(2):
        await hearing.command("off", "dataEnd", "all")
    await hearing.websocket.connect((await serve()).url())
    assert await hearing.heard(2) == OPENING
    await hearing.websocket.send("one")
    assert await hearing.next() == ("message", 1)
    await hearing.nothing_more()


async def test_row_46_a_listener_added_again_is_the_last(hearing, serve):
    await hearing.command("on", "open", 2)
    await hearing.command("off", "open", 1)
    await hearing.command("on", "open", 1)
    await hearing.websocket.connect((await serve()).url())
    assert await hearing.heard(3) == [("headerReceive", 1), ("open", 2), ("open", 1)]


async def test_row_47_off_of_itself_from_inside(hearing, serve):
    name = hearing.websocket.name
    await hearing.command("on", "message", 2)
    await hearing.command("when", "message", 1, "off", name, "message", 1)
    await hearing.websocket.connect((await serve()).url())
    assert await hearing.heard(2) == OPENING
    await hearing.websocket.send("one")
    assert await hearing.heard(3) == [("message", 1), ("message", 2), ("dataEnd", 1)]
    await hearing.websocket.send("two")
    assert await hearing.heard(2) == [("message", 2), ("dataEnd", 1)]


@pytest.mark.parametrize("which", ["2", "all"])
async def test_row_47_off_of_the_next_from_inside(hearing, serve, which):
    """The one that was removed does not hear even the event being told."""
    await hearing.command("on", "message", 2)
    await hearing.command("when", "message", 1, "off", hearing.websocket.name, "message", which)
    await hearing.websocket.connect((await serve()).url())
    assert await hearing.heard(2) == OPENING
    await hearing.websocket.send("one")
    assert await hearing.heard(2) == [("message", 1), ("dataEnd", 1)]


async def test_row_47_on_from_inside_hears_from_the_next_event(hearing, serve):
    await hearing.command("when", "message", 1, "on", hearing.websocket.name, "message", 2)
    await hearing.websocket.connect((await serve()).url())
    assert await hearing.heard(2) == OPENING
    await hearing.websocket.send("one")
    assert await hearing.heard(2) == [("message", 1), ("dataEnd", 1)]
    await hearing.websocket.send("two")
    assert await hearing.heard(3) == [("message", 1), ("message", 2), ("dataEnd", 1)]


@pytest.mark.parametrize("event", ["headerReceive", "open", "message", "dataEnd"])
async def test_row_47_close_from_inside(hearing, serve, event):
    server = await serve()
    await hearing.command("when", event, 1, "close", hearing.websocket.name, 3001, to64("inside"))
    await hearing.websocket.connect(server.url())
    if event in ("message", "dataEnd"):
        assert await hearing.heard(2) == OPENING
        await hearing.websocket.send("one")
    heard = await hearing.next()
    while heard[0] != "close":
        heard = await hearing.next()
    assert await (await server.accepted()).closed() == (3001, "inside")
    await hearing.nothing_more()


async def test_row_47_close_from_inside_close(hearing, serve):
    name = hearing.websocket.name
    await hearing.websocket.connect((await serve()).url())
    assert await hearing.heard(2) == OPENING
    await hearing.command("when", "close", 1, "close", name, 1000, "-")
    await hearing.websocket.close(1000, "")
    assert await hearing.next() == ("close", 1)
    await refused(2302006, hearing.websocket.close(1000, ""))
    await hearing.nothing_more()


@pytest.mark.parametrize("event", ["headerReceive", "open", "message", "dataEnd"])
async def test_row_47_freed_from_inside(hearing, library_application, serve, service, event):
    """Neither its later listeners hear of that event nor anyone of a later one, and the server gets 1001."""
    server = await serve()
    await hearing.command("on", event, 2)
    await hearing.command("when", event, 1, "release", hearing.websocket.name)
    await hearing.websocket.connect(server.url())
    if event in ("message", "dataEnd"):
        assert await hearing.heard(2) == OPENING
        # Only begun: its callback goes with the WebSocket.
        await hearing.command("send-text", to64("one"))
    heard = await hearing.next()
    while heard[0] != event:
        heard = await hearing.next()
    assert heard == (event, 1)
    assert (await (await server.accepted()).closed())[0] == 1001
    await service.no_websocket_left()
    await hearing.nothing_more()
    other = await library_application.create()
    await other.open(server.url())
    await other.echo("the client goes on")


async def test_row_47_freed_from_inside_close(hearing, library_application, serve):
    await hearing.command("on", "close", 2)
    await hearing.websocket.connect((await serve()).url())
    assert await hearing.heard(2) == OPENING
    await hearing.command("when", "close", 1, "release", hearing.websocket.name)
    await hearing.websocket.close(1000, "")
    assert await hearing.next() == ("close", 1)
    await hearing.nothing_more()


async def test_row_47_freed_from_inside_error(hearing, library_application, serve_raw):
    async def hang_up(_peer):
        pass

    server = await serve_raw(hang_up)
    await hearing.command("on", "error", 2)
    await hearing.command("when", "error", 1, "release", hearing.websocket.name)
    await hearing.websocket.connect(server.url())
    assert await hearing.next() == ("error", 1)
    await hearing.nothing_more()


async def test_row_47_a_reference_keeps_it_for_the_others(hearing, serve):
    server = await serve()
    await hearing.command("ref")
    await hearing.command("on", "open", 2)
    await hearing.command("when", "open", 1, "release", hearing.websocket.name)
    await hearing.websocket.connect(server.url())
    assert await hearing.heard(3) == [*OPENING, ("open", 2)]
    await hearing.websocket.send("alive")
    assert await hearing.heard(2) == [("message", 1), ("dataEnd", 1)]


async def test_row_34_one_data_end_for_three_fragments(hearing, serve):
    async def fragments(connection):
        await connection.protocol.send(["one ", "two ", "three"])
        await connection.protocol.wait_closed()

    await hearing.websocket.connect((await serve(fragments)).url())
    assert await hearing.heard(4) == [*OPENING, ("message", 1), ("dataEnd", 1)]
    await hearing.websocket.close(1000, "")
    assert await hearing.next() == ("close", 1)
    await hearing.nothing_more()


async def test_row_47_free_another_from_inside(library_application, serve):
    server = await serve()
    first, second = await library_application.create(), await library_application.create()
    await second.open(server.url())
    await server.accepted()
    await library_application.command("when", first.name, "open", "1", "release", second.name)
    await first.open(server.url())
    assert (await server.connections[0].closed())[0] == 1001
    await first.echo("unharmed")
    await first.close(1000, "")
    assert (await first.next(Close)).code == 1000
    second.nothing_more()
