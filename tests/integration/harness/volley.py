# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many mixed messages, and the checksum that tells whether the other side has had the same, all and in order:
the Python half of library-volley.c, which computes it alike."""

import asyncio
import hashlib
import struct

TEXT, BINARY = 1, 2
_LARGEST = 2**20
_POOL = bytes(97 + index * 7 % 26 for index in range(2 * _LARGEST // 256)) * 256


class Checksum:
    """Over kind, length and bytes of each message."""

    def __init__(self):
        self.count = 0
        self._hash = hashlib.sha256()

    def add(self, message):
        payload = message.encode() if isinstance(message, str) else message
        kind = TEXT if isinstance(message, str) else BINARY
        self._hash.update(struct.pack("!II", kind, len(payload)))
        self._hash.update(payload)
        self.count += 1

    def result(self):
        return self.count, self._hash.hexdigest()


def _length(index):
    if index % 5000 == 0:
        return _LARGEST - index // 5000
    if index % 500 == 0:
        return 65536 + index % 9973
    if index % 50 == 0:
        return 4000 + index % 997
    return index % 211


def message(index):
    """Number INDEX: mostly small ones, text and binary in turn."""
    start = index * 31 % _LARGEST
    payload = _POOL[start : start + _length(index)]
    return payload if index % 2 else payload.decode()


class VolleyServer:
    """Serves a Connection: sends COUNT messages while it receives, until the client closes."""

    def __init__(self, count):
        self.count = count
        self.sent = Checksum()
        self.received = Checksum()

    async def _send(self, protocol):
        for index in range(self.count):
            data = message(index)
            self.sent.add(data)
            await protocol.send(data)

    async def __call__(self, connection):
        sending = asyncio.ensure_future(self._send(connection.protocol))
        try:
            async for data in connection.protocol:
                self.received.add(data)
        finally:
            await sending
