"""Small wheels that own each other's files, and environments in which they are installed over each other."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

BUILD_INFO = "tensorflow/python/platform/build_info.py"
UV = shutil.which("uv", path=f"{sys.prefix}/bin:{os.environ.get('PATH', '')}") or ""
needs_uv = pytest.mark.skipif(not UV, reason="uv is not installed: the extra `fix` brings it")


def tensorflow_wheels(folder: Path, *, files: int = 30) -> Path:
    """tensorflow and tensorflow-cpu 2.20.0 with the same files, as genuine ones have them."""
    folder.mkdir(exist_ok=True)
    common = {f"tensorflow/part{number}.py": f"PART = {number}\n" for number in range(files)}
    for name, cuda in (("tensorflow", True), ("tensorflow-cpu", False)):
        info = f"build_info = {{'is_cuda_build': {cuda}, 'cuda_version': '12.5.1'}}\n"
        own = {"tensorflow/__init__.py": f"'''{name}'''\n", BUILD_INFO: info, f"tensorflow/{name}.txt": name}
        write_wheel(folder, name, "2.20.0", {**common, **own}, scripts=("saved_model_cli",))
    return folder


def write_wheel(
    folder: Path, name: str, version: str, files: Mapping[str, str], *, scripts: tuple[str, ...] = ()
) -> None:
    """One pure wheel."""
    stem = f"{name.replace('-', '_')}-{version}"
    metadata = f"{stem}.dist-info"
    points = "".join(f"{one} = tensorflow:main\n" for one in scripts)
    all_files = {
        **files,
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{metadata}/entry_points.txt": f"[console_scripts]\n{points}",
    }
    rows = [f"{path},sha256={digest(text)},{len(text.encode())}\n" for path, text in all_files.items()]
    record = "".join([*rows, f"{metadata}/RECORD,,\n"])
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        for path, text in {**all_files, f"{metadata}/RECORD": record}.items():
            archive.writestr(path, text)


def digest(text: str) -> str:
    """A hash as RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def surroundings(folder: Path) -> dict[str, str]:
    """The variables of a user whose home and index are in a folder; nothing of the tests' own environment."""
    (folder / "home").mkdir(exist_ok=True)
    tree = str(Path(__file__).resolve().parents[3])
    return {
        "HOME": str(folder / "home"),
        "XDG_DATA_HOME": str(folder / "data"),
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "PYTHONPATH": tree,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder / "wheels"),
        "UV_OFFLINE": "1",
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(folder / "wheels"),
        "UV_CACHE_DIR": str(folder / "cache"),
        "UV_LINK_MODE": "copy",
    }


def environment(folder: Path, *, pip: bool) -> Path:
    """A venv in which tensorflow-cpu was installed over tensorflow."""
    environ = surroundings(folder)
    prefix = folder / "env"
    words = [sys.executable, "-m", "venv", str(prefix)]
    subprocess.run(words if pip else [*words, "--without-pip"], check=True, env=environ, capture_output=True)
    python = str(prefix / "bin/python")
    for name in ("tensorflow", "tensorflow-cpu"):
        tool = [python, "-m", "pip", "install"] if pip else [UV, "pip", "install", "--python", python]
        subprocess.run([*tool, "--no-deps", f"{name}==2.20.0"], check=True, env=environ, capture_output=True)
    return prefix


def built_with_cuda(prefix: Path) -> bool:
    """What the files of the environment say."""
    found = next(prefix.glob(f"lib/python*/site-packages/{BUILD_INFO}"))
    return "'is_cuda_build': True" in found.read_text(encoding="utf-8")
