"""Train the built-in landmark network on rendered and drawn faces; no photograph is used.

    python training/landmarks.py --renders rendered_faces_68.zip --drawn 4000 \
        --mediapipe face_landmarker.task --out landmarks.safetensors --epochs 50 --seed 0

Killed at any moment, the same command resumes after the last whole epoch and ends with the same
weights. The points are learnt in MediaPipe's definition of the 68 (see `definition`).
"""

import argparse
import hashlib
import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import checkpoint
import cv2
import numpy as np
import torch
from landmark_data import definition, drawn, mediapipe_points
from landmark_moves import CHOOSE, TRAIN, Pairs, People, gains, motion, motion_loss, people
from landmark_samples import Array, Grey, Samples, textures
from torch import Tensor, nn
from torch.utils.data import DataLoader

from fervid.faces.landmarks import ANCHORS, CROP, Network, load

sys.path.insert(0, str(Path(__file__).parents[1] / "development"))
from renders import HELD_OUT, renders

BATCH = 64
RATE = 2e-3  # at the top of the one cycle
DECAY = 0.05

# Pairs of points whose distance is what an expression changes: lids, lips, mouth corners, brows.
SPANS = (
    [37, 38, 43, 44, 61, 62, 63, 50, 51, 52, 48, 48, 54, 51, 19, 21, 24, 22, 17, 26, 57, 21],
    [41, 40, 47, 46, 67, 66, 65, 58, 57, 56, 54, 33, 33, 33, 37, 39, 44, 42, 36, 45, 8, 22],
)


def wing(error: Tensor, width: float = 0.1, bend: float = 0.02) -> Tensor:
    """Wing loss (Feng et al., CVPR 2018) of (B, 68) distances in interocular units."""
    offset = width - width * math.log(1 + width / bend)
    return torch.where(error < width, width * torch.log1p(error / bend), error - offset)


def loss_of(
    heads: tuple[Tensor, Tensor, Tensor], points: Tensor, present: Tensor, spans: float = 0.0
) -> Tensor:
    """Points where a face is (jaw at half weight), presence everywhere.

    Args:
        spans: weight of the error of `SPANS`, the vectors that an expression changes: beside the
            place of a face, what it does is small, and without a weight of its own learnt late.
    """
    whole, local, logit = heads
    size = torch.linalg.vector_norm(points[:, 36] - points[:, 45], dim=1).clamp(min=0.05)
    weight = torch.ones(68)
    weight[:17] = 0.5
    weight = weight * present[:, None] / (present.sum() * weight.sum()).clamp(min=1)
    share = present[:, None] / (present.sum() * len(SPANS[0])).clamp(min=1)

    def one(guess: Tensor) -> Tensor:
        error = guess.float() - points
        distance = torch.sqrt((error**2).sum(2) + 1e-8) / size[:, None]
        told = (wing(distance) * weight).sum()
        change = torch.sqrt(((error[:, SPANS[0]] - error[:, SPANS[1]]) ** 2).sum(2) + 1e-8)
        return told + (wing(change / size[:, None]) * share).sum() * spans

    both = one(whole) + one(local) + one((whole.float() + local.float()) / 2)
    presence = nn.functional.binary_cross_entropy_with_logits(logit.float(), present)
    return 10 * both + presence


class Training:
    """Everything that one epoch changes, so that it can be saved and found again."""

    def __init__(
        self, steps: int, seed: int, rate: float, start: Path | None, spans: float, moves: float
    ) -> None:
        torch.manual_seed(seed)
        self.spans, self.moves = spans, moves
        self.network = Network() if start is None else load(start).train()
        self.network = self.network.to(memory_format=torch.channels_last)
        kernels = [p for p in self.network.parameters() if p.dim() > 1]
        others = [p for p in self.network.parameters() if p.dim() <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": kernels}, {"params": others, "weight_decay": 0.0}], rate, weight_decay=DECAY
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, rate, total_steps=steps, pct_start=0.15
        )
        self.epoch = 0

    def step(
        self, pictures: Tensor, points: Tensor, present: Tensor, pairs: tuple[Tensor, ...] = ()
    ) -> float:
        """One batch, and one of `Pairs`, if any; returns its loss."""
        if pairs:
            pictures = torch.cat([pictures, pairs[0].flatten(0, 1)])
            points = torch.cat([points, pairs[1].flatten(0, 1)])
            present = torch.cat([present, torch.ones(2 * len(pairs[0]))])
        pictures = pictures[:, None].to(memory_format=torch.channels_last)
        heads = self.network.heads(pictures)
        loss = loss_of(heads, points, present, self.spans)
        if pairs:
            exact = motion(pairs[2], pairs[3])
            for guess in (heads[0], heads[1], (heads[0] + heads[1]) / 2):
                last = guess[-2 * len(pairs[0]) :].unflatten(0, (-1, 2))
                loss = loss + self.moves * motion_loss(motion(last, pairs[3], pairs[2]), exact)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.schedule.step()
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Write everything, atomically."""
        checkpoint.save(path, self.network, self.optimiser, self.schedule, self.epoch)

    def resume(self, path: Path) -> None:
        """Go back to what `save` wrote."""
        self.epoch = checkpoint.resume(path, self.network, self.optimiser, self.schedule)


def measure(network: Network, batches: Iterator[Any]) -> dict[str, float]:
    """Mean error in % of the interocular distance for both heads and their mean; presence.

    "slope" is how much of the spans' vertical change from face to face the network follows: 1 is
    all of it, 0 the mean face.
    """
    network.eval()
    errors, scores, truth, moves = [], [], [], []
    with torch.inference_mode():
        for pictures, points, present in batches:
            whole, local, logit = network.heads(pictures[:, None])
            size = (points[:, 36] - points[:, 45]).norm(dim=1).clamp(min=0.05)
            for guess in (whole, local, (whole + local) / 2):
                errors.append(((guess - points).norm(dim=2) / size[:, None] * 100)[present > 0])
            pair = torch.stack([points, (whole + local) / 2])[:, present > 0]
            moves.append(
                (pair[:, :, SPANS[0]] - pair[:, :, SPANS[1]])[..., 1] / size[present > 0, None]
            )
            scores.append(torch.sigmoid(logit))
            truth.append(present > 0)
    network.train()
    kinds = [torch.cat(errors[k::3]) for k in range(3)]
    score, true = torch.cat(scores), torch.cat(truth)
    figures = {
        name: float(e[:, 17:].mean())
        for name, e in zip(("whole", "local", "mean"), kinds, strict=True)
    }
    figures["jaw"] = float(kinds[2][:, :17].mean())
    true_move, found_move = torch.cat(moves, dim=1) - torch.cat(moves, dim=1).mean(1, keepdim=True)
    figures["slope"] = float((true_move * found_move).sum() / (true_move**2).sum())
    figures["faces lost"] = float((score[true] < 0.5).float().mean())
    figures["false faces"] = float((score[~true] >= 0.5).float().mean())
    return {name: round(value, 4) for name, value in figures.items()}


def measure_moves(network: Network, batches: Iterator[Any]) -> dict[str, float]:
    """How much of a motion the network follows: the slopes of `gains`."""
    network.eval()
    found, exact = [], []
    with torch.inference_mode():
        for pictures, _, truth, crops in batches:
            guess = network(pictures.flatten(0, 1)[:, None])[0].unflatten(0, (-1, 2))
            found.append(motion(guess, crops))
            exact.append(motion(truth, crops))
    network.train()
    slopes = gains(torch.cat(found), torch.cat(exact))
    return {name: round(value, 3) for name, value in slopes.items()}


def lower_presence(network: Network, batches: Iterator[Any]) -> float:
    """Move the presence's bias so that 1 in 1000 held-out samples without a face passes 0.5."""
    network.eval()
    with torch.inference_mode():
        logits = torch.cat([network(pictures[:, None])[1] for pictures, _, _ in batches])
    bar = max(0.0, float(torch.quantile(logits, 0.999)))
    with torch.no_grad():
        network.presence.bias -= bar
    return round(bar, 4)


def asked(pictures: Grey, model: Path, out: Path, name: str) -> tuple[Array, Any]:
    """MediaPipe's points of pictures, kept beside `out`: a resumed run need not ask again."""
    digest = hashlib.sha256(pictures.tobytes()).hexdigest()[:12]
    file = out.with_suffix(f".{name}-{digest}.npz")
    if not file.is_file():
        found, where = mediapipe_points(pictures, model)
        part = file.with_suffix(".part.npz")
        np.savez(part, found=found, where=where)
        part.replace(file)
    with np.load(file) as points:
        return points["found"], points["where"]


@dataclass(frozen=True)
class Data:
    """Pictures and landmarks to train with, `tests` to hold out, in the definition asked for."""

    pictures: Grey
    landmarks: Array
    tests: tuple[Grey, Array]
    people: People | None
    others: People | None


def prepare(options: argparse.Namespace) -> Data:
    """Read and draw everything."""
    pictures, landmarks = renders(options.renders)
    test_pictures, test_landmarks = pictures[-HELD_OUT:], landmarks[-HELD_OUT:]
    pictures, landmarks = pictures[:-HELD_OUT], landmarks[:-HELD_OUT]
    moving = [people(options.pairs, who) if options.pairs else None for who in (TRAIN, CHOOSE)]
    if options.mediapipe:
        some = np.random.default_rng(0).permutation(len(pictures))[:2000]
        found, where = asked(pictures[some], options.mediapipe, options.out, "renders")
        convert = definition(landmarks[some[where]], found)
        landmarks, test_landmarks = convert(landmarks), convert(test_landmarks)
        for k, them in enumerate(moving):
            if them:
                points = convert(them.exact.reshape(-1, 68, 2)).reshape(them.exact.shape)
                moving[k] = replace(them, points=points)
    if options.drawn:
        more, points = drawn(options.drawn, options.seed)
        if options.mediapipe:  # drawn faces define their points in their own way
            found, where = asked(more[:800], options.mediapipe, options.out, "drawn")
            points = definition(points[where], found)(points)
        pictures, landmarks = np.concatenate([pictures, more]), np.concatenate([landmarks, points])
    return Data(pictures, landmarks, (test_pictures, test_landmarks), *moving)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renders", type=Path, required=True, help="rendered_faces_68.zip")
    parser.add_argument("--drawn", type=int, default=0, help="how many drawn faces to add")
    parser.add_argument("--mediapipe", type=Path, help="face_landmarker.task; none: exact points")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--samples", type=int, default=14_000, help="in an epoch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes that make samples")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights to start from, for fine-tuning")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--faces", type=float, default=0.72, help="the part of samples with a face")
    parser.add_argument("--hard", type=float, default=1.0, help="the part of hard faces")
    parser.add_argument("--spans", type=float, default=0.0, help="weight of what expressions move")
    parser.add_argument("--pairs", type=Path, help="movement_pairs.zip: half of each batch")
    parser.add_argument("--moves", type=float, default=1.0, help="weight of the loss on motions")
    parser.add_argument("--textures", type=int, default=600, help="to cut faceless samples from")
    return parser.parse_args()


def main() -> None:
    """Train, epoch by epoch, then export."""
    options = arguments()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    data = prepare(options)
    bank = textures(options.textures, options.seed)
    held_out = Samples(*data.tests, textures(200, options.seed + 1), 1500, options.seed + 10**6)
    share = BATCH // 2 if options.pairs else BATCH  # of a batch, for faces without a partner
    steps = options.epochs * (options.samples // BATCH)
    training = Training(
        steps, options.seed, options.rate, options.start, options.spans, options.moves
    )
    state = options.out.with_suffix(".state.safetensors")
    if state.is_file():
        training.resume(state)
    loader = partial(DataLoader, num_workers=options.workers, drop_last=True)
    test = partial(loader, batch_size=BATCH)
    begun = time.time()
    while training.epoch < options.epochs:
        seed, length = options.seed * 10_000 + training.epoch, options.samples // BATCH * share
        samples = Samples(
            data.pictures, data.landmarks, bank, length, seed, options.faces, options.hard
        )
        batches = loader(samples, batch_size=share)
        if data.people:
            pairs = Pairs(data.people, options.samples // BATCH * BATCH // 4, seed)
            both = zip(batches, loader(pairs, batch_size=BATCH // 4), strict=True)
            losses = [training.step(*batch, pairs=tuple(pair)) for batch, pair in both]
        else:
            losses = [training.step(*batch) for batch in batches]
        training.epoch += 1
        training.save(state)
        line = f"epoch {training.epoch} loss {np.mean(losses):.4f} {time.time() - begun:.0f} s"
        if data.others:
            pairs = Pairs(data.others, 320, 7, plain=True)
            line += " " + json.dumps(measure_moves(training.network, iter(test(pairs))))
        if training.epoch % 12 == 0:
            line += " " + json.dumps(measure(training.network, iter(test(held_out))))
        print(line, file=sys.stderr, flush=True)
    none = replace(held_out, length=4000, faces=0.0, seed=held_out.seed + 1)
    figures = {"presence lowered by": lower_presence(training.network, iter(test(none)))}
    figures |= measure(training.network, iter(test(held_out)))
    print(json.dumps(figures), file=sys.stderr, flush=True)
    export(options, training, data.pictures, figures)


def export(
    options: argparse.Namespace, training: Training, pictures: Grey, figures: dict[str, float]
) -> None:
    """The weights, with where they come from."""
    files = (options.renders, options.pairs, options.mediapipe)
    sources = [file for file in files if file]
    hashes = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sources}
    hashes["pictures"] = hashlib.sha256(pictures.tobytes()).hexdigest()
    metadata = {
        "format": "fervid",
        "kind": "landmarks",
        "version": "builtin-2",
        "licence_code": "Apache-2.0",
        "licence_weights": "Apache-2.0",
        "licence_data": "faces rendered from ICT-FaceKit, (c) 2020 USC Institute for Creative "
        "Technologies, MIT licence; faces drawn by fervid, Apache-2.0; no photographs",
        "definition": "MediaPipe's mesh points for the 68" if options.mediapipe else "exact",
        "data": json.dumps(hashes),
        "seed": str(options.seed),
        "framing": json.dumps({"crop": CROP, "anchors": ANCHORS.tolist()}),
        "command": " ".join(["python training/landmarks.py", *map(checkpoint.plain, sys.argv[1:])]),
        "held_out": json.dumps(figures),
    }
    weights = {name: value.contiguous() for name, value in training.network.state_dict().items()}
    checkpoint.write(options.out, weights, metadata)


if __name__ == "__main__":
    main()
