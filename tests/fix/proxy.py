"""A small HTTP proxy on the loopback that sends everything to one server, and may want a password."""

from __future__ import annotations

import http.server
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


@contextmanager
def proxying(server: str, secret: str = "") -> Iterator[tuple[str, list[str]]]:
    """The proxy's ``host:port`` and what was asked of it; ``secret``: the Proxy-Authorization that it wants."""
    seen: list[str] = []
    plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    class Proxy(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            seen.append(self.path)
            if secret and self.headers.get("Proxy-Authorization") != secret:
                self.send_error(407)
                return
            try:
                with plain.open(server + urlsplit(self.path).path) as answer:
                    data = answer.read()
            except urllib.error.HTTPError as error:
                self.send_error(error.code)
                error.close()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{running.server_address[1]}", seen
    finally:
        running.shutdown()
        running.server_close()
        thread.join()
