#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A WebSocket server that is not ours (python3-websockets), on a free port of loopback, which it prints. It
sends every message back."""

import asyncio

import websockets


async def echo(connection):
    async for message in connection:
        await connection.send(f"you said: {message}")


async def main():
    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
