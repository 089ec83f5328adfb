# SPDX-License-Identifier: LGPL-2.1-or-later
"""An authority and certificates of the tests' own, made by openssl for each run."""

import os
import ssl
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    def __init__(self, directory, name="authority"):
        self.directory = directory
        self.path = os.path.join(directory, f"{name}.pem")
        self.key_path = os.path.join(directory, f"{name}.key")
        _openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            f"/CN=wsbroker test {name}",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout",
            self.key_path,
            "-out",
            self.path,
        )

    def issue(self, name, *hosts):
        """Certificate and key for a server of HOSTS, as paths."""
        path, key_path, request, extensions = (
            os.path.join(self.directory, f"{name}.{suffix}") for suffix in ("pem", "key", "csr", "ext")
        )
        with open(extensions, "w", encoding="ascii") as file:
            file.write(
                "subjectAltName="
                + ",".join(f"IP:{host}" if host[0].isdigit() else f"DNS:{host}" for host in hosts)
            )
        _openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            f"/CN={name}",
            "-keyout",
            key_path,
            "-out",
            request,
        )
        _openssl(
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            self.path,
            "-CAkey",
            self.key_path,
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            extensions,
            "-out",
            path,
        )
        return path, key_path

    def server_context(self, name, *hosts):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, *hosts))
        return context
