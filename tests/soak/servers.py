#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two WebSocket servers in one process, each with TLS and without, that are as kind or unkind to a connection as the
path of its URL says:

    echo     sends back what it receives            reset    resets TCP after some echoes
    stall    the same, with pauses in reading       middle   ends TCP in the middle of a frame, after some
    push     sends COUNT messages, then closes      violate  breaks the protocol, after some
    refuse   answers the request wrongly            silent   never answers it

The URL is ws://…/KIND?ID&COUNT. Takes a seed, a certificate and its key. Prints the ports, without TLS and with it, of
one server and then of the other, then `begin ID` for each connection that it opens, at its end
`end ID clean|cut RECEIVED SENT`, and `violation ID TEXT` for what must not come: a message that is damaged, lost,
doubled or out of order. Runs until its standard input ends."""

import asyncio
import logging
import os
import random
import socket
import ssl
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "integration")]

# pylint: disable=wrong-import-position
import messages
from harness import frames
from harness.compressor import RSV1, Compressor

PAUSE_MAX = 1.5  # seconds
COMPRESSED_SHARE = 1 / 3  # of the connections, and there half of the messages
WRONG_ANSWERS = (
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n\r\n",
    b"",
)
WRONG_FRAMES = (
    frames.frame(frames.BINARY, b"x", reserved=2),
    frames.frame(0x3, b"x"),
    frames.frame(frames.BINARY, b"x", mask=b"abcd"),
    frames.frame(frames.PING, b"x", fin=False),
    frames.frame(frames.CONTINUATION, b"x"),
    frames.frame(frames.TEXT, b"\xff"),
    frames.frame(frames.CLOSE, b"\x03"),
    b"\x82\x7f" + b"\xff" * 8,
)


class Connection:
    """What one connection brought, and what it was sent."""

    def __init__(self, reader, writer, identity, count, compressor=None):
        self.reader = reader
        self.writer = writer
        self.compressor = compressor
        self.identity = identity
        self.count = count
        self.expected = 0  # number of the message that is to come
        self.received = 0
        self.sent = 0

    def violation(self, text):
        print(f"violation {self.identity} server: {text}", flush=True)

    async def write(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def send(self, message):
        if self.compressor is not None and random.random() < 0.5:
            await self.write(frames.frame(frames.BINARY, self.compressor.payload(message), reserved=RSV1))
        else:
            await self.write(frames.frame(frames.BINARY, message))
        self.sent += 1

    def check(self, message):
        number = messages.read(message, self.identity)
        if number is None:
            self.violation("a message is damaged")
        elif number != self.expected:
            late = number < self.expected
            self.violation("a message came twice or late" if late else "a message was lost")
        self.expected = self.expected + 1 if number is None else number + 1
        self.received += 1

    async def next(self):
        """The next message; None: the client closes, and has its answer."""
        while True:
            opcode, payload = await frames.read_frame(self.reader)
            if opcode == frames.CLOSE:
                await self.write(frames.frame(frames.CLOSE, payload[:2]))
                await self.reader.read()
                self.closed_with = payload[:2]
                return None
            if opcode == frames.PING:
                await self.write(frames.frame(frames.PONG, payload))
            elif opcode != frames.PONG:
                self.check(payload)
                return payload

    closed_with = b""

    @property
    def closed_cleanly(self):
        return self.closed_with == struct.pack("!H", 1000)

    async def echo(self, count=None):
        """As many as there are, or COUNT. Whether the client is still there."""
        while count is None or self.received < count:
            message = await self.next()
            if message is None:
                return False
            await self.send(message)
        return True


# Each returns when nothing more is to be done.


async def echo(connection):
    await connection.echo()


async def stall(connection):
    while await connection.echo(connection.received + random.randint(1, 50)):
        connection.writer.transport.pause_reading()
        await asyncio.sleep(random.uniform(0, PAUSE_MAX))
        connection.writer.transport.resume_reading()


async def push(connection):
    reading = asyncio.create_task(connection.next())
    try:
        for number in range(connection.count):
            await connection.send(messages.write(connection.identity, number, random.randint(0, 4000)))
            if reading.done():
                return
        await connection.write(frames.close_frame(1000))
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def reset(connection):
    if await connection.echo(random.randint(0, connection.count)):
        sock = connection.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.writer.transport.abort()


async def middle(connection):
    if await connection.echo(random.randint(0, connection.count)):
        whole = frames.frame(frames.BINARY, messages.write(connection.identity, connection.sent))
        await connection.write(whole[: random.randint(1, len(whole) - 1)])


async def violate(connection):
    if await connection.echo(random.randint(0, connection.count)):
        await connection.write(random.choice(WRONG_FRAMES))
        await connection.reader.read()


KINDS = {kind.__name__: kind for kind in (echo, stall, push, reset, middle, violate)}


async def read_request(reader):
    """Kind, ID, COUNT and the key."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    kind, _, query = head.split(" ", 2)[1][1:].partition("?")
    identity, count = map(int, query.split("&"))
    key = next(line for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key:"))
    return kind, identity, count, key.partition(":")[2].strip()


async def serve(reader, writer):
    try:
        kind, identity, count, key = await read_request(reader)
        if kind == "refuse":
            writer.write(random.choice(WRONG_ANSWERS))
        elif kind == "silent":
            await reader.read()
        else:
            compressor = Compressor() if random.random() < COMPRESSED_SHARE else None
            fields = ["Sec-WebSocket-Extensions: permessage-deflate"] if compressor else []
            writer.write(frames.response(key, *fields))
            await serve_connection(kind, Connection(reader, writer, identity, count, compressor))
    except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def serve_connection(kind, connection):
    print(f"begin {connection.identity}", flush=True)
    try:
        await KINDS[kind](connection)
    finally:
        outcome = "clean" if connection.closed_cleanly else "cut"
        print(f"end {connection.identity} {outcome} {connection.received} {connection.sent}", flush=True)


async def main():
    seed, certificate, key = sys.argv[1:]
    random.seed(int(seed))
    # That a client went while it was written to is no news here.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    servers = [
        await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024, ssl=tls)
        for tls in (None, context, None, context)
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
