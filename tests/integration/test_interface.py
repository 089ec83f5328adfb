# SPDX-License-Identifier: LGPL-2.1-or-later
"""The D-Bus interfaces are those of dbus/, and calls that do not fit them do no harm."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from dbus_next import Variant

from harness import accounts
from harness.application import ApiError
from harness.bus import BUS_NAME
from harness.bus_application import MANAGER, MANAGER_PATH, PROPERTIES, WEBSOCKET, BusApplication
from harness.process import Process
from harness.service import SOURCE_ROOT
from harness.waiting import within

INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"


def members(interface):
    """Each method and signal with the types, names and directions of its arguments, each property with its
    type, access and what it says of its changes."""
    found = set()
    for element in interface:
        name = element.get("name")
        if element.tag in ("method", "signal"):
            default = "in" if element.tag == "method" else "out"
            arguments = tuple(
                (argument.get("type"), argument.get("name"), argument.get("direction", default))
                for argument in element.findall("arg")
            )
            found.add((element.tag, name, arguments))
        elif element.tag == "property":
            annotation = element.find("annotation[@name='org.freedesktop.DBus.Property.EmitsChangedSignal']")
            changes = annotation.get("value") if annotation is not None else "true"
            found.add((element.tag, name, element.get("type"), element.get("access"), changes))
    return found


def documented(name):
    root = ElementTree.parse(os.path.join(SOURCE_ROOT, "dbus", f"{name}.xml")).getroot()
    return members(root.find(f"interface[@name='{name}']"))


async def introspect(application, path):
    reply = await application.call(path, INTROSPECTABLE, "Introspect")
    return ElementTree.fromstring(reply.body[0])


@pytest.fixture
async def paths(bus_application):
    """An object of each interface."""
    return {MANAGER: MANAGER_PATH, WEBSOCKET: (await bus_application.create()).path}


@pytest.mark.parametrize("name", [MANAGER, WEBSOCKET])
async def test_introspection_equals_the_xml(bus_application, paths, name):
    root = await introspect(bus_application, paths[name])
    assert members(root.find(f"interface[@name='{name}']")) == documented(name)
    others = {interface.get("name") for interface in root.findall("interface")} - {name}
    assert all(other.startswith("org.freedesktop.DBus.") for other in others)


async def _busctl(bus, directory, *arguments):
    process = await Process(
        "busctl", directory, ["busctl", f"--address={bus.address}", *arguments], stdout=subprocess.PIPE
    ).start()
    output = await within(process.child.stdout.read(), "output of busctl")
    assert await process.exit_status() == 0, process.stderr()
    return output.decode()


def _in_words_of_busctl(name):
    """What `busctl introspect` shows of the documented interface: name, kind, signature, result."""
    lines = set()
    for tag, member, *rest in documented(name):
        if tag == "property":
            lines.add((member, tag, rest[0], ""))
            continue
        into, out = (
            "".join(kind for kind, _, direction in rest[0] if direction == way) or "-"
            for way in ("in", "out")
        )
        lines.add((member, tag, into, out) if tag == "method" else (member, tag, out, "-"))
    return lines


@pytest.mark.parametrize("name", [MANAGER, WEBSOCKET])
async def test_busctl_introspect_equals_the_xml(service, bus, directory, bus_application, paths, name):
    if name == WEBSOCKET and not accounts.IS_ROOT:
        pytest.skip("needs root: busctl as an administrator")
    output = await _busctl(bus, directory, "introspect", "--no-legend", BUS_NAME, paths[name], name)
    shown = set()
    for line in output.splitlines():
        member, kind, signature, result, *_ = line.split()
        shown.add((member.lstrip("."), kind, signature, "" if kind == "property" else result))
    assert shown == _in_words_of_busctl(name)


async def test_every_property_has_its_documented_type(bus_application, paths):
    for name, path in paths.items():
        types = {member: rest[0] for tag, member, *rest in documented(name) if tag == "property"}
        reply = await bus_application.call(path, PROPERTIES, "GetAll", "s", name)
        assert {key: value.signature for key, value in reply.body[0].items()} == types
        for key, signature in types.items():
            reply = await bus_application.call(path, PROPERTIES, "Get", "ss", name, key)
            assert reply.body[0].signature == signature


async def test_properties_are_read_only(bus_application, paths):
    for name, path in paths.items():
        for tag, member, *rest in documented(name):
            if tag == "property":
                value = Variant(rest[0], "x" if rest[0] == "s" else 1)
                reply = await bus_application.call(path, PROPERTIES, "Set", "ssv", name, member, value)
                assert reply.error_name == "org.freedesktop.DBus.Error.PropertyReadOnly"


async def test_objects_are_found_from_the_root(bus_application, paths):
    path = paths[WEBSOCKET]
    parent, _, identifier = path.rpartition("/")
    nodes = {node.get("name") for node in (await introspect(bus_application, parent)).findall("node")}
    assert nodes == {identifier}
    nodes = {node.get("name") for node in (await introspect(bus_application, MANAGER_PATH)).findall("node")}
    assert nodes == {"websocket"}


WRONG_CALLS = [
    (MANAGER, "CreateWebSocket", "s", ["x"]),
    (MANAGER, "CheckAccess", "", []),
    (MANAGER, "CheckAccess", "u", [1]),
    (MANAGER, "ReloadPolicy", "s", ["x"]),
    (WEBSOCKET, "Connect", "s", ["ws://h/"]),
    (WEBSOCKET, "Connect", "sa{ss}", ["ws://h/", {}]),
    (WEBSOCKET, "Connect", "sv", ["ws://h/", Variant("s", "")]),
    (WEBSOCKET, "Send", "s", ["x"]),
    (WEBSOCKET, "Send", "ay", [b"x"]),
    (WEBSOCKET, "Send", "", []),
    (WEBSOCKET, "Close", "us", [1000, ""]),
    (WEBSOCKET, "Close", "q", [1000]),
    (WEBSOCKET, "Close", "", []),
    (WEBSOCKET, "Release", "b", [True]),
]


@pytest.mark.parametrize("interface, member, signature, body", WRONG_CALLS)
async def test_wrong_signature(bus_application, paths, interface, member, signature, body):
    reply = await bus_application.call(paths[interface], interface, member, signature, *body)
    assert reply.error_name == "org.freedesktop.DBus.Error.InvalidArgs"


@pytest.mark.parametrize(
    "interface, member",
    [(MANAGER, "Nonsense"), (WEBSOCKET, "connect"), (WEBSOCKET, "Open"), ("org.example.Nonsense", "Connect")],
)
async def test_unknown_member(bus_application, paths, interface, member):
    path = paths.get(interface, MANAGER_PATH)
    reply = await bus_application.call(path, interface, member)
    assert reply.error_name in (
        "org.freedesktop.DBus.Error.UnknownMethod",
        "org.freedesktop.DBus.Error.UnknownInterface",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/org",
        "/org/wsbroker1/websocket/0",
        "/org/wsbroker1/websocket/x",
        "/org/wsbroker1/websocket/18446744073709551616",
        "/org/wsbroker1/websocket/_/1",
        "/org/wsbroker1/elsewhere",
    ],
)
async def test_unknown_object(bus_application, path):
    for interface, member in ((MANAGER, "CreateWebSocket"), (WEBSOCKET, "Release")):
        reply = await bus_application.call(path, interface, member)
        assert reply.error_name == "org.freedesktop.DBus.Error.UnknownObject"


async def test_who_am_i_names_the_limits(bus_application):
    subject, limits = await bus_application.call_manager("WhoAmI")
    assert subject.startswith(("user ", "unit "))
    assert {key: value.signature for key, value in limits.items()} == {
        "MaxMessageSize": "t",
        "MaxBufferedBytes": "t",
        "MaxUrlLength": "t",
        "MaxWebSockets": "u",
        "MaxConnections": "u",
        "MaxConnectRate": "s",
        "MaxConnectionsPerUser": "u",
        "MaxPendingHandshakes": "u",
    }
    assert limits["MaxMessageSize"].value == 16 * 2**20
    assert limits["MaxUrlLength"].value == 1024


@pytest.mark.config("MaxConnectionsPerUser=7\n")
@pytest.mark.policy("[user *]\nPermissions=INTERNET\nMaxConnectRate=30/min\nMaxConnections=3\n")
async def test_who_am_i_names_the_limits_of_policy_and_configuration(bus_application):
    _, limits = await bus_application.call_manager("WhoAmI")
    values = {key: limits[key].value for key in ("MaxConnectRate", "MaxConnections", "MaxConnectionsPerUser")}
    assert values == {"MaxConnectRate": "30/min", "MaxConnections": 3, "MaxConnectionsPerUser": 7}


async def test_version_is_that_of_the_build(service):
    with open(os.path.join(SOURCE_ROOT, "meson.build"), encoding="utf-8") as file:
        assert f"version: '{await service.property('Version')}'" in file.read()
    assert await service.property("PolicyGeneration") == 1


NONCHARACTER = "a\uffffb"
# Of each method that takes a string: where a D-Bus string says what the bus lets pass and sd-bus does not.
UNREADABLE = {
    "CheckAccess": (MANAGER, "s", [NONCHARACTER]),
    "ExplainAccess": (MANAGER, "ss", ["user root", NONCHARACTER]),
    "ExplainAccess of whom": (MANAGER, "ss", [NONCHARACTER, "ws://127.0.0.1/"]),
    "Connect": (WEBSOCKET, "sa{sv}", [f"ws://127.0.0.1/{NONCHARACTER}", {}]),
    "Connect with an option": (WEBSOCKET, "sa{sv}", ["ws://127.0.0.1/", {NONCHARACTER: Variant("u", 1)}]),
    "Connect with a value": (
        WEBSOCKET,
        "sa{sv}",
        ["ws://127.0.0.1/", {"protocol": Variant("s", NONCHARACTER)}],
    ),
    "Send": (WEBSOCKET, "v", [Variant("s", NONCHARACTER)]),
    "Close": (WEBSOCKET, "qs", [1000, NONCHARACTER]),
    "OpenStream": (WEBSOCKET, "a{sv}", [{NONCHARACTER: Variant("u", 1)}]),
}


async def assert_parameter_error(application, path, name):
    interface, signature, body = UNREADABLE[name]
    member = name.split()[0]
    with pytest.raises(ApiError) as refusal:
        await application.call_service(path, interface, member, signature, *body)
    assert refusal.value.code == 401, (member, refusal.value)


@pytest.mark.parametrize("name", UNREADABLE)
async def test_string_with_a_noncharacter(bus_application, paths, name):
    await assert_parameter_error(bus_application, paths[UNREADABLE[name][0]], name)


async def test_string_with_a_noncharacter_in_the_first_call(service, bus):
    """It is wrong whoever calls."""
    stranger = await BusApplication.start(bus.new_connection())
    await assert_parameter_error(stranger, MANAGER_PATH, "CheckAccess")
    # The next one is answered as ever.
    assert len(await stranger.call_manager("CheckAccess", "s", "ws://127.0.0.1/")) == 3
    await stranger.leave()
