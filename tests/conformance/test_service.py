# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the service is like after all cases."""


def test_service_is_unharmed(holds):
    """It ran to the end, kept no WebSocket, reported nothing, and stopped cleanly."""
    holds("service")
