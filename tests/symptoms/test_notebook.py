"""Notebooks: what their cells show."""

from __future__ import annotations

import json

from kdoctor.symptoms.notebook import looks_like_notebook, notebook_text


def test_sources_outputs_and_tracebacks_are_read() -> None:
    cells = [
        {
            "source": ["import keras\n"],
            "outputs": [{"text": ["Using Theano backend.\n"]}, {"traceback": ["one", "two"]}],
        },
        {"source": "x", "outputs": [{"data": {"text/plain": "[]"}}, 3]},
        "no cell",
    ]
    data = json.dumps({"cells": cells, "nbformat": 4}).encode()
    assert looks_like_notebook(data)
    text = notebook_text(data)
    assert text is not None
    assert [line for line in text.splitlines() if line] == [
        "import keras",
        "Using Theano backend.",
        "one",
        "two",
        "x",
        "[]",
    ]


def test_what_is_no_notebook_is_none() -> None:
    assert notebook_text(b'{"cells": 3}') is None
    assert notebook_text(b'{"cells": [') is None
    assert not looks_like_notebook(b"ImportError")
