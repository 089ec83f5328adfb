# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rows about messages: round trips and throughput, wsbroker and libsoup in turns, the others between."""

import dataclasses

import peers
from figure import Figure
from peers import LIBSOUP, RAW, RELAY, SIGNALS, WSBROKER

ROUND_TRIP, MESSAGES, BYTES = "µs", "messages/s", "MB/s"


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    unit: str
    size: int
    in_flight: int = 1
    receive: bool = False

    def value(self, result):
        if self.unit == ROUND_TRIP:
            return result["round_trip"] * 1e6
        if self.unit == MESSAGES:
            return result["messages"] / result["seconds"]
        return result["bytes"] / result["seconds"] / 1e6


_ROWS = (
    Row("rtt_64", ROUND_TRIP, 64),
    Row("echo_64_pipelined", MESSAGES, 64, in_flight=64),
    Row("echo_4k_pipelined", MESSAGES, 4096, in_flight=64),
    Row("receive_64k", BYTES, 65536, receive=True),
    Row("echo_1m", BYTES, 2**20, in_flight=4),
)

_PREFIXES = {"ws": "", "wss": "wss_"}

ROWS = {prefix + row.name: (scheme, row) for row in _ROWS for scheme, prefix in _PREFIXES.items()}

SIGNALS_KEY = "signals_rtt_over_bus_rtt"


def run(stage, peer, key, seconds):
    """One run of PEER for the row KEY: the client's result."""
    scheme, row = ROWS[key]
    url = stage.url(scheme, "push" if row.receive else "echo")
    options = {"size": row.size, "in_flight": row.in_flight, "receive": row.receive, "seconds": seconds}
    return peers.sample(stage, peer, url, watch=[stage.server.pid], **options)


def measure(stage, plan, key):
    _, row = ROWS[key]
    figure = Figure(key, row.unit)

    def add(peer):
        result = run(stage, peer, key, plan.seconds)
        share = result["cpu"][1] / result["seconds"] if result["cpu"] else None
        figure.add(peer, row.value(result), share)

    others = [peer for peer in peers.available(stage) if peer not in (WSBROKER, LIBSOUP)]
    for i in range(plan.pairs):
        add(WSBROKER)
        add(LIBSOUP)
        figure.add_pair()
        for peer in (*others, RAW, RELAY) if i < plan.others else ():
            add(peer)
    return figure


def measure_signals(stage, plan):
    """A round trip over Send and Message, to that of the bus and that of a WebSocket together."""
    figure = Figure(SIGNALS_KEY, ROUND_TRIP)
    url = stage.url("ws", "echo")
    urls = {SIGNALS: url, peers.BUS: stage.bus_echo_name, LIBSOUP: url}
    for _ in range(plan.pairs):
        for peer, url in urls.items():
            figure.add(peer, peers.sample(stage, peer, url, seconds=plan.seconds)["round_trip"] * 1e6)
        signals, bus, direct = (figure.columns[peer][-1] for peer in urls)
        figure.values.append(signals / (bus + direct))
    return figure
