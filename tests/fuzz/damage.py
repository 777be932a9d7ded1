"""Damage samples as transmission, truncation and editing do, from one seed."""

from __future__ import annotations

import random

LARGEST = 1 << 16
TOKENS = (
    b"\0", b"\xff\xff\xff\xff", b"\x7fELF", b"\n", b"\r\n", b":", b"=", b"-", b".", b"'", b'"', b"{", b"[[[[", b"}",
    b",", b"999999999999999999999", b"-1", b"1e999", b"nan", b"null", b"\xc3\x28", b"\xed\xa0\x80", "\u0663".encode(),
    b"../" * 40, b"(" * 400, b"[" * 5000, b"a" * 3000, b"0" * 5000, b" " * 30_000, b"\t1.2.3", b"%s%n", b"\\u0000",
)  # fmt: skip


def damaged(dice: random.Random, samples: tuple[bytes, ...]) -> bytes:
    """One sample with one to six injuries."""
    data = bytearray(dice.choice(samples))
    for _ in range(dice.randint(1, 6)):
        dice.choice(INJURIES)(dice, data, samples)
    return bytes(data[:LARGEST])


def _flip(dice: random.Random, data: bytearray, _: tuple[bytes, ...]) -> None:
    for _count in range(dice.randint(1, 4) if data else 0):
        data[dice.randrange(len(data))] = dice.randrange(256)


def _cut(dice: random.Random, data: bytearray, _: tuple[bytes, ...]) -> None:
    del data[dice.randint(0, len(data)) :]


def _drop(dice: random.Random, data: bytearray, _: tuple[bytes, ...]) -> None:
    start = dice.randint(0, len(data))
    del data[start : start + dice.randint(1, 40)]


def _double(dice: random.Random, data: bytearray, _: tuple[bytes, ...]) -> None:
    start = dice.randint(0, len(data))
    piece = data[start : start + dice.randint(1, 200)]
    data[start:start] = piece * dice.choice((1, 1, 2, 50))


def _insert(dice: random.Random, data: bytearray, _: tuple[bytes, ...]) -> None:
    at = dice.randint(0, len(data))
    data[at:at] = dice.choice(TOKENS)


def _join(dice: random.Random, data: bytearray, samples: tuple[bytes, ...]) -> None:
    other = dice.choice(samples)
    data[dice.randint(0, len(data)) :] = other[dice.randint(0, len(other)) :]


INJURIES = (_flip, _flip, _cut, _drop, _double, _insert, _insert, _join)
