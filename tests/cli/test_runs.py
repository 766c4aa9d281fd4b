"""`fervid evaluate`, `compare`, `reproduce`, `cite` from the command line."""

import csv
import json
import shutil

import pytest

from fervid.cli.names import YARDSTICKS
from fervid.papers.citations import cite
from fervid.papers.published.contradictions import contradictions

pytestmark = pytest.mark.usefixtures("quick")


def facts(folder) -> dict:
    return json.loads((folder / "report.json").read_text())["facts"]


def test_one_store(run, stores, tmp_path) -> None:
    out = tmp_path / "run"
    done = run("evaluate", "quick", "--store", stores["alpha"], "--out", out)
    assert done.exit_code == 0 and f"report: {out / 'report.html'}" in done.stdout
    assert "quick on alpha [drawn for a test], 10 folds" in done.stdout
    assert "left out" not in done.stdout


@pytest.mark.parametrize("name", YARDSTICKS)
def test_a_yardstick_is_not_trained(refused, stores, tmp_path, name) -> None:
    words = ("--store", stores["alpha"], "--out", tmp_path / "a.safetensors")
    assert f"{name} has no model to keep" in refused("train", name, *words)


def test_yardsticks_alone_without_validation(run, stores, tmp_path) -> None:
    words = ("evaluate", "linear", "--store", stores["alpha"], "--validation", 0)
    done = run(*words, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "landmarks, linear *" in done.stdout and "; chance " in done.stdout
    assert facts(tmp_path / "run")["validation"] == 0
    assert run(*words[:-1], 1, "--out", tmp_path / "other").exit_code == 2


def test_folds_by_several_processes(run, refused, stores, tmp_path) -> None:
    words = ("evaluate", "quick", "--store", stores["alpha"], "--out", tmp_path / "run")
    done = run(*words, "--fold", "2-9", "--fold", 1)
    assert done.exit_code == 0, done.output
    said = f"--fold 1-9 is done in {tmp_path / 'run'}; missing: 10; then: the same command with"
    assert said in done.stdout
    absent = refused(*words, "--collect")
    assert absent.startswith("1 of 10 folds are not there yet") and "--fold 10 " in absent
    assert "another seed (0, not 1)" in refused(*words, "--fold", 10, "--seed", 1)
    assert "choose --fold 1 to 10" in refused(*words, "--fold", 11)
    assert "give one of the two" in refused(*words, "--fold", 1, "--collect")
    assert "all folds are there; next" in run(*words, "--fold", 10).stdout
    done = run(*words, "--collect")
    assert done.exit_code == 0 and "quick on alpha [drawn for a test], 10 folds" in done.stdout
    people = ("--people", "3,5")
    assert "one number of --people" in refused(*words, *people, "--fold", 1)


def test_learning_curve(run, refused, stores, tmp_path) -> None:
    words = ("evaluate", "quick", "--store", stores["alpha"], "--out", tmp_path / "curve")
    done = run(*words, "--people", "3,5")
    assert done.exit_code == 0, done.output
    assert done.stdout.count(" people: ") == 2
    assert f"picture: {tmp_path / 'curve' / 'learning-curve.png'}" in done.stdout
    done = run(*words[:-1], tmp_path / "few", "--people", 5)
    assert done.exit_code == 0 and "10 folds" in done.stdout
    assert facts(tmp_path / "few")["folds"] == facts(tmp_path / "curve" / "people-005")["folds"]
    assert "write whole numbers" in refused(*words, "--people", "5,x")
    assert "choose --people 1 to" in refused(*words, "--people", "5,500")
    assert "once" in refused(*words, "--people", "5,9", "--repeats", 2)


def test_each_database(run, stores, tmp_path) -> None:
    places = [word for name in ("alpha", "beta", "gamma") for word in ("--store", stores[name])]
    done = run("evaluate", "quick", *places, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "leave one database out" in done.stdout
    assert "left out: 12 of gamma: contempt" in done.stdout
    with (tmp_path / "run" / "folds.csv").open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["alpha", "beta", "gamma"]


def test_cross_database(run, stores, tmp_path) -> None:
    words = ("--store", stores["alpha"], "--store", stores["gamma"], "--test", stores["beta"])
    done = run("evaluate", "quick", *words, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "trained on alpha and gamma, tested on beta" in done.stdout
    assert "left out: 12 of gamma: contempt" in done.stdout


def test_pooled_folds_of_several(run, stores, tmp_path) -> None:
    words = ("--store", stores["alpha"], "--store", stores["beta"], "--protocol", "five-fold")
    done = run("evaluate", "quick", *words, "--out", tmp_path / "run")
    assert done.exit_code == 0 and "quick on alpha + beta" in done.stdout
    assert facts(tmp_path / "run")["subjects"] == 24


def test_repeats(run, stores, tmp_path) -> None:
    words = ("--store", stores["alpha"], "--repeats", "2", "--out", tmp_path / "run")
    done = run("evaluate", "quick", *words)
    assert done.exit_code == 0 and "5 folds, 2 repeats" in done.stdout
    assert "between repeats" in done.stdout and (tmp_path / "run" / "repeats.csv").is_file()


def test_repeats_of_fixed_parts(run, refused, stores, tmp_path) -> None:
    words = ("--store", stores["parts"], "--protocol", "parts", "--repeats", "2")
    done = run("evaluate", "quick", *words, "--out", tmp_path / "run")
    assert done.exit_code == 0 and "1 fold, 2 repeats" in done.stdout
    found = [facts(tmp_path / "run" / f"repeat-0{n}") for n in (1, 2)]
    assert found[0]["folds"] == found[1]["folds"] and [f["seed"] for f in found] == [0, 1]
    two = ("--store", stores["alpha"], "--store", stores["beta"], "--repeats", "2")
    assert "--repeats does not work" in refused("evaluate", "quick", *two, "--out", tmp_path / "no")


def test_fixed_parts_of_unknown_people(run, stores, tmp_path) -> None:
    words = ("--store", stores["parts"], "--protocol", "parts", "--out", tmp_path / "run")
    done = run("evaluate", "quick", *words)
    assert done.exit_code == 0, done.output
    assert "fixed parts, 36 clips of unknown people taken for one person each" in done.stdout
    assert facts(tmp_path / "run")["protocol"].startswith("fixed parts, 36 clips")


def test_an_imported_split_by_its_name(run, stores, tmp_path) -> None:
    split = tmp_path / "halves.csv"
    split.write_text("subject,fold\n" + "".join(f"S{n:02d},{n % 2}\n" for n in range(12)))
    mine = shutil.copytree(stores["alpha"], tmp_path / "alpha")
    run("folds", "import", split, "--store", mine)
    words = ("--store", mine, "--protocol", "halves", "--out", tmp_path / "run")
    assert run("evaluate", "quick", *words).exit_code == 0
    assert facts(tmp_path / "run")["protocol"] == "split file halves.json"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--protocol", "cross-database"), "--test STORE go together"),
        (("--protocol", "leave-one-database-out"), "needs several databases"),
        (("--protocol", "sevenfold"), "choose one of paper"),
        (("--set", "colour=red"), "quick has the fields"),
        (("--set", "name"), "--set name: write the value, as in name=quick"),
        (("--set", "shrink=much"), "give a value of the same type"),
    ],
)
def test_options_that_do_not_fit(refused, stores, tmp_path, words, said) -> None:
    out = ("--out", tmp_path / "run")
    assert said in refused("evaluate", "quick", "--store", stores["alpha"], *words, *out)
    assert not (tmp_path / "run").exists()


def test_compare(run, refused, stores, tmp_path) -> None:
    for name, shrink in (("one", "0.0"), ("two", "0.5")):
        words = ("--store", stores["alpha"], "--set", f"shrink={shrink}", "--out", tmp_path / name)
        assert run("evaluate", "quick", *words, "--protocol", "five-fold").exit_code == 0
    words = (tmp_path / "one", tmp_path / "two", "--out", tmp_path / "compared")
    done = run("compare", *words)
    assert done.exit_code == 0 and "one" in done.stdout and "McNemar" in done.stdout
    assert (tmp_path / "compared" / "compare.png").stat().st_size > 5000
    assert "one network cannot be compared" in refused("compare", f"{tmp_path / 'one'}:joint")
    assert "no complete report" in refused("compare", tmp_path, tmp_path / "one")
    text = tmp_path / "text"
    described = run("paper", tmp_path / "one", "--out", text).stdout
    assert (text / "methods.txt").read_text().strip() in described
    assert "\\toprule" in (text / "table.tex").read_text()
    assert "no complete report (there is no report.json): give" in refused("paper", tmp_path)


def test_cite(run, refused) -> None:
    assert run("cite", "ck_plus").stdout == cite("ck_plus") + "\n"
    assert "jung2015joint" in run("cite", "dtagn-mmi").stdout
    assert "choose one of dtagn" in refused("cite", "nobody")


def test_contradictions(run, refused) -> None:
    said = run("reproduce", "hybrid", "--contradictions").stdout
    mine = [key for key, one in contradictions().items() if "hybrid" in one.paper.split(" / ")]
    assert said.count("\n- ") + 1 == len(mine) and all(f"**{key}**" in said for key in mine)
    assert "choose one of dtagn" in refused("reproduce", "nobody", "--contradictions")


def test_reproduce_without_any_store(run, tmp_path) -> None:
    words = ("--out", tmp_path / "results", "--runs", tmp_path / "runs")
    done = run("reproduce", "dtagn", "2", *words)
    assert done.exit_code == 0 and "no store of ck_plus" in done.stdout
    assert (tmp_path / "results" / "dtagn_table2.csv").is_file()


def test_settings_of_a_table_s_systems(run, refused, tmp_path) -> None:
    words = ("reproduce", "agn3d", "1", "--out", tmp_path / "results", "--runs", tmp_path / "runs")
    done = run(*words, "--set", "input.size=64", "--set", "agn3d.geometry.width=0.25")
    assert done.exit_code == 0 and "no store of ck_plus" in done.stdout
    assert "no system has a field sizes" in refused(*words, "--set", "sizes=64")
    assert "no system has a field agn.input.size" in refused(*words, "--set", "agn.input.size=64")
    assert "give a value of the same type" in refused(*words, "--set", "input.size=large")
    assert "agn3d has the fields" in refused(*words, "--set", "agn3d.hue=1")


@pytest.mark.parametrize("word", ["systems", "databases", "--version", "--help"])
def test_lists(run, word) -> None:
    done = run(word)
    assert done.exit_code == 0 and len(done.stdout) > 5
