# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pings, and servers that stop answering them (ACCEPTANCE row 43)."""

import asyncio

import pytest

from harness import frames
from harness.application import Close, Error, Message
from harness.connect_options import open_with
from harness.waiting import eventually

APPLICATIONS = ["bus", "library", "library-signals"]

# The service counts in whole seconds.
QUICK = "PingInterval=1s\nPongTimeout=1s\n"
PATIENT = 30  # what this process may take to answer a ping, on a busy machine


class PingedServer:
    """Keeps the pings that a connection brings, and answers them where ANSWERING."""

    def __init__(self, answering):
        self.answering = answering
        self.pings = []

    async def __call__(self, peer):
        await peer.accept()
        while True:
            opcode, payload = await peer.read_frame()
            if opcode == frames.PING:
                self.pings.append(payload)
                if self.answering:
                    await peer.write(frames.frame(frames.PONG, payload))
            elif opcode == frames.CLOSE:
                await peer.write(frames.close_frame(1000))
                return
            else:
                await peer.write(frames.frame(opcode, payload))

    async def pinged(self, count):
        await eventually(lambda: len(self.pings) >= count, f"{count} pings at the server")


async def test_row_43_server_stops_answering(websocket, serve_raw):
    script = PingedServer(answering=False)
    server = await serve_raw(script)
    await open_with(websocket, server.url(), pingInterval=1, pongTimeout=1)
    error = await websocket.next(Error)
    assert (error.code, error.stage) == (200, "timeout")
    assert await websocket.next(Close) == Close(1006, "")
    # The second ping falls due when the first has been missed.
    assert len(script.pings) in (1, 2)
    await server.ended()
    websocket.nothing_more()


async def test_row_43_server_that_answers_stays_connected(websocket, serve_raw):
    """For longer than it might be silent. That is several seconds, which this process may lose on a busy machine."""
    script = PingedServer(answering=True)
    server = await serve_raw(script)
    await open_with(websocket, server.url(), pingInterval=1, pongTimeout=4)
    await script.pinged(7)
    await websocket.echo("still open")
    websocket.nothing_more()


@pytest.mark.config(QUICK)
async def test_row_43_interval_0_never_pings(application, serve_raw):
    """Beside a connection that is pinged all the time."""
    pinged, unpinged = PingedServer(answering=True), PingedServer(answering=False)
    quiet, lively = await application.create(), await application.create()
    await open_with(quiet, (await serve_raw(unpinged)).url(), pingInterval=0)
    await open_with(lively, (await serve_raw(pinged)).url(), pongTimeout=PATIENT)
    await pinged.pinged(3)
    await quiet.echo("still open")
    assert unpinged.pings == []
    quiet.nothing_more()


@pytest.mark.config(QUICK)
async def test_row_43_timeout_0_never_gives_up(websocket, serve_raw):
    script = PingedServer(answering=False)
    server = await serve_raw(script)
    await open_with(websocket, server.url(), pongTimeout=0)
    await script.pinged(3)
    await websocket.echo("still open")
    websocket.nothing_more()


@pytest.mark.config(QUICK)
async def test_row_43_interval_of_the_configuration(websocket, serve_raw):
    script = PingedServer(answering=False)
    server = await serve_raw(script)
    await websocket.open(server.url())
    assert (await websocket.next(Error)).stage == "timeout"
    assert await websocket.next(Close) == Close(1006, "")
    await server.ended()


@pytest.mark.config(QUICK)
async def test_row_43_other_connections_are_unharmed(application, serve, serve_raw):
    good, dead = await application.create(), await application.create()
    await open_with(good, (await serve()).url(), pongTimeout=PATIENT)
    await dead.open((await serve_raw(PingedServer(answering=False))).url())
    assert (await dead.next(Error)).stage == "timeout"
    assert await dead.next(Close) == Close(1006, "")
    await good.echo("unharmed")


@pytest.mark.config(QUICK)
async def test_row_43_pongs_between_the_frames_of_a_flood(websocket, serve_raw):
    """A server that has much to say, and answers in its turn."""

    async def floods(peer):
        await peer.accept()
        pings = 0
        reading = asyncio.ensure_future(peer.read_frame())
        while pings < 2:
            await peer.write(frames.frame(frames.TEXT, b"flood"))
            await asyncio.sleep(0)
            if reading.done():
                opcode, payload = reading.result()
                assert opcode == frames.PING
                await peer.write(frames.frame(frames.PONG, payload))
                pings += 1
                reading = asyncio.ensure_future(peer.read_frame())
        await peer.write(frames.frame(frames.TEXT, b"end"))
        await asyncio.wait([reading])

    server = await serve_raw(floods)
    await open_with(websocket, server.url(), pongTimeout=PATIENT)
    message = await websocket.next(Message)
    while message.data != "end":
        message = await websocket.next(Message)
