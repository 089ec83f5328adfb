# SPDX-License-Identifier: LGPL-2.1-or-later
"""The helper that may look into everybody's processes, with the socket that systemd would give it. It runs as
root; the service, which does not, asks it about its callers."""

import os
import signal
import socket

from .process import Process

_FIRST_DESCRIPTOR = 3  # as sd_listen_fds(3) has it


class IdentityHelper:
    def __init__(self, directory, program, env):
        self.arguments = (directory, program, env)
        self.path = os.path.join(directory, "identify.socket")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self._socket.listen()
        self.process = Process(
            "wsbroker-identify",
            directory,
            ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0"', program],
            env=env,
            preexec_fn=self._hand_over,
            pass_fds=(_FIRST_DESCRIPTOR,),
        )

    def _hand_over(self):
        if self._socket.fileno() == _FIRST_DESCRIPTOR:
            os.set_inheritable(_FIRST_DESCRIPTOR, True)
        else:
            os.dup2(self._socket.fileno(), _FIRST_DESCRIPTOR)

    async def start(self):
        await self.process.start()
        return self

    def again(self):
        """Another one, not yet started, in the place of this one, which is destroyed."""
        return IdentityHelper(*self.arguments)

    async def destroy(self):
        """It ends by itself when it is told to, unless the test has killed it, and a sanitizer has nothing to say."""
        try:
            if self.process.running:
                self.process.send_signal(signal.SIGCONT)
                status = await self.process.stop(signal.SIGTERM)
                assert status == 0, f"wsbroker-identify exited with {status}:\n{self.process.stderr()}"
        finally:
            await self.process.destroy()
            self._socket.close()
            os.unlink(self.path)
