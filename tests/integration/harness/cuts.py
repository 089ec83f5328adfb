# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connections that are cut after any number of bytes, and the playing of many such cases at a time over one service:
so each also shows that the others' do it no harm."""

import asyncio

AT_A_TIME = 16

# What many cases at a time need.
CONFIG = """\
MaxConnections=600
MaxConnectionsPerUser=600
MaxPendingHandshakes=64
CloseTimeout=500ms
"""


async def end(peer):
    """TCP ends in order (FIN), once the client has gone too."""
    peer.writer.write_eof()
    await peer.read_to_end()


async def reset(peer):
    """RST, which may take with it what the client has not read yet."""
    peer.reset()


async def stall(peer):
    """Nothing more comes, and nothing is read."""
    peer.writer.transport.pause_reading()
    await asyncio.Event().wait()


def writing(make_data, leave):
    """A script that answers the request GET /N with N bytes of what MAKE_DATA makes of its key, and leaves."""

    async def script(peer):
        await peer.read_request()
        length = int(peer.request_line.split()[1][1:])
        await peer.write(make_data(peer.key)[:length])
        await leave(peer)

    return script


def relaying(port, length, leave):
    """A script between the client and a server at PORT that passes on LENGTH bytes of the server's, and leaves. None:
    all of them. Returns how many there were."""

    async def pump(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def answer(reader, writer):
        passed = 0
        while length is None or passed < length:
            data = await reader.read(65536 if length is None else min(65536, length - passed))
            if not data:
                break
            passed += len(data)
            writer.write(data)
        await writer.drain()
        return passed

    async def script(peer):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        requests = asyncio.create_task(pump(peer.reader, writer))
        try:
            passed = await answer(reader, peer.writer)
        finally:
            requests.cancel()
            await asyncio.gather(requests, return_exceptions=True)
            writer.close()
        await leave(peer)
        return passed

    return script


async def play_each(play, cases):
    """Awaits PLAY of each of CASES, and names those that failed."""
    turns = asyncio.Semaphore(AT_A_TIME)
    failures = []

    async def take_turn(case):
        async with turns:
            try:
                await play(case)
            except AssertionError as error:
                failures.append(f"{case}: {error}")

    await asyncio.gather(*map(take_turn, cases))
    assert not failures, "\n".join(failures)
