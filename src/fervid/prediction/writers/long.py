"""A tidy CSV with one row per frame, face and label, and its codebook."""

from pathlib import Path

from fervid.atomic import whole
from fervid.prediction.writers.codebook import MODEL, Description, describe
from fervid.prediction.writers.table import PredictionTable

KEPT = ("input", "frame", "timestamp", "face_id", "status", "score")
OWN = {
    "label": Description("the label of this row", "", "a label; empty: none", MODEL),
    "probability": Description("probability of the label", "", "0..1; empty: none", MODEL),
}


def write(table: PredictionTable, base: Path) -> list[Path]:
    """Write `<base>.long.csv` and `<base>.codebook.csv`.

    A row of the table without a label remains one row, so that no frame is lost.

    Returns:
        The two files written.
    """
    import pandas as pd

    rows = table.rows.reset_index(drop=True)
    rows["face_id"] = rows["face_id"].astype("Int64")
    labelled = rows["label"].notna()
    parts = [rows.loc[~labelled, [*KEPT]].assign(label=None, probability=None)]
    for label in table.labels:
        part = rows.loc[labelled, [*KEPT]]
        parts.append(part.assign(label=label, probability=rows.loc[labelled, f"p_{label}"]))
    tidy = pd.concat([part for part in parts if len(part)]).sort_index(kind="stable")
    path = base.with_name(f"{base.name}.long.csv")
    with whole(path) as place:
        tidy.to_csv(place, index=False, lineterminator="\n")
    codebook = base.with_name(f"{base.name}.codebook.csv")
    about = {column: OWN.get(column) or describe(column) for column in tidy.columns}
    lines = [(name, d.meaning, d.unit or "none", d.range, d.source) for name, d in about.items()]
    header = ["column", "meaning", "unit", "range", "source"]
    with whole(codebook) as place:
        pd.DataFrame(lines, columns=header).to_csv(place, index=False, lineterminator="\n")
    return [path, codebook]
