# SPDX-License-Identifier: LGPL-2.1-or-later
"""A DNS server (RFC 1035) on loopback that answers what the test says and keeps what it was asked, to see
which names are looked up and to give names addresses that nobody here has."""

import asyncio
import ipaddress
import os
import struct

_A, _AAAA = 1, 28


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, server):
        self.server = server
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, source):
        answer = self.server.answer(data)
        if self.server.answering:
            self.transport.sendto(answer, source)


class NameServer:
    """ADDRESSES: a list of textual addresses for each name. A loopback address of this process's own, so that
    groups of tests may run at the same time; port 53 needs root."""

    def __init__(self):
        self.host = f"127.{53 + os.getpid() % 128}.{os.getpid() // 128 % 256}.53"
        self.addresses = {}
        self.queries = []
        self.answering = True
        self._transport = None

    async def start(self):
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Protocol(self), local_addr=(self.host, 53)
        )
        return self

    def answer(self, query):
        """The response to one datagram: the addresses of the kind asked for, or none."""
        labels, offset = [], 12
        while query[offset]:
            labels.append(query[offset + 1 : offset + 1 + query[offset]].decode())
            offset += 1 + query[offset]
        (kind,) = struct.unpack_from("!H", query, offset + 1)
        question = query[12 : offset + 5]
        name = ".".join(labels).lower()
        self.queries.append(name)
        addresses = [ipaddress.ip_address(text) for text in self.addresses.get(name, ())]
        matching = [address.packed for address in addresses if {4: _A, 6: _AAAA}[address.version] == kind]
        records = b"".join(
            struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed for packed in matching
        )
        status = 0x8180 if addresses else 0x8183
        return query[:2] + struct.pack("!HHHHH", status, 1, len(matching), 0, 0) + question + records

    def stop(self):
        self._transport.close()
