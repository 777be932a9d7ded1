"""An answer below its question is read as one with it; what only the form says is nobody's statement."""

from __future__ import annotations

import time

import pytest

from kdoctor.symptoms.forms import LINE, answered
from kdoctor.symptoms.lines import LONGEST as LONGEST_LINE
from kdoctor.symptoms.read import FORM, Reader


def read(text: str, *, size: int = FORM) -> Reader:
    data = text.encode()
    reader = Reader(quick=True)
    reader.read("log", [data[at : at + size] for at in range(0, len(data), size)])
    return reader


def stated(text: str, *, size: int = FORM) -> list[tuple[str, str]]:
    return [(item.of, item.value) for item in read(text, size=size).symptoms().stated]


def seen(text: str) -> set[str]:
    return {item.id for item in read(text).symptoms().seen}


HEADINGS = """### Source

binary

### TensorFlow version

2.15

### Custom code

_No response_

### OS platform and distribution

Windows 11

### Mobile device

_No response_

### Python version

3.10.12

### CUDA/cuDNN version

11.8 / 8.6

### GPU model and memory

3090 24GB

### Current behavior?

The list of GPUs stays empty.
"""


def test_the_answers_below_headings_are_stated() -> None:
    assert stated(HEADINGS) == [
        ("tensorflow", "2.15"),
        ("python", "3.10.12"),
        ("cuda", "11.8"),
        ("cudnn", "8.6"),
        ("gpu", "RTX 3090"),
    ]
    assert {"windows", "windows-os", "no-gpu-listed"} <= seen(HEADINGS)


def test_an_answer_is_found_wherever_the_text_was_cut() -> None:
    assert stated(HEADINGS, size=7) == stated(HEADINGS)


def test_an_answer_stands_where_it_was_written() -> None:
    line = read(HEADINGS).symptoms().stated[2].line
    assert (line.number, line.text) == (HEADINGS.splitlines().index("11.8 / 8.6") + 1, "CUDA/cuDNN version: 11.8 / 8.6")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**TensorFlow version**\n2.9\n", [("tensorflow", "2.9")]),
        ("- **TensorFlow version (use command below)**:\n`2.9.1`\n", [("tensorflow", "2.9.1")]),
        ("TensorFlow version:\n```\n2.9.1\n```\n", [("tensorflow", "2.9.1")]),
        ("### What jax/jaxlib version are you using?\n\n0.4.13\n", [("jaxlib", "0.4.13")]),
        ("- CUDA/cuDNN version:\n- GPU model and memory: 1080 Ti\n", [("gpu", "GTX 1080 Ti")]),
        ("| TensorFlow | CUDA | cuDNN |\n|---|---|---|\n| 2.10 | 11.2 | 8.1 |\n",
         [("tensorflow", "2.10"), ("cudnn", "8.1"), ("cuda", "11.2")]),
        ("#define CUDNN_MAJOR 8\n#define CUDNN_MINOR 1\n#define CUDNN_PATCHLEVEL 0\n", [("cudnn", "8.1")]),
        ("> ### Python version\n>\n> 3.8\n", [("python", "3.8")]),
    ],
)  # fmt: skip
def test_an_answer_is_stated(text: str, expected: list[tuple[str, str]]) -> None:
    assert stated(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '2. TF 2.0: `python -c "import tensorflow as tf; print(tf.version.VERSION)"`\n',
        "### CUDA/cuDNN version\n\n_No response_\n\n### Python version\n\nN/A\n",
        "<!-- for example TensorFlow 2.1 -->\n",
        "<!--\nTensorFlow 2.1, CUDA 10.1\n-->\n",
        "| TensorFlow | CUDA | cuDNN |\n|---|---|---|\n| 2.10 | 11.2 | 8.1 |\n| 2.9 | 11.2 | 8.1 |\n",
        "### CUDA version\n\nI do not know whether it was 11.2 or\n",
    ],
)  # fmt: skip
def test_what_nobody_answered_is_not_stated(text: str) -> None:
    assert stated(text) == []


def test_a_box_that_is_not_checked_says_nothing() -> None:
    form = "### Are you using WSL 1 or WSL 2?\n\n- [X] WSL 2\n- [ ] WSL 1\n"
    assert seen(form) == {"wsl"}


def test_an_example_in_a_question_is_nobodys_system() -> None:
    assert "linux" not in seen("- OS Platform and Distribution (e.g., Linux Ubuntu 16.04): Windows 10\n")


@pytest.mark.parametrize("text", ["", "\n", "### CUDA version\n", "a <!-- b\nc\n", "|-|-|-|\n", "```\n"])
def test_as_many_lines_as_there_were(text: str) -> None:
    data = (text or "\n").encode()
    assert answered(data).count(b"\n") == data.count(b"\n")


def test_a_comment_without_an_end_is_none() -> None:
    assert answered(b"a <!-- b\nc\n") == b"a <!-- b\nc\n"


@pytest.mark.parametrize(
    "part", [".", "1.", "<!--", "(e.g.", "|-", "| --", "#", "*", " ", "[ ] ", "A ", ":", "_", "- "]
)
def test_no_line_takes_long(part: str) -> None:
    """As long as the reader leaves it, and as long as a form's may be."""
    for length in (LINE, LONGEST_LINE):
        line = (part * length)[: length - 1] + "x"
        started = time.process_time()
        answered(f"{line}\n{line[:-1]}\n".encode())
        assert time.process_time() - started < 0.1
