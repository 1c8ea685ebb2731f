"""The command line. Heavy imports wait until a command runs, so that `--help` is quick."""

import gc
import importlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before NumPy is imported: threads slow small products down

import click  # noqa: E402

from autograder import __version__  # noqa: E402
from autograder.errors import KitError  # noqa: E402

COMMANDS = {  # name: its module, and the line in `autograder --help`; imported when it runs
    "adjust": ("decisions", "Give or take points, with a reason."),
    "desk": ("desk", "Mark written work on a local page."),
    "export": ("export", "Write grades for a school's gradebook."),
    "extend": ("decisions", "Give one student a later deadline."),
    "new": ("new", "Start a new assignment."),
    "release": ("release", "Write what students get."),
    "report": ("report", "Write pages about a class, and one for each student."),
    "site": ("site", "Write the course's own pages."),
    "verify": ("verify", "Prove that checks and solution fit together."),
}
INTERRUPTED = 130


class Commands(click.Group):
    """Commands of other modules load when they run, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(f"autograder.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = []
        for name in self.list_commands(ctx):
            if name in COMMANDS:
                rows.append((name, COMMANDS[name][1]))
            elif command := super().get_command(ctx, name):
                rows.append((name, command.get_short_help_str(limit=80)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="autograder")
def cli() -> None:
    """Release assignments, grade submissions in a jail, export grades."""


def course_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--course DIR`, for every command that works on a course."""
    return click.option(
        "--course",
        "course_folder",
        type=click.Path(path_type=Path),
        help="The course's folder [default: the nearest one upward].",
    )(command)


@cli.command()
@click.argument("assignment")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Where result and feedback files and grades.csv go.",
)
@click.option(
    "--gradebook",
    type=click.Path(path_type=Path),
    help="The file that keeps every attempt [default: gradebook.sqlite in RESULTS].",
)
@click.option("--jobs", type=click.IntRange(1), help="Grading processes [default: one a core].")
@click.option(
    "--isolation",
    type=click.Choice(["process", "seccomp", "landlock", "namespaces"]),
    help="Refuse to grade at a lower level than this.",
)
@click.option(
    "--upstream",
    type=click.Choice(["best", "own"]),
    default="best",
    show_default=True,
    help="best: a failed function is tried again on the reference's lower functions.",
)
@click.option(
    "--roster",
    type=click.Path(path_type=Path),
    help="Who is in the course, and whose uploads are whose [default: roster.csv beside the "
    "gradebook, where there is one].",
)
@click.option(
    "--times",
    type=click.Path(path_type=Path),
    help="When uploads came: a CSV file with student,submitted_at.",
)
@click.option(
    "--ref",
    metavar="NAME",
    help="Of clones: the branch, tag, newest tag of a pattern (submit/*) or commit to grade "
    "[default: what each clone has checked out].",
)
@click.option("--regrade", is_flag=True, help="Grade again what has a result already.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Write whose mark the last regrading changed, and how, to this Markdown file.",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Grade on the machines of a dask cluster; local: one on this machine.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, no table.")
@course_option
def grade(
    assignment: str,
    paths: tuple[Path, ...],
    results: Path,
    gradebook: Path | None,
    jobs: int | None,
    isolation: str | None,
    upstream: str,
    roster: Path | None,
    times: Path | None,
    ref: str | None,
    regrade: bool,
    report: Path | None,
    cluster: str | None,
    as_json: bool,
    course_folder: Path | None,
) -> int:
    """Grade submissions of ASSIGNMENT: folders, archives, git clones, or folders of these."""
    from autograder.commands.ahead import ahead

    with ahead(() if cluster else paths, None if cluster else jobs):
        gc.disable()  # nearly all that is imported stays, and need not be looked at
        from autograder.commands.grade import run_grade

        gc.freeze()
        gc.enable()
        return run_grade(
            course_folder,
            assignment,
            paths,
            results=results,
            gradebook=gradebook or results / "gradebook.sqlite",
            jobs=jobs or _cores(),
            isolation=isolation,
            upstream="own" if upstream == "own" else "best",
            regrade=regrade,
            as_json=as_json,
            roster=roster,
            times=times,
            ref=ref,
            report=report,
            cluster=cluster,
        )


@cli.command()
@course_option
def doctor(course_folder: Path | None) -> int:
    """Say how well this machine can keep students' code apart, and why not better."""
    from autograder.commands.doctor import examine

    click.echo(examine(course_folder))
    return 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main(arguments: list[str] | None = None) -> None:
    """Run a command, and end with its exit code."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Every way out has its exit code and, for errors, one readable paragraph."""
    try:
        code = cli.main(args=arguments, prog_name="autograder", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except KitError as error:
        _tell(str(error))
        return error.exit_code
    except BrokenPipeError:  # whoever reads has seen enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # a fault of the kit: said in one paragraph, the rest on request
        _tell(
            f"The kit itself failed: {type(error).__name__}: {error}. "
            "Run it again with AUTOGRADER_DEBUG=1 to see where, and please report it."
        )
        return KitError.exit_code


def _tell(message: str) -> None:
    if os.environ.get("AUTOGRADER_DEBUG") == "1":
        traceback.print_exc()
    click.echo(f"Error: {message}", err=True)
