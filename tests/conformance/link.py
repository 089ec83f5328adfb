# SPDX-License-Identifier: LGPL-2.1-or-later
"""One connection from both of its ends, on which a case is played."""

import asyncio

from dbus_next import Variant
from harness.raw_server import RawServer
from harness.waiting import within
from tls_peer import TlsPeer

HOST = "127.0.0.1"


class Tls:
    """The server's side of it, and what makes an application trust that."""

    def __init__(self, authority):
        self.context = authority.server_context("conformance", HOST)
        with open(authority.path, encoding="ascii") as file:
            self.options = {"ca": Variant("s", file.read())}


class Link:
    def __init__(self, server, websocket, case, tls):
        self.server = server
        self.websocket = websocket
        self.case = case
        self.tls = tls if case.secure else None
        self.peer = None
        self.headers = None
        self.frames = []  # that the server saw
        self.released = False

    async def connect(self):
        """As far as the request."""
        url = self.server.url(self.case.path, scheme="wss" if self.tls else "ws")
        await self.websocket.connect(url, **self.case.options, **(self.tls.options if self.tls else {}))
        self.peer = await self.server.connected()
        if self.tls:
            self.peer = TlsPeer(self.peer, self.tls.context)
            await within(self.peer.handshake(), "TLS at the server")
        await within(self.peer.read_request(), "request at the server")

    async def end(self, last):
        """The server's bytes LAST and the end of its direction."""
        if self.tls:
            await self.peer.end(last)
        else:
            await self.peer.write(last)
            self.peer.writer.write_eof()

    async def release(self):
        """Once. Every signal comes before the reply."""
        if not self.released:
            self.released = True
            await self.websocket.release()

    async def stop(self):
        if self.tls and self.peer:
            await self.peer.stop()


async def play(case, application, tls):
    """Runs CASE with a server and a WebSocket of its own. An assertion where it does not hold."""
    played = asyncio.Event()

    async def hold(_peer):
        await played.wait()

    server = await RawServer(hold, host=HOST).start()
    link = Link(server, await application.create(), case, tls)
    try:
        await link.connect()
        for step in case.steps:
            await step.run(link)
        await link.release()
        link.websocket.nothing_more()
    finally:
        played.set()
        await link.stop()
        await server.stop()
