# SPDX-License-Identifier: LGPL-2.1-or-later
"""The numbered messages of message.c."""

import struct
import zlib

_HEADER = struct.Struct("!IIII")


def write(connection, sequence, length=200):
    """Message number SEQUENCE of CONNECTION, with LENGTH bytes after its header."""
    payload = bytes([(connection + sequence) & 0xFF]) * length
    whole = _HEADER.size + length
    checksum = zlib.crc32(payload, zlib.crc32(_HEADER.pack(connection, sequence, whole, 0)))
    return _HEADER.pack(connection, sequence, whole, checksum) + payload


def read(data, connection):
    """Its number, or None where it is not whole or of another connection."""
    if len(data) < _HEADER.size:
        return None
    named, sequence, whole, checksum = _HEADER.unpack_from(data)
    if named != connection or whole != len(data):
        return None
    expected = zlib.crc32(data[_HEADER.size :], zlib.crc32(_HEADER.pack(named, sequence, whole, 0)))
    return sequence if checksum == expected else None
