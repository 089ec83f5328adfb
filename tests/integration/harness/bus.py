# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private dbus-daemon with the rules of a system bus: nobody owns a name and nobody calls a method that no
rule allows, unicast signals reach their destination alone. The rules for the service stand below where a
distribution would install its file."""

import os
import subprocess

from dbus_next import Message
from dbus_next.aio import MessageBus

from . import accounts
from .process import Process
from .waiting import within

BUS_NAME = "org.wsbroker1"

_CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={directory}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.wsbroker1"/>
  </policy>
  <policy user="{service_user}">
    <allow own="org.wsbroker1"/>
    <allow send_type="method_call" send_interface="org.freedesktop.DBus.Peer" send_member="Ping"/>
  </policy>
  <policy user="root">
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
</busconfig>
"""


class _PatientSocket:
    """python3-dbus-next 0.2.3 takes a full socket buffer for the end of the connection, if it meets one at the
    beginning of a message. That nothing was sent it understands, and tries again."""

    def __init__(self, sock):
        self.sock = sock

    def send(self, data):
        try:
            return self.sock.send(data)
        except BlockingIOError:
            return 0

    def sendmsg(self, buffers, ancillary):
        try:
            return self.sock.sendmsg(buffers, ancillary)
        except BlockingIOError:
            return 0


def new_message_bus(address, with_descriptors=False):
    """A connection of the binding's own class, not yet made; it takes file descriptors if told so."""
    message_bus = MessageBus(bus_address=address, negotiate_unix_fd=with_descriptors)
    message_bus._writer.sock = _PatientSocket(message_bus._writer.sock)
    return message_bus


class PrivateBus:
    def __init__(self, directory):
        self.directory = directory
        self.process = None
        self.address = None

    def write_configuration(self):
        path = os.path.join(self.directory, "bus.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(_CONFIGURATION.format(directory=self.directory, service_user=accounts.service_user()))
        return path

    async def start(self):
        path = self.write_configuration()
        self.process = Process(
            "dbus-daemon",
            self.directory,
            [
                "dbus-daemon",
                f"--config-file={path}",
                "--nofork",
                "--nopidfile",
                "--nosyslog",
                "--print-address",
            ],
            stdout=subprocess.PIPE,
        )
        await self.process.start()
        line = await within(self.process.child.stdout.readline(), "address of the bus")
        assert line, f"dbus-daemon did not start: {self.process.stderr()}"
        self.address = line.decode().strip()
        return self

    @property
    def pid(self):
        """The process through which messages go."""
        return self.process.pid

    async def stop(self):
        await self.process.destroy()

    def new_connection(self, with_descriptors=False):
        return new_message_bus(self.address, with_descriptors)

    async def connect(self):
        return BusConnection(await self.new_connection().connect())


class BusConnection:
    """One connection to the bus as whoever runs the tests; as root that is an administrator of the
    service."""

    def __init__(self, message_bus):
        self.message_bus = message_bus

    @property
    def unique_name(self):
        return self.message_bus.unique_name

    async def call(self, destination, path, interface, member, signature="", body=()):
        """The reply, a method return or an error, as a Message."""
        return await within(
            self.message_bus.call(
                Message(
                    destination=destination,
                    path=path,
                    interface=interface,
                    member=member,
                    signature=signature,
                    body=list(body),
                )
            ),
            f"reply to {interface}.{member}",
        )

    async def call_bus(self, member, signature="", *body):
        reply = await self.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", member, signature, body
        )
        assert reply.message_type.name == "METHOD_RETURN", (member, reply.error_name, reply.body)
        return reply.body

    async def watch_owner(self, name, callback):
        """CALLBACK is called with each new owner of NAME, "" for none, from when this returns."""

        def on_message(message):
            if message.member == "NameOwnerChanged" and message.body[0] == name:
                callback(message.body[2])

        self.message_bus.add_message_handler(on_message)
        rule = f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{name}'"
        await self.call_bus("AddMatch", "s", rule)

    def disconnect(self):
        self.message_bus.disconnect()
