"""The site is built from code and knowledge: a page for each rule, recipe and workload, and no link leads nowhere."""

from __future__ import annotations

import importlib.util
import os
import posixpath
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest
import tomli

from kdoctor.check.registry import find_rules
from kdoctor.fix.recipes import shipped
from kdoctor.knowledge import workloads

TREE = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)")


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_pages", TREE / "scripts" / "site_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    made: dict[str, str] = script().pages()
    return made


def test_every_rule_recipe_and_workload_has_its_page(pages: dict[str, str]) -> None:
    wanted = {f"rules/{rule.id}.md" for rule in find_rules().items}
    wanted |= {f"recipes/{recipe.id}.md" for recipe in shipped()}
    wanted |= {f"workloads/{row.name}.md" for row in workloads.table().workloads}
    assert wanted <= set(pages)
    assert all(page.startswith("# ") for name, page in pages.items() if name in wanted)


def test_the_contents_list_every_page_once(pages: dict[str, str]) -> None:
    listed = LINK.findall(pages["SUMMARY.md"])
    assert len(listed) == len(set(listed))
    assert set(pages) - {"SUMMARY.md"} <= set(listed)


def test_links_between_pages_lead_to_pages(pages: dict[str, str]) -> None:
    written = {str(path.relative_to(TREE / "docs")) for path in (TREE / "docs").rglob("*.md")} - {"rules.md"}
    known = set(pages) | written
    texts = {**pages, **{name: (TREE / "docs" / name).read_text(encoding="utf-8") for name in written}}
    for name, text in texts.items():
        for target in LINK.findall(text):
            if "://" not in target:
                assert posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) in known, (name, target)


def test_the_columns_shown_are_in_the_tables() -> None:
    shown = tomli.loads((TREE / "scripts" / "site_tables.toml").read_text(encoding="utf-8"))["table"]
    for part in shown:
        table = tomli.loads((TREE / "kdoctor" / "knowledge" / f"{part['file']}.toml").read_text(encoding="utf-8"))
        assert set(part["columns"].split()) <= {column for row in table[part["rows"]] for column in row}, part


def test_nothing_that_the_tables_hold_is_taken_for_markup() -> None:
    assert script().cell("<b>*|\n") == "&lt;b>\\*\\| "


@pytest.mark.slow
def test_the_site_builds_strictly_and_no_link_is_broken() -> None:
    pytest.importorskip("mkdocs_gen_files", reason="needs the extra `docs`")
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the link checker of root reads as nobody
        site = Path(folder) / "site"
        build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
        built = subprocess.run(build, cwd=TREE, env=environ, capture_output=True, text=True, timeout=120, check=False)
        assert built.returncode == 0, built.stderr
        check = [sys.executable, "-m", "linkcheck", "--no-status", "--no-warnings", str(site / "index.html")]
        checked = subprocess.run(check, env=environ, capture_output=True, text=True, timeout=300, check=False)
        assert "0 errors found" in checked.stdout, checked.stdout + checked.stderr
        assert int(re.findall(r"(\d+) links in", checked.stdout)[0]) > len(find_rules().items)
        page = (site / "index.html").read_text(encoding="utf-8")
        assert not re.findall(r'(?:src|<link[^>]+href)="https?://([^/"]+)', page)  # reading it asks no other host
