"""The real command line in a child, on an environment with genuine wheels."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

TREE = Path(__file__).resolve().parents[2]
TIMEOUT_S = 300


class Checked(msgspec.Struct, frozen=True):
    """What `kdoctor check` gave: its exit code and its document."""

    code: int
    report: dict[str, Any]

    def section(self, name: str, *also: str) -> dict[str, Any]:
        """Give a section of the facts, which has to be there, or in one of the other states."""
        found: dict[str, Any] = self.report["facts"]["sections"][name]
        assert found["state"] in ("found", *also), found
        return found

    @property
    def causes(self) -> list[tuple[str, str | None]]:
        """Severity and cause of every finding, in order."""
        return [(finding["severity"], finding["cause"]) for finding in self.report["findings"]]

    @property
    def predicted(self) -> tuple[int | None, str]:
        """How many GPUs TensorFlow is expected to list, and why."""
        items = self.section("prediction")["items"]
        (found,) = (item for item in items if item["framework"] == "tensorflow")
        return found["gpus"], found["because"]

    @property
    def libraries(self) -> dict[str, str]:
        """The state of every library that TensorFlow opens and of the driver's two, by soname."""
        searches = self.section("cuda_libraries", "absent").get("searches", ())
        wanted = [library for search in searches for library in search["libraries"]]
        driver = [self.section("driver_search")[name] for name in ("cuda", "nvml")]
        return {library["soname"]: library["state"] for library in (*wanted, *driver)}


def check(prefix: Path, environ: Mapping[str, str], *options: str) -> Checked:
    """Let kdoctor examine an environment under exactly these variables."""
    done = subprocess.run(
        (sys.executable, "-m", "kdoctor", "check", "--format", "json", "--no-redact", "--env", str(prefix), *options),
        env=dict(environ),
        cwd=TREE,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == ""
    return Checked(done.returncode, json.loads(done.stdout))
