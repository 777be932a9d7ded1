"""Paths below a root are followed as the kernel follows them after chroot, on random trees full of links."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from kdoctor.host import FileStat
from kdoctor.host.files import Files

NAMES = ("a", "b", "c")
IN_CHROOT = """
import errno, json, os, sys
paths = json.load(sys.stdin)
os.chroot(sys.argv[1])
os.chdir("/")
def told(ask, path):
    try:
        found = ask(path)
    except OSError as error:
        return {errno.ENOENT: "absent", errno.ENOTDIR: "absent", errno.ELOOP: "link-loop"}[error.errno]
    return "%d:%d" % (found.st_dev, found.st_ino)
print(json.dumps([[told(os.stat, path), told(os.lstat, path)] for path in paths]))
"""


def random_path(chance: random.Random) -> str:
    parts = chance.choices([*NAMES, "..", ".", ""], k=chance.randint(1, 6))
    return ("/" if chance.random() < 0.4 else "") + "/".join(parts)


def make_tree(chance: random.Random, root: Path) -> None:
    """A few directories and files, and links to anywhere."""
    root.mkdir()
    directories = [root]
    for _ in range(14):
        path = chance.choice(directories) / chance.choice(NAMES)
        if os.path.lexists(path):
            continue
        kind = chance.random()
        if kind < 0.4:
            path.mkdir()
            directories.append(path)
        elif kind < 0.55:
            path.touch()
        else:
            path.symlink_to(random_path(chance) or ".")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root may chroot")
@pytest.mark.parametrize("seed", range(15))
def test_paths_lead_where_the_kernel_says(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  a repeatable tree, no secret
    root = tmp_path / "root"
    make_tree(chance, root)
    paths = ["/" + random_path(chance).lstrip("/") for _ in range(300)]
    argv = [sys.executable, "-S", "-c", IN_CHROOT, str(root)]
    ran = subprocess.run(argv, input=json.dumps(paths), capture_output=True, text=True, timeout=20, check=True)
    files = Files(str(root))
    mine = [[files.stat(path, follow=follow) for follow in (True, False)] for path in paths]
    told = [[found.identity if isinstance(found, FileStat) else found.reason for found in pair] for pair in mine]
    assert told == json.loads(ran.stdout)
