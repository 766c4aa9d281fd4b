"""Inputs over several processes that share an output folder: the tables of one run."""

import os
import subprocess
import sys

import pytest

from fervid.atomic import part_held
from fervid.errors import InputError, OutputError
from fervid.predict import predict
from fervid.share import Share


@pytest.fixture
def films(tmp_path, squares):
    folder = tmp_path / "films"
    folder.mkdir()
    for number in range(5):
        squares.film(folder / f"{number}.mp4", 20 + number, red=slice(0, 10 + number))
    (folder / "2.avi").write_bytes(b"no video, and a name that is taken")
    return folder


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.endswith(".png")}


def test_shares_one_after_another(films, tmp_path, world, model):
    options = {"model": model, "timeline": False}
    whole = predict([films], tmp_path / "one", **options)
    out, seen = tmp_path / "out", []
    for number in (3, 1, 2):
        seen.append(predict([films], out, share=Share(number, 3), **options))
    assert contents(out) == contents(tmp_path / "one")
    assert sum(each.done for each in seen) == whole.done == 5
    assert {name for each in seen for name in each.failed} == set(whole.failed)
    again = predict([films], out, share=Share(2, 3), **options)
    assert (again.done, again.skipped) == (0, seen[2].done)
    assert predict([films], out, **options).skipped == 5
    assert contents(out) == contents(tmp_path / "one")
    assert predict([films], out, share=Share(9, 9), **options).rows == ()


SHARE = """
import sys
import squares
from fervid.predict import batch
from fervid.share import Share
squares.install(0.05)
model, out, share, films = sys.argv[1:]
batch.predict([films], out, model=model, timeline=False, share=Share.of(share))
"""


def test_shares_at_the_same_time(films, tmp_path, world, model):
    (films / "2.avi").unlink()
    predict([films], tmp_path / "one", model=model, timeline=False)
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", SHARE, str(model), str(tmp_path / "out")]
    both = [subprocess.Popen([*words, f"{n}/2", str(films)], env=place) for n in (1, 2)]
    assert [each.wait(timeout=120) for each in both] == [0, 0]
    assert contents(tmp_path / "out") == contents(tmp_path / "one")


def test_a_share_has_one_process(films, tmp_path, world, model):
    out = tmp_path / "out"
    with part_held(out, "fervid predict --shard", "shard-1-of-2"):
        for share in (Share(1, 2), None):
            with pytest.raises(OutputError, match="in use by fervid predict --shard"):
                predict([films], out, model=model, share=share)
        predict([films], out, model=model, share=Share(2, 2), timeline=False)


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "a/b", "1/2/3", ""])
def test_what_is_no_share(text):
    with pytest.raises(InputError, match="write I/N"):
        Share.of(text)
