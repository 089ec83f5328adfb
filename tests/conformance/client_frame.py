# SPDX-License-Identifier: LGPL-2.1-or-later
"""A frame as the client sent it, with everything that RFC 6455 section 5.2 says about its header."""

import dataclasses
import struct

_LENGTH_16, _LENGTH_64 = 126, 127


@dataclasses.dataclass(frozen=True)
class ClientFrame:
    fin: bool
    reserved: int
    opcode: int
    masking_key: "bytes | None"
    length_bytes: int  # that the header spends on the length: 0, 2 or 8 beyond the seven bits
    payload: bytes

    @property
    def in_shortest_form(self):
        size = len(self.payload)
        return self.length_bytes == (0 if size < _LENGTH_16 else 2 if size < 2**16 else 8)


def _unmask(key, data):
    whole = key * (len(data) // 4 + 1)
    number = int.from_bytes(data, "big") ^ int.from_bytes(whole[: len(data)], "big")
    return number.to_bytes(len(data), "big")


async def read_client_frame(reader):
    first, second = await reader.readexactly(2)
    length, length_bytes = second & 0x7F, 0
    if length == _LENGTH_16:
        length_bytes = 2
        (length,) = struct.unpack("!H", await reader.readexactly(length_bytes))
    elif length == _LENGTH_64:
        length_bytes = 8
        (length,) = struct.unpack("!Q", await reader.readexactly(length_bytes))
    key = await reader.readexactly(4) if second & 0x80 else None
    payload = await reader.readexactly(length)
    return ClientFrame(
        fin=bool(first & 0x80),
        reserved=first >> 4 & 0x7,
        opcode=first & 0x0F,
        masking_key=key,
        length_bytes=length_bytes,
        payload=payload if key is None else _unmask(key, payload),
    )
