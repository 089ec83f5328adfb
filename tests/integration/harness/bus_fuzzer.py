# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that calls every method of every interface of the service with random arguments: of the right
types, of wrong ones, on its own objects, on others' and on none, many at a time, in an order that its seed
decides. Now and then it leaves the bus in the middle of that, and comes back as another. On standard output, one
line of JSON: how many calls wanted an answer and were waited for, how many answers of each kind came, and how often each
method did what it was called for."""

import asyncio
import collections
import contextlib
import json
import os
import sys
import xml.etree.ElementTree as ElementTree

from dbus_next import Message, MessageFlag, MessageType, Variant

from .bus import BUS_NAME, new_message_bus
from .random_values import RandomValues
from .waiting import within

MANAGER_PATH = "/org/wsbroker1"
IN_FLIGHT = 24  # calls; a bus allows 128
LIFE = 250  # calls, about, until it leaves
TIMEOUT = 60.0  # seconds for the last answers

# How often a method is called: the service's own more often than those that every object has, and least often
# what makes or ends an object, so that each lives to see something.
_WEIGHTS = {"Connect": 10, "Send": 20, "CreateWebSocket": 2, "Close": 2, "Release": 1}

_STANDARD = """
<node>
  <interface name="org.freedesktop.DBus.Peer"><method name="Ping"/><method name="GetMachineId"/></interface>
  <interface name="org.freedesktop.DBus.Introspectable"><method name="Introspect"/></interface>
  <interface name="org.freedesktop.DBus.Properties">
    <method name="Get"><arg type="s"/><arg type="s"/></method>
    <method name="Set"><arg type="s"/><arg type="s"/><arg type="v"/></method>
    <method name="GetAll"><arg type="s"/></method>
  </interface>
  <interface name="org.freedesktop.DBus.ObjectManager"><method name="GetManagedObjects"/></interface>
</node>
"""

_SUBJECTS = (
    "user root",
    "unidentified",
    "user no-such-user-yet, group 0, group 4242",
    "group no-such-group-yet",
    "user games, group games, unit chat.service",
    "flatpak org.example.Chat, user games",
    "label a, b, snap chat",
    ":1.1",
    ":1.4294967295",
    "org.wsbroker1",
)

_TEXTS = (
    *_SUBJECTS,
    "",
    "ws://",
    "ws://denied.example/",
    "wss://127.0.0.1:1/",
    "http://127.0.0.1/",
    "ws://[::1]:9/",
    "ws://user:password@127.0.0.1/#f",
    "no-proxy",
    "system",
    "1.3",
    "text",
    "State",
    "Url",
    "WebSockets",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
)


def read_methods(folder):
    """Interface, name and signature of each method that FOLDER documents, and of each that every object has."""
    roots = [ElementTree.fromstring(_STANDARD)]
    for name in sorted(os.listdir(folder)):
        if name.endswith(".xml"):
            roots.append(ElementTree.parse(os.path.join(folder, name)).getroot())
    return [
        (interface.get("name"), method.get("name"), "".join(arg.get("type") for arg in inputs(method)))
        for root in roots
        for interface in root.findall("interface")
        for method in interface.findall("method")
    ]


def inputs(method):
    return [arg for arg in method.findall("arg") if arg.get("direction", "in") == "in"]


class BusFuzzer:
    """It never calls the object at SPARED."""

    def __init__(self, address, methods, seed, urls, spared):
        self.address = address
        self.message_bus = None
        self.methods = methods
        self.weights = [
            _WEIGHTS.get(member, 1 if "freedesktop" in interface else 5) for interface, member, _ in methods
        ]
        self.urls = urls
        names = {name for method in methods for name in method[:2]}
        self.values = RandomValues(seed, (*_TEXTS, *urls * 8, *sorted(names)), ("/", MANAGER_PATH))
        self.random = self.values.random
        self.spared = spared
        self.own_paths = []
        self.wanted = 0
        self.kinds = collections.Counter()
        self.done = collections.Counter()
        self.room = asyncio.Semaphore(IN_FLIGHT)
        self.tasks = set()
        self.descriptor = os.open("/dev/null", os.O_RDWR)

    def _path(self, interface):
        if interface.endswith(".Manager") and not self.values.chance(20):
            return MANAGER_PATH
        if self.own_paths and not self.values.chance(6):
            return self.random.choice(self.own_paths[-3:])
        number = self.random.choice((0, 1, 2, 3, 5, 9, 2**32, 2**64))
        path = self.random.choice((f"{MANAGER_PATH}/websocket/{number}", MANAGER_PATH, "/", "/a/b"))
        return "/" if path == self.spared else path

    def _usual(self, member):
        """Arguments with which a method does what it is for, or None."""
        options = (
            {},
            {},
            {"pingInterval": Variant("u", 1)},
            {"header": Variant("a{ss}", {"X-Name": "value"})},
        )
        data = (Variant("s", "text"), Variant("ay", b"\xff" * 5000), Variant("(say)", ["text", b"\0"]))
        return {
            "Connect": [self.random.choice(self.urls), self.random.choice(options)],
            "Send": [self.random.choice(data)],
            "Close": [self.random.choice((1000, 3000)), "done"],
            "OpenStream": [{}],
            "Get": [f"{BUS_NAME}.WebSocket", self.random.choice(("State", "Url", "Buffered", "ConnectedAt"))],
            "GetAll": [f"{BUS_NAME}.{self.random.choice(('WebSocket', 'Manager'))}"],
            "CheckAccess": [self.random.choice(self.urls)],
            "ExplainAccess": [self.random.choice(_SUBJECTS), self.random.choice(self.urls)],
        }.get(member)

    def _call(self):
        interface, member, signature = self.random.choices(self.methods, self.weights)[0]
        path = self._path(interface)
        usual = None if self.values.chance(2) else self._usual(member)
        if usual is None and self.values.chance(4):
            signature = "".join(self.values.signature() for _ in range(self.random.randrange(4)))
        if self.values.chance(40):
            interface = self.random.choice((None, "no.such.Interface", self.random.choice(self.methods)[0]))
        if self.values.chance(40):
            member = self.random.choice(("Nothing", self.random.choice(self.methods)[1]))
        return Message(
            destination=BUS_NAME,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=self.values.body(signature) if usual is None else usual,
            flags=MessageFlag.NO_REPLY_EXPECTED if self.values.chance(10) else MessageFlag.NONE,
            unix_fds=[self.descriptor] * self.random.randrange(1, 4) if self.values.chance(20) else [],
        )

    def _learn(self, call, reply):
        """Descriptors are used, wrongly, and closed; new objects are called."""
        for fd in reply.unix_fds:
            if self.values.chance(2):
                os.set_blocking(fd, False)
                with contextlib.suppress(BrokenPipeError):  # the connection may be over
                    os.write(fd, self.random.randbytes(self.random.randrange(64)) or b"\0")
            os.close(fd)
        if reply.message_type is not MessageType.METHOD_RETURN:
            return
        if call.member == "CreateWebSocket":
            self.own_paths.append(reply.body[0])
            self.values.paths.append(reply.body[0])
        elif call.member == "Release" and call.path in self.own_paths and not self.values.chance(4):
            self.own_paths.remove(call.path)

    async def _post(self, call):
        try:
            reply = await self.message_bus.call(call)
            if reply is not None:
                self.kinds[reply.error_name or "return"] += 1
                self.done[call.member] += reply.error_name is None
                self._learn(call, reply)
        except asyncio.CancelledError:
            self.wanted -= call.flags is MessageFlag.NONE
            raise
        finally:
            self.room.release()

    async def enter(self):
        self.message_bus = await new_message_bus(self.address, with_descriptors=True).connect()

    async def leave(self):
        """With calls under way, whose answers nobody waits for any more."""
        await asyncio.sleep(0)  # the last has begun, too
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.own_paths.clear()
        self.message_bus.disconnect()

    async def run(self, n_calls):
        await self.enter()
        for _ in range(n_calls):
            if self.values.chance(LIFE):
                await self.leave()
                await self.enter()
            await within(self.room.acquire(), "answer to any of the calls", TIMEOUT)
            call = self._call()
            self.wanted += call.flags is MessageFlag.NONE
            task = asyncio.create_task(self._post(call))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        await within(asyncio.gather(*self.tasks), "answers to the last calls", TIMEOUT)
        self.message_bus.disconnect()


async def main(address, folder, seed, n_calls, url, spared):
    fuzzer = BusFuzzer(address, read_methods(folder), seed, [url], spared)
    await fuzzer.run(int(n_calls))
    print(json.dumps({"wanted": fuzzer.wanted, "answers": fuzzer.kinds, "done": fuzzer.done}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
