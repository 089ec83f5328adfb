# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is measured: for each peer, the command line of a client that runs the loop of workload.c."""

import contextlib
import json
import os
import shutil

from children import Child

_HERE = os.path.dirname(os.path.abspath(__file__))
_NODE_CLIENT = os.path.join(_HERE, "..", "peers", "bench-client.js")

WSBROKER, LIBSOUP, LIBWEBSOCKETS, WS, SQUID = "wsbroker", "libsoup", "libwebsockets", "ws", "libsoup-squid"
SIGNALS, BUS, RAW, RELAY = "signals", "bus", "raw", "raw-relay"

# Those that a reader may compare with; the first two are held against each other.
COLUMNS = (WSBROKER, LIBSOUP, LIBWEBSOCKETS, WS, SQUID)

WHY_MISSING = {
    LIBWEBSOCKETS: "libwebsockets-dev was not there when this was built",
    WS: "there is no node, or npm could not bring its package ws",
    SQUID: "there is no squid, or it did not start",
}

_SAME_PROGRAM = {SQUID: LIBSOUP, RELAY: RAW}


def _node_modules(stage):
    return os.path.join(stage.build, "peers", "node_modules")


def _program(stage, peer):
    """The beginning of its command line, or None where it cannot be had."""
    if peer == WS:
        has_ws = os.path.isdir(os.path.join(_node_modules(stage), "ws"))
        return ["node", _NODE_CLIENT] if has_ws and shutil.which("node") else None
    if peer == SQUID and stage.proxy is None:
        return None
    path = stage.program("client-" + _SAME_PROGRAM.get(peer, peer))
    return [path] if path else None


def available(stage):
    return [peer for peer in COLUMNS if _program(stage, peer)]


def start(stage, peer, url, broker=None, **options):
    """A client process. OPTIONS are those of its command line, with "_" for "-"; of those that are True or
    False the name alone. BROKER is the stage's where it is not said."""
    broker = broker or stage.broker
    arguments = [f"--bus={broker.address}"]
    if peer == SQUID:
        arguments.append(f"--proxy={stage.proxy}")
    if peer == RELAY:
        arguments.append(f"--proxy={stage.relays[url.split(':')[0]]}")
    for name, value in options.items():
        word = "--" + name.replace("_", "-")
        if value is True:
            arguments.append(word)
        elif isinstance(value, (list, tuple)):
            arguments += [f"{word}={each}" for each in value]
        elif value is not False and value is not None:
            arguments.append(f"{word}={value}")
    if url.startswith("wss:"):
        arguments.append(f"--ca={stage.ca}")
    environment = os.environ | {"NODE_PATH": _node_modules(stage)}
    return Child(f"client-{peer}", [*_program(stage, peer), *arguments, url], stage.folder, env=environment)


@contextlib.contextmanager
def started(stage, peer, url, **options):
    child = start(stage, peer, url, **options)
    try:
        yield child
    finally:
        child.end()


def sample(stage, peer, url, **options):
    """One run of a client, from its start to its result."""
    with started(stage, peer, url, **options) as child:
        return json.loads(child.line())
