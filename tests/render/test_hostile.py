"""Every format, read back by a real parser: a hostile text changes no structure."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from junitparser import JUnitXml
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from kdoctor.bench.grid import csv as table
from kdoctor.model.facts.symptoms import Symptoms
from kdoctor.model.finding import Evidence
from kdoctor.model.redact import clean
from kdoctor.model.retold import retold
from kdoctor.outputs import plain, rendered, row_of
from kdoctor.render import bench as bench_text
from kdoctor.render import fleet as fleet_text
from kdoctor.render import text as check_text
from kdoctor.render.fix_told import Told
from kdoctor.render.formats import BENCH, CHECK, FIX, FLEET, Format
from tests.render.hostile import PLAIN, STEERING, commands_in, each_text, holding, report_with, shape
from tests.render.html.documents import fleet
from tests.render.html.pages import Page
from tests.render.reports import finding, report
from tests.render.test_bench import several

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
PIECES = {"text", "code_inline", "strong_open", "strong_close", "softbreak", "text_special"}
COMMAND = re.compile(r"::(error|warning|notice) ([a-z]+=[^,:\r\n]*(?:,[a-z]+=[^,:\r\n]*)*)::([^\r\n]*)")
FORMULA = re.compile(r"[=+\-@\t\r]")


def markdown_shape(text: str) -> list[tuple[str, str]]:
    """Blocks in their order; those of HTML with their content. Nothing but text, code and bold is within them."""
    tokens = MARKDOWN.parse(text)
    assert {piece.type for token in tokens for piece in token.children or ()} <= PIECES
    blocks = [(token.type, token.content if token.type == "html_block" else token.tag) for token in tokens]
    return [(kind, re.sub(r"\d+", "N", said)) for kind, said in blocks]


def junit_shape(text: str) -> object:
    """Elements and the names of their attributes; junitparser reads as many cases."""
    root = ET.fromstring(text)  # noqa: S314  what kdoctor has written
    cases = len(list(root.iter("testcase")))
    assert sum(1 for suite in JUnitXml.fromstring(text.encode()) for _ in suite) == cases
    return [(element.tag, sorted(element.attrib)) for element in root.iter()]


def json_shape(text: str) -> object:
    return shape(json.loads(text))


def github_shape(text: str) -> object:
    """Level and names of properties of each line."""
    found = [COMMAND.fullmatch(line) for line in text.splitlines()]
    return [(match[1], re.findall(r"(?:^|,)([a-z]+)=", match[2])) for match in found if match] + [None in found]


def prometheus_shape(text: str) -> object:
    """Names of metrics, labels of their samples."""
    families = text_string_to_metric_families(text)
    return [(one.name, one.type, [(item.name, sorted(item.labels)) for item in one.samples]) for one in families]


def html_shape(text: str) -> object:
    """The kinds of elements, but for those that a path or words in backticks have."""
    return Page(text).shape - {("wbr", ()), ("code", ())}


SHAPES: dict[str, Callable[[str], object]] = {
    "json": json_shape,
    "markdown": markdown_shape,
    "junit": junit_shape,
    "sarif": json_shape,
    "github": github_shape,
    "gitlab": json_shape,
    "prometheus": prometheus_shape,
    "html": html_shape,
}


def document(row: Format) -> Callable[[str], str]:
    """What renders a report of that format's command with a text in it."""
    told = Told(level="error", end="It did not end well.", lines=("a line", "another line"))
    if row in FIX and row not in CHECK:
        return lambda text: rendered(holding(told, text), row, None)
    if row in BENCH and row not in CHECK:
        return lambda text: rendered(holding(several(), text), row, None)
    if row in FLEET and row not in CHECK:
        return lambda text: rendered(holding(fleet(20), text), row, None)
    return lambda text: rendered(report_with(text), row, None)


ROWS = [row for row in dict.fromkeys((*CHECK, *BENCH, *FIX, *FLEET)) if row.module]


@pytest.mark.parametrize("row", ROWS, ids=[row.module.rpartition(".")[2] for row in ROWS])
@each_text
def test_a_hostile_text_changes_no_structure(row: Format, text: str) -> None:
    made, shape_of = document(row), SHAPES[row.name]
    said = made(text)
    assert shape_of(said) == shape_of(made(PLAIN))
    assert STEERING.search(said) is None
    assert len(commands_in(said)) == (len(said.splitlines()) if row.name == "github" else 0)


@pytest.mark.parametrize("kind", ["sarif", "github", "gitlab"])
@each_text
def test_a_log_of_a_hostile_name_changes_no_structure(kind: str, text: str) -> None:
    """The name becomes a location, and in a workflow command a property."""

    def made(name: str) -> str:
        symptoms = Symptoms(files=(name,), lines=9, seen=(), stated=())
        return rendered(
            report(finding(evidence=(Evidence("line", "x", f"{name}:7"),)), symptoms=symptoms),
            row_of(kind, CHECK),
            None,
        )

    name = f"log{text.replace('/', '_').replace('..', '_')}"
    assert SHAPES[kind](made(name)) == SHAPES[kind](made("log"))
    assert len(commands_in(made(name))) == (1 if kind == "github" else 0)


@each_text
def test_text_for_people_neither_steers_a_terminal_nor_a_job(text: str) -> None:
    report, bench, many = report_with(text), holding(several(), text), holding(fleet(20), text)
    for lines in (
        check_text.lines(report, width=80, verbosity=2),
        bench_text.lines(bench, width=80),
        fleet_text.lines(many, width=80),
    ):
        said = plain(lines)
        assert (STEERING.search(said), commands_in(said)) == (None, [])


@each_text
def test_no_cell_of_a_table_is_a_formula(text: str) -> None:
    """Numbers may be below zero; a text that begins as a formula is quoted for the sheet."""
    results = retold(holding(several().results, text), clean)
    rows = list(csv.reader(io.StringIO(table(results), newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) == len(results) + 1
    assert [cell for row in rows for cell in row if FORMULA.match(cell) and not re.fullmatch(r"-[\d.e-]+", cell)] == []
