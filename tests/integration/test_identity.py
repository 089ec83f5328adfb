# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who a caller is to policy: its user, its groups, its unit, or nobody that is known (ACCEPTANCE rows 57 and
58)."""

import grp
import pwd

import pytest

from harness import accounts
from harness.access import ALLOWED, may_connect, may_not_connect, who_am_i

pytestmark = accounts.needs_root


@pytest.mark.policy(f"[user {accounts.ALICE}]\n{ALLOWED}")
async def test_user_by_name(remote, serve):
    alice = await remote(user=accounts.ALICE)
    assert await who_am_i(alice) == f"user {accounts.ALICE}"
    await may_connect(alice, serve)
    await may_not_connect(await remote(user=accounts.BOB))


@pytest.mark.policy(f"[user {pwd.getpwnam(accounts.ALICE).pw_uid}]\n{ALLOWED}")
async def test_user_by_number(remote, serve):
    await may_connect(await remote(user=accounts.ALICE), serve)
    await may_not_connect(await remote(user=accounts.BOB))


ALICES_GROUP = grp.getgrgid(pwd.getpwnam(accounts.ALICE).pw_gid)


@pytest.mark.policy(f"[group {ALICES_GROUP.gr_name}]\n{ALLOWED}")
async def test_group_by_name(remote, serve):
    await may_connect(await remote(user=accounts.ALICE), serve)
    await may_not_connect(await remote(user=accounts.BOB))


@pytest.mark.policy(f"[group {ALICES_GROUP.gr_gid}]\n{ALLOWED}")
async def test_group_by_number(remote, serve):
    await may_connect(await remote(user=accounts.ALICE), serve)
    await may_not_connect(await remote(user=accounts.BOB))


@pytest.mark.policy(f"[user {accounts.ALICE}]\nPermissions=\n[user *]\n{ALLOWED}")
async def test_first_matching_section_alone_grants(remote, serve):
    await may_not_connect(await remote(user=accounts.ALICE))
    await may_connect(await remote(user=accounts.BOB), serve)


@pytest.mark.policy(f"[user {accounts.ALICE}]\n{ALLOWED}[group {ALICES_GROUP.gr_name}]\nPermissions=\n")
async def test_row_57_the_earlier_allows_and_the_later_denies(remote):
    await may_not_connect(await remote(user=accounts.ALICE))


@pytest.mark.policy(f"[user {accounts.ALICE}]\nPermissions=\n[group {ALICES_GROUP.gr_name}]\n{ALLOWED}")
async def test_row_57_the_earlier_denies_and_the_later_allows(remote):
    await may_not_connect(await remote(user=accounts.ALICE))


@pytest.mark.policy(f"[user *]\nPermissions=\n[user {accounts.ALICE}]\n{ALLOWED}")
async def test_denial_of_everyone_binds_nobody_who_is_named(remote, serve):
    await may_connect(await remote(user=accounts.ALICE), serve)
    await may_not_connect(await remote(user=accounts.BOB))


@pytest.mark.policy("[user *]\nPermissions=\n")
async def test_unit_decides(remote_in, service, serve, unit_name):
    service.write_policy(f"[unit {unit_name}]\n{ALLOWED}")
    await service.reload()
    application = await remote_in(f"system.slice/{unit_name}", user=accounts.ALICE)
    assert await who_am_i(application) == f"unit {unit_name}, user {accounts.ALICE}"
    await may_connect(application, serve)


async def test_another_unit_does_not(remote_in, service, unit_name):
    service.write_policy(f"[unit other-{unit_name}]\n{ALLOWED}")
    await service.reload()
    await may_not_connect(await remote_in(f"system.slice/{unit_name}", user=accounts.ALICE))


async def test_unit_in_a_slice_of_slices(remote_in, service, serve, unit_name):
    service.write_policy(f"[unit {unit_name}]\n{ALLOWED}")
    await service.reload()
    await may_connect(
        await remote_in(f"system.slice/system-wsbroker.slice/{unit_name}", user=accounts.ALICE), serve
    )


async def test_process_in_a_cgroup_of_the_unit(remote_in, service, serve, unit_name):
    """A unit with Delegate=yes may have cgroups below its own."""
    service.write_policy(f"[unit {unit_name}]\n{ALLOWED}")
    await service.reload()
    await may_connect(await remote_in(f"system.slice/{unit_name}/worker", user=accounts.ALICE), serve)


async def test_forged_name_below_another_unit(remote_in, service, unit_name):
    """Whoever may make cgroups below its own unit gains nothing by naming one like another unit."""
    service.write_policy(f"[unit {unit_name}]\n{ALLOWED}")
    await service.reload()
    await may_not_connect(
        await remote_in(f"system.slice/forger-{unit_name}/system.slice/{unit_name}", user=accounts.ALICE)
    )


async def test_unit_of_a_users_manager(remote_in, service, serve, unit_name):
    service.write_policy(f"[user-unit {unit_name}]\n{ALLOWED}")
    await service.reload()
    uid = pwd.getpwnam(accounts.ALICE).pw_uid
    path = f"user.slice/user-{uid}.slice/user@{uid}.service/app.slice/{unit_name}"
    application = await remote_in(path, user=accounts.ALICE)
    assert f"user-unit {unit_name}" in await who_am_i(application)
    await may_connect(application, serve)


async def test_unit_of_another_users_manager(remote_in, service, unit_name):
    service.write_policy(f"[user-unit {unit_name}]\n{ALLOWED}")
    await service.reload()
    uid = pwd.getpwnam(accounts.BOB).pw_uid
    path = f"user.slice/user-{uid}.slice/user@{uid}.service/app.slice/{unit_name}"
    await may_not_connect(await remote_in(path, user=accounts.ALICE))


async def test_unit_of_a_users_manager_is_no_unit_of_the_systems(remote_in, service, unit_name):
    service.write_policy(f"[unit {unit_name}]\n{ALLOWED}")
    await service.reload()
    uid = pwd.getpwnam(accounts.ALICE).pw_uid
    path = f"user.slice/user-{uid}.slice/user@{uid}.service/app.slice/{unit_name}"
    await may_not_connect(await remote_in(path, user=accounts.ALICE))


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
async def test_row_58_process_that_is_gone(remote):
    """A connection to the bus that outlives the process which made it, and calls for the first time then."""
    application = await remote(user=accounts.ALICE, orphan=True)
    assert await application.process.exit_status() == 0
    assert await who_am_i(application) == "unidentified"
    await may_not_connect(application)


@pytest.mark.policy(f"[unidentified]\n{ALLOWED}")
async def test_section_unidentified_is_for_nobody_who_is_known(remote):
    await may_not_connect(await remote(user=accounts.ALICE))


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
async def test_identity_is_kept(remote, serve, make_unit, service, unit_name):
    """Taken at the first call: a process that moves afterwards stays who it was."""
    application = await remote(user=accounts.ALICE)
    before = await who_am_i(application)
    procs = make_unit(f"system.slice/{unit_name}")
    with open(procs, "w", encoding="ascii") as file:
        file.write(str(application.process.pid))
    assert await who_am_i(application) == before
    await application.destroy()
