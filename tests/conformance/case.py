# SPDX-License-Identifier: LGPL-2.1-or-later
"""A case: what the server and the application do on one connection, and what is promised of it."""

import dataclasses
import itertools
import typing

from harness import frames
from steps import Opens, StaysOpen

SHOWN = 6  # promises of a case in the table


@dataclasses.dataclass
class Answers:
    """The server's answer to the handshake: MAKE_ANSWER makes it of the client's key. AFTER goes out with it."""

    make_answer: typing.Callable = frames.response
    after: bytes = b""
    promise = ""
    ends = False

    async def run(self, link):
        await link.peer.write(self.make_answer(link.peer.key), self.after)


class Case:
    """SECTION is of RFC 6455 where it names no other. A case that does not itself end its connection ends in StaysOpen.
    SECURE: over TLS. COMPRESSION: with a service that offers permessage-deflate. OPTIONS are those of Connect. DEVIATION
    says why the promise is not what the RFC asks for. ALONE: with no other case beside it."""

    def __init__(
        self,
        section,
        name,
        *steps,
        secure=False,
        compression=False,
        path="/",
        options=None,
        handshake=None,
        deviation="",
        alone=False,
    ):
        self.section = section
        self.name = name
        self.secure = secure
        self.compression = compression
        self.path = path
        self.options = options or {}
        self.deviation = deviation
        self.alone = alone
        self.ordinary_handshake = handshake is None
        self.steps = [*((Answers(), Opens()) if handshake is None else handshake), *steps]
        if not self.steps[-1].ends:
            self.steps.append(StaysOpen())
        assert str(self).isascii(), f"{self}: names are ASCII"

    def __str__(self):
        return f"{self.section} {self.name}"

    @property
    def promise(self):
        """In words, for the table: the beginning and the end of a long one."""
        steps = self.steps[2:] if self.ordinary_handshake else self.steps
        told = [f"{text}, {count} times" if count > 1 else text for text, count in _runs(steps)]
        if len(told) > SHOWN:
            told = [*told[: SHOWN - 2], f"and {len(told) - SHOWN + 1} more", told[-1]]
        return "; ".join(told)


def _runs(steps):
    """What is promised, and how often in a row."""
    told = [step.promise for step in steps if step.promise]
    return [(text, len(list(same))) for text, same in itertools.groupby(told)]
