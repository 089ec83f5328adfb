# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server's side of permessage-deflate (RFC 7692 section 7.2.1)."""

import zlib

RSV1 = 4  # of a message's first frame: it is compressed

_TAIL = b"\x00\x00\xff\xff"


class Compressor:
    """The messages of one connection, each of which refers to those before it if TAKEOVER."""

    def __init__(self, level=6, window_bits=15, memory=8, takeover=True):
        self._settings = (level, zlib.DEFLATED, -window_bits, memory)
        self._takeover = takeover
        self._stream = zlib.compressobj(*self._settings)

    def payload(self, data):
        compressed = self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        if not self._takeover:
            self._stream = zlib.compressobj(*self._settings)
        assert compressed.endswith(_TAIL)
        return compressed.removesuffix(_TAIL)
