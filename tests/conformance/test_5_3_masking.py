# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 sections 5.1, 5.3 and 10.3: every frame of the client is masked, with a key of its own that nobody can
foresee."""

import pytest

from case import Case
from harness.frames import BINARY, CLOSE, PING, PONG, TEXT, close_frame, frame
from mersenne_twister import OUTPUTS_NEEDED, next_output
from steps import ApplicationCloses, ApplicationSends, Closed, Sees, SeesEnd, Sends, Step, close_payload

FRAMES = 200


class MaskingKeysDiffer(Step):
    """Of the frames seen so far. Four equal ones in a few hundred of 32 bits do not happen by chance."""

    promise = "a fresh masking key each time"

    async def run(self, link):
        keys = [each.masking_key for each in link.frames]
        assert len(set(keys)) > len(keys) - 3, f"{len(set(keys))} keys for {len(keys)} frames"


class MaskingKeysAreNotForeseen(Step):
    """GLib's ordinary generator is a Mersenne Twister: who has 624 numbers of it in a row has the next one too.
    Nothing else in the service may take numbers meanwhile, so this case runs alone."""

    promise = "no masking key follows from those before it"

    async def run(self, link):
        numbers = [int.from_bytes(each.masking_key, "little") for each in link.frames]
        for at in range(OUTPUTS_NEEDED, len(numbers)):
            assert next_output(numbers[at - OUTPUTS_NEEDED : at]) != numbers[at], f"key {at} was foreseen"


def masked(name, *steps):
    """Sees() itself looks at the mask."""
    return Case("5.1", f"{name} is masked", *steps)


CASES = [
    masked("text", ApplicationSends("text"), Sees(TEXT, b"text")),
    masked("empty text", ApplicationSends(""), Sees(TEXT)),
    masked("binary", ApplicationSends(b"\0\xff"), Sees(BINARY, b"\0\xff")),
    masked("empty binary", ApplicationSends(b""), Sees(BINARY)),
    masked("pong", Sends(frame(PING, b"x")), Sees(PONG, b"x")),
    masked("empty pong", Sends(frame(PING)), Sees(PONG)),
    masked(
        "Close",
        ApplicationCloses(4000, "why"),
        Sees(CLOSE, close_payload(4000, "why")),
        Sends(close_frame(4000)),
        Closed(4000),
        SeesEnd(),
    ),
    masked(
        "answer to Close", Sends(close_frame(1000)), Sees(CLOSE, close_payload(1000)), Closed(1000), SeesEnd()
    ),
    Case(
        "5.3",
        "keys of equal messages",
        *[ApplicationSends("same"), Sees(TEXT, b"same")] * FRAMES,
        MaskingKeysDiffer(),
    ),
    Case(
        "5.3",
        "keys of pongs",
        Sends(frame(PING, b"same") * FRAMES),
        *[Sees(PONG, b"same")] * FRAMES,
        MaskingKeysDiffer(),
    ),
    Case(
        "5.3",
        "keys of gathered messages",
        *[ApplicationSends("same")] * FRAMES,
        *[Sees(TEXT, b"same")] * FRAMES,
        MaskingKeysDiffer(),
    ),
    Case(
        "10.3",
        "keys that follow 624 others",
        Sends(frame(PING, b"same") * (OUTPUTS_NEEDED + 20)),
        *[Sees(PONG, b"same")] * (OUTPUTS_NEEDED + 20),
        MaskingKeysAreNotForeseen(),
        alone=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
