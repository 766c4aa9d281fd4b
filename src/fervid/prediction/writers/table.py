"""Reads the tables of `fervid predict`, with everything else that a writer needs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fervid.errors import InputError
from fervid.faces.action_units import COLUMNS as COLUMNS_OF_UNITS
from fervid.faces.action_units import both_sides
from fervid.prediction.episodes import Episode
from fervid.prediction.intervals import LabelInterval, frame_ends, intervals, of_episode, step

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".parquet")
BOX = ("left", "top", "width", "height")
COLUMNS = ("input", "frame", "timestamp", "face_id", "status", *BOX, "score", "label")
POINTS = 68
WHOLE = ("frame", "face_id")
MOST = 2**31 - 1  # largest absolute value of any number


@dataclass(frozen=True)
class PredictionTable:
    """One input's predictions.

    Args:
        path: the table's file.
        rows: one per frame and face, with the columns of `Timeline.to_frame`.
        labels: K names, in the order of the columns `p_<name>`.
        media: the video or picture of the table; None if it does not exist.
        episodes: episodes that replace the runs of one label; None to use these runs.
    """

    path: Path
    rows: "pd.DataFrame"
    labels: tuple[str, ...]
    media: Path | None = None
    episodes: tuple[Episode, ...] | None = None

    @property
    def name(self) -> str:
        """File name of the table without its ending."""
        return self.path.stem

    @property
    def faces(self) -> list[int]:
        """Ids of the faces, ascending."""
        return sorted(int(face) for face in self.rows["face_id"].dropna().unique())

    @property
    def rate(self) -> float:
        """Frames per second: the inverse of the median step between two frames."""
        return 1 / step(self.rows)

    @property
    def seconds(self) -> float:
        """End of the last frame, in seconds from the start."""
        return max(frame_ends(self.rows).values())

    @property
    def has_landmarks(self) -> bool:
        """Whether the table has the 68 landmarks."""
        return {"x0", f"y{POINTS - 1}"} <= set(self.rows.columns)

    @property
    def units(self) -> Mapping[int, "pd.Series[float]"]:
        """Estimated action units by FACS number, the means of both sides; empty without any."""
        if COLUMNS_OF_UNITS[0] not in self.rows.columns:
            return {}
        values = both_sides(self.rows[list(COLUMNS_OF_UNITS)].to_numpy("float32"))
        return {unit: self._column(each) for unit, each in values.items()}

    def _column(self, values: "NDArray[np.float32]") -> "pd.Series[float]":
        import pandas as pd

        return pd.Series(values.astype(float).round(4), self.rows.index)

    @cached_property
    def intervals(self) -> list[LabelInterval]:
        """Label intervals by face, then by time: episodes, or runs of the most probable label."""
        if self.episodes is None:
            return intervals(self.rows, self.labels)
        return [of_episode(each) for each in self.episodes]

    @property
    def exclusive(self) -> bool:
        """Whether a face has one label at a time; episodes of different labels may overlap."""
        return self.episodes is None


def relative(path: Path, folder: Path) -> str:
    """A path as seen from a folder, with slashes; absolute where there is no way (other drives)."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def read_table(path: Path, media: Path | None = None) -> PredictionTable:
    """Read a table written by `fervid predict`, CSV or Parquet.

    Args:
        media: the video or picture; by default the table's `input`, if it exists relative to the
            current folder or to the table's folder.

    Raises:
        InputError: there is no such file, or it is not a table of one input's predictions.
    """
    import pandas as pd

    if path.suffix not in ENDINGS:
        raise InputError(f"{path} is neither .csv nor .parquet: give a table of `fervid predict`")
    try:
        if path.suffix == ".parquet":
            rows = pd.read_parquet(path)
        else:
            rows = pd.read_csv(path, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read ({error}): give a table of `fervid predict`"
        ) from None
    labels = tuple(name.removeprefix("p_") for name in rows.columns if name.startswith("p_"))
    missing = [column for column in COLUMNS if column not in rows.columns]
    if missing or not labels or rows.empty:
        absent = f"column {missing[0]!r}" if missing else "rows" if labels else "column 'p_<label>'"
        raise InputError(f"{path} has no {absent}: give a table of `fervid predict`")
    numbers = ("frame", "timestamp", "face_id", *BOX, "score", *(f"p_{each}" for each in labels))
    for column in numbers:
        try:
            rows[column] = pd.to_numeric(rows[column])
        except ValueError as error:
            raise InputError(f"{path}, column {column!r}: {error}: correct the table") from None
        values = rows[column].to_numpy(float, na_value=np.nan)
        whole = column not in WHOLE or bool((values == np.floor(values))[~np.isnan(values)].all())
        complete = column not in ("frame", "timestamp") or not np.isnan(values).any()
        if not (whole and complete) or (np.abs(values) > MOST).any():
            raise InputError(
                f"{path}, column {column!r}: a number is missing, not whole or beyond {MOST}: "
                "correct the table"
            )
    unknown = sorted(set(rows["label"].dropna()) - set(labels))
    if unknown:
        raise InputError(
            f"{path} has the label {unknown[0]!r} but no column p_{unknown[0]}: correct it"
        )
    inputs = rows["input"].unique()
    if len(inputs) > 1:
        raise InputError(f"{path} has {len(inputs)} inputs: give one table per input")
    return PredictionTable(path, rows, labels, media or _media(path, str(inputs[0])))


def _media(path: Path, name: str) -> Path | None:
    candidates = (Path(name), path.parent / name, path.parent / Path(name).name)
    return next((candidate for candidate in candidates if candidate.is_file()), None)
