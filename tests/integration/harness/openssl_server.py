# SPDX-License-Identifier: LGPL-2.1-or-later
"""openssl's own server, for what no library lets a test do: it asks for another handshake on a connection that is
open. What the test writes is sent, but for a line that begins with R, which asks for the handshake."""

import asyncio
import contextlib

from . import frames
from .waiting import within


class OpensslServer:
    def __init__(self, process, port):
        self._process = process
        self.port = port

    @classmethod
    async def start(cls, certificate, key):
        """TLS 1.2, the last version that has such handshakes."""
        process = await asyncio.create_subprocess_exec(
            *("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-tls1_2"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        # "ACCEPT 127.0.0.1:PORT"
        ready = await within(process.stdout.readuntil(b"ACCEPT 127.0.0.1:"), "openssl listening")
        assert ready
        port = await within(process.stdout.readline(), "openssl's port")
        return cls(process, int(port))

    def url(self):
        return f"wss://127.0.0.1:{self.port}/"

    async def write(self, data):
        self._process.stdin.write(data)
        await self._process.stdin.drain()

    async def accept(self):
        """Reads the request, between lines of openssl's own, and opens the WebSocket."""
        await self.saw(b"Sec-WebSocket-Key: ")
        key = (await within(self._process.stdout.readline(), "request's key")).strip()
        await self.write(frames.response(key.decode()))

    async def renegotiate(self):
        await self.write(b"R\n")

    async def saw(self, text):
        await within(self._process.stdout.readuntil(text), f"openssl saying {text}")

    async def stop(self):
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        await self._process.wait()
