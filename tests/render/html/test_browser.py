"""The pages in a real browser: no script, no request, no overflow at 320 pixels, nothing that axe calls a fault.

Needs Playwright and a Chromium: `pip install "keras-doctor[browser]"`, and KDOCTOR_CHROMIUM or one on $PATH.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from kdoctor.render.html import bench as bench_page
from kdoctor.render.html import fleet as fleet_page
from kdoctor.render.html import scaling as scaling_page
from kdoctor.render.html.report import render
from tests.render.html.documents import BROKEN, HEALTHY, SHADOWED, crowded, devices, fleet, log, machine, workers
from tests.render.html.hostile import PAYLOADS
from tests.render.html.pages import poisoned

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ALL = " / ".join(PAYLOADS)
PAGES: dict[str, Callable[[], str]] = {
    "broken": lambda: render(machine(BROKEN)),
    "shadowed": lambda: render(machine(SHADOWED)),
    "healthy": lambda: render(machine(HEALTHY)),
    "log": lambda: render(log()),
    "crowded": lambda: render(crowded()),
    "bench": lambda: bench_page.render(devices()),
    "fleet": lambda: fleet_page.render(fleet(64)),
    "large-fleet": lambda: fleet_page.render(fleet(10_000, 10)),
    "workers": lambda: scaling_page.render(workers()),
    "hostile": lambda: render(poisoned(machine(BROKEN), ALL)),
    "hostile-log": lambda: render(poisoned(log(), ALL)),
    "hostile-bench": lambda: bench_page.render(poisoned(devices(), ALL)),
    "hostile-fleet": lambda: fleet_page.render(poisoned(fleet(64), ALL)),
    "hostile-workers": lambda: scaling_page.render(poisoned(workers(), ALL)),
}
WIDTHS = (320, 1280)
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
Scheme = Literal["light", "dark"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; without one the tests of this module are skipped."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: keras-doctor[browser]")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("KDOCTOR_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium: set KDOCTOR_CHROMIUM, or install one on $PATH")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found)
        yield started
        started.close()


class Seen:
    """What a page did while it was open."""

    def __init__(self, page: Page) -> None:
        """Listen before the page is loaded."""
        self.page = page
        self.requests: list[str] = []
        self.stopped: list[str | None] = []
        self.dialogs: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", lambda request: self.stopped.append(request.failure))
        page.on("dialog", self._dialog)
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _dialog(self, dialog: Any) -> None:  # noqa: ANN401  Playwright's
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Seen]]:
    """Opens a page from a file, as a user does."""
    contexts = []

    def show(html: str, *, width: int = 1280, scheme: Scheme = "light", bypass_csp: bool = False) -> Seen:
        file = tmp_path / "report.html"
        file.write_bytes(html.encode())
        viewport: Any = {"width": width, "height": 900}
        context = browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=bypass_csp)
        contexts.append(context)
        seen = Seen(context.new_page())
        seen.page.goto(file.as_uri())
        return seen

    yield show
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_runs_nothing_and_asks_the_network_for_nothing(opened: Callable[..., Seen], name: str) -> None:
    """Whatever stands in it; with every part unfolded and every element pointed at and focused."""
    seen = opened(PAGES[name]())
    title = seen.page.title()
    seen.page.evaluate(OPEN_ALL)
    seen.page.evaluate(
        "document.querySelectorAll('*').forEach(one => {"
        " one.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})); if (one.focus) one.focus(); })"
    )
    seen.page.wait_for_timeout(100)
    handlers = "[...document.querySelectorAll('*')].filter(one => [...one.attributes].some(a => /^on/i.test(a.name)))"
    active = "document.querySelectorAll('script, img, iframe, object, embed, form, a, base, link, foreignObject')"
    assert len(seen.requests) == 1, seen.requests
    assert (seen.dialogs, seen.errors) == ([], [])
    assert (seen.page.evaluate(f"{active}.length"), seen.page.evaluate(f"{handlers}.length")) == (0, 0)
    assert seen.page.title() == title


def test_the_policy_stops_what_would_get_in_all_the_same(opened: Callable[..., Seen]) -> None:
    """Markup planted behind the renderer's back: neither script nor picture nor style of its own works."""
    planted = (
        "<script>document.title = 'owned'</script>"
        "<img src=https://evil.example/x.png onerror=\"document.title='owned'\">"
        "<style>h1 { display: none }</style><p style='position: fixed' id=planted>x</p></main>"
    )
    seen = opened(PAGES["healthy"]().replace("</main>", planted))
    assert seen.page.title() != "owned"
    assert seen.stopped == ["csp"] * (len(seen.requests) - 1)
    assert seen.page.evaluate("getComputedStyle(document.querySelector('h1')).display") == "block"
    assert seen.page.evaluate("getComputedStyle(document.getElementById('planted')).position") == "static"


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
@pytest.mark.parametrize("name", ["shadowed", "healthy", "log", "bench", "fleet", "hostile", "hostile-fleet"])
def test_axe_finds_nothing(opened: Callable[..., Seen], name: str, width: int, scheme: Scheme) -> None:
    """With every part unfolded."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe: keras-doctor[browser]")
    seen = opened(PAGES[name](), width=width, scheme=scheme, bypass_csp=True)
    seen.page.evaluate(OPEN_ALL)
    found = axe.Axe().run(seen.page).response["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_its_window(opened: Callable[..., Seen], name: str, width: int) -> None:
    """Folded and unfolded."""
    seen = opened(PAGES[name](), width=width)
    folded = seen.page.evaluate(OVERFLOW)
    seen.page.evaluate(OPEN_ALL)
    assert (folded, seen.page.evaluate(OVERFLOW)) == (0, 0)


def test_one_picture_of_two_is_shown_at_each_width(opened: Callable[..., Seen]) -> None:
    shown = (
        "[...document.querySelectorAll('svg')].filter(one => one.getClientRects().length).map(one => one.classList[0])"
    )
    found = {width: set(opened(PAGES["broken"](), width=width).page.evaluate(shown)) for width in (320, 1280)}
    assert found == {320: {"narrow"}, 1280: {"wide"}}


def test_the_theme_follows_the_reader_and_paper_is_light(opened: Callable[..., Seen]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    dark, light = (opened(PAGES["broken"](), scheme=scheme).page for scheme in ("dark", "light"))
    screen = [page.evaluate(ground) for page in (dark, light)]
    dark.emulate_media(media="print")
    assert (screen, dark.evaluate(ground)) == (["rgb(20, 22, 24)", "rgb(250, 250, 248)"], "rgb(255, 255, 255)")


def test_paper_has_the_findings_and_not_the_facts(opened: Callable[..., Seen]) -> None:
    page = opened(PAGES["shadowed"]()).page
    page.emulate_media(media="print")
    height = "document.querySelector('.card .why').getBoundingClientRect().height"
    assert page.evaluate(height) > 10
    assert page.evaluate("getComputedStyle(document.getElementById('facts')).display") == "none"
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_click_selects_a_command_whole_as_it_is_to_be_typed(opened: Callable[..., Seen]) -> None:
    page = opened(PAGES["broken"]()).page
    primary = machine(BROKEN).primary
    assert primary is not None
    page.click(".commands code >> nth=1")
    assert page.evaluate("getSelection().toString()") == primary.remedy.commands[1]


def test_a_cell_of_the_map_tells_its_machine_and_is_read_without_colour(opened: Callable[..., Seen]) -> None:
    page = opened(PAGES["fleet"]()).page
    (broken,) = [row.name for row in fleet(64).map if row.primary == "gpu-hardware-fault"]
    cell = page.get_by_role("img", name=f"{broken}: error, gpu-hardware-fault")
    page.emulate_media(media="print", color_scheme="dark")
    style = "one => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]"
    assert (cell.inner_text(), page.get_by_role("img").count()) == ("E", 64)
    assert cell.evaluate(style) == ["rgb(28, 30, 33)", "rgba(0, 0, 0, 0)"]
