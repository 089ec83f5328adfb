# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 section 4.1: the opening handshake as the client sends it."""

import base64

import pytest
from dbus_next import Variant

from case import Answers, Case
from request_fields import Requests, fields, has
from steps import (
    ApplicationCloses,
    ApplicationSends,
    Closed,
    Opens,
    Refused,
    Sees,
    SeesEnd,
    Sends,
    Step,
    close_payload,
)
from harness import frames
from harness.application import HeaderReceive, Open
from harness.waiting import within


class ConnectsAgain(Step):
    """Once more, after a clean end."""

    promise = "another Sec-WebSocket-Key"

    async def run(self, link):
        first = link.peer.key
        await ApplicationCloses().run(link)
        await Sees(frames.CLOSE, close_payload(1000)).run(link)
        await Sends(frames.close_frame(1000)).run(link)
        await Closed(1000).run(link)
        await SeesEnd().run(link)
        await link.connect()
        await Answers().run(link)
        await Opens().run(link)
        assert link.peer.key != first


class ConnectsBeside(Step):
    """Another WebSocket of the application, to the same server, while the first has no answer."""

    promise = "the second request is sent at once"

    async def run(self, link):
        other = await link.websocket.owner.create()
        await other.connect(link.server.url())
        peer = await link.server.connected()
        await within(peer.read_request(), "second request at the server")
        await peer.write(frames.response(peer.key))
        await other.next(HeaderReceive)
        assert await other.next(Open) == Open()
        await other.release()


def line_is(line):
    return lambda peer: peer.request_line == line


def key_is_sixteen_bytes(peer):
    (key,) = fields(peer, "Sec-WebSocket-Key")
    return len(base64.b64decode(key, validate=True)) == 16


def is_well_formed(peer):
    """Lines end in CRLF, none is folded, all of it is printable ASCII, and each has a colon."""
    lines = peer.head.split("\r\n")
    return (
        lines[-2:] == ["", ""]
        and all(line.isascii() and line.isprintable() for line in lines)
        and all(line.split(":")[0].isidentifier() or "-" in line.split(":")[0] for line in lines[1:-2])
        and not any(line[0] in " \t" for line in lines[:-2])
    )


def host_is_the_servers(peer):
    host, port = peer.writer.get_extra_info("sockname")[:2]
    return fields(peer, "Host") == [f"{host}:{port}"]


def request(name, promise, check, section="4.1", protocol="", path="/", **options):
    chosen = protocol.partition(",")[0]
    if protocol:
        options["protocol"] = protocol
    answer = Answers(
        lambda key: frames.response(key, f"Sec-WebSocket-Protocol: {chosen}")
        if chosen
        else frames.response(key)
    )
    return Case(
        section,
        name,
        path=path,
        options=options,
        handshake=(Requests(promise, check), answer, Opens(chosen)),
    )


CASES = [
    request("method and version", "GET of HTTP/1.1", line_is("GET / HTTP/1.1")),
    request("Host", "host and port, once", host_is_the_servers),
    request("Upgrade", "Upgrade: websocket, once", has("Upgrade", "websocket")),
    request("Connection", "Connection: Upgrade, once", has("Connection", "Upgrade")),
    request("Sec-WebSocket-Version", "13, once", has("Sec-WebSocket-Version", "13")),
    request("Sec-WebSocket-Key", "sixteen bytes in Base64, once", key_is_sixteen_bytes),
    Case("4.1", "Sec-WebSocket-Key of the next connection", ConnectsAgain()),
    request("syntax", "lines of printable ASCII that end in CRLF", is_well_formed),
    request(
        "no body",
        "no Content-Length, no Transfer-Encoding",
        lambda peer: not fields(peer, "Content-Length") and not fields(peer, "Transfer-Encoding"),
    ),
    request("no Origin", "none: the client is no browser", has("Origin")),
    request(
        "Origin of the application",
        "passed on",
        has("Origin", "https://app.example"),
        header={"Origin": "https://app.example"},
    ),
    request(
        "Cookie of the application", "passed on", has("Cookie", "a=1; b=2"), header={"Cookie": "a=1; b=2"}
    ),
    request(
        "header of several values",
        "each passed on",
        has("X-Many", "1", "2"),
        header=Variant("a{sas}", {"X-Many": ["1", "2"]}),
    ),
    request("no subprotocol", "no Sec-WebSocket-Protocol", has("Sec-WebSocket-Protocol")),
    request("one subprotocol", "offered", has("Sec-WebSocket-Protocol", "chat"), protocol="chat"),
    request(
        "three subprotocols",
        "offered in one field, in the application's order",
        has("Sec-WebSocket-Protocol", "chat, super.chat, v10.stomp"),
        protocol="chat, super.chat, v10.stomp",
    ),
    request(
        "resource name with a query",
        "GET /chat?room=1",
        line_is("GET /chat?room=1 HTTP/1.1"),
        section="3",
        path="/chat?room=1",
    ),
    request("resource name without a path", "GET /", line_is("GET / HTTP/1.1"), section="3", path=""),
    request("query without a path", "GET /?x=1", line_is("GET /?x=1 HTTP/1.1"), section="3", path="?x=1"),
    request("empty query", "GET /a?", line_is("GET /a? HTTP/1.1"), section="3", path="/a?"),
    request(
        "percent-encoded resource name",
        "as it was given",
        line_is("GET /a%20b/%C3%BC?q=%26 HTTP/1.1"),
        section="3",
        path="/a%20b/%C3%BC?q=%26",
    ),
    request(
        "resource name of 900 bytes",
        "whole",
        line_is(f"GET /{'x' * 900} HTTP/1.1"),
        section="3",
        path="/" + "x" * 900,
    ),
    request(
        "no extension offered", "no Sec-WebSocket-Extensions", has("Sec-WebSocket-Extensions"), section="9.1"
    ),
    Case(
        "4.1",
        "one handshake at a time for each server",
        handshake=(ConnectsBeside(), Answers(), Opens()),
        deviation="Handshakes are not queued by address but bounded for each application (MaxPendingHandshakes, 8; 1"
        " makes them one at a time): else one application's silent server would hold up others that use it.",
    ),
    Case(
        "4.1",
        "nothing is sent before the answer",
        handshake=(Refused(2302006, ApplicationSends("too early")), Answers(), Opens()),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
