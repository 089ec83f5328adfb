# SPDX-License-Identifier: LGPL-2.1-or-later
"""How many bytes of a TCP connection its other end, on this machine, has not read: asked of the kernel by
sock_diag(7). So a byte can be held back until the one before has been read by itself."""

import errno
import socket
import struct

_SOCK_DIAG_BY_FAMILY = 20
_NETLINK_SOCK_DIAG = 4
_NLMSG_ERROR = 2
_NLM_F_REQUEST = 1

_MESSAGE = struct.Struct("=IHHII")  # struct nlmsghdr
_REQUEST = struct.Struct("=BBBBI")  # struct inet_diag_req_v2, before its id
_ADDRESSES = struct.Struct("!HH16s16s")  # struct inet_diag_sockid
_ANY_INTERFACE = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
_ALL_STATES = 0xFFFFFFFF
_QUEUE_OFFSET = _MESSAGE.size + 4 + _ADDRESSES.size + len(_ANY_INTERFACE) + 4  # struct inet_diag_msg


def _question(local, remote):
    return (
        _REQUEST.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, _ALL_STATES)
        + _ADDRESSES.pack(local[1], remote[1], socket.inet_aton(local[0]), socket.inet_aton(remote[0]))
        + _ANY_INTERFACE
    )


def unread_by_peer(sock):
    """Bytes written to SOCK that have arrived and not been read; 0 where its other end is gone."""
    body = _question(sock.getpeername(), sock.getsockname())
    header = _MESSAGE.pack(_MESSAGE.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        kernel.send(header + body)
        answer = kernel.recv(4096)
    if _MESSAGE.unpack_from(answer)[1] != _NLMSG_ERROR:
        return struct.unpack_from("=I", answer, _QUEUE_OFFSET)[0]
    (error,) = struct.unpack_from("=i", answer, _MESSAGE.size)
    assert error == -errno.ENOENT, f"sock_diag: {errno.errorcode.get(-error, error)}"
    return 0
