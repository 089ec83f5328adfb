# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bytes of RFC 6455, written by hand for servers that do what no WebSocket library would."""

import base64
import hashlib
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(key):
    return base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()


def response(
    key,
    *fields,
    status="HTTP/1.1 101 Switching Protocols",
    upgrade="websocket",
    connection="Upgrade",
    accept=None,
):
    """The answer that opens the connection; each part can be another, or None to leave it out."""
    lines = [status]
    accept = accept_key(key) if accept is None else accept
    for name, value in (("Upgrade", upgrade), ("Connection", connection), ("Sec-WebSocket-Accept", accept)):
        if value:
            lines.append(f"{name}: {value}")
    return ("\r\n".join([*lines, *fields]) + "\r\n\r\n").encode("latin-1")


def frame(opcode, payload=b"", fin=True, reserved=0, mask=None):
    """A server's frame is not masked; MASK, four bytes, makes it so."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    marker = 0x80 if mask else 0
    if len(payload) < 126:
        head = struct.pack("!BB", first, marker | len(payload))
    elif len(payload) < 2**16:
        head = struct.pack("!BBH", first, marker | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, marker | 127, len(payload))
    if mask:
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        return head + mask + payload
    return head + payload


def close_frame(code=None, reason=""):
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason.encode())


async def read_frame(reader):
    """Opcode and payload of a client's frame, which must be masked (RFC 6455 section 5.1)."""
    first, second = await reader.readexactly(2)
    assert second & 0x80, "a frame from the client is not masked"
    length = second & 0x7F
    if length == 126:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", await reader.readexactly(8))
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(length)
    # As one number each: byte by byte a few MiB take seconds.
    key = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
    return first & 0x0F, (int.from_bytes(payload, "big") ^ key).to_bytes(length, "big")
