# SPDX-License-Identifier: LGPL-2.1-or-later
"""An application that speaks D-Bus itself, with python3-dbus-next. That binding answers Peer.Ping by itself,
as the service requires of an owner. Signals come by unicast, so none of them needs a match rule."""

import asyncio

from dbus_next import MessageType, Variant

from . import application
from .application import ApiError
from .bus import BUS_NAME, BusConnection
from .stream import Stream

MANAGER_PATH = "/org/wsbroker1"
MANAGER = "org.wsbroker1.Manager"
WEBSOCKET = "org.wsbroker1.WebSocket"
PROPERTIES = "org.freedesktop.DBus.Properties"
_ERROR_PREFIX = "org.wsbroker1.Error."

# The contract's table: each error name has its code, and its message begins with it.
_CODES = {
    "PermissionDenied": 201,
    "Parameter": 401,
    "Url": 2302001,
    "CertificateFile": 2302002,
    "ConnectionExists": 2302003,
    "DomainNotAllowed": 2302998,
    "Unknown": 2302999,
    "NotConnected": 2302006,
    "LimitExceeded": 2302100,
}


def _is_noncharacter(character):
    point = ord(character)
    return 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE


def to_variant(data):
    """The variant that carries a message, as in Send and in the signal Message."""
    if isinstance(data, bytes):
        return Variant("ay", data)
    if "\0" in data or any(map(_is_noncharacter, data)):
        return Variant("(say)", ["text", data.encode()])
    return Variant("s", data)


def from_variant(variant):
    if variant.signature == "(say)":
        kind, payload = variant.value
        assert kind == "text"
        return bytes(payload).decode()
    return variant.value if variant.signature == "s" else bytes(variant.value)


def plain(value):
    """VALUE without the variants in it."""
    if isinstance(value, Variant):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _to_options(options):
    signatures = {"header": "a{ss}", "protocol": "s"}
    return {
        key: value if isinstance(value, Variant) else Variant(signatures[key], value)
        for key, value in options.items()
    }


_EVENTS = {
    "HeaderReceive": lambda headers: application.HeaderReceive(plain(headers)),
    "Open": application.Open,
    "Message": lambda data: application.Message(from_variant(data)),
    "Close": application.Close,
    "Error": lambda code, message, details: application.Error(code, message, plain(details)),
}


def raise_error(reply):
    """ApiError for an error of the service's own; every other error is a failure of the test."""
    assert reply.error_name.startswith(_ERROR_PREFIX), (reply.error_name, reply.body)
    message = reply.body[0]
    code = int(message.partition(": ")[0])
    assert _CODES[reply.error_name.removeprefix(_ERROR_PREFIX)] == code, (reply.error_name, message)
    raise ApiError(code, message, reply.error_name)


class BusWebSocket(application.WebSocket):
    def __init__(self, owner, path):
        super().__init__()
        self.owner = owner
        self.path = path
        self.states = []
        self.reconnecting = None

    async def _call(self, member, signature="", *body):
        return await self.owner.call_service(self.path, WEBSOCKET, member, signature, *body)

    async def connect(self, url, **options):
        await self._call("Connect", "sa{sv}", url, _to_options(options))

    async def connect_from_close(self, url):
        def on_close(event):
            if isinstance(event, application.Close):
                self.reconnecting = asyncio.ensure_future(self.connect(url))

        self.on_event(on_close)

    async def send(self, data):
        await self._call("Send", "v", to_variant(data))

    async def send_variant(self, variant):
        await self._call("Send", "v", variant)

    async def close(self, code=1000, reason=""):
        await self._call("Close", "qs", code, reason)

    async def open_stream(self, **options):
        """Needs a connection that takes descriptors."""
        reply = await self.owner.call(self.path, WEBSOCKET, "OpenStream", "a{sv}", options)
        if reply.message_type is MessageType.ERROR:
            raise_error(reply)
        (descriptor,) = (reply.unix_fds[index] for index in reply.body)
        return Stream(descriptor)

    async def release(self):
        await self._call("Release")

    async def property(self, name):
        reply = await self.owner.call_service(self.path, PROPERTIES, "Get", "ss", WEBSOCKET, name)
        return reply[0].value

    async def properties(self):
        reply = await self.owner.call_service(self.path, PROPERTIES, "GetAll", "s", WEBSOCKET)
        return plain(reply[0])

    def on_signal(self, message):
        if message.interface == WEBSOCKET:
            self.received(_EVENTS[message.member](*message.body))
        elif message.interface == PROPERTIES:
            self.states.append(plain(message.body[1])["State"])


class BusApplication(application.Application):
    def __init__(self, connection, service_name):
        self.connection = connection
        self.service_name = service_name
        self.websockets = {}
        self.unknown_signals = []
        connection.message_bus.add_message_handler(self._on_message)

    @classmethod
    async def start(cls, message_bus):
        """MESSAGE_BUS: not yet connected."""
        connection = BusConnection(await message_bus.connect())
        (service_name,) = await connection.call_bus("GetNameOwner", "s", BUS_NAME)
        self = cls(connection, service_name)
        await connection.watch_owner(service_name, self._on_service_lost)
        return self

    @property
    def unique_name(self):
        return self.connection.unique_name

    def _on_service_lost(self, _owner):
        for websocket in self.websockets.values():
            websocket.received(application.ServiceLost())

    def _on_message(self, message):
        if message.message_type is not MessageType.SIGNAL or message.sender != self.service_name:
            return
        if message.path in self.websockets:
            self.websockets[message.path].on_signal(message)
        else:
            self.unknown_signals.append(message)

    async def call(self, path, interface, member, signature="", *body):
        """The reply as it is, an error too."""
        return await self.connection.call(BUS_NAME, path, interface, member, signature, body)

    async def call_service(self, path, interface, member, signature="", *body):
        reply = await self.call(path, interface, member, signature, *body)
        if reply.message_type is MessageType.ERROR:
            raise_error(reply)
        return reply.body

    async def call_manager(self, member, signature="", *body):
        return await self.call_service(MANAGER_PATH, MANAGER, member, signature, *body)

    async def create(self):
        (path,) = await self.call_manager("CreateWebSocket")
        websocket = BusWebSocket(self, path)
        self.websockets[path] = websocket
        return websocket

    async def leave(self):
        self.connection.disconnect()
