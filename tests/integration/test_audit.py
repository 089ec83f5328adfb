# SPDX-License-Identifier: LGPL-2.1-or-later
"""The journal tells what was decided about whom, and nothing that anybody keeps secret. Here it is what the service
writes to its standard error; tests/unit/test-audit.c looks into the fields of the entries."""

import pytest
from dbus_next import Variant

from harness.application import ApiError, Close, Error

SECRET = "planted"
POLICY = """\
[user *]
Permissions=INTERNET
AllowDomains=127.0.0.1:*;localhost:*
DenyDomains=denied.example.test:*
AllowLocalAddresses=yes
"""


async def outcome(websocket, url, **options):
    """The code of the refusal or of the one Error, or None when it opened."""
    try:
        await websocket.connect(url, **options)
    except ApiError as error:
        return error.code
    event = await websocket.next()
    return event.code if isinstance(event, Error) else None


def proxy(**more):
    return Variant("a{sv}", {"host": Variant("s", "127.0.0.1"), "port": Variant("u", 9)} | more)


@pytest.mark.policy(POLICY)
async def test_no_secret_is_written(bus_application, service, serve, serve_raw):
    async def refuse(peer):
        await peer.read_request()
        await peer.write(
            f"HTTP/1.1 401 {SECRET}-phrase\r\nX-Answer: {SECRET}-answer\r\n\r\n{SECRET}-body".encode()
        )

    server, refusing = await serve(), await serve_raw(refuse)
    secrets = f"/{SECRET}-path?{SECRET}-query=1"
    user = f"{SECRET}-user:{SECRET}-password@"
    header = {"header": Variant("a{ss}", {"X-Secret": f"{SECRET}-value"})}
    credentials = {
        "username": Variant("s", f"{SECRET}-proxy-user"),
        "password": Variant("s", f"{SECRET}-proxy-password"),
    }

    async def tour(code, authority, scheme="ws", path=secrets, **options):
        websocket = await bus_application.create()
        url = f"{scheme}://{user}{authority}{path}"
        assert await outcome(websocket, url, **header, **options) == code, url
        if code is not None:
            await websocket.release()
        return websocket

    await tour(2302998, "denied.example.test")
    await tour(2302998, "unlisted.example.test:8443", scheme="wss")
    await tour(2302998, "unlisted.example.test", path=f"{secrets}#{SECRET}-fragment")
    await tour(2302001, "127.0.0.1", path=f"{secrets}#{SECRET}-fragment")
    await tour(2302001, f"127.0.0.1:{SECRET}")
    await tour(2302998, f"127.0.0.1:{server.port}", proxy=proxy(**credentials))
    await tour(200, f"127.0.0.1:{refusing.port}")
    await tour(200, f"127.0.0.1:{server.port}", scheme="wss")
    key = {"cert": Variant("s", f"{SECRET}-cert"), "keyPassword": Variant("s", f"{SECRET}-key-password")}
    await tour(2302002, "127.0.0.1:9", clientCert=Variant("a{sv}", key | {"key": Variant("s", SECRET)}))
    websocket = await tour(None, f"127.0.0.1:{server.port}")
    await websocket.next()
    await websocket.echo(f"{SECRET}-message")
    await websocket.close(3000, f"{SECRET}-reason")
    await websocket.next(Close)
    await websocket.release()
    await tour(None, f"127.0.0.1:{server.port}")
    await bus_application.call_manager("CheckAccess", "s", f"ws://{user}denied.example.test{secrets}")
    # Revoked while it is open, and refused without the permission.
    service.write_policy("[user *]\nPermissions=\n")
    await service.reload()
    await tour(201, f"127.0.0.1:{server.port}")

    written = service.process.stderr()
    assert SECRET not in written
    # It did write of all that.
    assert "refused denied.example.test:80" in written
    assert "refused unlisted.example.test:8443" in written
    assert f"allowed 127.0.0.1:{server.port}" in written
