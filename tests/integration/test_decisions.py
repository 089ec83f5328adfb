# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the log says of decisions, and the keys of policy that are there to be seen in it: Mode=report,
SkipCertificateCheck; and who may ask what others may not: Administrator."""

import asyncio
import pwd
import time

import pytest

from harness import accounts
from harness.application import refused
from harness.bus_application import MANAGER, MANAGER_PATH
from harness.certificates import Authority

EVERYTHING = "Permissions=INTERNET\nAllowDomains=*:*\nAllowLocalAddresses=yes\n"


def lines(service, text):
    return [line for line in service.process.stderr().splitlines() if text in line]


REPORT = "Mode=report\nPermissions=INTERNET\nAllowDomains=elsewhere.example.test\nAllowLocalAddresses=yes\n"


@pytest.mark.policy(f"[user *]\n{REPORT}")
async def test_report_allows_and_says_so(application, serve, service, needs_names):
    server = await serve()
    websocket = await application.create()
    await websocket.open(server.url(host="chat.example.test"))
    await websocket.echo("allowed")
    (line,) = lines(service, "reported chat.example.test")
    assert "not allowed" in line


@pytest.mark.policy(f"[user *]\n{REPORT.replace('INTERNET', '').replace('elsewhere.example.test', '*:*')}")
async def test_report_of_the_permission(application, serve, service, needs_names):
    server = await serve()
    websocket = await application.create()
    await websocket.open(server.url(host="chat.example.test"))
    assert any("INTERNET" in line for line in lines(service, "reported"))


@pytest.mark.policy(f"[user *]\n{REPORT.replace('Addresses=yes', 'Addresses=no')}")
async def test_report_never_opens_an_address(application, serve, service, needs_names):
    server = await serve()
    websocket = await application.create()
    error = await websocket.fail(server.url(host="chat.example.test"))
    assert (error.code, error.stage) == (2302998, "policy")
    assert not server.connections


@pytest.mark.policy(f"[user *]\n{REPORT}")
async def test_check_access_says_what_is_only_reported(bus_application):
    allowed, _, explanation = await bus_application.call_manager(
        "CheckAccess", "s", "ws://chat.example.test/"
    )
    assert allowed
    assert "report" in explanation


@pytest.mark.policy(f"[user *]\n{EVERYTHING}SkipCertificateCheck=yes\n")
async def test_skipped_certificate_check_is_audited_each_time(application, serve, service, directory):
    server = await serve(ssl=Authority(directory, "nobody").server_context("server", "other.example.test"))
    service.expected_reports.append("is not checked")
    websocket = await application.create()
    for count in (1, 2):
        await websocket.open(server.url())
        await websocket.echo("allowed")
        assert len(lines(service, "is not checked")) == count
        assert "policy.d/50-test.conf:5" in lines(service, "is not checked")[-1]
        await websocket.close(1000, "")
        await websocket.next()


@pytest.mark.policy(f"[user *]\n{EVERYTHING}")
async def test_certificate_check_is_not_skipped_otherwise(application, serve, service, directory):
    server = await serve(ssl=Authority(directory, "nobody").server_context("server", "other.example.test"))
    websocket = await application.create()
    assert (await websocket.fail(server.url())).stage == "tls"
    assert not lines(service, "is not checked")


PERIOD = 10  # seconds in which 20 refusals of a user are written


@pytest.mark.policy(f"[user *]\n{EVERYTHING}DenyDomains=bad.example.test\n")
async def test_refusals_are_written_no_more_than_so_often(application, service):
    websocket = await application.create()
    started = time.monotonic()
    for _ in range(200):
        await refused(2302998, websocket.connect("ws://bad.example.test/?token=s3cret"))
    periods = 1 + (time.monotonic() - started) // PERIOD
    written = lines(service, "refused bad.example.test")
    assert 20 <= len(written) <= 20 * periods
    assert "s3cret" not in service.process.stderr()


async def connect_in_vain(websocket, url, times):
    """Each time it is allowed, and there is a connection already."""
    for _ in range(times):
        await refused(2302003, websocket.connect(url))


@pytest.mark.policy(f"[user *]\n{EVERYTHING}")
async def test_allowed_decisions_are_written_no_more_than_so_often(application, serve, service):
    server = await serve()
    websocket = await application.create()
    # The first decision, with which a period begins, is that of the connection.
    started = time.monotonic()
    await websocket.open(server.url())
    await connect_in_vain(websocket, "ws://good.example.test/", 700)
    periods = 1 + (time.monotonic() - started) // PERIOD
    assert 299 <= len(lines(service, "allowed good.example.test")) <= 300 * periods


@pytest.mark.policy(f"[user *]\n{EVERYTHING}")
async def test_connection_is_written_however_many_decisions_were(application, serve, service):
    """Nobody can hide where it connects to among what it does not."""
    server, hidden = await serve(), await serve()
    websocket, other = await application.create(), await application.create()
    await websocket.open(server.url())
    # More than are written in two periods: one of them may end here.
    await connect_in_vain(websocket, "ws://good.example.test/", 700)
    await other.open(hidden.url())
    assert len(lines(service, f"allowed 127.0.0.1:{hidden.port}")) == 1


@accounts.needs_root
@pytest.mark.policy(f"[user {accounts.ALICE}]\nPermissions=\n[user {accounts.BOB}]\nPermissions=\n")
async def test_refusals_of_one_user_do_not_hide_those_of_another(remote, service):
    alice, bob = await remote(user=accounts.ALICE), await remote(user=accounts.BOB)
    loud, quiet = await alice.create(), await bob.create()
    for _ in range(50):
        await refused(201, loud.connect("ws://chat.example.test/"))
    await refused(201, quiet.connect("ws://chat.example.test/"))
    assert len(lines(service, f"user {accounts.BOB}")) == 1


@accounts.needs_root
@pytest.mark.policy(f"[user {accounts.ALICE}]\n{EVERYTHING}Administrator=yes\n[user {accounts.BOB}]\n{EVERYTHING}")
async def test_administrator_by_policy(remote, serve, service):
    server = await serve()
    alice, bob = await remote(user=accounts.ALICE), await remote(user=accounts.BOB)
    websocket = await bob.create()
    await websocket.open(server.url())
    for application, code in ((alice, None), (bob, 201)):
        for member, signature, body in (
            ("ExplainAccess", "ss", [f"user {accounts.BOB}", server.url()]),
            ("ReloadPolicy", "", []),
        ):
            call = application.call_manager(member, signature, *body)
            if code is None:
                await call
            else:
                await refused(code, call)
    assert [path for path, _ in (await alice.call_manager("ListWebSockets"))[0]] == [websocket.path]
    error, _ = await alice.request(
        "raw", websocket.path, "org.wsbroker1.WebSocket", "Close", "qs", [1000, "by order"]
    )
    assert error is None
    assert await (await server.accepted()).closed() == (1000, "by order")


async def name_on_the_bus(bus_application, user):
    """Of the one connection of that user."""
    call_bus, uid = bus_application.connection.call_bus, pwd.getpwnam(user).pw_uid
    names = [name for name in (await call_bus("ListNames"))[0] if name.startswith(":")]
    (name,) = [name for name in names if await call_bus("GetConnectionUnixUser", "s", name) == [uid]]
    return name


@accounts.needs_root
@pytest.mark.policy(f"[user {accounts.ALICE}]\nPermissions=\n[user {accounts.BOB}]\n{EVERYTHING}")
async def test_explain_access_of_a_connection_that_has_not_called(bus_application, remote):
    for user, expected in ((accounts.ALICE, [False, 201]), (accounts.BOB, [True, 0])):
        await remote(user=user)
        name = await name_on_the_bus(bus_application, user)
        answer = await bus_application.call_manager("ExplainAccess", "ss", name, "ws://h/")
        assert answer[:2] == expected


ADMINISTRATOR = f"[user *]\n{EVERYTHING}Administrator=yes\n"


@pytest.mark.policy(ADMINISTRATOR)
async def test_explain_access_of_many_connections_at_a_time(bus_application, service):
    connections = [await service.bus.connect() for _ in range(40)]

    def explain(connection):
        return bus_application.call(
            MANAGER_PATH, MANAGER, "ExplainAccess", "ss", connection.unique_name, "ws://h/"
        )

    replies = await asyncio.gather(*map(explain, connections))
    assert {reply.error_name for reply in replies} <= {None, "org.wsbroker1.Error.LimitExceeded"}
    for connection in connections:
        assert (await explain(connection)).body[0] is True
        connection.disconnect()


@pytest.mark.policy(ADMINISTRATOR)
@pytest.mark.parametrize("name", [":1.99999", ":", ":no name"])
async def test_explain_access_of_no_connection(bus_application, name):
    message = await refused(401, bus_application.call_manager("ExplainAccess", "ss", name, "ws://h/"))
    assert name in message


@pytest.mark.policy(f"{ADMINISTRATOR}[group no-such-group-yet]\n")
async def test_explain_access_in_words(bus_application):
    """Under a policy for which groups have to be known by name."""
    for who, expected in (("unidentified", False), ("user 0, group 0", True), ("unit a.service", True)):
        answer = await bus_application.call_manager("ExplainAccess", "ss", who, "ws://h/")
        assert answer[0] is expected
    for who in ("", "nonsense", "user -1", "group no-such-group-yet"):
        await refused(401, bus_application.call_manager("ExplainAccess", "ss", who, "ws://h/"))


@accounts.needs_root
async def test_administrator_no_longer(remote, service):
    def policy(administrator):
        return f"[user {accounts.ALICE}]\n{EVERYTHING}Administrator={administrator}\n"

    service.write_policy(policy("yes"))
    await service.reload()
    alice = await remote(user=accounts.ALICE)
    await alice.call_manager("ExplainAccess", "ss", "user root", "ws://chat.example.test/")
    service.write_policy(policy("no"))
    await service.reload()
    await refused(201, alice.call_manager("ExplainAccess", "ss", "user root", "ws://chat.example.test/"))
