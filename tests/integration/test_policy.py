# SPDX-License-Identifier: LGPL-2.1-or-later
"""What policy allows and refuses (ACCEPTANCE rows 9, 49 to 53 and 55)."""

import signal

import pytest

from harness import accounts
from harness.application import ApiError, Close, Error, refused
from harness.waiting import eventually


def allow(*domains, deny=(), local=True):
    """Everyone's policy."""
    return (
        "[user *]\nPermissions=INTERNET\n"
        f"AllowDomains={';'.join(domains)}\n"
        f"DenyDomains={';'.join(deny)}\n"
        f"AllowLocalAddresses={'yes' if local else 'no'}\n"
    )


@pytest.fixture(
    params=[
        pytest.param(None, marks=pytest.mark.policy(""), id="no policy at all"),
        pytest.param(
            None,
            id="no section for it",
            marks=pytest.mark.policy(
                "[user nobody]\nPermissions=INTERNET\nAllowDomains=*:*\nAllowLocalAddresses=yes\n"
            ),
        ),
        pytest.param(
            None,
            id="empty Permissions",
            marks=pytest.mark.policy("[user *]\nPermissions=\nAllowDomains=*:*\nAllowLocalAddresses=yes\n"),
        ),
        pytest.param(
            None,
            id="no Permissions",
            marks=pytest.mark.policy("[user *]\nAllowDomains=*:*\nAllowLocalAddresses=yes\n"),
        ),
    ]
)
def without_permission():
    """Each of the policies under which nobody here has the INTERNET permission."""


async def test_row_49_without_the_permission(without_permission, application, serve):
    server = await serve()
    websocket = await application.create()
    await refused(201, websocket.connect(server.url()))
    await refused(201, websocket.send("x"))
    await refused(201, websocket.close(1000, ""))
    assert not server.connections
    websocket.nothing_more()


@pytest.mark.policy("")
async def test_row_09_no_permission_and_a_bad_url(websocket):
    await refused(201, websocket.connect("ws://"))


@pytest.mark.policy("")
async def test_row_09_wrong_argument_and_no_permission(websocket):
    await refused(401, websocket.close(1005, ""))
    await refused(401, websocket.connect("ws://h/", header={"Host": "x"}))


@pytest.mark.policy(allow("chat.example.test:*"))
async def test_row_09_not_allowed_and_a_fragment(websocket):
    await refused(2302998, websocket.connect("ws://other.example.test/#fragment"))
    await refused(2302001, websocket.connect("ws://chat.example.test/#fragment"))


@pytest.mark.name_server
@pytest.mark.policy(allow("listed.example.test:*"))
async def test_row_50_host_that_is_not_listed_is_not_looked_up(needs_names, name_server, websocket, serve):
    server = await serve()
    name_server.addresses["listed.example.test"] = name_server.addresses["unlisted.example.test"] = [
        "127.0.0.1"
    ]
    message = await refused(2302998, websocket.connect(f"ws://unlisted.example.test:{server.port}/"))
    assert "unlisted.example.test" in message
    await refused(2302998, websocket.connect(server.url()))
    assert not server.connections
    # That the listed name is asked for shows that the others would have been seen.
    await websocket.open(f"ws://listed.example.test:{server.port}/")
    assert set(name_server.queries) == {"listed.example.test"}


@pytest.mark.policy(allow("*.example.com:*"))
@pytest.mark.parametrize("host", ["a.example.com", "a.b.example.com"])
async def test_row_51_wildcard_matches_names_below(needs_names, websocket, serve, host):
    server = await serve()
    await websocket.open(f"ws://{host}:{server.port}/")


@pytest.mark.policy(allow("*.example.com:*"))
@pytest.mark.parametrize("host", ["example.com", "badexample.com", "example.com.evil", "127.0.0.1"])
async def test_row_51_wildcard_matches_nothing_else(websocket, serve, host):
    server = await serve()
    await refused(2302998, websocket.connect(f"ws://{host}:{server.port}/"))
    assert not server.connections


@pytest.mark.policy(allow("chat.example.test:8443"))
@pytest.mark.parametrize(
    "url",
    [
        "wss://chat.example.test/",
        "wss://chat.example.test:443/",
        "ws://chat.example.test/",
        "ws://chat.example.test:8444/",
    ],
)
async def test_row_52_port_narrows(websocket, url):
    await refused(2302998, websocket.connect(url))


@pytest.mark.policy(allow("chat.example.test"))
async def test_row_52_without_a_port_the_schemes_own(websocket):
    await refused(2302998, websocket.connect("ws://chat.example.test:8080/"))
    await refused(2302998, websocket.connect("ws://chat.example.test:443/"))
    await refused(2302998, websocket.connect("wss://chat.example.test:80/"))


@pytest.mark.policy(allow("wss://chat.example.test:*"))
async def test_row_52_scheme_narrows(needs_names, websocket, serve):
    server = await serve()
    await refused(2302998, websocket.connect(f"ws://chat.example.test:{server.port}/"))
    # Allowed, so that what fails is TLS with a server that speaks none.
    error = await websocket.fail(f"wss://chat.example.test:{server.port}/")
    assert (error.code, error.stage) == (200, "tls")


@pytest.mark.policy(allow("127.0.0.0/8:*", deny=["127.0.0.2:*"]))
async def test_row_52_deny_wins_inside_an_allowed_range(websocket, serve):
    server = await serve(host="0.0.0.0")
    await websocket.open(f"ws://127.0.0.1:{server.port}/")
    await websocket.close(1000, "")
    await websocket.next(Close)
    await refused(2302998, websocket.connect(f"ws://127.0.0.2:{server.port}/"))
    assert len(server.connections) == 1


@pytest.mark.policy(allow("*.example.test:*", deny=["other.example.test:*"]))
async def test_row_52_deny_wins_over_a_wildcard(needs_names, websocket, serve):
    server = await serve()
    await refused(2302998, websocket.connect(f"ws://other.example.test:{server.port}/"))
    await websocket.open(f"ws://chat.example.test:{server.port}/")


@pytest.mark.policy(allow("*:*", deny=["127.0.0.1:*"]))
async def test_row_52_denied_address_binds_what_a_name_resolves_to(needs_names, websocket, serve):
    server = await serve()
    error = await websocket.fail(f"ws://chat.example.test:{server.port}/")
    assert (error.code, error.stage) == (2302998, "policy")
    assert not server.connections


@pytest.mark.policy(allow("Chat.Example.Test.:*", "bücher.example.test:*"))
@pytest.mark.parametrize(
    "host",
    [
        "chat.example.test",
        "CHAT.example.TEST",
        "chat.example.test.",
        "xn--bcher-kva.example.test",
        "bücher.example.test",
        "BÜCHER.EXAMPLE.TEST.",
        "XN--BCHER-KVA.example.test",
    ],
)
async def test_row_52_same_host(needs_names, websocket, serve, host):
    server = await serve()
    await websocket.open(f"ws://{host}:{server.port}/")


@pytest.mark.policy(allow("*:*", deny=["xn--bcher-kva.example.test:*", "CHAT.example.test:*"]))
@pytest.mark.parametrize(
    "host", ["bücher.example.test", "chat.example.test.", "Chat.example.test", "ch%61t.example.test"]
)
async def test_row_52_same_host_denied(websocket, serve, host):
    server = await serve()
    await refused(2302998, websocket.connect(f"ws://{host}:{server.port}/"))


LOCAL_ADDRESSES = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
]


@pytest.mark.name_server
@pytest.mark.policy(allow("*:*", local=False))
@pytest.mark.parametrize("address", LOCAL_ADDRESSES)
async def test_row_53_listed_name_with_a_local_address(needs_names, name_server, websocket, serve, address):
    server = await serve(host="0.0.0.0")
    name_server.addresses["inside.example.test"] = [address]
    error = await websocket.fail(f"ws://inside.example.test:{server.port}/")
    assert (error.code, error.stage) == (2302998, "policy")
    assert not server.connections
    websocket.nothing_more()


@pytest.mark.policy(allow("*:*", local=False))
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "localhost"])
async def test_row_53_local_address_in_the_url(websocket, serve, host):
    """Refused at once or when the address is vetted; never dialled."""
    server = await serve(host="0.0.0.0")
    try:
        error = await websocket.fail(f"ws://{host}:{server.port}/")
    except ApiError as refusal:
        error = refusal
    assert error.code == 2302998
    assert not server.connections


@pytest.mark.name_server
@pytest.mark.policy(allow("inside.example.test:*", "127.0.0.1:*", local=False))
async def test_row_53_listed_address_is_allowed(needs_names, name_server, websocket, serve):
    server = await serve(host="0.0.0.0")
    name_server.addresses["inside.example.test"] = ["127.0.0.2", "127.0.0.1"]
    await websocket.open(f"ws://inside.example.test:{server.port}/")
    assert await websocket.property("RemoteAddress") == f"127.0.0.1:{server.port}"


@pytest.mark.name_server
async def test_row_53_allowed_with_allow_local_addresses(needs_names, name_server, websocket, serve):
    server = await serve()
    name_server.addresses["inside.example.test"] = ["127.0.0.1"]
    await websocket.open(f"ws://inside.example.test:{server.port}/")
    assert "inside.example.test" in name_server.queries


async def test_check_access_says_the_rule(bus_application, service):
    service.write_policy(allow("chat.example.test:8443", deny=["bad.example.test"]))
    await service.reload()
    allowed, code, explanation = await bus_application.call_manager(
        "CheckAccess", "s", "ws://chat.example.test:8443/"
    )
    assert (allowed, code) == (True, 0)
    assert "policy.d/50-test.conf:3" in explanation
    allowed, code, explanation = await bus_application.call_manager(
        "CheckAccess", "s", "ws://bad.example.test/"
    )
    assert (allowed, code) == (False, 2302998)
    assert "policy.d/50-test.conf:4" in explanation
    allowed, code, _ = await bus_application.call_manager("CheckAccess", "s", "http://chat.example.test/")
    assert (allowed, code) == (False, 2302001)


async def test_refusal_names_the_rule(websocket, serve, service):
    server = await serve()
    service.write_policy(allow("*:*", deny=["localhost:*"]))
    await service.reload()
    message = await refused(2302998, websocket.connect(f"ws://localhost:{server.port}/"))
    assert "policy.d/50-test.conf:4" in message


@pytest.mark.parametrize(
    "policy, code",
    [("[user *]\nPermissions=\n", 201), (allow("elsewhere.example.test"), 2302998)],
    ids=["permission", "domain"],
)
async def test_row_55_reload_that_revokes_a_live_connection(websocket, serve, service, policy, code):
    server = await serve()
    await websocket.open(server.url())
    service.write_policy(policy)
    await service.reload()
    error = await websocket.next(Error)
    assert (error.code, error.stage) == (code, "policy")
    assert (await websocket.next(Close)).code == 1008
    assert (await (await server.accepted()).closed())[0] == 1008
    websocket.nothing_more()


async def test_row_55_reload_that_still_allows(websocket, serve, service):
    server = await serve()
    await websocket.open(server.url())
    service.write_policy(allow("127.0.0.1:*"))
    await service.reload()
    assert await service.generation() == 2
    await websocket.echo("still open")


BROKEN_POLICY = "[user *]\nPermissions=INTERNET\nAllowDomain=x\n"


async def test_row_55_reload_with_an_error_keeps_the_policy(websocket, serve, service):
    server = await serve()
    service.write_policy(BROKEN_POLICY)
    service.expected_reports.append("The policy in force stays")
    service.process.send_signal(signal.SIGHUP)
    await eventually(lambda: "50-test.conf:3: " in service.process.stderr(), "report of the error")
    assert await service.generation() == 1
    await websocket.open(server.url())


@accounts.needs_root
async def test_reload_by_an_administrator(service):
    service.write_policy(allow("127.0.0.1:*"))
    assert (await service.call_reload_policy()).message_type.name == "METHOD_RETURN"
    assert await service.generation() == 2
    service.write_policy(BROKEN_POLICY)
    reply = await service.call_reload_policy()
    assert reply.error_name == "org.wsbroker1.Error.Unknown"
    assert reply.body[0].startswith("2302999: ")
    assert "50-test.conf:3" in reply.body[0]
    assert await service.generation() == 2


@accounts.needs_root
async def test_reload_is_for_administrators(service, remote):
    application = await remote(user=accounts.ALICE)
    await refused(201, application.call_manager("ReloadPolicy"))
