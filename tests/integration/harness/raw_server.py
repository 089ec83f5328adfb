# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TCP server that plays a script of bytes: for peers that answer wrongly, late, in pieces, or not at
all."""

import asyncio
import socket
import struct

from . import frames
from .waiting import within


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.head = None
        self.request_line = None
        self.fields = {}

    @property
    def key(self):
        return self.fields["sec-websocket-key"]

    async def read_request(self):
        self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.request_line, *lines = self.head.split("\r\n")[:-2]
        self.fields = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }

    async def write(self, *parts):
        """Everything at once."""
        self.writer.write(b"".join(parts))
        await self.writer.drain()

    async def write_split(self, data):
        """Each byte in a packet of its own."""
        self.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(len(data)):
            await self.write(data[index : index + 1])

    async def accept(self, *after):
        """Reads the request and opens the WebSocket; AFTER goes out in the same packet."""
        await self.read_request()
        await self.write(frames.response(self.key), *after)

    async def read_frame(self):
        return await frames.read_frame(self.reader)

    async def read_to_end(self):
        """All bytes until the client ends the connection, orderly or not."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""

    def reset(self):
        """TCP RST in place of FIN."""
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.writer.transport.abort()


class RawServer:
    """SCRIPT, a coroutine function, is run for each Peer; the connection is closed when it returns."""

    def __init__(self, script, host="127.0.0.1", port=0, **options):
        self.script = script
        self.arguments = {"host": host, "port": port} | options
        self.accepted = 0
        self._arrivals = asyncio.Queue()
        self._ends = asyncio.Queue()
        self._scripts = set()
        self._server = None

    async def start(self):
        self._server = await asyncio.start_server(self._serve, **self.arguments)
        return self

    async def _serve(self, reader, writer):
        peer = Peer(reader, writer)
        self.accepted += 1
        self._scripts.add(asyncio.current_task())
        self._arrivals.put_nowait(peer)
        try:
            self._ends.put_nowait(await self.script(peer))
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self._ends.put_nowait(error)
        finally:
            self._scripts.discard(asyncio.current_task())
            writer.close()

    @property
    def port(self):
        return self._server.sockets[0].getsockname()[1]

    def url(self, path="/", host="127.0.0.1", scheme="ws"):
        return f"{scheme}://{host}:{self.port}{path}"

    async def connected(self):
        """The next connection, as soon as TCP has it."""
        return await within(self._arrivals.get(), "TCP connection at the server")

    async def ended(self):
        """What the next script to end has returned, or the connection's error."""
        return await within(self._ends.get(), "end of the connection at the server")

    async def stop(self):
        self._server.close()
        for task in list(self._scripts):
            task.cancel()
        await asyncio.gather(*self._scripts, return_exceptions=True)


async def silent(peer):
    """Never answers; what the client sent until it went."""
    return await peer.read_to_end()


class FullListener:
    """A listening socket whose queue is full: the kernel answers no further SYN, so a connection attempt
    hangs as with a host that drops packets."""

    def __init__(self, host="127.0.0.1"):
        self.listener = socket.socket()
        self.listener.bind((host, 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.fillers = []

    def start(self):
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)
        return self

    def url(self, path="/"):
        return f"ws://127.0.0.1:{self.port}{path}"

    def stop(self):
        for sock in [*self.fillers, self.listener]:
            sock.close()
