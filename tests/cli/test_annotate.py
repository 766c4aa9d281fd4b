"""`fervid annotate import`, and `fervid prepare folder` of what it wrote."""

import csv


def test_import_and_prepare(run, refused, folder, tmp_path) -> None:
    rows = ["input;start_seconds;end_seconds;label"]
    rows += [f"c{n}.mp4;0;0,16;{('Wut', 'fear')[n % 2]}" for n in range(4)]
    (folder / "labels.csv").write_text("\r\n".join(rows))
    words = ("annotate", "import", folder / "labels.csv", "--out", folder / "corrected.csv")
    assert "unknown label 'Wut'" in refused(*words)
    assert "give FROM=TO" in refused(*words, "--label", "Wut")
    (tmp_path / "map.csv").write_text("from,to\nwut,anger\n")
    done = run(*words, "--labels", tmp_path / "map.csv", "--subject", "S1")
    assert done.exit_code == 0, done.output
    assert "4 intervals (2 anger, 2 fear)" in done.stdout
    with (folder / "corrected.csv").open(newline="") as file:
        assert [row["path"] for row in csv.DictReader(file)] == [f"c{n}.mp4" for n in range(4)]
    done = run(
        "prepare", "folder", folder / "corrected.csv", "--store", tmp_path / "store",
        "--faces", "builtin",
    )  # fmt: skip
    assert done.exit_code == 0 and "0 clips prepared, 0 already there, 4 failed" in done.stdout
    assert "no face in any of its 4 frames" in done.stdout  # the pictures hold none
    assert "exists already" in refused(*words, "--label", "wut=anger")


def test_into_a_store(run, folder, tmp_path) -> None:
    """The same as importing and preparing, labels that are not ours and other folders included."""
    rows = ["input,start_seconds,end_seconds,label,subject"]
    rows += [f"c{n}.mp4,0,0.16,{('bored', 'fear')[n % 2]},S{n}" for n in range(4)]
    (folder / "labels.csv").write_text("\n".join(rows))
    words = ("annotate", "import", folder / "labels.csv", "--label", "bored=boredom")
    out, store = tmp_path / "manifest.csv", tmp_path / "store"
    done = run(*words, "--out", out, "--store", store)
    assert done.exit_code == 0, done.output
    assert "4 intervals (2 boredom, 2 fear)" in done.stdout and "next:" not in done.stdout
    assert "no face in any of its 4 frames" in done.stdout and "4 failed" in done.stdout
    asked = run("annotate", "import", folder / "labels.csv", "--label", "bored=boredom", "--out",
                tmp_path / "again.csv")  # fmt: skip
    sets = asked.stdout.split("--store STORE ")[1].split()
    again = run("prepare", "folder", tmp_path / "again.csv", "--store", store, *sets)
    assert again.exit_code == 0, again.output  # the same database, so the store goes on
