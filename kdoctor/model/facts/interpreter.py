"""The examined Python interpreter."""

from typing import Literal

from kdoctor.model.facts.base import Section
from kdoctor.model.version import PythonVersion


class Interpreter(Section, frozen=True, kw_only=True):
    """Read from files, and where ``read_by`` says so from the running interpreter too.

    ``trouble``: why it could not be asked ("" if it answered or was not to be run). ``bits`` is 0 if unknown.
    ``sys_path`` has the order in which Python imports, without the script's own directory.
    """

    path: str
    realpath: str
    version: PythonVersion | None
    kind: Literal["venv", "conda", "pixi", "plain"]
    prefix: str
    base_prefix: str = ""
    implementation: str = "cpython"
    bits: int = 0
    sys_path: tuple[str, ...] = ()
    user_site: str = ""
    read_by: Literal["files", "interpreter"] = "files"
    trouble: str = ""
