# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each case is a test of its own, but the cases that were selected are played together, before the first of them
is asked for its outcome."""

import asyncio

import pytest

from concurrent_run import play_all


def _cases(session):
    calls = [item.callspec for item in session.items if hasattr(item, "callspec")]
    return [call.params["case"] for call in calls if "case" in call.params]


@pytest.fixture(scope="session")
def outcomes(request):
    return asyncio.run(play_all(_cases(request.session)))


@pytest.fixture
def holds(outcomes):
    """holds(name) raises what the case of that name has raised."""

    def check(name):
        error = outcomes[name]
        if error is not None:
            raise error

    return check
