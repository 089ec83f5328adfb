# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the services are like after all cases."""

import pytest

from concurrent_run import SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_unharmed(service, holds):
    """It ran to the end, kept no WebSocket, reported nothing, and stopped cleanly."""
    holds(service)
