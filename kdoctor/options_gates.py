"""Options that hold a check to something: requirements, an earlier report, a configuration, files."""

from __future__ import annotations

from typing import Annotated

import typer

Require = Annotated[
    list[str] | None,
    typer.Option(
        "--require", metavar="NAME>=VALUE", help="What has to be so: gpu>=1, driver>=535, tensorflow>=2.16, ..."
    ),
]
Expect = Annotated[str, typer.Option("--expect", metavar="FILE", help="Say what differs from this earlier report.")]
Config = Annotated[str, typer.Option("--config", metavar="FILE", help="Read this configuration, and no other.")]
NoConfig = Annotated[bool, typer.Option("--no-config", help="Read no configuration.")]
Written = Annotated[
    list[str] | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="Judge a requirements.txt, environment.yml, pyproject.toml or Dockerfile; executes nothing.",
    ),
]
