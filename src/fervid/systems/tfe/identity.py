"""The identity network: trained to tell people apart, evaluated by verifying pairs of faces [5].

Training needs several pictures per person, but no emotion labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fervid.errors import InputError, WeightsError
from fervid.learning import loop, seeding, weights
from fervid.learning.batches import Batch
from fervid.learning.loop import Stage
from fervid.learning.plan import Plan
from fervid.learning.run import Run
from fervid.learning.samples import Samples
from fervid.systems.tfe.augment import shaken
from fervid.systems.tfe.network import Alone, DeepID
from fervid.systems.tfe.shake import Shake

SHIPPED = Path(__file__).parent / "people" / "deepid.safetensors"


@dataclass(frozen=True)
class DeepIDTraining:
    """Training of the identity network, with the paper's numbers [5, Sec. 4.2-4.4].

    "open" means that the paper gives none.
    """

    size: int = 48  # open: side of the network's input in pixels
    local: bool = True  # locally shared weights, as in [10] of [5]
    fewest: int = 2  # pictures that a person needs to be used
    hold_out: bool = False  # choose the epoch on one picture of each person [5, Sec. 4.3]
    dropout: float = 0.4  # Sec. 4.2
    flip: bool = True  # Sec. 4.3
    shift: float = 0.0  # not in the paper, like the other fields of `Shake` below
    turn: float = 0.0
    scale: float = 0.0
    light: float = 0.0
    erase: float = 0.0
    learning_rate: float = 0.01  # Sec. 4.2
    momentum: float = 0.9
    batch_size: int = 128
    epochs: int = 200  # Sec. 4.4
    weight_decay: float = 0.0005  # open

    @property
    def shake(self) -> Shake:
        """Augmentation of the training faces."""
        return Shake(self.flip, self.shift, self.turn, self.scale, self.light, self.erase)

    def fit(self, samples: Samples, run: Run, without: Sequence[str] = ()) -> DeepID:
        """Train the network to name the person in each picture.

        Args:
            samples: `faces` (N, P, P) uint8 and `subject`; labels are ignored.
            run: the run.
            without: people to leave out of training.

        Raises:
            InputError: fewer than two people with enough pictures.
        """
        train, validation = self._sides(samples, without, run.seed)
        with seeding.seeded(run.seed, "deepid", "weights"):
            net = Alone(DeepID(self.size, self.local), len(train.labels), self.dropout)
        net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        body = net.body
        assert isinstance(body, DeepID)
        body.standardise.learn(train.arrays["faces"])
        loop.train(self.stage(), net, train, validation, run)
        return body

    def stage(self) -> Stage:
        """The stage that trains the network."""
        plan = Plan(
            self.epochs, self.learning_rate, self.momentum, self.weight_decay,
            batch_size=self.batch_size, choose="accuracy" if self.hold_out else "last",
        )  # fmt: skip
        return Stage("deepid", plan, self._loss, _logits, given=(self,))

    def _loss(self, net: Any, batch: Batch, generator: torch.Generator) -> Tensor:
        return F.cross_entropy(
            net(shaken(batch.arrays["faces"], self.shake, generator)), batch.target
        )

    def _sides(
        self, samples: Samples, without: Sequence[str], seed: int
    ) -> tuple[Samples, Samples]:
        """Pictures for training and for validation, with people as targets."""
        names, person, count = np.unique(samples.subject, return_inverse=True, return_counts=True)
        usable = (count >= self.fewest) & ~np.isin(names, list(without)) & (names != "")
        rows = np.flatnonzero(usable[person])
        if usable.sum() < 2:
            raise InputError(
                f"training needs at least 2 people with {self.fewest} or more pictures each, "
                f"got {int(usable.sum())}: add pictures"
            )
        people = tuple(str(name) for name in names[usable])
        index = np.cumsum(usable) - 1
        renamed = replace(samples, target=index[person].astype(np.int64), labels=people)
        held_out = np.zeros(len(samples), bool)
        if self.hold_out:
            shuffled = np.random.default_rng(seed).permutation(rows)
            _, first = np.unique(person[shuffled], return_index=True)
            held_out[shuffled[first]] = True
        return renamed.take(rows[~held_out[rows]]), renamed.take(rows[held_out[rows]])


def _logits(net: Any, batch: Batch) -> Tensor:
    logits: Tensor = net(batch.arrays["faces"])
    return logits


def save(net: DeepID, path: Path, training: DeepIDTraining, card: Mapping[str, Any]) -> None:
    """Write the identity network without the layer that names people.

    Args:
        net: the network.
        path: file to write.
        training: how it was trained.
        card: training data, accuracy and anything else that JSON can hold.
    """
    about = {"kind": "deepid", "size": net.size, "local": net.local}
    weights.save(path, net.state_dict(), {**about, "recipe": asdict(training), "card": dict(card)})


def _path(place: str) -> Path:
    return SHIPPED if place == "shipped" else Path(place)


def card(place: str) -> dict[str, Any]:
    """Metadata of a file written by `save`; "shipped" is the file in this package.

    Raises:
        WeightsError: the file is missing or does not hold an identity network.
    """
    about = weights.metadata(_path(place))
    if about.get("kind") != "deepid":
        raise WeightsError(
            f"{_path(place)} does not hold an identity network: name a file written by "
            "training/identity.py"
        )
    return about


def load(place: str) -> DeepID:
    """Load a network that `save` wrote; "shipped" is the file in this package.

    Raises:
        WeightsError: the file is missing or does not hold an identity network.
    """
    about, path = card(place), _path(place)
    tensors, _ = weights.load(path)
    net = DeepID(about["size"], about["local"])
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} does not hold the network it describes: download or create it again"
        ) from error
    return net.eval()


@torch.no_grad()
def features(net: DeepID, faces: NDArray[np.uint8], size: int = 256) -> NDArray[np.float32]:
    """Identity features (N, 160) of faces (N, P, P), computed `size` at a time."""
    net.eval()
    device = net.top.weight.device
    parts = [
        net(torch.from_numpy(np.array(faces[start : start + size])).to(device)).float().cpu()
        for start in range(0, len(faces), size)
    ]
    return torch.cat([torch.zeros(0, net.top.out_features), *parts]).numpy()


def cosine(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N,): cosine similarity of two sets of features, (N, D) each."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    length = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(1) / np.maximum(length, 1e-12))


@dataclass(frozen=True)
class Verification:
    """Accuracy of deciding by a similarity threshold whether two pictures show the same person.

    Args:
        accuracy: accuracy on each fold, with the threshold that is best on the other folds.
        thresholds: the threshold of each fold.
        false, true: ROC curve: share of mismatched and of matched pairs accepted as one person.
        area: area under the ROC curve.
        pairs: number of pairs.
    """

    accuracy: tuple[float, ...]
    thresholds: tuple[float, ...]
    false: NDArray[np.float64]
    true: NDArray[np.float64]
    area: float
    pairs: int

    @property
    def mean(self) -> float:
        """Mean accuracy over folds."""
        return float(np.mean(self.accuracy))

    @property
    def error(self) -> float:
        """Standard error of the mean over folds."""
        n = len(self.accuracy)
        return float(np.std(self.accuracy, ddof=1) / np.sqrt(n)) if n > 1 else float("nan")


def verify(
    scores: NDArray[np.floating], same: NDArray[np.bool_], fold: NDArray[np.integer]
) -> Verification:
    """Evaluate similarities by LFW's protocol: a fold's threshold comes from the other folds.

    Args:
        scores: (N,) similarity of each pair, from a network not trained on its people.
        same: (N,) whether the pair shows one person.
        fold: (N,) the pair's fold.
    """
    from sklearn.metrics import auc, roc_curve

    scores, same = np.asarray(scores, np.float64), np.asarray(same, bool)
    accuracy, thresholds = [], []
    for number in np.unique(fold):
        tested = fold == number
        threshold = _threshold(scores[~tested], same[~tested])
        thresholds.append(threshold)
        accuracy.append(float(((scores[tested] >= threshold) == same[tested]).mean()))
    false, true, _ = roc_curve(same, scores)
    area = float(auc(false, true))
    return Verification(tuple(accuracy), tuple(thresholds), false, true, area, len(scores))


def _threshold(scores: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """The threshold, midway between two scores, that classifies most pairs correctly."""
    order = np.argsort(scores, kind="stable")
    ascending, matched = scores[order], same[order]
    # With threshold i, pairs from position i on are accepted as one person.
    rejected = np.concatenate([[0], np.cumsum(~matched)])
    accepted = matched.sum() - np.concatenate([[0], np.cumsum(matched)])
    thresholds = np.concatenate([[-1.0], (ascending[1:] + ascending[:-1]) / 2, [1.0 + 1e-9]])
    return float(thresholds[int((rejected + accepted).argmax())])
