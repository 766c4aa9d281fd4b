"""The command: `fervid --help`. Heavy imports stay inside the commands."""

import errno
import signal
import sys
import threading
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

import fervid
from fervid.cli import annotate, data, doctor, folds, models, runs, suggest, tables, weights
from fervid.errors import FervidError
from fervid.text import printable

# Errors of the operating system that a user can fix.
FIXABLE = (
    errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM,
    errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR,
)  # fmt: skip
LONGEST_NAME = 200  # characters of a file name that a message shows


# What each interrupted command keeps, so that running it again resumes.
KEPT = {
    "draw": "finished clips are kept",
    "prepare": "finished clips are kept",
    "evaluate": "finished folds and checkpoints are kept",
    "train": "finished stages and checkpoints are kept",
    "predict": "finished inputs are kept",
    "reproduce": "finished folds and checkpoints are kept",
    "demo": "finished clips, folds and checkpoints are kept",
}


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C: the stack unwinds and workers end."""


class Commands(TyperGroup):
    """Prints errors that a user can fix as one sentence, with exit code 2 and no traceback.

    Ctrl-C and SIGTERM also print one sentence; their exit codes are 130 and 143.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the requested command."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _terminate)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            progress = KEPT.get(ctx.invoked_subcommand, "no file is left half written")
            by, code = ("SIGTERM", 143) if isinstance(stop, Terminated) else ("Ctrl-C", 130)
            resume = "to resume" if ctx.invoked_subcommand in KEPT else "to start over"
            print(
                f"fervid: stopped by {by}; {progress}: run the same command again {resume}",
                file=sys.stderr,
            )
            raise typer.Exit(code) from None
        except FervidError as error:
            sentence = str(error)
        except OSError as error:
            if error.errno not in FIXABLE:
                raise
            where = str(error.filename or "the output folder")
            where = where if len(where) <= LONGEST_NAME else f"{where[:LONGEST_NAME]}..."
            sentence = f"{where}: {error.strerror}; free some space or choose another folder"
        print(f"fervid: {printable(sentence, lines=True)}", file=sys.stderr)
        raise typer.Exit(2)


def _terminate(*_: Any) -> NoReturn:
    raise Terminated


app = typer.Typer(
    cls=Commands,
    help="Facial expression recognition in video: prepare, evaluate, train, predict.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (data.draw, data.prepare, runs.evaluate, models.train, models.predict,
                tables.convert, tables.page, tables.agreement, tables.synchrony, suggest.suggest,
                runs.compare, runs.paper, runs.reproduce, data.cite, runs.demo, models.systems,
                data.databases, data.protocols, doctor.doctor):  # fmt: skip
    app.command()(command)
app.add_typer(folds.app, name="folds")
app.add_typer(annotate.app, name="annotate")
app.add_typer(weights.app, name="weights")
main = app


@app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    if version:
        print(f"fervid {fervid.__version__}")
        raise typer.Exit
