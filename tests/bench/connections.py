# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rows about thousands of idle connections, and about one that nobody reads. Each measurement has a
service of its own, so that its memory is that of the connections and not of what was there before."""

import contextlib
import dataclasses
import json
import time

import peers
from figure import Figure
from peers import LIBSOUP, LIBWEBSOCKETS, SIGNALS, WS, WSBROKER

LIBSOUP_TUNED = "libsoup-tuned"

_CPU_KEY, _OPEN_KEY = "cpu_per_message_5000_idle", "open_5000_seconds_vs_libsoup"
_MEMORY_KEYS = {"ws": "kib_per_idle_ws", "wss": "kib_per_idle_wss"}
_STALLED_KEY = "stalled_reader_growth_mib"
_TUNED_HANDSHAKES = 32
_SAMPLE_SECONDS = 0.05


@dataclasses.dataclass
class IdleResult:
    seconds: float  # to open them
    kib: float  # of the service, for each
    cpu: float  # microseconds a message, of the process that has the connections


def _idle(stage, plan, peer, count, scheme="ws"):
    """COUNT idle connections of PEER, then echoes on one more."""
    handshakes = _TUNED_HANDSHAKES if peer == LIBSOUP_TUNED else None
    client = LIBSOUP if peer == LIBSOUP_TUNED else peer
    url = stage.url(scheme, "echo")
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(stage.fresh_broker())
        if client == WSBROKER:
            # The service has done all of it once: what it then has is its own.
            peers.sample(stage, client, url, broker=broker, seconds=_SAMPLE_SECONDS)
        before = broker.service.resident_kib()
        options = {"idle": count, "idle_url": stage.url(scheme, "silent"), "handshakes": handshakes}
        options |= {"seconds": plan.seconds, "watch": [broker.service.pid]}
        child = stack.enter_context(peers.started(stage, client, url, broker=broker, **options))
        opened = json.loads(child.line())
        kib = (broker.service.resident_kib() - before) / count
        child.go_on()
        result = json.loads(child.line())
        own, service = result["cpu"] or (0, 0)
        cpu = (service if client == WSBROKER else own) / result["messages"] * 1e6
        return IdleResult(opened["seconds"], kib, cpu)


def measure_idle(stage, plan):
    """Three figures of the same runs."""
    cpu, opening = Figure(_CPU_KEY, "µs/message"), Figure(_OPEN_KEY, "s")
    memory = Figure(_MEMORY_KEYS["ws"], "KiB")
    for i in range(max(plan.pairs, plan.open_pairs)):
        one, many = _idle(stage, plan, WSBROKER, 1), _idle(stage, plan, WSBROKER, plan.connections)
        cpu.add("wsbroker, 1 idle", one.cpu)
        cpu.add(WSBROKER, many.cpu)
        cpu.values.append(many.cpu / one.cpu)
        memory.add(WSBROKER, many.kib)
        memory.values.append(many.kib)
        opening.add(WSBROKER, many.seconds)
        if i < plan.open_pairs:
            direct = _idle(stage, plan, LIBSOUP, plan.connections)
            opening.add(LIBSOUP, direct.seconds)
            opening.add_pair()
            cpu.add(LIBSOUP, direct.cpu)
    _add_others(stage, plan, cpu, opening)
    return [cpu, opening, memory]


def _add_others(stage, plan, cpu, opening):
    """Without a pair each. Not squid, which has two descriptors for each connection and a limit of its
    own."""
    others = [peer for peer in peers.available(stage) if peer in (LIBWEBSOCKETS, WS)]
    for peer in (LIBSOUP_TUNED, *others):
        result = _idle(stage, plan, peer, plan.connections)
        opening.add(peer, result.seconds)
        if result.cpu:
            cpu.add(peer, result.cpu)


def measure_tls_memory(stage, plan):
    figure = Figure(_MEMORY_KEYS["wss"], "KiB")
    for _ in range(plan.open_pairs):
        result = _idle(stage, plan, WSBROKER, plan.tls_connections, "wss")
        figure.add(WSBROKER, result.kib)
        figure.values.append(result.kib)
    return [figure]


def _growth_mib(stage, peer, seconds):
    """The most that service and bus have grown while a server floods an application that does not read."""
    with stage.fresh_broker() as broker:
        peers.sample(stage, peer, stage.url("ws", "echo"), broker=broker, seconds=_SAMPLE_SECONDS)
        before = most = broker.resident_kib()
        url = stage.url("ws", "push")
        with peers.started(stage, peer, url, broker=broker, receive=True, stall=True) as child:
            child.line()
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                most = max(most, broker.resident_kib())
                time.sleep(0.02)
    return (most - before) / 1024


def measure_stalled(stage, plan):
    """Over signals and over what the library chooses; the larger counts."""
    figure = Figure(_STALLED_KEY, "MiB")
    for _ in range(plan.flood_runs):
        growths = {peer: _growth_mib(stage, peer, plan.flood) for peer in (SIGNALS, WSBROKER)}
        for peer, growth in growths.items():
            figure.add(peer, growth)
        figure.values.append(max(growths.values()))
    return [figure]


# What each measurement gives, so that it can be said of which figures there are none.
MEASUREMENTS = (
    ((_CPU_KEY, _OPEN_KEY, _MEMORY_KEYS["ws"]), measure_idle),
    ((_MEMORY_KEYS["wss"],), measure_tls_memory),
    ((_STALLED_KEY,), measure_stalled),
)
