"""Files and pipes that a user names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kdoctor.host.texts import CHUNK, chunks_of, opened
from kdoctor.model.trouble import Trouble


def test_a_file_that_grows_is_read_as_far_as_it_was(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"a" * (CHUNK + 10))
    read = 0
    with opened(str(log)) as file, log.open("ab", buffering=0) as writer:
        for chunk in chunks_of(file):
            read += len(chunk)
            writer.write(b"b" * CHUNK)
    assert read == CHUNK + 10


def test_a_file_that_shrinks_ends_where_it_ends(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"a" * (CHUNK * 3))
    with opened(str(log)) as file:
        chunks = chunks_of(file)
        first = next(chunks)
        os.truncate(log, 5)
        assert (len(first), list(chunks)) == (CHUNK, [])


def test_a_directory_and_a_device_are_refused(tmp_path: Path) -> None:
    for path, reference in ((str(tmp_path), "input-is-a-directory"), (os.devnull, "input-not-a-file")):
        with pytest.raises(Trouble) as caught:
            opened(path)
        assert caught.value.reference == reference
