"""The identity network: trained to tell people apart, judged by telling whether two are one [5].

Training needs faces of the same people on several pictures; nothing about emotions.
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
    """How the identity network is trained, by the paper's numbers [5, Sec. 4.2-4.4].

    "open" where it gives none.
    """

    size: int = 48  # open
    local: bool = True  # [5]'s [10]
    fewest: int = 2  # pictures of a person; of who has fewer nothing can be learnt
    hold_out: bool = False  # one picture of each person chooses the epoch [5, Sec. 4.3]
    dropout: float = 0.4  # Sec. 4.2
    flip: bool = True  # Sec. 4.3
    shift: float = 0.0  # not in the paper, as all of `Shake` below
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
        """How far faces are changed in training."""
        return Shake(self.flip, self.shift, self.turn, self.scale, self.light, self.erase)

    def fit(self, samples: Samples, run: Run, without: Sequence[str] = ()) -> DeepID:
        """Train on who is seen.

        Args:
            samples: `faces` (N, P, P) uint8, and `subject`; labels do not count.
            without: people who must stay unknown to it.

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
        """What the loop needs to know."""
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
        """Pictures to learn from and to choose by, targets being people."""
        names, person, count = np.unique(samples.subject, return_inverse=True, return_counts=True)
        wanted = (count >= self.fewest) & ~np.isin(names, list(without)) & (names != "")
        rows = np.flatnonzero(wanted[person])
        if wanted.sum() < 2:
            raise InputError(
                f"{int(wanted.sum())} people have {self.fewest} pictures or more: give more of them"
            )
        known = tuple(str(name) for name in names[wanted])
        new = np.cumsum(wanted) - 1
        every = replace(samples, target=new[person].astype(np.int64), labels=known)
        held = np.zeros(len(samples), bool)
        if self.hold_out:
            shuffled = np.random.default_rng(seed).permutation(rows)
            _, first = np.unique(person[shuffled], return_index=True)
            held[shuffled[first]] = True
        return every.take(rows[~held[rows]]), every.take(rows[held[rows]])


def _logits(net: Any, batch: Batch) -> Tensor:
    logits: Tensor = net(batch.arrays["faces"])
    return logits


def save(net: DeepID, path: Path, training: DeepIDTraining, told: Mapping[str, Any]) -> None:
    """The identity network alone, without the layer that names people.

    Args:
        told: of what it was trained on and how well it does; anything JSON can hold.
    """
    about = {"kind": "deepid", "size": net.size, "local": net.local}
    weights.save(path, net.state_dict(), {**about, "recipe": asdict(training), "card": dict(told)})


def _path(place: str) -> Path:
    return SHIPPED if place == "shipped" else Path(place)


def card(place: str) -> dict[str, Any]:
    """What a file of `save` says of itself; "shipped" is the package's own.

    Raises:
        WeightsError: not there, or not an identity network.
    """
    about = weights.metadata(_path(place))
    if about.get("kind") != "deepid":
        raise WeightsError(
            f"{_path(place)} holds no identity network: name a file of training/identity.py"
        )
    return about


def load(place: str) -> DeepID:
    """The network of a file that `save` wrote; "shipped" is the package's own.

    Raises:
        WeightsError: not there, or not an identity network.
    """
    about, path = card(place), _path(place)
    tensors, _ = weights.load(path)
    net = DeepID(about["size"], about["local"])
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} does not hold the network it describes: get it again"
        ) from error
    return net.eval()


@torch.no_grad()
def features(net: DeepID, faces: NDArray[np.uint8], size: int = 256) -> NDArray[np.float32]:
    """The identity feature, (N, 160), of faces, (N, P, P)."""
    net.eval()
    device = net.top.weight.device
    parts = [
        net(torch.from_numpy(np.array(faces[start : start + size])).to(device)).float().cpu()
        for start in range(0, len(faces), size)
    ]
    return torch.cat([torch.zeros(0, net.top.out_features), *parts]).numpy()


def cosine(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N,) cosine similarity of two sets of features, (N, D) each."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    length = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(1) / np.maximum(length, 1e-12))


@dataclass(frozen=True)
class Verification:
    """Whether two pictures show one person, told by a threshold on their similarity.

    Args:
        accuracy: of each fold, by the threshold that is best on all the others.
        thresholds: those.
        false, true: the ROC: share of mismatched and of matched pairs called one person.
        area: under it.
        pairs: how many.
    """

    accuracy: tuple[float, ...]
    thresholds: tuple[float, ...]
    false: NDArray[np.float64]
    true: NDArray[np.float64]
    area: float
    pairs: int

    @property
    def mean(self) -> float:
        """Over folds."""
        return float(np.mean(self.accuracy))

    @property
    def error(self) -> float:
        """Standard error of the mean over folds."""
        n = len(self.accuracy)
        return float(np.std(self.accuracy, ddof=1) / np.sqrt(n)) if n > 1 else float("nan")


def verify(
    scores: NDArray[np.floating], same: NDArray[np.bool_], fold: NDArray[np.integer]
) -> Verification:
    """Judge similarities by LFW's protocol: a fold's threshold comes from the other folds.

    Args:
        scores: (N,) similarity of each pair, told by a network that does not know its people.
        same: (N,) whether it shows one person.
        fold: (N,) its fold.
    """
    from sklearn.metrics import auc, roc_curve

    scores, same = np.asarray(scores, np.float64), np.asarray(same, bool)
    accuracy, thresholds = [], []
    for number in np.unique(fold):
        here = fold == number
        level = _threshold(scores[~here], same[~here])
        thresholds.append(level)
        accuracy.append(float(((scores[here] >= level) == same[here]).mean()))
    false, true, _ = roc_curve(same, scores)
    area = float(auc(false, true))
    return Verification(tuple(accuracy), tuple(thresholds), false, true, area, len(scores))


def _threshold(scores: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """The level, midway between two scores, at which most pairs are called right."""
    order = np.argsort(scores, kind="stable")
    ascending, one = scores[order], same[order]
    # Called one person: those from place i on.
    right = (
        np.concatenate([[0], np.cumsum(~one)]) + one.sum() - np.concatenate([[0], np.cumsum(one)])
    )
    edges = np.concatenate([[-1.0], (ascending[1:] + ascending[:-1]) / 2, [1.0 + 1e-9]])
    return float(edges[int(right.argmax())])
