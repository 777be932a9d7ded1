"""The pages of the documentation site that come from the code and the knowledge: rules, recipes, workloads, tables.

`mkdocs build` runs this through mkdocs-gen-files, so that none of these pages is ever out of date.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import tomli

from kdoctor.check.registry import find_rules, parameters_of
from kdoctor.commands.recipes import installs, sources, tried
from kdoctor.fix.by_hand import commands
from kdoctor.fix.recipes import shipped
from kdoctor.knowledge import clues, signatures, workloads
from kdoctor.model.recipe import Recipe
from kdoctor.model.rule import SERIES, Rule

ROOT = Path(__file__).resolve().parent.parent
HAND_WRITTEN = {
    "Stories": ("stories",),
    "Guides": ("fake", "plugins", "gates", "api", "ci", "fleet", "scale"),
    "About": ("accuracy", "evidence/README", "decisions"),
}  # fmt: skip
_LINK = re.compile(r"\]\((?!https?://|#)([^)\s]+)\)")


def pages() -> dict[str, str]:
    """Path below the docs folder to Markdown, of every generated page, the table of contents included."""
    made = {
        "index.md": front(),
        "CHANGELOG.md": repository("CHANGELOG.md"),
        "CONTRIBUTING.md": repository("CONTRIBUTING.md"),
    }
    made |= dict(rules()) | dict(recipes()) | dict(models()) | dict(tables()) | {"logs.md": logs()}
    return {**made, "SUMMARY.md": "\n".join(contents(made)) + "\n"}


def front() -> str:
    """The README as the first page."""
    return repository("README.md")


def repository(name: str) -> str:
    """A page of the repository's root, with links as they are from the docs folder."""

    def moved(match: re.Match[str]) -> str:
        target = match[1]
        if target.startswith("docs/"):
            page = target.removeprefix("docs/")
            return f"]({'rules/index.md' if page == 'rules.md' else page})"
        return match[0] if target in {"CHANGELOG.md", "CONTRIBUTING.md", "README.md"} else "](index.md)"

    return _LINK.sub(moved, (ROOT / name).read_text(encoding="utf-8")).replace("](README.md)", "](index.md)")


def rules() -> Iterator[tuple[str, str]]:
    """A page for each rule, and the list of them by series."""
    found = sorted(find_rules().items, key=lambda rule: rule.id)
    yield "rules/index.md", listing(found)
    names = {rule.name: rule.id for rule in found}
    for rule in found:
        yield f"rules/{rule.id}.md", rule_page(rule, names)


def listing(found: Sequence[Rule]) -> str:
    """Id, name and first line of every rule."""
    lines = [
        "# Rules",
        "",
        "`kdoctor explain ID` prints a page offline. A rule is undetermined where facts that it reads are unknown.",
    ]
    for digit, title in SERIES.items():
        rows = [
            f"| [{rule.id}]({rule.id}.md) | `{rule.name}` | {rule.severity} | {cell(title_of(rule))} |"
            for rule in found
            if rule.id[2] == digit
        ]
        head = ["", f"## {title}", "", "| id | name | severity | what it finds |", "|---|---|---|---|"]
        lines += [*head, *rows] if rows else []
    return "\n".join(lines) + "\n"


def title_of(rule: Rule) -> str:
    """The first line of its page."""
    return inspect.cleandoc(rule.explanation).partition("\n")[0]


def rule_page(rule: Rule, names: Mapping[str, str]) -> str:
    """What `kdoctor explain` says, with links."""
    title, _, body = inspect.cleandoc(rule.explanation).partition("\n")
    reads = dict.fromkeys(section for section, _ in parameters_of(rule.check).values())
    lines = [f"# {rule.id} {rule.name}", "", f"**{title}**", "", body.strip(), ""]
    lines += [f"- Severity: {rule.severity}" + (f"; cause `{rule.cause}`" if rule.cause else "")]
    lines += [f"- Reads: {', '.join(f'`{name}`' for name in reads)}"]
    if rule.explains:
        lines.append(f"- Explains: {', '.join(f'[{names[name]} {name}]({names[name]}.md)' for name in rule.explains)}")
    lines += ["", "## Sources", "", *(f"- {source.what} (read {source.read})" for source in rule.sources)]
    return "\n".join(lines) + "\n"


def recipes() -> Iterator[tuple[str, str]]:
    """A page for each recipe, and their list."""
    every = shipped()
    rows = [f"| [{item.id}]({item.id}.md) | {cell(item.title)} | {item.backend} | {item.standing} |" for item in every]
    head = "# Recipes\n\n`kdoctor recipes` says which of them fit your machine, and why.\n\n"
    yield "recipes/index.md", f"{head}| id | what | backend | standing |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    for recipe in every:
        yield f"recipes/{recipe.id}.md", recipe_page(recipe)


def recipe_page(recipe: Recipe) -> str:
    """What it makes, of what, why, and where that is known from."""
    lines = [
        f"# {recipe.id}",
        "",
        f"**{recipe.title}**",
        "",
        recipe.about.strip(),
        "",
        "```text",
        *installs(recipe),
        "```",
        "",
    ]
    lines += ["By kdoctor:", "", "```sh", f"kdoctor fix --recipe {recipe.id}", "```", ""]
    lines += ["By hand:", "", "```sh", *commands(recipe, None), "```", ""]
    if recipe.reasons:
        lines += ["## Why", "", *(f"- `{name}`: {reason}" for name, reason in recipe.reasons.items()), ""]
    parts = (("Notes", recipe.notes), ("Sources", sources(recipe)), ("Tried", tried(recipe)))
    for title, texts in parts:
        lines += [f"## {title}", "", *(f"- {text}" for text in texts), ""] if texts else []
    return "\n".join(lines)


def models() -> Iterator[tuple[str, str]]:
    """A page for each workload of the bench, and their list."""
    every = workloads.table().workloads
    rows = [
        f"| [{item.name}]({item.name}.md) | {item.family} | {item.samples:,} | {item.epochs} | {item.batch_size} |"
        for item in every
    ]
    head = "# Workloads\n\nThe models that `kdoctor bench` trains.\n\n"
    head += "| name | family | samples | epochs | batch |\n|---|---|---|---|---|\n"
    yield "workloads/index.md", head + "\n".join(rows) + "\n"
    for item in every:
        path = ROOT / "kdoctor/inside/workloads" / f"{item.name.replace('-', '_')}.py"
        about = inspect.cleandoc(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
        lines = [f"# {item.name}", "", about, "", "## What is right", ""]
        lines += [
            f"- Values agree with a descent in float64 within {limit:g} ({precision})."
            for precision, limit in item.agreement.items()
        ]
        for bound in item.bounds:
            rate = f" at the learning rate {bound.rate:g}" if bound.rate else ""
            within = (
                f"near {bound.near:g}, at most {bound.within:g} off"
                if bound.near is not None
                else f"at most {bound.most:g}"
            )
            lines.append(f"- `{bound.check}` is {within}{rate}.")
        if item.accuracy:
            data = f" on {item.accuracy.data} data" if item.accuracy.data else ""
            least, samples = item.accuracy.least, item.accuracy.samples
            lines.append(f"- Accuracy on held-out data is at least {least:g} once {samples:,} samples were seen{data}.")
        lines += ["", "```sh", f"kdoctor bench --workload {item.name}", "```", ""]
        yield f"workloads/{item.name}.md", "\n".join(lines)


def tables() -> Iterator[tuple[str, str]]:
    """The compatibility tables: those columns of kdoctor/knowledge that scripts/site_tables.toml names."""
    lines = [
        "# Compatibility tables",
        "",
        "What kdoctor judges by; the files in kdoctor/knowledge have a source for each row.",
        "",
    ]
    shown = tomli.loads((ROOT / "scripts/site_tables.toml").read_text(encoding="utf-8"))["table"]
    for (name, title), parts in groupby(shown, lambda part: (part["file"], part["title"])):
        lines.append(f"- [{title}]({name}.md)")
        table = tomli.loads((ROOT / "kdoctor/knowledge" / f"{name}.toml").read_text(encoding="utf-8"))
        page = [f"# {title}", "", f"Read {table['read']}.", ""]
        for part in parts:
            page += [f"## {part['heading']}", "", *table_of(table[part["rows"]], part["columns"].split()), ""]
        page += ["## Sources", ""]
        page += [f"- **{item['id']}**: {escape(item['what'])} (read {item['read']})" for item in table["source"]]
        yield f"tables/{name}.md", "\n".join(page) + "\n"
    yield "tables/index.md", "\n".join(lines) + "\n"


def table_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    """Those columns of the rows as a Markdown table."""
    yield f"| {' | '.join(column.replace('_', ' ') for column in columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(cell(value_of(row.get(column, ''))) for column in columns)} |"


def value_of(value: object) -> str:
    """A value of a table as people read it."""
    if isinstance(value, list):
        return ", ".join(value_of(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key} {value_of(item)}" for key, item in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def logs() -> str:
    """What `check --log` knows: the causes, and the lines with their meaning, harmless ones apart."""
    lines = [
        "# Lines in logs",
        "",
        "`kdoctor check --log FILE` reads a log, a traceback or a pasted report.",
        "",
        "## Causes",
        "",
    ]
    lines += [f"- **{row.id}**: {row.what} {row.why} *{row.do}*" for row in clues.table().causes]
    for title, harmless in (("Lines that look like trouble and are none", True), ("Lines that mean something", False)):
        lines += ["", f"## {title}", ""]
        for row in signatures.signatures():
            if row.harmless == harmless:
                lines += [
                    f"```text\n{row.sample}\n```",
                    "",
                    f"{escape(row.cause)} {'' if harmless else escape(row.fix)}".rstrip(),
                    "",
                ]
    return "\n".join(lines) + "\n"


def contents(made: Mapping[str, str]) -> Iterator[str]:
    """The navigation: hand-written pages by their headings, then the generated ones."""
    yield "- [kdoctor](index.md)"
    for title, where in HAND_WRITTEN.items():
        docs = ROOT / "docs"
        found = [
            path for name in where for path in (*sorted(docs.glob(f"{name}.md")), *sorted(docs.glob(f"{name}/*.md")))
        ]
        yield f"- {title}"
        yield from (f"    - [{heading(path)}]({path.relative_to(docs).as_posix()})" for path in found)
        if title == "About":
            yield "    - [Changes](CHANGELOG.md)"
            yield "    - [Contributing](CONTRIBUTING.md)"
    for title, folder in (("Rules", "rules"), ("Recipes", "recipes"), ("Workloads", "workloads"), ("Tables", "tables")):
        yield f"- [{title}]({folder}/index.md)"
        names = sorted(name for name in made if name.startswith(f"{folder}/") and not name.endswith("index.md"))
        yield from (f"    - [{made[name].partition(chr(10))[0].removeprefix('# ')}]({name})" for name in names)
    yield "- [Lines in logs](logs.md)"


def heading(path: Path) -> str:
    """The first heading of a page."""
    found = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else path.stem


def cell(text: str) -> str:
    """Text for one cell of a table."""
    return escape(text).replace("|", "\\|").replace("\n", " ")


def escape(text: str) -> str:
    """Text in which Markdown and HTML see no tag."""
    return text.replace("<", "&lt;").replace("*", "\\*")


def write() -> None:
    """All pages into the site that mkdocs is building."""
    import mkdocs_gen_files

    for name, text in pages().items():
        with mkdocs_gen_files.open(name, "w") as file:
            file.write(text)


if __name__ == "<run_path>":  # how mkdocs-gen-files runs it
    write()
