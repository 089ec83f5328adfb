# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an application may use, and that whoever uses all of it harms nobody else (ACCEPTANCE rows 59 and 60)."""

import asyncio
import subprocess
import time

import pytest
from dbus_next import Variant

from harness import accounts, frames
from harness.application import ApiError, Close, Error, refused
from harness.bus_application import BusApplication
from harness.certificates import Authority
from harness.client_certificates import PASSWORD, as_pkcs8, endless_key, issue, read_bytes
from harness.connect_options import connect
from harness.raw_server import silent
from harness.service import DEFAULT_POLICY
from harness.waiting import eventually, within

ECHOES_MEANWHILE = 5  # more than there are when everybody waits, and far fewer than otherwise

CONFIG_MARK, POLICY_MARK = pytest.mark.config, pytest.mark.policy


def by_config_and_by_policy(key, value):
    """The same limit from wsbroker.conf and from the section that grants, the other being wide."""
    return pytest.mark.parametrize(
        "_where",
        [
            pytest.param("config", marks=CONFIG_MARK(f"{key}={value}\n")),
            pytest.param("policy", marks=POLICY_MARK(DEFAULT_POLICY + f"{key}={value}\n")),
        ],
        ids=["config", "policy"],
    )


async def open_many(application, server, count):
    websockets = [await application.create() for _ in range(count)]
    for websocket in websockets:
        await websocket.open(server.url())
    return websockets


@by_config_and_by_policy("MaxConnections", 2)
async def test_max_connections(_where, application, serve):
    server = await serve()
    websockets = await open_many(application, server, 2)
    third = await application.create()
    assert "MaxConnections" in await refused(2302100, third.connect(server.url()))
    third.nothing_more()
    await websockets[0].close(1000, "")
    await websockets[0].next(Close)
    await third.open(server.url())
    await websockets[1].echo("unharmed")


async def _keeps_tcp(peer):
    await peer.accept()
    await peer.read_frame()
    await peer.write(frames.close_frame(1000, ""))
    await asyncio.Event().wait()


@by_config_and_by_policy("MaxConnections", 1)
async def test_max_connections_counts_what_the_application_has(_where, application, serve_raw):
    """One that has told its Close takes no place, while the server still holds TCP; so many at most as may live."""
    server = await serve_raw(_keeps_tcp)
    websocket = await application.create()
    await websocket.open(server.url())
    await websocket.close(1000, "")
    assert await websocket.next(Close) == Close(1000, "")
    await websocket.open(server.url())
    await websocket.close(1000, "")
    await websocket.next(Close)
    assert "MaxConnections" in await refused(2302100, websocket.connect(server.url()))


async def _hang_up(_peer):
    pass


async def fail_as_often_as_allowed(application, serve_raw):
    server = await serve_raw(_hang_up)
    websocket = await application.create()
    for _ in range(3):
        await websocket.fail(server.url())
    assert "MaxConnectRate" in await refused(2302100, websocket.connect(server.url()))


@pytest.mark.policy(DEFAULT_POLICY + "MaxConnectRate=3/min\n")
async def test_max_connect_rate_counts_failures(application, serve_raw):
    await fail_as_often_as_allowed(application, serve_raw)


async def test_max_connect_rate_by_config(stopped_service, bus, serve_raw):
    stopped_service.write_config("[Broker]\nMaxConnectRate=3/min\n")
    await stopped_service.start()
    application = await BusApplication.start(bus.new_connection())
    await fail_as_often_as_allowed(application, serve_raw)
    await application.leave()
    await stopped_service.finish()


@by_config_and_by_policy("MaxPendingHandshakes", 1)
async def test_max_pending_handshakes(_where, application, serve_raw):
    server = await serve_raw(silent)
    first, second = await application.create(), await application.create()
    await first.connect(server.url())
    await server.connected()
    await second.connect(server.url())
    assert await second.property("State") == "connecting"
    assert server.accepted == 1
    await first.close(1000, "")
    assert (await first.next(Error)).stage == "cancelled"
    await server.connected()
    await second.close(1000, "")
    assert (await second.next(Error)).stage == "cancelled"


@pytest.mark.config("MaxPendingHandshakes=1\n")
async def test_attempt_that_waits_can_be_cancelled(application, serve_raw):
    server = await serve_raw(silent)
    first, second = await application.create(), await application.create()
    await first.connect(server.url())
    await second.connect(server.url())
    await second.close(1000, "")
    assert (await second.next(Error)).stage == "cancelled"
    await first.close(1000, "")
    await first.next(Error)
    assert server.accepted <= 1


@pytest.mark.config("MaxPendingHandshakes=1\n")
async def test_service_stops_while_an_attempt_waits(stopped_service, serve_raw, bus):
    await stopped_service.start()
    server = await serve_raw(silent)
    application = await BusApplication.start(bus.new_connection())
    websockets = [await application.create() for _ in range(3)]
    for websocket in websockets:
        await websocket.connect(server.url())
    assert await stopped_service.process.stop() == 0
    for websocket in websockets:
        assert (await websocket.next(Error)).stage == "cancelled"
    await application.leave()


@accounts.needs_root
@pytest.mark.config("MaxConnections=1\n")
async def test_row_59_application_at_its_quota_harms_no_other(remote, serve):
    server = await serve()
    alice, bob = await remote(user=accounts.ALICE), await remote(user=accounts.BOB)
    (first,) = await open_many(alice, server, 1)
    await refused(2302100, (await alice.create()).connect(server.url()))
    (other,) = await open_many(bob, server, 1)
    await other.echo("unharmed")
    await first.echo("unharmed")


@pytest.mark.policy("")
async def test_row_59_denied_callers_have_four_websockets_each(service):
    applications = [await BusApplication.start(service.bus.new_connection()) for _ in range(20)]
    for application in applications:
        for _ in range(4):
            await application.create()
        await refused(2302100, application.create())
    assert await service.property("WebSockets") == 80
    for application in applications:
        await application.leave()


@pytest.mark.config("MaxWebSocketsPerUser=3\n")
async def test_max_websockets_of_a_user(service):
    one, two = [await BusApplication.start(service.bus.new_connection()) for _ in range(2)]
    kept = [await one.create(), await one.create(), await two.create()]
    await refused(2302100, one.create())
    await refused(2302100, two.create())
    await kept[0].release()
    await two.create()
    for application in (one, two):
        await application.leave()


@accounts.needs_root
@pytest.mark.config("MaxConnections=300\nConnectTimeout=60s\n")
async def test_row_60_silent_tls_servers(remote, serve, serve_raw, authority, needs_names):
    """The other does not wait for them: sixty times as long as it may take is still within their deadline."""
    quiet = await serve_raw(silent)
    greedy, other = await remote(user=accounts.ALICE), await remote(user=accounts.BOB)
    for _ in range(200):
        await (await greedy.create()).connect(quiet.url(scheme="wss"))
    await quiet.connected()
    plain = await serve()
    secure = await serve(ssl=authority.server_context("server", "chat.example.test"))
    for url in (plain.url(), secure.url(host="chat.example.test")):
        websocket = await other.create()
        await within(websocket.open(url), "another application's connection", timeout=20)
        await websocket.echo("unharmed")


# ---- Descriptors ----


@pytest.fixture
async def few_descriptors(stopped_service):
    """The service may have 128, whatever it asks for."""
    command = stopped_service.namespace.command
    stopped_service.namespace.command = lambda: [*command(), "prlimit", "--nofile=128:128"]
    await stopped_service.start()
    yield stopped_service
    await stopped_service.finish()


async def open_until_refused(application, url):
    websockets = []
    for _ in range(128):
        websocket = await application.create()
        try:
            await websocket.open(url)
        except ApiError as error:
            assert error.code == 2302100, error.message
            await websocket.release()
            return websockets
        websockets.append(websocket)
    raise AssertionError("descriptors did not run out")


async def test_descriptors_run_out(few_descriptors, bus, serve):
    server = await serve()
    application = await BusApplication.start(bus.new_connection())
    websockets = await open_until_refused(application, server.url())
    assert len(websockets) > 10
    for websocket in websockets:
        await websocket.echo("goes on")
    for websocket in websockets:
        await websocket.close(1000, "")
        await websocket.next(Close)
        await websocket.release()
    await eventually(lambda: _can_open(application, server), "descriptors are free again")
    await application.leave()


async def _can_open(application, server):
    websocket = await application.create()
    try:
        await websocket.open(server.url())
    except ApiError:
        return False
    finally:
        await websocket.release()
    return True


async def test_descriptors_run_out_in_tls(few_descriptors, bus, serve, serve_raw, authority, needs_names):
    """GLib aborts where it cannot have a descriptor: handshakes in its threads need some too."""
    server = await serve()
    secure = await serve(ssl=authority.server_context("server", "chat.example.test"))
    application = await BusApplication.start(bus.new_connection())
    websockets = await open_until_refused(application, server.url())
    for websocket in websockets[-8:]:
        await websocket.release()
    attempts = [await application.create() for _ in range(8)]
    for attempt in attempts:
        try:
            await attempt.connect(secure.url(host="chat.example.test"))
        except ApiError as error:
            assert error.code == 2302100
    await websockets[0].echo("goes on")
    await application.leave()


# ---- What is asked before any limit ----


async def test_key_that_takes_long_to_decrypt(websocket, authority, directory):
    """Everybody would wait while the iterations are counted, and nobody could stop the caller from asking again."""
    certificate, key = authority.issue("slow", "client.example.test")
    slow = f"{directory}/slow.key"
    subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", key, "-out", slow, "-passout", "pass:x"]
        + ["-v2", "aes-256-cbc", "-iter", "1000001"],
        check=True,
    )
    message = await refused(
        2302002,
        connect(
            websocket,
            "wss://127.0.0.1/",
            clientCert={"cert": read_bytes(certificate), "key": read_bytes(slow), "keyPassword": "x"},
        ),
    )
    assert "iterations" in message


async def test_key_that_takes_days_to_compute(websocket, authority):
    """What a key lacks is computed, and its numbers may be of any size: no iterations have to be counted for that."""
    certificate, _ = authority.issue("endless", "client.example.test")
    pem = {"cert": read_bytes(certificate), "key": endless_key(300 * 1024)}
    message = await refused(2302002, connect(websocket, "wss://127.0.0.1/", clientCert=pem))
    assert "8 KiB" in message


async def test_many_subprotocols(websocket):
    await refused(401, websocket.connect("ws://127.0.0.1/", protocol=", ".join(f"p{n}" for n in range(129))))


async def test_answer_with_many_fields(websocket, serve_raw):
    async def script(peer):
        await peer.read_request()
        await peer.write(frames.response(peer.key, *(f"X-{n}: x" for n in range(510))))
        await peer.read_to_end()

    error = await websocket.fail((await serve_raw(script)).url())
    assert (error.code, error.stage) == (200, "handshake")


def many_certificates(authority):
    """As many bytes as are taken."""
    with open(authority.path, "rb") as file:
        pem = file.read()
    return Variant("ay", pem * (2**20 // len(pem)))


def slow_key(directory):
    """A certificate and its key, whose encryption takes as many rounds as are taken."""
    certificate, key = issue(Authority(directory, "rounds"), "somebody")
    return Variant(
        "a{sv}",
        {
            "cert": Variant("ay", read_bytes(certificate)),
            "key": Variant("ay", read_bytes(as_pkcs8(key, iterations=1000000))),
            "keyPassword": Variant("s", PASSWORD),
        },
    )


@pytest.mark.parametrize("what", ["certificates", "key"])
async def test_certificates_that_take_long(bus_application, remote, serve, serve_raw, authority, directory, what):
    """Nobody else waits while they are read."""
    options = (
        {"ca": many_certificates(authority)} if what == "certificates" else {"clientCert": slow_key(directory)}
    )
    silent_server = await serve_raw(silent)
    busy = await bus_application.create()
    other = await (await remote(user=accounts.ALICE)).create()
    await other.open((await serve()).url())
    connecting = asyncio.create_task(busy.connect(silent_server.url(), **options))
    seconds = []
    while not connecting.done():
        started = time.monotonic()
        await other.echo("another goes on")
        seconds.append(time.monotonic() - started)
    await connecting
    # Did everybody wait, one echo would take nearly all of the time.
    assert len(seconds) > ECHOES_MEANWHILE or max(seconds) < sum(seconds) / 2


async def test_calls_behind_certificates_keep_their_order(bus_application, serve_raw, authority):
    websocket = await bus_application.create()
    connecting = asyncio.create_task(
        websocket.connect((await serve_raw(silent)).url(), ca=many_certificates(authority))
    )
    await asyncio.sleep(0)
    # Before Connect it would be 2302006.
    await websocket.close()
    await connecting
    error = await websocket.next(Error)
    assert error.stage == "cancelled"


async def begin_to_read(bus, directory):
    """An application whose key is being read, which takes long."""
    application = await BusApplication.start(bus.new_connection())
    websocket = await application.create()
    other = await BusApplication.start(bus.new_connection())
    # Who it is takes as long as a key does, on a busy machine: it is found out before.
    await other.call_manager("WhoAmI")
    connecting = asyncio.create_task(websocket.connect("ws://127.0.0.1:1/", clientCert=slow_key(directory)))
    await asyncio.sleep(0)
    # It has the call, by the time that it answers a later one.
    await other.call_manager("WhoAmI")
    await other.leave()
    return application, connecting


async def test_application_leaves_while_its_key_is_read(bus, service, serve, bus_application, directory):
    application, connecting = await begin_to_read(bus, directory)
    await application.leave()
    await service.no_websocket_left()
    websocket = await bus_application.create()
    await websocket.open((await serve()).url())
    await websocket.echo("another goes on")
    connecting.cancel()


async def test_service_is_stopped_while_a_key_is_read(bus, stopped_service, directory):
    await stopped_service.start()
    application, connecting = await begin_to_read(bus, directory)
    assert await stopped_service.process.stop() == 0
    connecting.cancel()
    await application.leave()
