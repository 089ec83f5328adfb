# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TLS server that refuses a handshake as OpenSSL does it, with an alert, and then waits for the client to go.
(asyncio's resets the connection, and the alert may be lost with it.)"""

import asyncio
import os
import socket


class RefusingTlsServer:
    """CONTEXT is a server's. refusal() is why the first connection's handshake failed; None: it did not."""

    def __init__(self, context, host="127.0.0.1"):
        self._context = context
        self._listener = socket.create_server((host, 0))
        self._serving = None

    async def start(self):
        self._serving = asyncio.get_running_loop().run_in_executor(None, self._serve)
        return self

    def _serve(self):
        try:
            connection, _ = self._listener.accept()
        except OSError:  # stopped
            return None
        with socket.socket(fileno=os.dup(connection.fileno())) as raw:
            tls = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            try:
                tls.do_handshake()
                return None
            except OSError as error:
                while raw.recv(4096):
                    pass
                return error
            finally:
                tls.close()

    def url(self):
        return f"wss://127.0.0.1:{self._listener.getsockname()[1]}/"

    async def refusal(self):
        return await self._serving

    async def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        await self._serving
