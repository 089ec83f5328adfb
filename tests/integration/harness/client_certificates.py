# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates and keys of every form that an application may bring, and certificates of servers with a fault
each, made by openssl."""

import base64
import os
import ssl
import subprocess

PASSWORD = "s3cret-of-key"

_KINDS = {
    "EC": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "RSA": ["-newkey", "rsa:2048"],
    # One bit longer than what is computed with.
    "RSA with a long exponent": ["-newkey", "rsa:2048", "-pkeyopt", f"rsa_keygen_pubexp:{2**64 + 13}"],
}


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def issue(authority, name, kind="EC", days=30, extension=None, subject=None):
    """Certificate and key by AUTHORITY, as paths; negative DAYS: one that has expired. SUBJECT is the name in it."""
    path, key_path, request, extensions = (
        os.path.join(authority.directory, f"{name}.{suffix}") for suffix in ("pem", "key", "csr", "ext")
    )
    with open(extensions, "w", encoding="ascii") as file:
        file.write(extension or "")
    _openssl("req", *_KINDS[kind], "-nodes", "-subj", subject or f"/CN={name}", "-keyout", key_path, "-out", request)
    _openssl(
        *("x509", "-req", "-in", request, "-CA", authority.path, "-CAkey", authority.key_path),
        *("-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", path),
    )
    return path, key_path


def self_signed(directory, host, kind="EC", subject=None):
    """Certificate and key of a server that nobody vouches for."""
    path, key_path = os.path.join(directory, "self-signed.pem"), os.path.join(directory, "self-signed.key")
    _openssl(
        *("req", "-x509", *_KINDS[kind], "-nodes", "-days", "30", "-subj", subject or f"/CN={host}"),
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


def _der(tag, content):
    length = len(content)
    size = (length.bit_length() + 7) // 8
    head = bytes([length]) if length < 128 else bytes([0x80 | size]) + length.to_bytes(size, "big")
    return bytes([tag]) + head + content


def _der_integer(number):
    return _der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def endless_key(size):
    """A DSA key whose modulus and secret have SIZE bytes each, and whose public part is not in it."""
    large = (1 << (8 * size)) - 1
    parameters = _der(0x30, _der_integer(large) + _der_integer(2**255 + 1) + _der_integer(3))
    algorithm = _der(0x30, bytes.fromhex("06072a8648ce380401") + parameters)
    key = _der(0x30, _der_integer(0) + algorithm + _der(4, _der_integer(large)))
    return b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(key) + b"-----END PRIVATE KEY-----\n"


def server_context(certificate, key, clients=None):
    """CLIENTS: the authority that vouches for client certificates, without which nobody is let in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if clients is not None:
        context.load_verify_locations(clients.path)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
