"""The options of `kdoctor fix`, in the groups that its help shows."""

from __future__ import annotations

from typing import Annotated

import typer

WAY = "What to do"
RECIPE = "Which recipe"
PLACE = "Where"
PACKAGES = "Packages"
MADE = "What kdoctor made"
InPlace = Annotated[
    bool,
    typer.Option(
        "--in-place", help="Without a method: change the examined environment, without asking.", rich_help_panel=WAY
    ),
]
Conda = Annotated[
    bool, typer.Option("--conda", help="Make a conda environment; conda itself is not needed.", rich_help_panel=WAY)
]
Pip = Annotated[
    bool, typer.Option("--pip", help="Make a virtual environment from the package index, with uv.", rich_help_panel=WAY)
]
Recipe = Annotated[
    str,
    typer.Option("--recipe", metavar="ID", help="This recipe; `kdoctor recipes` lists them.", rich_help_panel=RECIPE),
]
Name = Annotated[
    str, typer.Option("--name", "-n", metavar="NAME", help="Its name, among the environments.", rich_help_panel=PLACE)
]
Prefix = Annotated[
    str, typer.Option("--prefix", "-p", metavar="PATH", help="Its directory instead.", rich_help_panel=PLACE)
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.", rich_help_panel=WAY)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and write nothing.", rich_help_panel=WAY)]
Replace = Annotated[
    bool, typer.Option("--replace", help="Exchange an environment that exists, once proved.", rich_help_panel=PLACE)
]
For = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="FILE",
        help="Plan for the machine of recorded facts: files, or --dry-run.",
        rich_help_panel=RECIPE,
    ),
]
Channel = Annotated[
    list[str] | None,
    typer.Option(
        "--channel",
        "-c",
        metavar="CHANNEL",
        help="Take packages from here, not from the recipe's channels.",
        rich_help_panel=PACKAGES,
    ),
]
Client = Annotated[
    str,
    typer.Option(
        "--client",
        metavar="conda|mamba|micromamba|pixi",
        help="Have this program install the packages.",
        rich_help_panel=PACKAGES,
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Use only what is in the caches.", rich_help_panel=PACKAGES)]
Newer = Annotated[
    str,
    typer.Option(
        "--exclude-newer",
        metavar="DATE",
        help="Nothing that was uploaded after this day or time.",
        rich_help_panel=PACKAGES,
    ),
]

Docker = Annotated[
    bool, typer.Option("--docker", help="Write a Dockerfile instead, every package pinned.", rich_help_panel=WAY)
]
Yml = Annotated[bool, typer.Option("--environment-yml", help="Write an environment.yml instead.", rich_help_panel=WAY)]
Requirements = Annotated[
    bool, typer.Option("--requirements", help="Write a requirements.txt or pylock.toml instead.", rich_help_panel=WAY)
]
Pixi = Annotated[bool, typer.Option("--pixi", help="Write a pixi.toml instead.", rich_help_panel=WAY)]
Devcontainer = Annotated[
    bool, typer.Option("--devcontainer", help="Write a devcontainer.json instead.", rich_help_panel=WAY)
]
Output = Annotated[
    str, typer.Option("--output", "-o", metavar="PATH", help="Where the file goes; - prints it.", rich_help_panel=PLACE)
]
Force = Annotated[bool, typer.Option("--force", help="Write over files that exist.", rich_help_panel=PLACE)]
List = Annotated[bool, typer.Option("--list", help="List the environments that kdoctor made.", rich_help_panel=MADE)]
Remove = Annotated[
    str, typer.Option("--remove", metavar="NAME|PATH", help="Remove one that kdoctor made.", rich_help_panel=MADE)
]
