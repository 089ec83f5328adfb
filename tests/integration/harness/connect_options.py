# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every option of Connect, written once for both kinds of application, with the names and the nesting of the
webSocket API: a dict is a dictionary, bytes are `ay`, an int is `u`. The paths that the API has (caPath, and
certPath and keyPath in clientCert) exist in the library alone."""

import functools

from dbus_next import Variant

from .application import Error, HeaderReceive, Open
from .library_application import LibraryWebSocket, to64


def _to_variant(key, value):
    if isinstance(value, Variant):
        return value
    if isinstance(value, dict) and key == "header":
        return Variant("a{ss}", value)
    if isinstance(value, dict):
        return Variant("a{sv}", {inner: _to_variant(inner, item) for inner, item in value.items()})
    signatures = {str: "s", bytes: "ay", int: "u", list: "as"}
    return Variant(signatures[type(value)], value)


# What library-driver calls the keys of the API's nested dictionaries.
_WORDS = {
    ("proxy", "host"): "proxyHost",
    ("proxy", "port"): "proxyPort",
    ("proxy", "username"): "proxyUser",
    ("proxy", "password"): "proxyPassword",
    ("proxy", "exclusionList"): "exclude",
}


def _to_words(key, value, outer=None):
    word = _WORDS.get((outer, key), key)
    if key == "header":
        return [f"header={to64(name)}:{to64(text)}" for name, text in value.items()]
    if isinstance(value, dict):
        return [each for inner, item in value.items() for each in _to_words(inner, item, outer=key)]
    if isinstance(value, list):
        return [f"{word}={to64(item)}" for item in value]
    return [f"{word}={value if isinstance(value, int) else to64(value)}"]


@functools.singledispatch
async def connect(websocket, url, **options):
    """As WebSocket.connect()."""
    await websocket.connect(url, **{key: _to_variant(key, value) for key, value in options.items()})


@connect.register
async def _(websocket: LibraryWebSocket, url, **options):
    words = [word for key, value in options.items() for word in _to_words(key, value)]
    await websocket.owner.complete("connect", websocket.name, to64(url), *words)


async def open_with(websocket, url, **options):
    """As WebSocket.open()."""
    await connect(websocket, url, **options)
    headers = await websocket.next(HeaderReceive)
    assert await websocket.next(Open) == Open()
    return headers.headers


async def fail_with(websocket, url, **options):
    """As WebSocket.fail()."""
    await connect(websocket, url, **options)
    return await websocket.next(Error)
