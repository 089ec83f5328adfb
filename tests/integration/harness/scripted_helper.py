# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the place of the identity helper: answers each question of the service with what the test says. See
daemon/identify-protocol.h."""

import asyncio
import errno
import os
import socket
import struct

_QUESTION = struct.Struct("=IIiI")
_CGROUP = b"0::/user.slice\n"


def facts(uid, gid, cgroup=_CGROUP, flatpak_info=None):
    """ProcessFacts, with no more of its texts than there is."""
    info = b"" if flatpak_info is None else flatpak_info
    numbers = struct.pack("=IIIII", uid, gid, len(cgroup), len(info), flatpak_info is not None)
    return numbers + cgroup + info


def answer(cookie, result, some_facts=b""):
    return struct.pack("=Ii", cookie, result) + some_facts


def refusal(cookie):
    return answer(cookie, -errno.EACCES)


class ScriptedHelper:
    """ANSWER is called with the cookie of each question; the packets to send. None: the connection is closed."""

    def __init__(self, path, answer_question):
        self.path = path
        self.answer_question = answer_question
        self.questions = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self._tasks = []

    async def start(self):
        self._socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self._socket.listen()
        self._tasks.append(asyncio.create_task(self._accept()))
        return self

    async def _accept(self):
        while True:
            client, _ = await asyncio.get_running_loop().sock_accept(self._socket)
            self._tasks.append(asyncio.create_task(self._serve(client)))

    async def _serve(self, client):
        with client:
            while question := await asyncio.get_running_loop().sock_recv(client, _QUESTION.size):
                self.questions += 1
                packets = self.answer_question(_QUESTION.unpack(question)[0])
                if packets is None:
                    return
                for packet in packets:
                    client.send(packet)

    async def destroy(self):
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._socket.close()
        os.unlink(self.path)
        # Else the test would have seen less than it thinks. The service may have gone in the middle.
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, (BrokenPipeError, ConnectionResetError)):
                raise result
