# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates and keys of every form that an application may bring, and certificates of servers with a fault
each, made by openssl."""

import os
import ssl
import subprocess

PASSWORD = "s3cret-of-key"

_KINDS = {
    "EC": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "RSA": ["-newkey", "rsa:2048"],
}


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def issue(authority, name, kind="EC", days=30, extension=None):
    """Certificate and key by AUTHORITY, as paths; negative DAYS: one that has expired."""
    path, key_path, request, extensions = (
        os.path.join(authority.directory, f"{name}.{suffix}") for suffix in ("pem", "key", "csr", "ext")
    )
    with open(extensions, "w", encoding="ascii") as file:
        file.write(extension or "")
    _openssl("req", *_KINDS[kind], "-nodes", "-subj", f"/CN={name}", "-keyout", key_path, "-out", request)
    _openssl(
        *("x509", "-req", "-in", request, "-CA", authority.path, "-CAkey", authority.key_path),
        *("-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", path),
    )
    return path, key_path


def self_signed(directory, host):
    """Certificate and key of a server that nobody vouches for."""
    path, key_path = os.path.join(directory, "self-signed.pem"), os.path.join(directory, "self-signed.key")
    _openssl(
        *("req", "-x509", *_KINDS["EC"], "-nodes", "-days", "30", "-subj", f"/CN={host}"),
        *("-addext", f"subjectAltName=DNS:{host}", "-keyout", key_path, "-out", path),
    )
    return path, key_path


def as_pkcs8(key_path, iterations=2048):
    """The key encrypted with PASSWORD: "ENCRYPTED PRIVATE KEY"."""
    path = f"{key_path}.pkcs8"
    protection = ["-passout", f"pass:{PASSWORD}", "-iter", str(iterations)]
    _openssl("pkcs8", "-topk8", "-in", key_path, *protection, "-out", path)
    return path


def as_traditional(key_path, kind="EC"):
    """The key encrypted with PASSWORD in the form of old: "Proc-Type: 4,ENCRYPTED"."""
    path = f"{key_path}.traditional"
    form = ["ec"] if kind == "EC" else ["rsa", "-traditional"]
    _openssl(*form, "-in", key_path, "-aes256", "-passout", f"pass:{PASSWORD}", "-out", path)
    return path


def server_context(certificate, key, clients=None):
    """CLIENTS: the authority that vouches for client certificates, without which nobody is let in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if clients is not None:
        context.load_verify_locations(clients.path)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
