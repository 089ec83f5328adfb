# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates and keys that the application brings (ACCEPTANCE rows 9, 20, 21 and 22)."""

import os
import ssl

import pytest

from harness import accounts
from harness.application import Close, refused
from harness.certificates import Authority
from harness.client_certificates import PASSWORD, as_pkcs8, as_traditional, issue, read_bytes, server_context
from harness.connect_options import connect, fail_with, open_with
from harness.library_application import LibraryApplication, LibraryWebSocket
from harness.tls_listener import RefusingTlsServer

BOTH = pytest.mark.parametrize("kind", ["EC", "RSA"])


@pytest.fixture
def stranger(directory):
    """An authority that the system does not know."""
    return Authority(directory, "stranger")


@pytest.fixture
def client(directory):
    """The authority that vouches for clients."""
    return Authority(directory, "client-authority")


def missing_certificate(websocket):
    if isinstance(websocket, LibraryWebSocket):
        return {"caPath": "/nowhere/ca.pem"}
    return {"ca": b""}


# ---- The order of checks ----


@pytest.mark.policy("[user *]\nPermissions=\n")
async def test_row_09_no_permission_and_a_bad_url(websocket):
    await refused(201, websocket.connect("hello"))


@pytest.mark.policy("[user *]\nPermissions=INTERNET\nAllowDomains=other.example.test\n")
async def test_row_09_not_allowed_and_a_missing_certificate(websocket):
    options = missing_certificate(websocket)
    await refused(2302998, connect(websocket, "wss://chat.example.test/", **options))


async def test_row_09_missing_certificate_and_a_bad_url(websocket):
    await refused(2302002, connect(websocket, "hello", **missing_certificate(websocket)))


# ---- ca ----


@pytest.mark.parametrize("kind", [str, bytes])
async def test_row_20_ca_as_text_and_as_bytes(websocket, serve, stranger, kind):
    server = await serve(ssl=stranger.server_context("server", "127.0.0.1"))
    pem = read_bytes(stranger.path)
    await open_with(websocket, server.url(), ca=pem.decode() if kind is str else pem)
    await websocket.echo("trusted")


async def test_row_20_ca_path_in_the_library(library_application, serve, stranger):
    server = await serve(ssl=stranger.server_context("server", "127.0.0.1"))
    websocket = await library_application.create()
    await open_with(websocket, server.url(), caPath=stranger.path)
    await websocket.echo("trusted")


async def test_row_20_empty_ca_path_is_the_systems_trust(
    needs_names, library_application, serve, stranger, authority
):
    good = await serve(ssl=authority.server_context("good", "127.0.0.1"))
    unknown = await serve(ssl=stranger.server_context("server", "127.0.0.1"))
    websocket = await library_application.create()
    assert (await fail_with(websocket, unknown.url(), caPath="")).stage == "tls"
    await open_with(websocket, good.url(), caPath="")


async def test_row_20_ca_takes_the_place_of_the_systems_trust(
    needs_names, websocket, serve, stranger, authority
):
    server = await serve(ssl=authority.server_context("good", "127.0.0.1"))
    error = await fail_with(websocket, server.url(), ca=read_bytes(stranger.path))
    assert (error.code, error.stage) == (200, "tls")
    await websocket.open(server.url())


async def test_row_20_what_one_application_trusts_another_does_not(
    websocket, bus_application, remote, serve, stranger
):
    """Though TLS resumes sessions, and authorities are shared between those that bring the same."""
    server = await serve(ssl=stranger.server_context("server", "127.0.0.1"))
    for _ in range(2):
        await open_with(websocket, server.url(), ca=read_bytes(stranger.path))
        await websocket.echo("trusted")
        for application in (bus_application, await remote()):
            other = await application.create()
            assert (await other.fail(server.url())).stage == "tls"
        await websocket.close(1000, "")
        await websocket.next(Close)


async def test_row_20_several_authorities_in_one_ca(websocket, serve, stranger, client):
    server = await serve(ssl=stranger.server_context("server", "127.0.0.1"))
    await open_with(websocket, server.url(), ca=read_bytes(client.path) + read_bytes(stranger.path))


# ---- Files that cannot be used ----


def _missing(_path):
    pass


def _unreadable(path):
    with open(path, "w", encoding="ascii") as file:
        file.write("-----BEGIN CERTIFICATE-----\n")
    os.chmod(path, 0)


def _not_pem(path):
    with open(path, "wb") as file:
        file.write(b"no PEM at all\n" * 10)


def _hundred_mebibytes(path):
    with open(path, "wb") as file:
        file.truncate(100 * 2**20)


UNUSABLE_FILES = [_missing, _unreadable, os.mkdir, _not_pem, os.mkfifo, _hundred_mebibytes]


@pytest.fixture
async def ordinary_application(service, directory):
    """One that uses the library under a user whom file permissions bind."""
    application = LibraryApplication(directory, service)
    application.process.argv[:0] = accounts.run_as(accounts.ALICE)
    try:
        yield await application.start()
        await application.leave()
    finally:
        await application.destroy()


@pytest.mark.parametrize("make", UNUSABLE_FILES, ids=lambda make: make.__name__.strip("_"))
@pytest.mark.parametrize("key", ["caPath", "certPath", "keyPath"])
async def test_row_21_file_that_cannot_be_used(ordinary_application, serve, client, directory, key, make):
    server = await serve()
    good = dict(zip(("certPath", "keyPath"), issue(client, "good")))
    os.chmod(good["keyPath"], 0o644)
    path = os.path.join(directory, "unusable")
    make(path)
    websocket = await ordinary_application.create()
    options = {key: path} if key == "caPath" else {"clientCert": good | {key: path}}
    await refused(2302002, connect(websocket, server.url(), **options))
    assert not server.connections
    await websocket.open(server.url())


UNUSABLE_BYTES = {
    "empty bytes": b"",
    "empty text": "",
    "not PEM": "no PEM at all\n",
    "binary": bytes(range(256)),
    "PEM of something else": "-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n",
    "PEM cut off": "-----BEGIN CERTIFICATE-----\nMIIB",
    "over 1 MiB": b"\n" * (2**20 + 1),
}


@pytest.mark.parametrize("pem", UNUSABLE_BYTES.values(), ids=UNUSABLE_BYTES)
@pytest.mark.parametrize("key", ["ca", "cert", "key"])
async def test_row_21_bytes_that_cannot_be_used(bus_application, serve, client, key, pem):
    server = await serve()
    good = dict(zip(("cert", "key"), map(read_bytes, issue(client, "good"))))
    websocket = await bus_application.create()
    options = {"ca": pem} if key == "ca" else {"clientCert": good | {key: pem}}
    await refused(2302002, connect(websocket, server.url(), **options))
    assert not server.connections


@pytest.mark.parametrize("key", ["cert", "key"])
async def test_row_21_certificate_without_key_or_key_without_certificate(websocket, serve, client, key):
    server = await serve()
    good = dict(zip(("cert", "key"), map(read_bytes, issue(client, "good"))))
    await refused(2302002, connect(websocket, server.url(), clientCert={key: good[key]}))
    assert not server.connections


# ---- Client certificates ----


@pytest.fixture
async def demanding_server(serve, authority, client):
    """Lets in whom the authority `client` vouches for."""
    certificate, key = authority.issue("demanding", "127.0.0.1")
    return await serve(ssl=server_context(certificate, key, clients=client))


def subject_of_peer(connection):
    certificate = connection.protocol.transport.get_extra_info("peercert")
    return dict(pair for name in certificate["subject"] for pair in name)["commonName"]


@BOTH
async def test_row_22_good_certificate(websocket, demanding_server, authority, client, kind):
    certificate, key = map(read_bytes, issue(client, "somebody", kind))
    await open_with(
        websocket,
        demanding_server.url(),
        ca=read_bytes(authority.path),
        clientCert={"cert": certificate, "key": key},
    )
    await websocket.echo("let in")
    assert subject_of_peer(await demanding_server.accepted()) == "somebody"


@BOTH
async def test_row_22_key_behind_certificates(websocket, demanding_server, authority, client, kind):
    """One file for all, however long: only the key in it is one."""
    certificate, key = map(read_bytes, issue(client, "somebody", kind))
    await open_with(
        websocket,
        demanding_server.url(),
        ca=read_bytes(authority.path),
        clientCert={"cert": certificate, "key": certificate * 20 + key},
    )
    assert subject_of_peer(await demanding_server.accepted()) == "somebody"


def _encrypt(form, key_path, kind):
    return as_pkcs8(key_path) if form == "PKCS8" else as_traditional(key_path, kind)


@BOTH
@pytest.mark.parametrize("form", ["PKCS8", "traditional"])
async def test_row_22_encrypted_key(websocket, demanding_server, service, authority, client, form, kind):
    certificate, key = issue(client, "somebody", kind)
    encrypted = read_bytes(_encrypt(form, key, kind))
    assert b"ENCRYPTED" in encrypted
    credentials = {"cert": read_bytes(certificate), "key": encrypted}
    ca = read_bytes(authority.path)

    async def refused_with(password):
        await refused(
            2302002,
            connect(websocket, demanding_server.url(), ca=ca, clientCert=credentials | password),
        )

    await refused_with({})
    await refused_with({"keyPassword": "wrong-" + PASSWORD})
    await refused_with({"keyPassword": ""})
    assert not demanding_server.connections
    right = credentials | {"keyPassword": PASSWORD}
    await open_with(websocket, demanding_server.url(), ca=ca, clientCert=right)
    await websocket.echo("let in")
    assert PASSWORD not in service.process.stderr() + repr(await service.list_websockets())


async def test_row_22_paths_in_the_library(library_application, demanding_server, authority, client):
    certificate, key = issue(client, "somebody")
    websocket = await library_application.create()
    await open_with(
        websocket,
        demanding_server.url(),
        caPath=authority.path,
        clientCert={"certPath": certificate, "keyPath": as_pkcs8(key), "keyPassword": PASSWORD},
    )
    assert subject_of_peer(await demanding_server.accepted()) == "somebody"


@BOTH
async def test_row_22_key_of_another_certificate(websocket, demanding_server, authority, client, kind):
    certificate, _ = issue(client, "somebody", kind)
    _, key = issue(client, "somebody-else", kind)
    credentials = {"cert": read_bytes(certificate), "key": read_bytes(key)}
    await refused(2302002, connect(websocket, demanding_server.url(), clientCert=credentials))
    assert not demanding_server.connections


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("given", ["none", "of a stranger"])
async def test_row_22_no_acceptable_certificate(
    websocket, servers, authority, client, stranger, version, given
):
    """In TLS 1.3 the client learns of it only after its part of the handshake."""
    context = server_context(*authority.issue("demanding", "127.0.0.1"), clients=client)
    context.minimum_version = context.maximum_version = version
    servers.append(await RefusingTlsServer(context).start())
    options = {"ca": read_bytes(authority.path)}
    if given != "none":
        certificate, key = map(read_bytes, issue(stranger, "somebody"))
        options["clientCert"] = {"cert": certificate, "key": key}
    error = await fail_with(websocket, servers[0].url(), **options)
    assert (error.code, error.stage) == (200, "tls"), error
    assert isinstance(await servers[0].refusal(), ssl.SSLError)
    websocket.nothing_more()
