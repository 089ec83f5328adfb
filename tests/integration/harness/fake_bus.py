# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the place of a message bus, with the service alone on it: to tell the service of callers what no bus on this
machine would, such as a security label that its kernel does not have, or the descriptor of a process. The test
speaks as the callers."""

import asyncio
import io
import os
import socket
import struct

from dbus_next import Message, MessageType, Variant
from dbus_next._private.constants import HeaderField
from dbus_next._private.marshaller import Marshaller
from dbus_next._private.unmarshaller import Unmarshaller

from .bus import BUS_NAME
from .bus_application import MANAGER, MANAGER_PATH, raise_error
from .waiting import within

_DBUS = "org.freedesktop.DBus"


def _marshal(message, sender, descriptors):
    """Message's own method leaves out who sent it, which is the bus's to say."""
    values = {
        HeaderField.PATH: ("o", message.path),
        HeaderField.INTERFACE: ("s", message.interface),
        HeaderField.MEMBER: ("s", message.member),
        HeaderField.ERROR_NAME: ("s", message.error_name),
        HeaderField.REPLY_SERIAL: ("u", message.reply_serial),
        HeaderField.DESTINATION: ("s", message.destination),
        HeaderField.SENDER: ("s", sender),
        HeaderField.SIGNATURE: ("g", message.signature),
        HeaderField.UNIX_FDS: ("u", descriptors),
    }
    fields = [[field.value, Variant(*value)] for field, value in values.items() if value[1]]
    body = Marshaller(message.signature, message.body)
    body.marshall()
    head = [ord("l"), message.message_type.value, message.flags.value, 1, len(body.buffer), message.serial]
    header = Marshaller("yyyyuua(yv)", [*head, fields])
    header.marshall()
    header.align(8)
    return bytes(header.buffer + body.buffer)


class FakeBus:
    """CREDENTIALS: what GetConnectionCredentials answers for each unique name, as {key: Variant}; a Variant of
    "h" holds the descriptor itself, which stays the test's."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "fake-bus")
        self.address = f"unix:path={self.path}"
        self.credentials = {}
        self.named = asyncio.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._client = None
        self._task = None
        self._serial = 0
        self._replies = {}

    async def start(self):
        self._listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self._listener.listen()
        self._task = asyncio.create_task(self._serve())
        return self

    async def destroy(self):
        self._task.cancel()
        results = await asyncio.gather(self._task, return_exceptions=True)
        self._listener.close()
        if self._client is not None:
            self._client.close()
        # The service has gone: in order, or before it had read what this has answered.
        failures = [result for result in results if isinstance(result, Exception)]
        assert not failures or isinstance(failures[0], (EOFError, ConnectionError)), failures

    async def _read(self, size):
        data = b""
        while len(data) < size:
            more = await asyncio.get_running_loop().sock_recv(self._client, size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    async def _authenticate(self):
        lines = b""
        while not lines.endswith(b"BEGIN\r\n"):
            lines += await self._read(1)
        answer = b"DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n"
        await asyncio.get_running_loop().sock_sendall(self._client, answer)

    async def _read_message(self):
        head = await self._read(16)
        byte_order = {ord("l"): "<", ord("B"): ">"}[head[0]]
        body, _, fields = struct.unpack_from(byte_order + "III", head, 4)
        rest = await self._read((fields + 7) // 8 * 8 + body)
        return Unmarshaller(io.BytesIO(head + rest)).unmarshall()

    def _send(self, message, sender=_DBUS, descriptors=()):
        self._serial += 1
        message.serial = self._serial
        data = _marshal(message, sender, len(descriptors))
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(descriptors)}i", *descriptors))]
        assert self._client.sendmsg([data], ancillary if descriptors else []) == len(data)
        return self._serial

    async def _serve(self):
        self._client, _ = await asyncio.get_running_loop().sock_accept(self._listener)
        await self._authenticate()
        while True:
            message = await self._read_message()
            if message.message_type is MessageType.METHOD_CALL:
                self._answer(message)
            elif message.reply_serial in self._replies:
                self._replies.pop(message.reply_serial).set_result(message)

    def _answer(self, call):
        if call.member == "Hello":
            self._send(Message.new_method_return(call, "s", [":1.1"]))
        elif call.member == "RequestName":
            self._send(Message.new_method_return(call, "u", [1]))
            self.named.set()
        elif call.member == "GetConnectionCredentials":
            self._answer_credentials(call)
        else:
            self._send(Message.new_method_return(call))

    def _answer_credentials(self, call):
        credentials = self.credentials.get(call.body[0])
        if credentials is None:
            self._send(Message.new_error(call, "org.freedesktop.DBus.Error.NameHasNoOwner", "gone"))
            return
        descriptors = []
        for variant in credentials.values():
            if variant.signature == "h":
                descriptors.append(variant.value)
                variant.value = len(descriptors) - 1
        self._send(Message.new_method_return(call, "a{sv}", [credentials]), descriptors=descriptors)

    def post(self, caller, path, interface, member, signature="", body=()):
        """Calls the service as CALLER; the reply is the future that is returned."""
        call = Message(BUS_NAME, path, interface, member, signature=signature, body=list(body))
        reply = asyncio.get_running_loop().create_future()
        self._replies[self._send(call, sender=caller)] = reply
        return reply

    async def call_manager(self, caller, member, signature="", *body):
        reply = self.post(caller, MANAGER_PATH, MANAGER, member, signature, body)
        done = asyncio.wait({reply, self._task}, return_when=asyncio.FIRST_COMPLETED)
        await within(done, f"reply to {member}")
        if self._task.done():
            self._task.result()
        reply = await reply
        if reply.message_type is MessageType.ERROR:
            raise_error(reply)
        return reply.body

    async def who_is(self, caller):
        return (await self.call_manager(caller, "WhoAmI"))[0]

    async def may_connect(self, caller):
        """What policy would say of a connection."""
        return (await self.call_manager(caller, "CheckAccess", "s", "ws://chat.example.test/"))[0]
