# SPDX-License-Identifier: LGPL-2.1-or-later
"""A connection to the bus that makes many calls and reads nothing of what comes back, until it is told to. No binding
does that, so this speaks the protocol itself."""

import asyncio
import io
import os
import socket
import struct

from dbus_next import Message, MessageType
from dbus_next._private.unmarshaller import Unmarshaller

from .bus import BUS_NAME
from .bus_application import MANAGER, MANAGER_PATH, WEBSOCKET
from .waiting import within

BATCH = 100  # calls at a time: fewer than a bus allows one connection to have unanswered


def _call(destination, path, interface, member):
    return Message(destination=destination, path=path, interface=interface, member=member)


def _cut_message(data):
    """Removes the first message from DATA, a bytearray; None while it is not whole."""
    if len(data) < 16:
        return None
    body, _, fields = struct.unpack_from("<III", data, 4)
    length = 16 + (fields + 7) // 8 * 8 + body
    if len(data) < length:
        return None
    message = bytes(data[:length])
    del data[:length]
    return message


def _parse(message):
    return Unmarshaller(io.BytesIO(message)).unmarshall()


class MuteCaller:
    def __init__(self, address):
        self.path = address.partition("unix:path=")[2].partition(",")[0]
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.serial = 0
        self.received = bytearray()
        self.asked = None  # serial of the call whose reply is wanted
        self.answer = None
        self.returned = self.refused_by_service = self.pings = 0

    async def start(self):
        self.socket.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, self.path)
        uid = str(os.geteuid()).encode().hex()
        await loop.sock_sendall(self.socket, f"\0AUTH EXTERNAL {uid}\r\n".encode())
        assert (await within(loop.sock_recv(self.socket, 4096), "answer of the bus")).startswith(b"OK ")
        await loop.sock_sendall(self.socket, b"BEGIN\r\n")
        bus = "org.freedesktop.DBus"
        await self._ask(_call(bus, "/org/freedesktop/DBus", bus, "Hello"))
        return self

    async def _send(self, message):
        self.serial += 1
        message.serial = self.serial
        await asyncio.get_running_loop().sock_sendall(self.socket, bytes(message._marshall(False)))

    async def _ask(self, message):
        """The body of the reply."""
        self.asked, self.answer = self.serial + 1, None
        await self._send(message)
        await self._read(lambda: self.answer, f"reply to {message.member}")
        self.asked = None
        return self.answer.body

    async def who_am_i(self):
        return (await self._ask(_call(BUS_NAME, MANAGER_PATH, MANAGER, "WhoAmI")))[0]

    async def open(self, url):
        """Connects a WebSocket, whose events are not looked at."""
        (path,) = await self._ask(_call(BUS_NAME, MANAGER_PATH, MANAGER, "CreateWebSocket"))
        connect = _call(BUS_NAME, path, WEBSOCKET, "Connect")
        connect.signature, connect.body = "sa{sv}", [url, {}]
        await self._ask(connect)

    async def post(self):
        """Makes a BATCH of calls and reads nothing."""
        message = _call(BUS_NAME, MANAGER_PATH, "org.freedesktop.DBus.Introspectable", "Introspect")
        message.serial = 1
        template, batch = bytearray(message._marshall(False)), bytearray()
        for _ in range(BATCH):
            self.serial += 1
            struct.pack_into("<I", template, 8, self.serial)
            batch += template
        await asyncio.get_running_loop().sock_sendall(self.socket, batch)

    async def _take(self, message):
        kind = MessageType(message[1])
        if kind is MessageType.METHOD_RETURN:
            self.returned += 1
        elif kind is MessageType.ERROR:
            self.refused_by_service += b"org.wsbroker1.Error.LimitExceeded" in message
        elif kind is MessageType.METHOD_CALL:
            self.pings += 1
            await self._send(Message.new_method_return(_parse(message)))
        if self.asked is not None and kind is MessageType.METHOD_RETURN:
            reply = _parse(message)
            self.answer = reply if reply.reply_serial == self.asked else self.answer

    async def _read_until(self, condition):
        while not condition():
            data = await asyncio.get_running_loop().sock_recv(self.socket, 1 << 16)
            assert data, "the bus has ended the connection"
            self.received += data
            while (message := _cut_message(self.received)) is not None:
                await self._take(message)

    async def _read(self, condition, what):
        """Reads, and answers Ping, until CONDITION holds."""
        await within(self._read_until(condition), what)

    async def read_replies(self, count):
        """Until COUNT calls have been carried out."""
        await self._read(lambda: self.returned >= count, "replies")

    async def read_refusal(self):
        await self._read(lambda: self.refused_by_service > 0, "refusal")

    def leave(self):
        self.socket.close()
