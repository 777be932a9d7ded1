"""Make a virtual environment from a recipe's pip requirements: locked with hashes, built aside, proved, put in place.

Nothing of the target exists before the last step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from kdoctor.fix.installer import Installer
from kdoctor.fix.settle import settle
from kdoctor.host.scripts import relocate
from kdoctor.host.workspace import Workspace, workspace
from kdoctor.model.recipe import Recipe
from kdoctor.model.version import PythonVersion

NEED_BYTES = 6 << 30

Say = Callable[[str], None]
Verify = Callable[[str, Mapping[str, str]], None]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that is in its place; ``packages`` are NAME==VERSION as locked."""

    target: str
    python: str
    packages: tuple[str, ...]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to make: a recipe with one of its Pythons, at an absolute path."""

    recipe: Recipe
    python: PythonVersion
    specs: tuple[str, ...]
    target: str
    replace: bool = False


def make(order: Order, installer: Installer, *, verify: Verify, say: Say) -> Made:
    """The environment. ``verify`` gets its interpreter and settings, and raises Trouble to refuse it."""
    with workspace(order.target, replace=order.replace, need_bytes=NEED_BYTES, wait_s=1.0, on_wait=say) as room:
        say(f"making the environment with {installer.python}")
        installer.make(room)
        python = f"{room.prefix}/bin/python"
        packages = locked(order.specs, python, room, installer, say)
        settings = settle(order.recipe, order.python, order.specs, room)
        say("verifying: kdoctor's rules, the imports, the devices, the linear regression")
        verify(python, settings)
        say(f"putting it in place: {order.target}")
        room.commit()
    return Made(target=order.target, python=f"{order.target}/bin/python", packages=packages)


def locked(specs: tuple[str, ...], python: str, room: Workspace, installer: Installer, say: Say) -> tuple[str, ...]:
    """Lock and install into the environment of that interpreter, which is being made; NAME==VERSION of each."""
    say("resolving")
    packages = installer.lock(specs, python, room)
    say(f"installing {len(packages)} packages")
    installer.install(python, room)
    return packages


def into_prefix(specs: tuple[str, ...], room: Workspace, installer: Installer, say: Say) -> tuple[str, ...]:
    """The same into a conda prefix; its commands start the interpreter of its last place."""
    packages = locked(specs, f"{room.prefix}/bin/python", room, installer, say)
    relocate(f"{room.prefix}/bin", room.prefix, room.target)
    return packages
