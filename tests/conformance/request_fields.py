# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the opening handshake that the server gets has in it."""

from steps import Step


def fields(peer, name):
    """The values of each field of that name, in any case."""
    lines = [line.partition(":") for line in peer.head.split("\r\n")[1:-2]]
    return [value.strip() for key, _, value in lines if key.lower() == name.lower()]


class Requests(Step):
    """The request has what CHECK looks for in the peer's end of it."""

    def __init__(self, promise, check):
        self.promise = promise
        self.check = check

    async def run(self, link):
        assert self.check(link.peer), link.peer.head


def has(name, *values):
    """Exactly these fields of that name."""
    return lambda peer: fields(peer, name) == list(values)
