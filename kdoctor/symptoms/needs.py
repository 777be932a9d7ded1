"""Which texts must a line have for a regular expression to match? Found by reading the expression as `re` does.

All is in lower case: what is found so may match, what is not can not. Digits and letters of other scripts that `re`
takes for the same are not looked for.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

_PARSER: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
_MOST = 48
_SHORTEST = 2
_SHORT = 5
_SHARES = tuple(20.0**-length for length in range(100))  # a text gets about so much rarer with each character
_ASCII = 128
_DIGITS = frozenset("0123456789")
Texts = frozenset[str]
_EMPTY: Texts = frozenset(("",))


class _Part(NamedTuple):
    """A part of an expression: ``exact``: all that it can match, None for too much; ``needed``: sets, one of each."""

    exact: Texts | None
    needed: tuple[Texts, ...] = ()
    ends: bool = False  # what follows does not follow ``exact`` directly


@functools.cache
def texts_of(regex: str) -> Texts:
    r"""Texts in lower case of which every match has one, the rarest such set; none where there is no such set.

    >>> sorted(texts_of(r"CUDA_ERROR_(?:NO|LOST) seen|Failed\.\.\. [^x]"))
    ['cuda_error_lost seen', 'cuda_error_no seen', 'failed... ']
    """
    return _rarest(_sequence(_PARSER.parse(regex)))


def smallest(texts: Iterable[str]) -> dict[str, str]:
    """Each text to the shortest of them in it: where that one is not, the text is not either.

    >>> smallest(["no gpu found", "gpu", "gpus"])
    {'gpu': 'gpu', 'gpus': 'gpu', 'no gpu found': 'gpu'}
    """
    kept: set[str] = set()
    found: dict[str, str] = {}
    for text in sorted(texts, key=lambda text: (len(text), text)):
        parts = [text[at : at + size] for size in range(1, _SHORT + 1) for at in range(len(text) - size + 1)]
        shorter = kept.intersection(parts)
        found[text] = min(shorter) if shorter else text
        if not shorter:
            kept.add(text)
    return found


def _commonness(texts: Texts) -> float:
    return sum([_SHARES[min(len(text), len(_SHARES) - 1)] for text in texts])


def _rarest(part: _Part) -> Texts:
    sets = part.needed if part.exact is None else (*part.needed, part.exact)
    useful = [texts for texts in sets if min(map(len, texts)) >= _SHORTEST]
    return min(useful, key=_commonness, default=frozenset())


def _sequence(items: Iterable[tuple[object, Any]]) -> _Part:
    """Parts one after the other, all of which must match: what they match together, as far as that is countable."""
    needed: list[Texts] = []
    run, whole = _EMPTY, True
    for part in _parts(items):
        needed += part.needed
        if part.exact is None or len(run) * len(part.exact) > _MOST:
            needed.append(run)
            run, whole = _EMPTY, False
        if part.exact is None:
            continue
        if len(part.exact) > 1:
            needed.append(run)  # shorter, but not so many
        run = frozenset(first + second for first in run for second in part.exact)
        if part.ends:
            needed.append(run)
            run, whole = _EMPTY, False
    useful = tuple(texts for texts in needed if "" not in texts)
    if whole:
        return _Part(run, useful)
    return _Part(None, useful if "" in run else (*useful, run))


def _parts(items: Iterable[tuple[object, Any]]) -> Iterator[_Part]:
    """Each part; characters that follow one another, which most are, as one."""
    text = ""
    for operation, argument in items:
        name = str(operation)
        if name == "LITERAL" and argument < _ASCII:
            text += chr(argument)
            continue
        if text:
            yield _Part(frozenset((text.lower(),)))
            text = ""
        yield _part(name, argument)
    if text:
        yield _Part(frozenset((text.lower(),)))


def _part(name: str, argument: Any) -> _Part:  # noqa: ANN401  the parser's own
    if name in {"AT", "ASSERT", "ASSERT_NOT"}:
        return _Part(_EMPTY)
    if name == "IN":
        return _Part(_characters(argument))
    if name == "SUBPATTERN":
        return _sequence(argument[-1])
    if name == "ATOMIC_GROUP":
        return _sequence(argument)
    if name == "BRANCH":
        return _branches([_sequence(branch) for branch in argument[1]])
    if name.endswith("_REPEAT"):
        least, most, repeated = argument
        return _repeated(least, most, _sequence(repeated))
    return _Part(None)


def _characters(items: Iterable[tuple[object, Any]]) -> Texts | None:
    """The characters of a class, None where they are many."""
    found: set[str] = set()
    for operation, argument in items:
        name = str(operation)
        if name == "LITERAL":
            found.add(chr(argument).lower())
        elif name == "RANGE" and argument[1] - argument[0] < len(_DIGITS):
            found.update(chr(code).lower() for code in range(argument[0], argument[1] + 1))
        elif name == "CATEGORY" and str(argument) == "CATEGORY_DIGIT":
            found |= _DIGITS
        else:
            return None
    return frozenset(found) if all(map(str.isascii, found)) else None


def _branches(parts: list[_Part]) -> _Part:
    exact: set[str] = set()
    for part in parts:
        exact |= part.exact or _EMPTY
    if all(part.exact is not None for part in parts) and len(exact) <= _MOST:
        return _Part(frozenset(exact))
    rarest = [_rarest(part) for part in parts]
    return _Part(None, (frozenset().union(*rarest),) if all(rarest) else ())


def _repeated(least: int, most: int, part: _Part) -> _Part:
    if least == 0:
        return _Part(part.exact | _EMPTY if most == 1 and part.exact is not None else None)
    if part.exact is None:
        return part
    if least == most and len(part.exact) ** least <= _MOST:
        return _Part(frozenset(_powers(part.exact, least)), part.needed)
    return _Part(part.exact, part.needed, ends=True)


def _powers(texts: Texts, times: int) -> Iterator[str]:
    """Every row of so many of them."""
    if times == 0:
        yield ""
    else:
        yield from (first + rest for first in texts for rest in _powers(texts, times - 1))
