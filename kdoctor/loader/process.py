"""One simulated process: the objects in it, and what loading another one does to them.

Input: files, and the search order of its C library. Output: objects, and a ``Trail`` of what was met on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kdoctor.loader.files import why_unloadable
from kdoctor.loader.opened import Rejected
from kdoctor.loader.order import FROM_CACHE, Loaded
from kdoctor.loader.system import CACHE_FILE
from kdoctor.loader.tokens import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kdoctor.host.elf import Elf
    from kdoctor.loader.files import Files
    from kdoctor.loader.order import Order, Step

PATH = "its path"


class Trail:
    """What a search came across."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.looked: dict[str, None] = {}
        self.rejected: dict[str, Rejected] = {}
        self.missing: dict[tuple[str, str], None] = {}

    def reject(self, path: str, reason: str, *, fatal: bool) -> None:
        """Note a file that could not be used."""
        if reason:
            self.rejected.setdefault(path, Rejected(path=path, reason=reason, fatal=fatal))


class Hit(NamedTuple):
    """A file that the search takes."""

    path: str
    elf: Elf
    via: str


class Candidate(NamedTuple):
    """A file that the search comes to; ``step`` None: the name was a path."""

    step: Step | None
    path: str
    in_variant: bool = False


class Process:
    """The objects, in the order they were loaded; the first is the executable."""

    def __init__(self, files: Files, order: Order, main: Loaded, *, variants: tuple[str, ...], cwd: str) -> None:
        """Start with the executable alone."""
        self.files = files
        self.main = main
        self.objects = [main]
        self._order = order
        self._variants = variants
        self._cwd = cwd

    def loaded_as(self, name: str) -> Loaded | None:
        """Give the object that answers to a name."""
        return next((each for each in self.objects if self._order.answers(each, name)), None)

    def candidates(self, name: str, requester: Loaded, looked: dict[str, None]) -> Iterator[Candidate]:
        """Walk the files of that name in search order; ``looked`` grows with the directories."""
        for step in self._order.steps(name, requester):
            if step.via == FROM_CACHE:
                looked.setdefault(CACHE_FILE)
            if step.file:
                yield Candidate(step, step.file)
            for directory in step.directories:
                for variant in self.files.variants_in(directory, self._variants):
                    path = join(directory, f"{variant}/{name}")
                    if self.files.is_there(path):
                        yield Candidate(step, path, in_variant=True)
                looked.setdefault(directory)
                path = join(directory, name)
                if self.files.is_there(path):
                    yield Candidate(step, path)

    def find(self, name: str, requester: Loaded, trail: Trail) -> Hit | None:
        """Search for a file that can be used."""
        if "/" in name:
            path = name if name.startswith("/") else join(self._cwd or "/", name)
            return self._take((Candidate(None, path),), trail)
        return self._take(self.candidates(name, requester, trail.looked), trail)

    def _take(self, candidates: Iterable[Candidate], trail: Trail) -> Hit | None:
        left: Step | None = None
        for step, path, in_variant in candidates:
            if step and step is left:
                continue
            judged = self.files.judge(path)
            if judged.effect == "use" and judged.elf:
                return Hit(path, judged.elf, step.via if step else PATH)
            trail.reject(path, judged.reason, fatal=judged.effect == "stop")
            if judged.effect == "stop":
                return None
            # glibc looks at the error of the directory's own file alone, which came after those of its variants.
            if judged.effect == "leave" and not in_variant:
                left = step
        return None

    def bring_by_dlopen(self, name: str, caller: Loaded, trail: Trail) -> Loaded | None:
        """Load what code in ``caller`` opens: in glibc no object inherits from the caller."""
        if self._order.asks_for_the_caller:
            return self.bring(name, caller, trail, loader=None)
        return self.bring(name, self.main, trail, loader=self.main)

    def bring(self, name: str, requester: Loaded, trail: Trail, *, loader: Loaded | None) -> Loaded | None:
        """Load one object, without what it needs; None where it cannot be."""
        name = self._order.written(name, requester)
        known = self.loaded_as(name)
        if known:
            return known
        hit = self.find(name, requester, trail)
        if hit is None:
            return None
        identity = self.files.identity(hit.path)
        for each in self.objects:
            if each.identity == identity:
                each.names.add(name)
                return each
        reason = why_unloadable(hit.elf)
        if reason:
            trail.reject(hit.path, reason, fatal=True)
            return None
        loaded = Loaded(hit.path, hit.elf, loader=loader, identity=identity, via=hit.via)
        loaded.names |= {name, hit.path}
        self.objects.append(loaded)
        return loaded

    def bring_needed(self, start: int, trail: Trail) -> None:
        """Load what the objects from number ``start`` on need, breadth first, and what that needs."""
        position = start
        while position < len(self.objects):
            loaded = self.objects[position]
            for needed in loaded.elf.needed:
                if self.bring(needed, loaded, trail, loader=loaded) is None:
                    trail.missing.setdefault((needed, loaded.path))
            position += 1

    def version_errors(self, start: int) -> Iterator[str]:
        """Compare the symbol versions that new objects require with what their providers define."""
        for loaded in self.objects[start:] if self._order.checks_versions else ():
            for soname, versions in loaded.elf.required_versions:
                provider = self.loaded_as(soname)
                if provider is None or not provider.elf.provided_versions:
                    continue
                for version in versions:
                    if version not in provider.elf.provided_versions:
                        yield f"{provider.path}: version `{version}' not found (required by {loaded.path})"
