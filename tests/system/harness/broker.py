# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service as callers on the system bus see it, and its policy."""

import json
import pathlib

from .machine import SERVICE, run

POLICY_FOLDER = pathlib.Path("/etc/wsbroker/policy.d")
CONFIG_FOLDER = pathlib.Path("/etc/wsbroker/wsbroker.conf.d")

_MANAGER = ("org.wsbroker1", "/org/wsbroker1", "org.wsbroker1.Manager")


def call_command(method, *arguments):
    return ["busctl", "--json=short", "call", *_MANAGER, method, *arguments]


def parse_reply(text):
    return json.loads(text)["data"]


def call(method, *arguments):
    """The reply's values, for a call by root."""
    return parse_reply(run(*call_command(method, *arguments)).stdout)


def owns_name():
    """Whether the service is on the bus; asking does not start it."""
    reply = run(
        *("busctl", "--json=short", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus"),
        *("org.freedesktop.DBus", "NameHasOwner", "s", "org.wsbroker1"),
    )
    return parse_reply(reply.stdout)[0]


def write_policy(text, name="50-test.conf"):
    """Puts TEXT in force, whether the service runs or not."""
    (POLICY_FOLDER / name).write_text(text, encoding="utf-8")
    SERVICE.systemctl("try-reload-or-restart")


def remove_policy(name="50-test.conf"):
    (POLICY_FOLDER / name).unlink()
    if SERVICE.exists():
        SERVICE.systemctl("try-reload-or-restart")
