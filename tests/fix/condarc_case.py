"""A machine of nothing but configuration files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kdoctor.fix.condarc import CondaConfig
from kdoctor.fix.condarc_files import read_config
from kdoctor.host import User
from kdoctor.host.sysroot import SysrootHost

HOME = "/home/u"


def machine(folder: Path, files: Mapping[str, str], environ: Mapping[str, str] | None = None) -> SysrootHost:
    """A host with these files; ``~`` is the home."""
    for path, text in files.items():
        file = folder / path.replace("~", HOME, 1).lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / "etc").mkdir(parents=True, exist_ok=True)
    host = SysrootHost(str(folder))
    host.environ = {"HOME": HOME, **(environ or {})}
    host.user = User(home=HOME)
    host.cwd = f"{HOME}/work"
    return host


def config(
    folder: Path, files: Mapping[str, str], environ: Mapping[str, str] | None = None, *extra: str
) -> CondaConfig:
    """What is configured on such a machine; ``extra``: channels of the command line."""
    return read_config(machine(folder / "machine", files, environ), extra_channels=extra)
