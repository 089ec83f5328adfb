# SPDX-License-Identifier: LGPL-2.1-or-later
"""An application that uses the service, whichever way: over D-Bus by a binding that is not ours, or with our
client library. The tests of ACCEPTANCE rows are written against these two classes and run both ways. Every
event of a WebSocket is kept in order; a test takes them one after another, so one too many or out of order
fails it."""

import asyncio
import dataclasses

from .waiting import within


class ApiError(Exception):
    """A refused call: the API's code and the message that came with it."""

    def __init__(self, code, message, name=None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.name = name


@dataclasses.dataclass
class HeaderReceive:
    headers: dict


@dataclasses.dataclass
class Open:
    status: int = 101
    message: str = "Switching Protocols"


@dataclasses.dataclass
class Message:
    data: "str | bytes"


@dataclasses.dataclass
class Close:
    code: int
    reason: str


@dataclasses.dataclass
class Error:
    code: int
    message: str
    details: dict

    @property
    def stage(self):
        return self.details.get("stage")


@dataclasses.dataclass
class ServiceLost:
    """No event of the API: the service has left the bus, so that nothing will come any more."""


class WebSocket:
    """One WebSocket of an application. Subclasses implement the calls and feed events to received()."""

    def __init__(self):
        self._events = asyncio.Queue()
        self._hooks = []

    def received(self, event):
        self._events.put_nowait(event)
        for hook in self._hooks:
            hook(event)

    def on_event(self, hook):
        """HOOK is called with each event from inside the handler that received it."""
        self._hooks.append(hook)

    async def connect(self, url, **options):
        """ApiError when it is refused; the outcome is an event."""
        raise NotImplementedError

    async def connect_from_close(self, url):
        """From inside the handler of the next close event."""
        raise NotImplementedError

    async def send(self, data):
        """A str is a text message, bytes are a binary one."""
        raise NotImplementedError

    async def close(self, code=1000, reason=""):
        raise NotImplementedError

    async def release(self):
        raise NotImplementedError

    async def property(self, name):
        raise NotImplementedError

    async def next(self, kind=None):
        """The next event; an assertion if none comes, or one of another class than KIND."""
        event = await within(self._events.get(), f"next event ({kind.__name__ if kind else 'any'})")
        assert kind is None or isinstance(event, kind), f"{kind.__name__} expected, {event} came"
        return event

    def nothing_more(self):
        assert self._events.empty(), f"unexpected {self._events.get_nowait()}"

    async def open(self, url, **options):
        """Connects; the response's header fields once it is open."""
        await self.connect(url, **options)
        headers = await self.next(HeaderReceive)
        assert await self.next(Open) == Open()
        return headers.headers

    async def fail(self, url, **options):
        """Connects to where no connection can be made; the one Error that comes of it."""
        await self.connect(url, **options)
        return await self.next(Error)

    async def echo(self, data):
        await self.send(data)
        assert await self.next(Message) == Message(data)


class Application:
    async def create(self):
        """A new WebSocket."""
        raise NotImplementedError

    async def leave(self):
        """Ends the application in the ordinary way, whatever it still has open."""
        raise NotImplementedError


async def refused(code, call):
    """Awaits CALL, which must be refused with CODE; the message."""
    try:
        await call
    except ApiError as error:
        assert error.code == code, f"{code} expected: {error.message}"
        return error.message
    raise AssertionError(f"{code} expected, but the call was accepted")
