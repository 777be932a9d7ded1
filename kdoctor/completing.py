"""What can come next in a command line that is being typed?

The shell functions of `kdoctor completion` call kdoctor with the words before the cursor and ``_KDOCTOR_COMPLETE`` set;
the answer is a candidate on each line, then a tab and what it is, or ``:files`` or ``:dirs`` where the shell knows
better. It is read off the command line's own options; nothing of the machine is looked at.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

FILES, DIRS = ":files", ":dirs"
PATHS = ((re.compile("FILE|PATH|COMMAND"), FILES), (re.compile("DIR|PREFIX"), DIRS))  # by what a metavar names
_LISTED = re.compile(r"^How to print: ([a-z0-9, -]+);")
_WORD = re.compile(r"[a-z0-9_]+\Z")


class Candidate(NamedTuple):
    """A word that could stand here, and what it is."""

    value: str
    what: str = ""


def complete(tree: Any, words: Sequence[str]) -> int:  # noqa: ANN401  a command of the parser that Typer brings
    """Print the candidates for the last of the words; the exit code."""
    found = dict(candidates(tree, words))
    sys.stdout.write("".join(f"{value}\t{' '.join(what.split())}\n" for value, what in found.items()))
    sys.stdout.flush()
    return 0


def candidates(tree: Any, words: Sequence[str]) -> Iterator[Candidate]:  # noqa: ANN401  as above
    """What the last word could become, given those before it."""
    *before, current = _joined(words) or [""]
    command, awaited, given = _walked(tree, before)
    if awaited is not None:
        yield from _values(awaited, current)
    elif current.startswith("-"):
        name, equals, begun = current.partition("=")
        option = _option(command, name)
        if not equals:
            yield from _options(command, current, given)
        elif option is not None:
            yield from (Candidate(f"{name}={value}", what) for value, what in _values(option, begun))
    else:
        for name, child in getattr(command, "commands", {}).items():
            if name.startswith(current) and not child.hidden:
                yield Candidate(name, child.get_short_help_str(limit=70))
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                yield from _values(parameter, current)


def _joined(words: Sequence[str]) -> list[str]:
    """``--format``, ``=``, ``js`` as bash splits them: the value alone is to be completed, after its option."""
    whole: list[str] = []
    for place, word in enumerate(words):
        is_last = place == len(words) - 1
        if word == "=" and whole and whole[-1].startswith("-"):
            whole += [""] if is_last else []
        else:
            whole.append(word)
    return whole


def _walked(tree: Any, before: Iterable[str]) -> tuple[Any, Any, set[str]]:  # noqa: ANN401  as above
    """The command that is being typed, the option that waits for its value, and the options that were given."""
    command, awaited, missing, given = tree, None, 0, set[str]()
    for word in before:
        if missing:
            missing -= 1
            awaited = awaited if missing else None
        elif word.startswith("-"):
            option = _option(command, word.partition("=")[0])
            if option is not None:
                given.add(option.name)
                missing = 0 if option.is_flag or option.count or "=" in word else option.nargs
                awaited = option if missing else None
        elif word in getattr(command, "commands", {}):
            command, given = command.commands[word], set()
    return command, awaited, given


def _option(command: Any, name: str) -> Any:  # noqa: ANN401  as above
    return next((one for one in command.params if one.param_type_name == "option" and name in one.opts), None)


def _options(command: Any, current: str, given: set[str]) -> Iterator[Candidate]:  # noqa: ANN401  as above
    for option in command.params:
        if option.param_type_name != "option" or option.hidden:
            continue
        if option.name not in given or option.multiple or option.count:
            name = max(option.opts, key=len)
            if name.startswith(current):
                yield Candidate(name, option.help or "")
    if "--help".startswith(current):
        yield Candidate("--help", "Show this message and exit.")


def _values(parameter: Any, current: str) -> Iterator[Candidate]:  # noqa: ANN401  as above
    """What the value could be; in a list with commas its last part."""
    metavar = parameter.metavar or ""
    known = KNOWN.get(max(parameter.opts, key=len)) or KNOWN.get(metavar)
    paths = next((how for names, how in PATHS if names.search(metavar)), "")
    listed = _LISTED.search(getattr(parameter, "help", "") or "")
    if listed:
        words = tuple(listed[1].split(", "))
        yield from (Candidate(word) for word in words if word.startswith(current))
    elif paths:
        yield Candidate(paths)
    elif known is not None:
        head, comma, begun = current.rpartition(",") if getattr(parameter, "multiple", False) else ("", "", current)
        for value, what in known():
            if value.lower().startswith(begun.lower()) and (begun or not what.startswith(ALIAS)):
                yield Candidate(f"{head}{comma}{value}", what)
    elif "|" in metavar:
        yield from (Candidate(word) for word in metavar.split("|") if _WORD.match(word) and word.startswith(current))


ALIAS = "is KD"


def _rules() -> Iterator[Candidate]:
    """Ids and groups of ids first; names where the beginning of one was typed."""
    import pkgutil

    from kdoctor import rules

    stems = sorted(module.name.partition("_") for module in pkgutil.iter_modules(rules.__path__))
    named = [(stem[0].upper(), stem[2].replace("_", "-")) for stem in stems if stem[0].startswith("kd")]
    yield from (Candidate(rule, name) for rule, name in named)
    yield from (Candidate(name, f"is {rule}") for rule, name in named)


def _recipes() -> Iterator[Candidate]:
    from kdoctor.fix.recipes import shipped

    yield from (Candidate(recipe.id, recipe.title) for recipe in shipped())


def _workloads() -> Iterator[Candidate]:
    from kdoctor.knowledge.workloads import table

    yield from (Candidate(row.name, f"{row.family} net") for row in table().workloads)


def _models() -> Iterator[Candidate]:
    from kdoctor.knowledge.gpus import models

    yield from (Candidate(model.id, model.name) for model in models() if model.name)


def _faults() -> Iterator[Candidate]:
    from kdoctor.knowledge.faults import faults

    yield from (Candidate(fault.id, fault.what) for fault in faults())


def _shells() -> Iterator[Candidate]:
    from kdoctor.cli_completion import SCRIPTS

    yield from (Candidate(name) for name in SCRIPTS)


KNOWN: Mapping[str, Callable[[], Iterable[Candidate]]] = {  # by the option's name, else by the metavar
    "RULE": _rules,
    "[RULE]": _rules,
    "--recipe": _recipes,
    "wanted": _recipes,
    "--workload": _workloads,
    "--model": _models,
    "--fault": _faults,
    "SHELL": _shells,
}
