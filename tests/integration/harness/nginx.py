# SPDX-License-Identifier: LGPL-2.1-or-later
"""nginx as a TLS front of a WebSocket server, with one TLS version, which its log tells."""

from .listening_program import ListeningProgram


class Nginx(ListeningProgram):
    """VERSION: "TLSv1.2" or "TLSv1.3". ISSUE makes its certificate, as Authority.issue(). UPSTREAM is the port
    of the server."""

    PROGRAM = "nginx"
    PORT = 8443
    CONFIGURATION = """\
daemon off;
master_process off;
pid {directory}/pid;
error_log stderr;
events {{ }}
http {{
    log_format tls '$ssl_protocol $request_uri $status';
    access_log {directory}/log tls;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen {host}:{port} ssl;
        ssl_protocols %(version)s;
        ssl_certificate %(certificate)s;
        ssl_certificate_key %(key)s;
        location / {{
            proxy_pass http://127.0.0.1:%(upstream)s;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""

    def __init__(self, directory, version, issue, upstream):
        super().__init__(directory)
        certificate, key = issue("front", self.host)
        self.values = {"version": version, "certificate": certificate, "key": key, "upstream": upstream}

    def configuration(self):
        return super().configuration() % self.values

    def arguments(self):
        return ["-p", self.directory, "-e", "stderr", "-c", self.file("configuration")]

    def url(self, path="/"):
        return f"wss://{self.host}:{self.port}{path}"
