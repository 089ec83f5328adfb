# SPDX-License-Identifier: LGPL-2.1-or-later
"""A system that does not tell who its users are, as one whose directory server has gone."""

import os
import subprocess

from harness import accounts

pytestmark = accounts.needs_root


def hide_accounts(service):
    """From now on, who reads the accounts where SERVICE runs waits for ever."""
    path = os.path.join(service.directory, "accounts")
    os.mkfifo(path)
    os.chmod(path, 0o644)
    enter = ["nsenter", f"--target={service.process.pid}", "--mount"]
    subprocess.run([*enter, "mount", "--bind", path, "/etc/passwd"], check=True)


async def test_caller_whose_name_is_not_told(service, serve, bus_application, remote):
    websocket = await bus_application.create()
    await websocket.open((await serve()).url())
    hide_accounts(service)
    late = await remote()
    reply = late.post("manager", "WhoAmI", "", [])
    echoes = 0
    while not reply.done():
        await websocket.echo("who is known goes on")
        echoes += 1
    assert (await reply)[0] == "unidentified"
    assert echoes > 50
