# SPDX-License-Identifier: LGPL-2.1-or-later
"""The server's end of a TLS connection, whose records are the script's to make: unlike asyncio's own, it can end
its direction and still read, and put its last words and that end into one packet."""

import asyncio
import ssl

from harness.raw_server import Peer

_READ_SIZE = 65536


class TlsPeer(Peer):
    def __init__(self, plain, context):
        super().__init__(asyncio.StreamReader(), plain.writer)
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._decrypting = None

    async def handshake(self):
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                self._incoming.write(await self._plain.reader.read(_READ_SIZE))
        await self._flush()
        self._read_records()
        self._decrypting = asyncio.ensure_future(self._decrypt())

    async def _flush(self):
        await self._plain.write(self._outgoing.read())

    async def _decrypt(self):
        try:
            while data := await self._plain.reader.read(_READ_SIZE):
                self._incoming.write(data)
                self._read_records()
        except ConnectionError:
            pass
        self.reader.feed_eof()

    def _read_records(self):
        """As far as they are whole, or to the client's good-bye."""
        try:
            while True:
                self.reader.feed_data(self._tls.read(_READ_SIZE))
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass

    async def write(self, *parts):
        self._tls.write(b"".join(parts))
        await self._flush()

    async def end(self, last):
        """The bytes LAST, TLS's good-bye and the end of TCP in one go."""
        if last:
            self._tls.write(last)
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            pass  # the client's own good-bye, which is not waited for
        await self._flush()
        self.writer.write_eof()

    async def stop(self):
        self._decrypting.cancel()
        await asyncio.gather(self._decrypting, return_exceptions=True)
