"""The command: `fervid --help`. Heavy imports stay inside the commands."""

import errno
import sys
from typing import Any

import typer
from typer.core import TyperGroup

import fervid
from fervid.cli import data, folds, models, runs, tables
from fervid.errors import FervidError

# What the system refuses that a user can mend.
MENDABLE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM)


class Commands(TyperGroup):
    """What a user can mend is one sentence and exit code 2, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except FervidError as error:
            sentence = str(error)
        except OSError as error:
            if error.errno not in MENDABLE:
                raise
            where = error.filename or "the output folder"
            sentence = f"{where}: {error.strerror}; free some space or name another folder"
        print(f"fervid: {sentence}", file=sys.stderr)
        raise typer.Exit(2)


app = typer.Typer(
    cls=Commands,
    help="Facial expression recognition in video: prepare, evaluate, train, predict.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (data.draw, data.prepare, runs.evaluate, models.train, models.predict,
                tables.convert, tables.agreement, runs.compare, runs.reproduce, data.cite,
                runs.demo, models.systems, data.databases):  # fmt: skip
    app.command()(command)
app.add_typer(folds.app, name="folds")
app.add_typer(models.weights, name="weights")
main = app


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version")) -> None:
    if version:
        print(f"fervid {fervid.__version__}")
        raise typer.Exit
