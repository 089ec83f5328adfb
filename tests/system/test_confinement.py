# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the two processes may do, by systemd's figures and by the kernel's."""

import re

import pytest

from harness import broker
from harness.machine import IDENTIFY_SERVICE, SERVICE, Process, output

CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE = 2, 19
SECCOMP_FILTER = ["2"]


@pytest.fixture(autouse=True)
def running():
    broker.call("WhoAmI")


@pytest.mark.parametrize("unit, bound", [(SERVICE, 1.7), (IDENTIFY_SERVICE, 1.3)], ids=["service", "helper"])
def test_exposure(unit, bound, record_property):
    text = output("systemd-analyze", "security", "--no-pager", unit.name)
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", text)[1])
    record_property(f"exposure of {unit.name}", exposure)
    assert exposure <= bound


def capabilities(process):
    return int(process.status("CapEff")[0], 16), int(process.status("CapBnd")[0], 16)


@pytest.mark.parametrize("unit", [SERVICE, IDENTIFY_SERVICE], ids=["service", "helper"])
def test_neither_is_root_or_can_become_it(unit):
    process = Process(unit.main_pid)
    assert "0" not in process.status("Uid") + process.status("Gid")
    assert process.status("NoNewPrivs") == ["1"]
    assert process.status("Seccomp") == SECCOMP_FILTER


def test_the_process_on_the_network_has_no_capability():
    assert capabilities(Process(SERVICE.main_pid)) == (0, 0)


def test_the_helper_has_two_capabilities_and_no_network():
    two = 1 << CAP_DAC_READ_SEARCH | 1 << CAP_SYS_PTRACE
    helper = Process(IDENTIFY_SERVICE.main_pid)
    assert capabilities(helper) == (two, two)
    assert helper.namespace("net") != Process(SERVICE.main_pid).namespace("net")
