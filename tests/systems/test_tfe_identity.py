import numpy as np
import pytest
import torch

from fervid.errors import InputError
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.tfe import identity
from fervid.systems.tfe.identity import DeepIDTraining, cosine, verify

SIDE = 32


def samples(count, seed=0):
    """Pictures of people, who are each a pattern with noise; `count` of each."""
    rng = np.random.default_rng(seed)
    faces, people = [], []
    for person, number in enumerate(count):
        pattern = np.random.default_rng(person).integers(0, 200, (8, 8)).repeat(4, 0).repeat(4, 1)
        for _ in range(number):
            faces.append(pattern + rng.integers(0, 56, (SIDE, SIDE)))
            people.append(f"p{person}")
    n = len(faces)
    return Samples(
        {"faces": np.array(faces, np.uint8)}, np.full(n, -1), np.arange(n), np.array(people), ()
    )


def training(**changes):
    return DeepIDTraining(**{"size": SIDE, "local": False, "epochs": 2, "batch_size": 8, **changes})


def run(folder):
    return Run(folder, device="cpu")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_people_with_too_few_pictures_and_those_named_are_left_out():
    data = samples([3, 1, 2, 5])
    train, validation = training()._sides(data, (), 0)
    assert train.labels == ("p0", "p2", "p3") and len(validation) == 0
    assert [train.labels[t] for t in train.target] == train.subject.tolist()
    train, _ = training()._sides(data, ["p3", "nobody"], 0)
    assert train.labels == ("p0", "p2") and set(train.subject) == {"p0", "p2"}
    with pytest.raises(InputError, match="got 1"):
        training(fewest=4)._sides(data, (), 0)


def test_one_picture_of_each_person_may_choose_the_epoch():
    data = samples([3, 1, 2, 5])
    train, validation = training(hold_out=True)._sides(data, (), 0)
    assert sorted(validation.subject) == ["p0", "p2", "p3"]
    assert not set(train.clip) & set(validation.clip) and len(train) == 7
    assert training(hold_out=True).stage().plan.choose == "accuracy"
    assert training().stage().plan.choose == "last"


def test_it_learns_to_tell_people_apart(tmp_path):
    data = samples([12] * 4)
    learnt = training(epochs=15, learning_rate=0.02, dropout=0.0)
    net = learnt.fit(data, run(tmp_path))
    other = samples([4] * 4, seed=9)
    found = identity.features(net, other.arrays["faces"])
    first, second = np.triu_indices(len(found), 1)
    same = other.subject[first] == other.subject[second]
    scores = cosine(found[first], found[second])
    assert scores[same].mean() > scores[~same].mean() + 0.2
    identity.save(net, tmp_path / "n.safetensors", learnt, {"people": 4})
    again = identity.load(str(tmp_path / "n.safetensors"))
    read = identity.features(again, other.arrays["faces"])
    np.testing.assert_allclose(read, found, rtol=1e-4, atol=1e-4)
    assert identity.card(str(tmp_path / "n.safetensors"))["card"] == {"people": 4}


def test_cosine():
    a, b = np.random.default_rng(0).normal(size=(2, 5, 7))
    expected = [x @ y / np.sqrt((x @ x) * (y @ y)) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(cosine(a, b), expected, rtol=1e-5)
    assert cosine(np.zeros((1, 3)), np.ones((1, 3))).tolist() == [0]


def test_a_fold_s_threshold_comes_from_the_others():
    rng = np.random.default_rng(0)
    same = rng.random(300) < 0.5
    scores = rng.normal(same * 0.3, 0.3).clip(-1, 1)
    fold = np.arange(300) % 10
    found = verify(scores, same, fold)
    for number in range(10):
        others, best = fold != number, -1
        level = found.thresholds[number]
        for tried in np.sort(scores[others]):  # slow: every cut
            best = max(best, int(((scores[others] >= tried) == same[others]).sum()))
        assert int(((scores[others] >= level) == same[others]).sum()) >= best
        here = (scores[~others] >= level) == same[~others]
        assert found.accuracy[number] == pytest.approx(here.mean())
    assert found.mean == pytest.approx(np.mean(found.accuracy)) and found.pairs == 300
    assert found.error == pytest.approx(np.std(found.accuracy, ddof=1) / np.sqrt(10))


def test_the_roc_s_area_is_the_chance_that_a_matched_pair_scores_higher():
    rng = np.random.default_rng(1)
    same = rng.random(80) < 0.4
    scores = rng.integers(0, 8, 80) / 8 + 0.2 * same  # with ties
    found = verify(scores, same, np.arange(80) % 4)
    pairs = scores[same][:, None] - scores[~same][None]
    assert found.area == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    assert found.false[0] == found.true[0] == 0 and found.false[-1] == found.true[-1] == 1
    assert (np.diff(found.true) >= 0).all()


def test_perfect_and_useless_scores():
    same, fold = np.arange(40) % 2 == 0, np.arange(40) // 10
    assert verify(same * 1.0, same, fold).mean == 1
    assert verify(np.zeros(40), same, fold).mean == pytest.approx(0.5)
