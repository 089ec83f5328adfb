# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever is sent to the identity helper, by the one client that it should trust least if that were broken
into: it goes on, and answers the next question. WSBROKER_FUZZ_SEED asks for other packets."""

import array
import contextlib
import os
import random
import socket
import struct

import pytest

from harness import service
from harness.identity_helper import IdentityHelper
from harness.waiting import TIMEOUT, eventually

# This one had the helper keep the descriptors of an empty packet.
SEED = os.environ.get("WSBROKER_FUZZ_SEED", "3")
CLIENTS = 150

QUESTION = struct.Struct("=IIiI")  # cookie, uid, pid, whether a pidfd comes with it


@pytest.fixture
async def helper(directory):
    program = os.path.join(os.path.dirname(service.program()), "wsbroker-identify")
    started = await IdentityHelper(directory, program, service.environment()).start()
    yield started
    # Ends by itself, with nothing to report.
    await started.destroy()


def connect(helper):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Not settimeout(), with which it would not wait for its turn to connect.
    for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
        client.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", int(TIMEOUT), 0))
    client.connect(helper.path)
    return client


class Packets:
    def __init__(self):
        self.random = random.Random(SEED)
        self.null = os.open("/dev/null", os.O_RDONLY)
        self.pidfd = os.pidfd_open(os.getpid())

    def _question(self):
        pid = self.random.choice((os.getpid(), 1, 0, -1, 2**31 - 1, self.random.getrandbits(15)))
        return QUESTION.pack(
            self.random.getrandbits(32),
            self.random.choice((0, os.getuid(), 2**32 - 1)),
            pid,
            self.random.randrange(3),
        )

    def next(self):
        """A packet and the descriptors to go with it."""
        data = self.random.choice(
            (self._question(), self._question(), self.random.randbytes(self.random.randrange(64)))
        )
        descriptors = self.random.choices((self.null, self.pidfd), k=self.random.choice((0, 0, 1, 1, 2, 6)))
        return data, descriptors

    def close(self):
        os.close(self.null)
        os.close(self.pidfd)


def send_all(client, packets, count):
    # It hangs up on whoever does not keep to the protocol.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(count):
            data, descriptors = packets.next()
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
            client.sendmsg([data], [rights] if descriptors else [])


def ask(helper):
    """Result and uid of the answer to a proper question about this process; None when there is no place for
    it."""
    with connect(helper) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.send(QUESTION.pack(7, os.getuid(), os.getpid(), 0))
            answer = client.recv(2**20)
            if len(answer) >= 12:
                return struct.unpack_from("=IiI", answer)
    return None


def descriptors(helper):
    return len(os.listdir(f"/proc/{helper.process.pid}/fd"))


async def test_packets_of_any_kind(helper):
    print(f"seed {SEED}")
    packets = Packets()
    assert await eventually(lambda: ask(helper), "the helper's start") == (7, 0, os.geteuid())
    before = descriptors(helper)
    for _ in range(CLIENTS):
        with connect(helper) as client:
            send_all(client, packets, packets.random.randrange(1, 8))
    packets.close()
    assert await eventually(lambda: ask(helper), "a place for a question") == (7, 0, os.geteuid())
    await eventually(lambda: descriptors(helper) <= before, "no descriptor kept")
    assert helper.process.running
