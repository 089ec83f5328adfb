# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much is measured, and what is to be reached."""

import dataclasses


@dataclasses.dataclass
class Plan:
    pairs: int = 5  # of wsbroker and libsoup, in alternation
    others: int = 3  # runs of each other peer
    seconds: float = 1.0  # of each run, after a tenth of it to warm up
    open_pairs: int = 5  # with thousands of connections: libsoup takes most of a minute to open them
    connections: int = 5000
    tls_connections: int = 2000
    flood: float = 10.0  # seconds
    flood_runs: int = 3

    @classmethod
    def quick(cls):
        shorter = {"seconds": 0.35, "tls_connections": 500, "flood": 3.0}
        return cls(pairs=3, others=1, open_pairs=1, flood_runs=1, **shorter)


@dataclasses.dataclass(frozen=True)
class Bound:
    value: float
    at_most: bool
    what: str

    def holds(self, value):
        return value <= self.value if self.at_most else value >= self.value

    def __str__(self):
        return f"{'≤' if self.at_most else '≥'} {self.value:g}"


def _at_most(value, what):
    return Bound(value, True, what)


def _at_least(value, what):
    return Bound(value, False, what)


BOUNDS = {
    "rtt_64": _at_most(1.45, "median round trip, 64 bytes, one in flight"),
    "wss_rtt_64": _at_most(1.35, "the same over TLS"),
    "echo_64_pipelined": _at_least(2.2, "messages a second, 64 bytes, 64 in flight"),
    "wss_echo_64_pipelined": _at_least(2.2, "the same over TLS"),
    "echo_4k_pipelined": _at_least(2.0, "messages a second, 4 KiB, 64 in flight"),
    "wss_echo_4k_pipelined": _at_least(1.1, "the same over TLS"),
    "receive_64k": _at_least(1.4, "bytes a second received, messages of 64 KiB"),
    "wss_receive_64k": _at_least(1.0, "the same over TLS"),
    "echo_1m": _at_least(2.0, "bytes a second, messages of 1 MiB, 4 in flight"),
    "wss_echo_1m": _at_least(1.1, "the same over TLS"),
    "signals_rtt_over_bus_rtt": _at_most(
        1.3, "round trip over `Send` and `Message`, to a D-Bus echo and a direct WebSocket echo together"
    ),
    "cpu_per_message_5000_idle": _at_most(
        1.3, "the service's processor time a message with 5,000 idle connections, to that with one"
    ),
    "open_5000_seconds_vs_libsoup": _at_most(0.15, "time to open 5,000 connections"),
    "kib_per_idle_ws": _at_most(12, "KiB of the service for an idle connection"),
    "kib_per_idle_wss": _at_most(55, "the same over TLS"),
    "stalled_reader_growth_mib": _at_most(
        4, "MiB by which service and bus grow while an application does not read what floods it"
    ),
}
