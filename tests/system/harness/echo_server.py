# SPDX-License-Identifier: LGPL-2.1-or-later
"""A WebSocket server that is not ours (python3-websockets) on the port of loopback that is given. It sends every
message back, and reports in lines of JSON on standard output what happens to its connections."""

import asyncio
import json
import sys

import websockets


def report(**event):
    print(json.dumps(event), flush=True)


async def serve_one(connection):
    report(opened=connection.path)
    try:
        async for message in connection:
            await connection.send(f"you said: {message}")
    except websockets.ConnectionClosedError:
        pass
    report(closed=connection.path, code=connection.close_code)


async def main(port):
    async with websockets.serve(serve_one, "127.0.0.1", port):
        report(listening=port)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
