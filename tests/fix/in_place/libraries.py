"""A TensorFlow of tiny libraries that are real to the loader, in a venv or in a conda environment."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.fakegpu.kit import compiler

SONAMES = {
    "cuda_runtime": ("libcudart.so.12",),
    "cublas": ("libcublas.so.12", "libcublasLt.so.12"),
    "cufft": ("libcufft.so.11",),
    "cusolver": ("libcusolver.so.11",),
    "cusparse": ("libcusparse.so.12",),
    "cudnn": ("libcudnn.so.9",),
}
BUILD_INFO = "build_info = {'is_cuda_build': True, 'cuda_version': '12.5.1', 'cudnn_version': '9'}\n"


def library(path: Path, *, runpath: tuple[str, ...] = ()) -> None:
    """An ELF library without code."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = [compiler(), "-shared", "-nostdlib", "-x", "c", "/dev/null", "-o", str(path), f"-Wl,-soname,{path.name}"]
    if runpath:
        words += ["-Wl,--enable-new-dtags", f"-Wl,-rpath,{':'.join(runpath)}"]
    subprocess.run(words, check=True, capture_output=True)


def venv(prefix: Path) -> Path:
    """An empty venv; gives its site-packages."""
    words = [sys.executable, "-m", "venv", "--without-pip", str(prefix)]
    subprocess.run(words, check=True, capture_output=True)
    return next(prefix.glob("lib/python*/site-packages"))


def conda(prefix: Path) -> Path:
    """A prefix with an interpreter of its own, whose standard library is linked; gives its site-packages."""
    standard = Path(sysconfig.get_path("stdlib"))
    own = prefix / "lib" / standard.name
    (own / "site-packages").mkdir(parents=True)
    for path in standard.iterdir():
        if path.name != "site-packages":
            (own / path.name).symlink_to(path)
    (prefix / "conda-meta").mkdir()
    (prefix / "conda-meta/history").touch()
    (prefix / "bin").mkdir()
    python = prefix / "bin/python"
    python.write_bytes(Path(sys.executable).resolve().read_bytes())
    python.chmod(0o755)
    code = f"import sys; sys.exit(sys.prefix != {str(prefix)!r})"
    if subprocess.run([python, "-c", code], check=False, capture_output=True).returncode:
        pytest.skip("this interpreter does not work from another place")
    return own / "site-packages"


def tensorflow(packages: Path, *, missed: str = "") -> None:
    """TensorFlow with a CUDA build, whose runpath names the wheels' directories except one."""
    for name in ("keras-3.12.0", "tensorflow-2.20.0"):
        (packages / f"{name}.dist-info").mkdir()
        (packages / f"{name}.dist-info/METADATA").touch()
    platform = packages / "tensorflow/python/platform"
    platform.mkdir(parents=True)
    (packages / "tensorflow/__init__.py").touch()
    (platform / "build_info.py").write_text(BUILD_INFO, encoding="utf-8")
    runpath = tuple(f"$ORIGIN/../nvidia/{folder}/lib" for folder in SONAMES if folder != missed)
    library(packages / "tensorflow/libtensorflow_framework.so.2", runpath=runpath)


def wheels(packages: Path) -> None:
    """The CUDA libraries as wheels have them."""
    for folder, sonames in SONAMES.items():
        for soname in sonames:
            library(packages / "nvidia" / folder / "lib" / soname)


def toolkit(folder: Path) -> None:
    """The CUDA libraries in one folder."""
    for sonames in SONAMES.values():
        for soname in sonames:
            library(folder / soname)
