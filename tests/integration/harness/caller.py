# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that uses the service over D-Bus and is driven by lines on its standard input, for tests in which
the caller has to be another process: another user, another unit, or one that is killed. Each line in is
{"id", "call", "arguments"}; each line out is {"id", "result"}, {"id", "error"} or {"path", "event",
"fields"}. With --orphan the process that has connected to the bus ends, and a child of it goes on with the
connection."""

import asyncio
import base64
import dataclasses
import json
import os
import sys

from dbus_next import Variant

from .application import ApiError
from .bus import new_message_bus
from .bus_application import WEBSOCKET, BusApplication, plain


def encode(value):
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def decode(value):
    if isinstance(value, dict):
        if list(value) == ["bytes"]:
            return base64.b64decode(value["bytes"])
        return {key: decode(item) for key, item in value.items()}
    return [decode(item) for item in value] if isinstance(value, list) else value


def write(**line):
    print(json.dumps(encode(line)), flush=True)


class Caller:
    """The calls that a line may name."""

    def __init__(self, application):
        self.application = application

    async def create(self):
        websocket = await self.application.create()
        websocket.on_event(
            lambda event: write(
                path=websocket.path, event=type(event).__name__, fields=dataclasses.asdict(event)
            )
        )
        return websocket.path

    async def websocket(self, path, member, arguments, options):
        return await getattr(self.application.websockets[path], member)(*arguments, **options)

    async def manager(self, member, signature, body):
        return plain(await self.application.call_manager(member, signature, *body))

    async def raw(self, path, interface, member, signature, body):
        """A call on any object: the name of the error, or None, and the reply's body."""
        reply = await self.application.call(path, interface, member, signature, *body)
        return [reply.error_name, [plain(item) for item in reply.body]]

    async def send_to(self, path, text):
        """Send on any object."""
        reply = await self.application.call(path, WEBSOCKET, "Send", "v", Variant("s", text))
        return [reply.error_name, []]

    async def listen(self):
        """Asks the bus for every signal that it will pass on, others' too, which a bus may refuse to promise."""
        await self.application.connection.call_bus("AddMatch", "s", "type='signal'")
        await self.application.connection.call(
            "org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "AddMatch",
            "s",
            ["type='signal',eavesdrop='true'"],
        )

    async def signals(self):
        """How many signals of objects came that this application did not make."""
        return len(self.application.unknown_signals)

    async def answer(self, line):
        try:
            result = await getattr(self, line["call"])(*decode(line["arguments"]))
            write(id=line["id"], result=result)
        except ApiError as error:
            write(id=line["id"], error=[error.code, error.message, error.name])
        except Exception as error:  # whatever it is, the test is to see it
            write(id=line["id"], failure=repr(error))


async def main(message_bus):
    caller = Caller(await BusApplication.start(message_bus))
    reader = asyncio.StreamReader(limit=2**26)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    write(id=0, result="ready")
    tasks = set()
    async for line in reader:
        task = asyncio.create_task(caller.answer(json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def run(address, *flags):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # The socket is connected here: the bus knows this process as the one behind it.
    message_bus = new_message_bus(address)
    if "--orphan" in flags and os.fork():
        os._exit(0)
    loop.run_until_complete(main(message_bus))


if __name__ == "__main__":
    run(*sys.argv[1:])
