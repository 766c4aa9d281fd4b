"""Pictures of nothing in particular."""

import numpy as np


def scene(seed: int, frames: int = 8, size: int = 96) -> np.ndarray:
    """(T, H, W, 3) a smooth random picture that slowly changes; another for each seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    waves = [
        (a * np.cos(2 * np.pi * (u * x + v * y) + p), w)
        for a, u, v, p, w in rng.uniform((1, -3, -3, 0, -1), (2, 3, 3, 6, 1), (12, 5))
    ]
    images = [sum(wave * (1 + 0.05 * w * t) for wave, w in waves) for t in range(frames)]
    grey = np.clip(np.stack(images) * 12 + 128, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)
