# SPDX-License-Identifier: LGPL-2.1-or-later
"""Through proxies that are not ours: the system's, and those that an application names (ACCEPTANCE rows 24 to
28)."""

import functools

import pytest

from harness.application import refused
from harness.client_certificates import read_bytes
from harness.connect_options import connect, fail_with, open_with
from harness.listening_program import needs_program
from harness.proxies import (
    PASSWORD,
    USERNAME,
    SocksProxy,
    Squid,
    SquidWithPassword,
    Tinyproxy,
    has_basic_authentication,
)
from harness.service import DEFAULT_CONFIG, DEFAULT_POLICY

pytestmark = pytest.mark.policy(DEFAULT_POLICY + "AllowProxies=*:*\n")

needs_tinyproxy = needs_program("tinyproxy")
needs_socks = needs_program("microsocks")
needs_password = pytest.mark.skipif(not has_basic_authentication(), reason="needs squid and its helper")


@pytest.fixture
async def squid(servers, directory):
    servers.append(await Squid(directory).start())
    return servers[-1]


@pytest.fixture
async def squid_with_password(servers, directory):
    servers.append(await SquidWithPassword(directory).start())
    return servers[-1]


@pytest.fixture
async def tinyproxy(servers, directory, service_namespace):
    """It looks up names where the service does."""
    servers.append(await Tinyproxy(directory, service_namespace.command()).start())
    return servers[-1]


@pytest.fixture
async def socks(servers, directory):
    servers.append(await SocksProxy(directory).start())
    return servers[-1]


@pytest.fixture
async def socks_with_password(servers, directory):
    servers.append(await SocksProxy(directory, authenticated=True).start())
    return servers[-1]


@pytest.fixture
def system_proxy(stopped_service):
    """To be asked for before what starts the service: system_proxy sets Proxy= and more of wsbroker.conf."""

    def configure(url, more=""):
        stopped_service.write_config(f"{DEFAULT_CONFIG}Proxy={url}\n{more}")

    return configure


@pytest.fixture
def proxy_in_environment(stopped_service):
    """The same for the environment that the service is started with."""

    def configure(**variables):
        stopped_service.start = functools.partial(stopped_service.start, **variables)

    return configure


@pytest.fixture
def dead_proxy_for_the_system(system_proxy):
    system_proxy("http://127.0.0.1:1")


@pytest.fixture
def tinyproxy_for_the_system(tinyproxy, system_proxy):
    system_proxy(tinyproxy.url)
    return tinyproxy


@pytest.fixture
def tinyproxy_with_an_exception(tinyproxy, system_proxy):
    system_proxy(tinyproxy.url, "NoProxy=other.example.test;127.0.0.0/8\n")
    return tinyproxy


@pytest.fixture
def tinyproxy_in_the_environment(tinyproxy, proxy_in_environment):
    proxy_in_environment(http_proxy=tinyproxy.url)
    return tinyproxy


@pytest.fixture
def tinyproxy_in_the_environment_for_wss(tinyproxy, proxy_in_environment):
    proxy_in_environment(https_proxy=tinyproxy.url, http_proxy="http://127.0.0.1:1")
    return tinyproxy


@pytest.fixture
def tinyproxy_in_the_environment_with_an_exception(tinyproxy, proxy_in_environment):
    proxy_in_environment(all_proxy=tinyproxy.url, no_proxy="other.example.test, 127.0.0.1")
    return tinyproxy


@pytest.fixture
def tinyproxy_in_both(tinyproxy, system_proxy, proxy_in_environment):
    system_proxy(tinyproxy.url)
    proxy_in_environment(http_proxy="http://127.0.0.1:1")
    return tinyproxy


@pytest.fixture
def squid_with_password_for_the_system(squid_with_password, system_proxy):
    system_proxy(squid_with_password.url.replace("//", f"//{USERNAME}:{PASSWORD}@"))
    return squid_with_password


@pytest.fixture
def socks_for_the_system(socks, system_proxy):
    system_proxy(socks.url)
    return socks


@pytest.fixture
def socks_with_password_for_the_system(socks_with_password, system_proxy):
    system_proxy(socks_with_password.url.replace("//", f"//{USERNAME}:{PASSWORD}@"))
    return socks_with_password


@pytest.fixture
def socks_with_a_wrong_password_for_the_system(socks_with_password, system_proxy):
    system_proxy(socks_with_password.url.replace("//", f"//{USERNAME}:wrong@"))
    return socks_with_password


async def _echo_through(websocket, intermediary, server, **options):
    """Opens, and lets the proxy's log say that the connection went through it."""
    await open_with(websocket, server.url(), **options)
    await websocket.echo("through the proxy")
    await websocket.echo(b"\xa5" * 2**18)
    await websocket.close(1000, "")
    await (await server.accepted()).closed()
    await intermediary.connected_to("127.0.0.1", server.port)


# ---- The system's ----


@needs_tinyproxy
@pytest.mark.parametrize("options", [{}, {"proxy": "system"}], ids=["none given", "system"])
async def test_row_24_through_the_systems_proxy(tinyproxy_for_the_system, websocket, serve, options):
    await _echo_through(websocket, tinyproxy_for_the_system, await serve(), **options)


@needs_tinyproxy
async def test_row_24_no_proxy_goes_past_the_systems(tinyproxy_for_the_system, websocket, serve):
    server = await serve()
    await open_with(websocket, server.url(), proxy="no-proxy")
    await websocket.echo("direct")
    assert tinyproxy_for_the_system.tunnels() == []


@needs_tinyproxy
async def test_row_24_exceptions_of_the_systems_proxy(tinyproxy_with_an_exception, websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    await websocket.echo("direct")
    assert tinyproxy_with_an_exception.tunnels() == []


@needs_tinyproxy
async def test_row_24_proxy_of_the_environment(tinyproxy_in_the_environment, websocket, serve):
    await _echo_through(websocket, tinyproxy_in_the_environment, await serve())


@needs_tinyproxy
async def test_row_24_proxy_of_the_environment_for_wss(
    tinyproxy_in_the_environment_for_wss, websocket, serve, authority
):
    server = await serve(ssl=authority.server_context("server", "127.0.0.1"))
    proxy = tinyproxy_in_the_environment_for_wss
    await _echo_through(websocket, proxy, server, ca=read_bytes(authority.path))


@needs_tinyproxy
async def test_row_24_exceptions_of_the_environment(
    tinyproxy_in_the_environment_with_an_exception, websocket, serve
):
    server = await serve()
    await websocket.open(server.url())
    await websocket.echo("direct")
    assert tinyproxy_in_the_environment_with_an_exception.tunnels() == []


@needs_tinyproxy
async def test_row_24_the_configuration_before_the_environment(tinyproxy_in_both, websocket, serve):
    await _echo_through(websocket, tinyproxy_in_both, await serve())


@needs_password
async def test_row_26_system_proxy_with_a_password(
    squid_with_password_for_the_system, websocket, serve, service
):
    await _echo_through(websocket, squid_with_password_for_the_system, await serve())
    assert PASSWORD not in service.process.stderr() + repr(await service.list_websockets())


@needs_socks
async def test_socks_proxy_of_the_system(socks_for_the_system, websocket, serve):
    await _echo_through(websocket, socks_for_the_system, await serve())


@needs_socks
async def test_socks_proxy_of_the_system_for_wss(socks_for_the_system, websocket, serve, authority):
    server = await serve(ssl=authority.server_context("server", "127.0.0.1"))
    await _echo_through(websocket, socks_for_the_system, server, ca=read_bytes(authority.path))


@needs_socks
async def test_socks_proxy_with_a_password(socks_with_password_for_the_system, websocket, serve):
    await _echo_through(websocket, socks_with_password_for_the_system, await serve())


@needs_socks
async def test_socks_proxy_with_a_wrong_password(
    socks_with_a_wrong_password_for_the_system, websocket, serve
):
    server = await serve()
    error = await websocket.fail(server.url())
    assert (error.code, error.stage) == (200, "proxy")
    assert not server.connections


@needs_socks
async def test_socks_proxy_that_reaches_nobody(socks_for_the_system, websocket, refusing_port):
    error = await websocket.fail(f"ws://127.0.0.1:{refusing_port}/")
    assert (error.code, error.stage) == (200, "proxy")
    websocket.nothing_more()


# ---- The application's ----


@pytest.fixture(
    params=[
        pytest.param(Squid, marks=needs_program("squid")),
        pytest.param(Tinyproxy, marks=needs_tinyproxy),
    ],
    ids=["squid", "tinyproxy"],
)
async def http_proxy(request, servers, directory):
    servers.append(await request.param(directory).start())
    return servers[-1]


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_row_25_connect_at_the_proxy(http_proxy, websocket, serve, authority, scheme):
    secure = {"ssl": authority.server_context("server", "127.0.0.1")} if scheme == "wss" else {}
    server = await serve(**secure)
    options = {"ca": read_bytes(authority.path)} if secure else {}
    await _echo_through(websocket, http_proxy, server, proxy=http_proxy.option, **options)


@needs_tinyproxy
async def test_row_25_the_applications_proxy_before_the_systems(
    dead_proxy_for_the_system, tinyproxy, websocket, serve
):
    await _echo_through(websocket, tinyproxy, await serve(), proxy=tinyproxy.option)


@needs_program("squid")
async def test_row_25_proxy_that_reaches_nobody(squid, websocket, refusing_port):
    error = await fail_with(websocket, f"ws://127.0.0.1:{refusing_port}/", proxy=squid.option)
    assert (error.code, error.stage, error.details["httpStatus"]) == (200, "proxy", 503)
    assert error.details["headers"]["server"].startswith("squid")
    assert bytes(error.details["body"])
    websocket.nothing_more()


async def test_proxy_where_nobody_listens(websocket, serve, refusing_port):
    server = await serve()
    option = {"host": "127.0.0.1", "port": refusing_port}
    error = await fail_with(websocket, server.url(), proxy=option)
    assert (error.code, error.stage) == (200, "proxy")
    assert not server.connections


@needs_password
async def test_row_26_user_and_password(squid_with_password, websocket, serve, service):
    server = await serve()
    credentials = {"username": USERNAME, "password": PASSWORD}
    await _echo_through(
        websocket, squid_with_password, server, proxy=squid_with_password.option | credentials
    )
    assert f" {USERNAME} " in squid_with_password.log()
    assert PASSWORD not in service.process.stderr() + repr(await service.list_websockets())
    assert "Proxy-Authorization" not in server.connections[0].headers


@needs_password
@pytest.mark.parametrize(
    "credentials",
    [
        {"username": USERNAME, "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": USERNAME},
        {},
    ],
    ids=["wrong password", "wrong user", "no password", "none"],
)
async def test_row_26_wrong_user_or_password(squid_with_password, websocket, serve, credentials):
    server = await serve()
    error = await fail_with(websocket, server.url(), proxy=squid_with_password.option | credentials)
    assert (error.code, error.stage, error.details["httpStatus"]) == (200, "proxy", 407)
    assert "proxy-authenticate" in error.details["headers"]
    assert not server.connections
    websocket.nothing_more()


# ---- What is no proxy ----

WRONG_PROXIES = {
    "port 0": {"host": "127.0.0.1", "port": 0},
    "port 65536": {"host": "127.0.0.1", "port": 65536},
    "no port": {"host": "127.0.0.1"},
    "empty host": {"host": "", "port": 3128},
    "host with a port": {"host": "127.0.0.1:3128", "port": 3128},
    "URL as host": {"host": "http://127.0.0.1/", "port": 3128},
    "CR and LF in the host": {"host": "h\r\nX-Y: z", "port": 3128},
    "colon in the user": {"host": "127.0.0.1", "port": 3128, "username": "a:b", "password": "c"},
    "empty string": "",
    "another string": "direct",
    "URL as string": "http://127.0.0.1:3128",
    "another case": "No-Proxy",
}


@pytest.mark.parametrize("proxy", WRONG_PROXIES.values(), ids=WRONG_PROXIES)
async def test_row_27_what_is_no_proxy(websocket, serve, proxy):
    server = await serve()
    await refused(401, connect(websocket, server.url(), proxy=proxy))
    assert not server.connections


# ---- exclusionList ----


@pytest.fixture
def more_names(service_namespace):
    service_namespace.files[
        "/etc/hosts"
    ] += "127.0.0.1 ample.com www.ample.com www.example.com ample.com.org notample.com\n"


@needs_tinyproxy
@pytest.mark.parametrize(
    "exclusions, host, proxied",
    [
        (["ample.com"], "ample.com", False),
        (["ample.com"], "www.ample.com", False),
        (["ample.com"], "AMPLE.com", False),
        (["AMPLE.COM"], "ample.com", False),
        (["other.test", "ample.com"], "ample.com", False),
        (["ample.com"], "www.example.com", True),
        (["ample.com"], "ample.com.org", True),
        (["ample.com"], "notample.com", True),
        ([], "ample.com", True),
        ([""], "ample.com", True),
        (["*"], "www.example.com", False),
        (["*"], "ample.com", False),
        (["*.com"], "ample.com", True),
    ],
)
async def test_row_28_exclusion_list(
    needs_names, more_names, tinyproxy, websocket, serve, exclusions, host, proxied
):
    server = await serve()
    option = tinyproxy.option | {"exclusionList": exclusions}
    await open_with(websocket, server.url(host=host), proxy=option)
    await websocket.echo("either way")
    target = f"{host.lower()}:{server.port}"
    assert tinyproxy.tunnels() == ([target] if proxied else [])
    assert (await server.accepted()).headers["Host"] == target


async def test_journal_says_that_the_proxy_looks_up_the_name(websocket, refusing_port, service):
    option = {"host": "127.0.0.1", "port": refusing_port}
    for url, options, told in (
        ("ws://chat.example.test:81/", {"proxy": option}, True),
        ("ws://192.0.2.1:82/", {"proxy": option}, False),
        ("ws://chat.example.test:83/", {"proxy": "no-proxy"}, False),
    ):
        await fail_with(websocket, url, **options)
        target = url.removeprefix("ws://").rstrip("/")
        (line,) = [line for line in service.process.stderr().splitlines() if f" allowed {target} " in line]
        assert line.endswith("; the proxy resolves the name") == told
