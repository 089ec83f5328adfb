# SPDX-License-Identifier: LGPL-2.1-or-later
"""A WebSocket server that is not ours, python3-websockets, which keeps what it saw of each connection."""

import asyncio

import websockets

from .waiting import within


class Connection:
    """What one connection brought: the request, and how it ended."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.target = protocol.path
        self.headers = protocol.request_headers
        self.messages = []

    async def closed(self):
        """Code and reason of the close frame that the client sent; 1006 where none came."""
        await within(self.protocol.wait_closed(), "end of the connection at the server")
        received = self.protocol.close_rcvd
        return (received.code, received.reason) if received else (1006, "")


async def echo(connection):
    """What a connection is served with, if the test says nothing else."""
    async for message in connection.protocol:
        connection.messages.append(message)
        await connection.protocol.send(message)


class Server:
    """HANDLER serves each Connection; when it returns, the server closes with 1000. OPTIONS are those of
    websockets.serve()."""

    def __init__(self, handler=echo, host="127.0.0.1", port=0, **options):
        self.handler = handler
        self.arguments = {"host": host, "port": port, "max_size": None} | options
        self.secure = "ssl" in options
        self.connections = []
        self._arrivals = asyncio.Queue()
        self._server = None

    async def start(self):
        self._server = await websockets.serve(self._serve, **self.arguments)
        return self

    async def _serve(self, protocol):
        connection = Connection(protocol)
        self.connections.append(connection)
        self._arrivals.put_nowait(connection)
        try:
            await self.handler(connection)
        except websockets.ConnectionClosed:
            pass

    @property
    def port(self):
        return self._server.sockets[0].getsockname()[1]

    def url(self, path="/", host="127.0.0.1"):
        return f"{'wss' if self.secure else 'ws'}://{host}:{self.port}{path}"

    async def accepted(self):
        """The next connection whose handshake is done."""
        return await within(self._arrivals.get(), "connection at the server")

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()
