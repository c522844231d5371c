"""The table of commands; each imports what it needs only when it is called."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.facts.build import BUILD_SECONDS
from autograder.places import project

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="A course on putting a Python app into a container, on a real Docker engine.",
)
engine = typer.Typer(no_args_is_help=True, help="The course's own Docker engine.")
app.add_typer(engine, name="engine")

Yes = Annotated[
    bool, typer.Option("--yes", "-y", envvar="COURSE_YES", help="Answer every question with yes.")
]


@app.command()
def start(
    browser: Annotated[bool, typer.Option(help="Open JupyterLab in the browser.")] = True,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Serve on this port of 127.0.0.1.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Set everything up and open JupyterLab on the welcome page."""
    from autograder.cli.start import start as run

    run(browser=browser, port=port, yes=yes)


@app.command()
def stop() -> None:
    """End JupyterLab, the package index and the course's own engine."""
    from autograder.cli.start import stop as run

    run()


@app.command()
def clean(yes: Yes = False) -> None:
    """End what runs, and remove the course's folder and the images it made, after asking.

    The clone stays, with .venv and your work.
    """
    from autograder.cli.clean import clean as run

    run(yes=yes)


@app.command()
def doctor() -> None:
    """Show what is there, what will be made, and what to do about the rest."""
    from autograder.cli.doctor import doctor as run

    raise typer.Exit(run())


@app.command()
def check(
    exercise: Annotated[str, typer.Argument(help="Such as step-3-pin-and-split.")],
    directory: Annotated[Path, typer.Argument(help="The folder that holds the Dockerfile.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    hints: Annotated[
        int, typer.Option(min=0, max=3, help="Print this many hints for each failed check.")
    ] = 0,
    timeout: Annotated[
        float, typer.Option(min=1, max=3600, help="Stop a build after this many seconds.")
    ] = BUILD_SECONDS,
) -> None:
    """Judge a folder that holds a Dockerfile.

    Exit 0: all passed. 1: some failed. 2: bad input. 3: not judged.
    """
    from autograder.cli.check import check as run

    raise typer.Exit(run(exercise, directory, as_json, hints, timeout))


@app.command()
def grade(
    exercise: Annotated[str, typer.Argument(help="Such as step-3-pin-and-split.")],
    only: Annotated[
        list[str] | None, typer.Option(help="Grade this learner only; may be given again.")
    ] = None,
    regrade: Annotated[
        list[str] | None,
        typer.Option(help="Judge this learner's hand-in anew; keep what is known of the others."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run stopped.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Workers to start here, each with an engine.")
    ] = 2,
    scheduler: Annotated[
        str | None, typer.Option(help="A dask scheduler's address, such as tls://host:8786.")
    ] = None,
    course: Annotated[
        Path | None, typer.Option(help="The course's folder, if it is not this one.")
    ] = None,
    db: Annotated[
        str | None, typer.Option(help="The gradebook's database, such as postgresql://host/name.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each submission.")
    ] = False,
) -> None:
    """Grade a class: what a learner wrote runs only in a sandbox without a network.

    Exit 0: all graded. 1: some unreadable. 2: bad input. 3: some not judged, whatever the others.
    """
    from autograder.classroom.batch import Asked
    from autograder.cli.grade import grade as run

    root = (course or project()).absolute()
    asked = Asked(
        root, exercise, tuple(only or ()), tuple(regrade or ()), resume, workers, scheduler, db
    )
    raise typer.Exit(run(asked, as_json=as_json))


@app.command()
def bench(
    submissions: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many submissions the class has.")
    ] = 60,
    distinct: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many of them differ; no two share a build.")
    ] = 20,
    exercise: Annotated[
        str, typer.Option(help="The exercise to make up a class for.")
    ] = "step-3-pin-and-split",
    workers: Annotated[int, typer.Option(min=1, max=64, help="As for grade.")] = 2,
    plain: Annotated[
        bool, typer.Option(help="Also measure plain nbgrader, which takes longest.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what grading costs, with a made-up class: plain nbgrader, ours, the bare builds."""
    from autograder.cli.bench import Asked
    from autograder.cli.bench import bench as run

    run(Asked(exercise, submissions, min(distinct, submissions), workers, plain), as_json=as_json)


@app.command()
def verify() -> None:
    """Prove that stubs fail, solutions pass, and release/ and docs/checks.md are up to date."""
    from autograder.cli.verify import verify as run

    raise typer.Exit(run())


@app.command()
def docs() -> None:
    """Write docs/checks.md: every check, as the code has it."""
    from autograder.cli.docs import docs as run

    run()


@app.command()
def test(
    full: Annotated[
        bool, typer.Option("--full", help="Run every test, not only a sample.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Set everything up and run the tests on a real Docker engine."""
    from autograder.cli.test import test as run

    raise typer.Exit(run(full=full, yes=yes))


@engine.command("start")
def engine_start(yes: Yes = False) -> None:
    """Make sure that a Docker engine runs: yours if it answers, else the course's own."""
    from autograder.cli.engine import start as run

    run(yes=yes)


@engine.command("stop")
def engine_stop() -> None:
    """Stop the course's own engine; its images stay for the next start."""
    from autograder.cli.engine import stop as run

    run()


@engine.command("limits")
def engine_limits() -> None:
    """Show what one hand-in may use, and for how long."""
    from autograder.cli.engine import limits as run

    run()


@engine.command("status")
def engine_status() -> None:
    """Say which engine the course would use; exit 3 when none answers."""
    from autograder.cli.engine import status as run

    raise typer.Exit(run())
