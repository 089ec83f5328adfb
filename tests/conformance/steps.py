# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a case is made of: one step after another, of the server, which is the case's own, or of the application.
A step does something or waits for something; one that waits says in its text what is promised."""

import dataclasses
import socket
import struct
import typing

from client_frame import read_client_frame
from harness import frames
from harness.application import Close, Error, HeaderReceive, Message, Open, refused
from harness.waiting import eventually, within
from receive_queue import unread_by_peer

_OPCODES = {
    frames.CONTINUATION: "continuation",
    frames.TEXT: "text",
    frames.BINARY: "binary",
    frames.CLOSE: "Close",
    frames.PING: "ping",
    frames.PONG: "pong",
}
_SHOWN = 16  # bytes or characters of a payload that the table shows


def close_payload(code=None, reason=""):
    """Of a Close frame; CODE None: empty."""
    return b"" if code is None else struct.pack("!H", code) + reason.encode()


def in_words(data):
    if len(data) > _SHOWN:
        return f"{len(data)} {'characters' if isinstance(data, str) else 'bytes'}"
    return ascii(data) if isinstance(data, str) else data.hex(" ") or "empty"


class Step:
    """RUN does it on a Link. The text says what is promised; "" where nothing is."""

    promise = ""
    ends = False  # whether the connection is over afterwards

    async def run(self, link):
        raise NotImplementedError


# The server does.


class Sends(Step):
    """Frames, or any bytes, in one write."""

    def __init__(self, *parts):
        self.data = b"".join(parts)

    async def run(self, link):
        await link.peer.write(self.data)


@dataclasses.dataclass
class SendsSplit(Step):
    """Each piece is written when the one before has been read."""

    pieces: typing.Sequence

    async def run(self, link):
        sock = link.peer.writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in self.pieces:
            await link.peer.write(piece)
            await eventually(lambda: unread_by_peer(sock) == 0, "piece read by the service")


class HalfCloses(Step):
    """The server's last bytes, and no more from it; it still reads."""

    def __init__(self, last=b""):
        self.last = last

    async def run(self, link):
        await link.end(self.last)


class Resets(Step):
    async def run(self, link):
        link.peer.reset()


# The server sees.


async def _frame_of(link):
    return await within(read_client_frame(link.peer.reader), "frame at the server")


@dataclasses.dataclass
class Sees(Step):
    """One frame, whole, masked and in its shortest form."""

    opcode: int
    payload: bytes = b""

    @property
    def promise(self):
        if self.opcode != frames.CLOSE:
            return f"server gets {_OPCODES[self.opcode]} ({in_words(self.payload)})"
        code = struct.unpack("!H", self.payload[:2])[0] if self.payload else "without a code"
        return f"server gets Close {code}"

    async def run(self, link):
        frame = await _frame_of(link)
        assert (frame.opcode, frame.payload) == (self.opcode, self.payload), frame
        assert frame.fin and not frame.reserved and frame.in_shortest_form, frame
        assert frame.masking_key is not None, frame
        link.frames.append(frame)


@dataclasses.dataclass
class SeesEnd(Step):
    """The end of TCP, and not a byte before it."""

    ends = True
    promise = "then the end of TCP"

    async def run(self, link):
        rest = await within(link.peer.read_to_end(), "end of the connection at the server")
        assert rest == b"", f"more from the client: {rest[:64].hex(' ')}"


# The application does.


@dataclasses.dataclass
class ApplicationSends(Step):
    data: "str | bytes"

    async def run(self, link):
        await link.websocket.send(self.data)


@dataclasses.dataclass
class ApplicationCloses(Step):
    code: int = 1000
    reason: str = ""

    async def run(self, link):
        await link.websocket.close(self.code, self.reason)


@dataclasses.dataclass
class Refused(Step):
    """A call of the application that the service refuses with CODE."""

    code: int
    call: Step

    @property
    def promise(self):
        return f"refused with {self.code}"

    async def run(self, link):
        await refused(self.code, self.call.run(link))


# The application sees.


@dataclasses.dataclass
class Opens(Step):
    protocol: str = ""
    extensions: str = ""

    @property
    def promise(self):
        if self.extensions:
            return f"opens with {self.extensions}"
        return f"opens with subprotocol {self.protocol}" if self.protocol else "opens"

    async def run(self, link):
        link.headers = (await link.websocket.next(HeaderReceive)).headers
        assert await link.websocket.next(Open) == Open()
        assert await link.websocket.property("Protocol") == self.protocol
        assert await link.websocket.property("Extensions") == self.extensions


@dataclasses.dataclass
class FailsToOpen(Step):
    """One Error and nothing else: no Open, no Close."""

    stage: str = "handshake"
    ends = True

    @property
    def promise(self):
        return f"Error 200 ({self.stage})"

    async def run(self, link):
        error = await link.websocket.next(Error)
        assert (error.code, error.stage) == (200, self.stage), error


@dataclasses.dataclass
class Delivers(Step):
    data: "str | bytes"

    @property
    def promise(self):
        return f"message ({in_words(self.data)})"

    async def run(self, link):
        message = await link.websocket.next(Message)
        assert type(message.data) is type(self.data) and message.data == self.data, in_words(message.data)


@dataclasses.dataclass
class Closed(Step):
    """The signal Close, without an Error before it."""

    code: int
    reason: str = ""

    @property
    def promise(self):
        return f"Close({self.code}{', …' if self.reason else ''})"

    async def run(self, link):
        assert await link.websocket.next(Close) == Close(self.code, self.reason)


class Fails(Step):
    """The service fails the connection (section 7.1.7): Error, Close with CODE on both sides, nothing more."""

    ends = True

    def __init__(self, code, stage="protocol"):
        self.code = code
        self.stage = stage

    @property
    def promise(self):
        return f"fails with {self.code}"

    async def run(self, link):
        error = await link.websocket.next(Error)
        assert (error.code, error.stage) == (200, self.stage), error
        await Closed(self.code).run(link)
        await Sees(frames.CLOSE, close_payload(self.code)).run(link)
        await HalfCloses().run(link)
        await SeesEnd().run(link)


class Lost(Step):
    """TCP ends without a closing handshake: Error, then Close(1006)."""

    ends = True
    promise = "Error 200 (protocol), Close(1006)"

    async def run(self, link):
        error = await link.websocket.next(Error)
        assert (error.code, error.stage) == (200, "protocol"), error
        await Closed(1006).run(link)


class Over(Step):
    """TCP is gone, so there is nothing more to see at the server."""

    ends = True

    async def run(self, link):
        pass


class Releases(Step):
    """The application drops the object."""

    async def run(self, link):
        await link.release()


class EndsClosed(Step):
    """The server's Close frame with CODE and REASON has gone out; it is told, and answered with its code."""

    ends = True

    def __init__(self, code=None, reason=""):
        self.code = code
        self.reason = reason
        self.answer = close_payload(code)

    @property
    def promise(self):
        told = Closed(1005 if self.code is None else self.code, self.reason)
        return f"{told.promise}; {Sees(frames.CLOSE, self.answer).promise}"

    async def run(self, link):
        await Sees(frames.CLOSE, self.answer).run(link)
        await Closed(1005 if self.code is None else self.code, self.reason).run(link)
        await SeesEnd().run(link)


class StaysOpen(Step):
    """The connection is as good as before: a message each way, and a clean end."""

    ends = True
    promise = "stays open"

    async def run(self, link):
        await Sends(frames.frame(frames.TEXT, b"still there?")).run(link)
        await Delivers("still there?").run(link)
        await ApplicationSends("yes").run(link)
        await Sees(frames.TEXT, b"yes").run(link)
        await ApplicationCloses(1000).run(link)
        await Sees(frames.CLOSE, close_payload(1000)).run(link)
        await Sends(frames.close_frame(1000)).run(link)
        await Closed(1000).run(link)
        await SeesEnd().run(link)
