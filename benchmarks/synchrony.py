"""How often does `fervid synchrony` find what is there, and what is not?

Pairs of curves are made by the thousand and given to the test behind `fervid synchrony`, with its
own window of 6 s, lags up to 3 s and shuffled segments:

- *independent*: two curves that have nothing to do with one another. Those that are called
  synchronous at 5 % are false positives. Curves are autoregressive with a memory of half a second
  to a minute, or expressions: smooth rises and falls of one to four seconds at random times.
- *planted*: the second is the first, so many seconds later, mixed with a curve of its own. Counted
  is how often p is at most 5 %, and how often the peak lies within 0.1 s of the lag.

    python benchmarks/synchrony.py [--pairs 2000] [--seconds 90] [--jobs 2]

It prints shares with 95 % intervals (Clopper-Pearson).
"""

import argparse
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.signal import lfilter

from fervid.synchrony.correlation import Windows, peak

RATE = 10.0
SIZES = Windows(60, 30)  # 6 s and 3 s
SHUFFLES = 199
LAGS = (0.2, 0.5, 1.0, 2.0, -1.0)
Curve = NDArray[np.float64]
Maker = Callable[[int, np.random.Generator], Curve]


def autoregressive(memory: float, length: int, rng: np.random.Generator) -> Curve:
    """0..1; forgets by 1/e in `memory` seconds; stationary from its first sample."""
    keep = np.exp(-1 / (memory * RATE))
    noise = rng.normal(0, np.sqrt(1 - keep**2), length)
    noise[0] = rng.normal()
    return np.asarray(1 / (1 + np.exp(-2 * lfilter([1], [1, -keep], noise))))


def expressions(length: int, rng: np.random.Generator) -> Curve:
    """0..1; one smooth rise and fall in eight seconds on average, and a little noise."""
    time = np.arange(length) / RATE
    count = rng.poisson((time[-1] + 10) / 8)
    onset, lasting = rng.uniform(-10, time[-1], count), rng.uniform(1, 4, count)
    since = time[:, None] - onset
    shapes = 1 / (1 + np.exp(-4 * since)) - 1 / (1 + np.exp(-4 * (since - lasting)))
    return 0.05 + 0.9 * np.clip(shapes.sum(axis=1), 0, 1) + 0.02 * autoregressive(0.3, length, rng)


KINDS: dict[str, Maker] = {
    "memory 0.5 s": partial(autoregressive, 0.5),
    "memory 2 s": partial(autoregressive, 2),
    "memory 10 s": partial(autoregressive, 10),
    "memory 60 s": partial(autoregressive, 60),
    "expressions": expressions,
}


def independent(kind: str, length: int, seed: int) -> float:
    """The p of two curves that have nothing to do with one another."""
    rng = np.random.default_rng([seed, length])
    make = KINDS[kind]
    found = peak(make(length, rng), make(length, rng), SIZES, SHUFFLES, seed)
    assert found is not None
    return found.p


def planted(kind: str, lag: float, length: int, seed: int) -> tuple[float, float]:
    """The p and the peak's lag of a curve and its echo, half of which is another curve."""
    rng = np.random.default_rng([seed, length, 1])
    make, shift = KINDS[kind], round(lag * RATE)
    whole = make(length + 60, rng)
    first, echo = whole[30 : 30 + length], whole[30 - shift : 30 - shift + length]
    found = peak(first, (echo + make(length, rng)) / 2, SIZES, SHUFFLES, seed)
    assert found is not None
    return found.p, SIZES.lags[found.place] / RATE


def share(hits: int, total: int) -> str:
    low, high = stats.binomtest(hits, total).proportion_ci(method="exact")
    return f"{100 * hits / total:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    length, few = round(asked.seconds * RATE), max(1, asked.pairs // 10)
    print(f"{asked.seconds:g} s, {length // SIZES.segment} windows, {SHUFFLES} shuffles")
    with get_context("spawn").Pool(asked.jobs) as pool:
        for kind in KINDS:
            p = pool.map(partial(independent, kind, length), range(asked.pairs), 50)
            alarms = sum(each <= 0.05 for each in p)
            print(
                f"independent, {kind}: called synchronous {share(alarms, asked.pairs)}", flush=True
            )
        for lag in LAGS:
            pairs = pool.map(partial(planted, "expressions", lag, length), range(few), 10)
            seen = sum(p <= 0.05 for p, _ in pairs)
            near = sum(abs(at - lag) < 0.1 + 1e-9 for _, at in pairs)
            print(f"planted {lag:+.1f} s: called synchronous {share(seen, few)}, "
                  f"lag within 0.1 s {share(near, few)}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
