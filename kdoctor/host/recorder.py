"""A live machine that keeps what was read, and writes it as a folder that `--sysroot` reads."""

from __future__ import annotations
from kdoctor.host.live import LiveHost


class Recorder(LiveHost):
    def __init__(self, host: LiveHost, folder: str) -> None:
        super().__init__()
