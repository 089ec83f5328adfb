# SPDX-License-Identifier: LGPL-2.1-or-later
"""Applications at the bus that do not behave: one that never answers Ping, and calls that nobody awaits."""

import asyncio

from dbus_next import Message, MessageFlag, MessageType

from .bus import BUS_NAME
from .bus_application import BusApplication


def _is_ping(message):
    return message.message_type is MessageType.METHOD_CALL and message.member == "Ping"


class MuteApplication(BusApplication):
    """It reads what it is sent, and may make calls, but leaves every Ping unanswered while it is `mute`."""

    def __init__(self, connection, service_name):
        super().__init__(connection, service_name)
        self.mute = True
        self.pings = []
        connection.message_bus.add_message_handler(self._keep_ping)

    def _keep_ping(self, message):
        """A handler that says it has dealt with a message keeps the binding from answering."""
        if not self.mute or not _is_ping(message):
            return False
        self.pings.append(message)
        return True

    def answer_pings(self):
        for ping in self.pings:
            self.connection.message_bus.send(Message.new_method_return(ping))
        self.pings.clear()


class Replies:
    """Calls that are sent one after another without waiting, and what came back for them."""

    def __init__(self, application):
        self.application = application
        self.errors = []
        self.returned = 0
        self._waiting = set()
        application.connection.message_bus.add_message_handler(self._on_message)

    def post(self, path, interface, member, signature="", *body):
        serial = self.application.connection.message_bus.next_serial()
        self._waiting.add(serial)
        self._send(path, interface, member, signature, body, serial=serial)

    def post_without_reply(self, path, interface, member, signature="", *body):
        self._send(path, interface, member, signature, body, flags=MessageFlag.NO_REPLY_EXPECTED)

    def _send(self, path, interface, member, signature, body, **more):
        self.application.connection.message_bus.send(
            Message(
                destination=BUS_NAME,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
                **more,
            )
        )

    def _on_message(self, message):
        if message.reply_serial not in self._waiting:
            return
        self._waiting.discard(message.reply_serial)
        if message.message_type is MessageType.ERROR:
            self.errors.append(message.error_name)
        else:
            self.returned += 1

    @property
    def waiting(self):
        return len(self._waiting)

    async def flush(self):
        """Lets the binding write what was posted."""
        await asyncio.sleep(0)
