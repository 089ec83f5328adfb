# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the service takes an application for, and whether that may connect."""

from .application import refused

# The keys of a section that may do everything.
ALLOWED = "Permissions=INTERNET\nAllowDomains=*:*\nAllowLocalAddresses=yes\n"


async def who_am_i(application):
    return (await application.call_manager("WhoAmI"))[0]


async def may_connect(application, serve):
    server = await serve()
    websocket = await application.create()
    await websocket.open(server.url())
    await websocket.echo("allowed")


async def may_not_connect(application):
    await refused(201, (await application.create()).connect("ws://127.0.0.1/"))
