"""A learner's JupyterLab on a copy of the course, and a Chromium that drives it.

What a person touches is found as a person finds it, by its words; what a person only waits for is
asked of JupyterLab itself.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from autograder import lab, places, welcome
from autograder.cli.assignments import offer_assignments
from autograder.ready import Ready

PATIENCE = 120_000  # milliseconds: of a machine that is busy with other things as well
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# What a learner works on; a run in the repository itself would leave its outputs there.
COURSE = ("labconfig", "notebooks", "release", "source", "nbgrader_config.py")
LEFT = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__")

WIDTH, HEIGHT = 1200, 1500
WELCOME = ".jp-MarkdownViewer .jp-RenderedMarkdown"

IDLE = """(path) => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    return (!path || panel?.context?.path === path)
        && panel?.context?.isReady && panel.sessionContext?.isReady
        && panel.sessionContext.session?.kernel?.status === 'idle';
}"""
CELLS = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
COMMAND = "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args); }"
# What keeps a person from reading or using what is there; impacts are axe-core's words.
# JupyterLab's body has no height of its own, and axe-core takes all that it holds for cut off.
FAULTS = """async (where) => {
    document.body.style.minHeight = '100vh';
    const found = await axe.run({include: where}, {resultTypes: ['violations']});
    if (!found.passes.some(({id}) => id === 'color-contrast')) {
        return ['axe-core saw no text'];
    }
    return found.violations
        .filter(({impact}) => impact === 'serious' || impact === 'critical')
        .flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) =>
            `${id}: ${html.slice(0, 300)}: ${failureSummary}`));
}"""
BEGIN = "(name) => { window.begun = window.jupyterapp.commands.execute(name); }"
RUN = """async (number) => {
    const {commands, shell} = window.jupyterapp;
    shell.currentWidget.content.activeCellIndex = number;
    await commands.execute('notebook:run-cell');
}"""


def faults(page: Page, *where: str) -> list[str]:
    """What axe-core finds serious or critical in these places of a page."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return list(page.evaluate(FAULTS, where))


@dataclass
class Screen:
    """A page of the browser with JupyterLab in it.

    name: of the test, for the pictures.
    complaints: the errors in the browser's console.
    strangers: the addresses outside this machine that the page asked for.
    """

    page: Page
    server: lab.Lab
    name: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("websocket", lambda socket: self._asked(socket.url))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _asked(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in ("data", "blob") and address.hostname != "127.0.0.1":
            self.strangers.append(url)

    def enter(self) -> None:
        """Open JupyterLab with nothing in it; its launcher comes last."""
        place = f"lab/workspaces/{uuid.uuid4().hex}"
        self.page.goto(f"{self.server.base_url}{place}?reset&token={self.server.token}")
        self.page.locator(".jp-Launcher").wait_for()

    def welcome(self) -> None:
        """Open JupyterLab on the page that `./course start` opens, with nothing else."""
        place = f"lab/workspaces/{uuid.uuid4().hex}/tree/{welcome.PAGE}"
        self.page.goto(f"{self.server.base_url}{place}?reset&token={self.server.token}")
        self.page.locator(WELCOME).wait_for()

    def step(self, slug: str) -> Locator:
        """A step's line on the welcome page."""
        link = self.page.locator(f'a[href*="{slug}"]')
        return self.page.locator(f"{WELCOME} tbody tr").filter(has=link)

    def go_to(self, slug: str, link: str) -> None:
        """Go to the welcome page's tab, and from there to a step's lesson or exercise."""
        self.page.get_by_role("tab", name=str(welcome.PAGE)).click()
        self.step(slug).get_by_role("link", name=link).click()
        folder = "notebooks" if link == "Lesson" else slug
        self.until_idle(f"{folder}/{slug}.ipynb")

    def open(self, notebook: str) -> None:
        """Open a notebook, with a kernel that is ready."""
        self.command("docmanager:open", path=notebook)
        self.until_idle(notebook)

    def open_again(self, notebook: str) -> None:
        """Save it, close it and open it, as if on another day."""
        self.command("docmanager:save")
        self.command("application:close")
        self.page.locator(".jp-Notebook").wait_for(state="detached")
        self.open(notebook)

    def menu(self, name: str) -> list[str]:
        """Open a menu of the menu bar and read what it offers."""
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        rows = self.page.locator(".lm-Menu .lm-Menu-itemLabel").all_inner_texts()
        return [row for row in rows if row]  # what is switched off leaves a row without a name

    def assignments(self) -> None:
        """Open the Assignment List."""
        self.menu("Nbgrader")
        self.page.get_by_role("menuitem", name="Assignment List").click()

    def until_idle(self, notebook: str = "") -> None:
        """Wait for the notebook in front, and for its kernel to have nothing to do."""
        self.page.wait_for_function(IDLE, arg=notebook)

    def command(self, name: str, **arguments: Any) -> None:
        """Give JupyterLab a command, as its menus do, and wait for its end."""
        self.page.evaluate(COMMAND, [name, arguments])

    def restart_and_run_all(self) -> None:
        """Restart the kernel, say that it is meant, and wait until every cell has run."""
        self.page.evaluate(BEGIN, "notebook:restart-run-all")
        self.page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        self.page.evaluate("() => window.begun")
        self.until_idle()

    def run(self, name: str) -> str:
        """Run one cell, and read what stands below it."""
        self.page.evaluate(RUN, self._number(name))
        return self.said(name)

    def said(self, name: str) -> str:
        """What a learner reads below a cell, on one line."""
        return " ".join(self.output(self._number(name)).inner_text().split())

    def write(self, name: str, text: str) -> str:
        """Replace what is in a cell by typing, run it with the keys, and read the answer."""
        cell = self.cell(self._number(name))
        cell.locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Shift+Enter")
        cell.locator(".jp-OutputArea-output").first.wait_for()
        self.until_idle()
        return self.said(name)

    def try_out(self, code: str) -> str:
        """Run code in a new cell below the one that is active, and read the answer."""
        self.command("notebook:insert-cell-below")
        cell = self.page.locator(".jp-Notebook:visible .jp-Cell.jp-mod-active")
        cell.locator(".cm-content").click()
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Control+Enter")
        cell.locator(".jp-OutputArea-output").first.wait_for()
        self.until_idle()
        return " ".join(cell.locator(".jp-Cell-outputArea").inner_text().split())

    def validate(self) -> str:
        """Press Validate in the notebook's toolbar, and read the answer."""
        self.page.locator(".jp-NotebookPanel:visible").get_by_role(
            "button", name="Validate"
        ).click()
        dialog = self.page.locator(".jp-Dialog")
        expect(dialog).to_contain_text("Validation Results")
        self.picture(f"validate-{self.name}")
        said = dialog.inner_text()
        dialog.get_by_role("button", name="OK").click()
        return " ".join(said.split())

    def theme(self, name: str) -> None:
        """Change to the theme `Light` or `Dark`."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        self.page.locator(f'body[data-jp-theme-name="JupyterLab {name}"]').wait_for(
            state="attached"
        )
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def faults(self, *where: str) -> list[str]:
        """What axe-core finds serious or critical in what is on the screen, in these places."""
        return faults(self.page, *where)

    def cells(self) -> list[dict[str, Any]]:
        """The notebook in front, as it would be saved."""
        return list(self.page.evaluate(CELLS))

    def outputs(self) -> list[dict[str, Any]]:
        """Every output of the notebook in front."""
        return [output for cell in self.cells() for output in cell.get("outputs", [])]

    def readable(self) -> list[str]:
        """What every code cell shows, in words; a cell whose output has no height is an error."""
        told = []
        for number, cell in enumerate(self.cells()):
            if cell["cell_type"] == "code" and cell["outputs"]:
                area = self.output(number)
                area.scroll_into_view_if_needed()
                for shown in area.locator(".jp-OutputArea-output").all():
                    box = shown.bounding_box()
                    assert (box or {"height": 0})["height"] > 8, f"cell {number} shows nothing"
                told.append(area.inner_text())
        return told

    def cell(self, number: int) -> Locator:
        """A cell of the notebook in front."""
        return self.page.locator(".jp-Notebook:visible .jp-Cell").nth(number)

    def output(self, number: int) -> Locator:
        """What stands below a cell."""
        return self.cell(number).locator(".jp-Cell-outputArea")

    def _number(self, name: str) -> int:
        """The place of the cell that nbgrader knows by this name."""
        names = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in self.cells()]
        return names.index(name)

    @staticmethod
    def folder() -> Path:
        """Where pictures are kept."""
        folder = Path(os.environ.get("COURSE_ARTEFACTS") or places.project() / ".artefacts")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def picture(self, name: str, first: str = "") -> None:
        """Keep what is on the screen; `first` is the cell to have at its top."""
        if first:
            self.cell(self._number(first)).evaluate("cell => cell.scrollIntoView({block: 'start'})")
        self.page.screenshot(path=self.folder() / f"browser-{name}.png")


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the course's files, to work in."""
    copy = tmp_path_factory.mktemp("course")
    for name in COURSE:
        there = places.project() / name
        if there.is_dir():
            shutil.copytree(there, copy / name, ignore=LEFT)
        else:
            shutil.copy(there, copy)
    return copy


@contextmanager
def served(course: Path, jupyter: Path, ready: Ready, hidden: tuple[str, ...]) -> Iterator[lab.Lab]:
    """JupyterLab as `./course start` serves it, of the copy, with settings of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "project", lambda: course)
        patch.setattr(lab, "folder", lambda: jupyter)
        patch.setattr(lab, "INSTRUCTOR_EXTENSIONS", hidden)
        offer_assignments()
        extra = ["--LabApp.expose_app_in_browser=True"]
        process, running = lab.start(ready.environment, extra=extra)
    try:
        yield running
    finally:
        lab.stop(process.pid)


@pytest.fixture(scope="session")
def server(
    course: Path, ready: Ready, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[lab.Lab]:
    """The learner's JupyterLab."""
    folder = tmp_path_factory.mktemp("jupyter")
    with served(course, folder, ready, lab.INSTRUCTOR_EXTENSIONS) as running:
        yield running


@pytest.fixture
def formgrader(
    browser: BrowserContext, course: Path, ready: Ready, tmp_path: Path
) -> Iterator[Screen]:
    """A page of the instructor's JupyterLab, in the same folder."""
    with served(course, tmp_path, ready, ()) as running:
        screen = Screen(browser.new_page(), running, "formgrader")
        screen.page.goto(f"{running.base_url}formgrader?token={running.token}")
        yield screen
        screen.page.close()
    assert screen.strangers == []
    assert screen.complaints == []


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserContext]:
    """Debian's Chromium, or the one that Playwright has installed elsewhere."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        chromium = playwright.chromium.launch(executable_path=path, args=QUIET)
        context = chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield context
        chromium.close()


@pytest.fixture(name="faults")
def axe() -> Callable[..., list[str]]:
    """`faults`, for pages that are not JupyterLab's."""
    return faults


@pytest.fixture
def screen(
    browser: BrowserContext, server: lab.Lab, request: pytest.FixtureRequest
) -> Iterator[Screen]:
    """A new page, looked at once more at the end of the test."""
    screen = Screen(browser.new_page(), server, request.node.name)
    yield screen
    screen.picture(screen.name)
    screen.page.close()
    assert screen.strangers == [], "everything comes from this machine"
    assert screen.complaints == []
