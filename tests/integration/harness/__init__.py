# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the integration tests stand on: a private bus, the service on it, servers for it to connect to, and
applications that use it. One subject a module."""
