# SPDX-License-Identifier: LGPL-2.1-or-later
"""The application's end of the data plane that OpenStream hands out, in the framing of the contract: length (u32) and
kind (u8) in host byte order, three bytes zero, payload."""

import asyncio
import os
import socket
import struct

from .waiting import within

TEXT, BINARY = 1, 2
_HEADER = struct.Struct("=IB3s")


def header(length, kind, reserved=b"\0\0\0"):
    return _HEADER.pack(length, kind, reserved)


def framed(data):
    payload = data.encode() if isinstance(data, str) else data
    return header(len(payload), TEXT if isinstance(data, str) else BINARY) + payload


class Stream:
    def __init__(self, descriptor):
        assert os.get_blocking(descriptor)
        self.socket = socket.socket(fileno=descriptor)
        self.socket.setblocking(False)

    async def write(self, data):
        """Bytes as they are."""
        await within(asyncio.get_running_loop().sock_sendall(self.socket, data), "room in the stream")

    async def send(self, *messages):
        await self.write(b"".join(map(framed, messages)))

    async def read(self, size):
        """As many bytes as asked for, or fewer at the end of the stream."""
        buffer = bytearray(size)
        view, at = memoryview(buffer), 0
        while at < size:
            n = await within(
                asyncio.get_running_loop().sock_recv_into(self.socket, view[at:]), "bytes in the stream"
            )
            if n == 0:
                break
            at += n
        return bytes(view[:at])

    async def readable(self):
        """Waits until there is something to read, or the end."""
        loop, waiting = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.socket, waiting.set)
        try:
            await within(waiting.wait(), "bytes in the stream")
        finally:
            loop.remove_reader(self.socket)

    async def next(self):
        """The next message; None at the end of the stream."""
        head = await self.read(_HEADER.size)
        if not head:
            return None
        length, kind, reserved = _HEADER.unpack(head)
        assert kind in (TEXT, BINARY) and reserved == b"\0\0\0", head
        payload = await self.read(length)
        assert len(payload) == length, "the stream ends within a message"
        return payload.decode() if kind == TEXT else payload

    async def echo(self, data):
        await self.send(data)
        assert await self.next() == data

    def shut_down_writing(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()
