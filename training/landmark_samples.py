"""Pictures for training the landmark network: faces in hard conditions, and things that are none.

Everything is drawn from a seed: sample n of a run is the same whenever it is asked for.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from fervid.faces.landmarks import INPUT, crops_of_landmarks
from fervid.faces.points68 import MIRROR

Grey = NDArray[np.uint8]
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Samples:
    """A map-style data set: (96, 96) picture, (68, 2) points in the crop's unit square, presence.

    Args:
        pictures: (N, S, S) uint8 of faces.
        landmarks: (N, 68, 2) float32, pixels of the pictures.
        textures: (M, 128, 128) uint8 of `textures`.
        length: how many samples an epoch has.
        seed: samples of different seeds differ.
        faces: the part of the samples that shows a face.
        hard: the part of the faces that may be hidden, bearded, shadowed or badly filmed; the
            others show every lid and lip.
    """

    pictures: Grey
    landmarks: Array
    textures: Grey
    length: int
    seed: int
    faces: float = 0.72
    hard: float = 1.0

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Grey, Array, np.float32]:
        rng = np.random.default_rng((self.seed, index))
        if rng.random() < self.faces:
            return self._face(rng) if rng.random() < self.hard else self._plain(rng)
        picture, points = self._none(rng), np.zeros((68, 2), np.float32)
        return camera(light(picture, rng), rng), points, np.float32(0)

    def _pick(self, rng: Generator) -> tuple[Grey, Array]:
        index = int(rng.integers(len(self.pictures)))
        return self.pictures[index], self.landmarks[index]

    def _other(self, rng: Generator) -> Grey:
        """Some (96, 96) content that is not a centred face."""
        if rng.random() < 0.7:
            return texture(self.textures, rng)
        picture, points = self._pick(rng)
        return _cut(picture, _moved(crops_of_landmarks(points[None])[0], rng, miss=True), rng)

    def _plain(self, rng: Generator) -> tuple[Grey, Array, np.float32]:
        picture, points = self._pick(rng)
        crop = _moved(crops_of_landmarks(points[None])[0], rng)
        cut = _cut(picture, crop, rng).astype(np.float32)
        unit = ((points - crop[:, 2]) @ np.linalg.inv(crop[:, :2]).T).astype(np.float32)
        if rng.random() < 0.5:
            cut = light(cut, rng)
        if rng.random() < 0.5:
            cut, unit = cut[:, ::-1], unit[list(MIRROR)] * [-1, 1] + np.array([1, 0], np.float32)
        cut = cut + rng.uniform(0, 6) * rng.standard_normal(cut.shape, np.float32)
        return np.clip(cut, 0, 255).astype(np.uint8), unit.astype(np.float32), np.float32(1)

    def _face(self, rng: Generator) -> tuple[Grey, Array, np.float32]:
        picture, points = self._pick(rng)
        crop = _moved(crops_of_landmarks(points[None])[0], rng)
        cut = _cut(picture, crop, rng).astype(np.float32)
        turn, shift = crop[:, :2], crop[:, 2]
        unit = ((points - shift) @ np.linalg.inv(turn).T).astype(np.float32)
        hull = _hull(unit, rng)
        if rng.random() < 0.4:  # another background, sharp or soft
            cut = hull * cut + (1 - hull) * self._other(rng)
        if rng.random() < 0.45:
            cut = skin(cut, hull, rng)
        if rng.random() < 0.4:
            cut = hair(cut, unit, rng)
        if rng.random() < 0.3:
            cut = beard(cut, unit, rng)
        cut = light(cut, rng)
        if rng.random() < 0.25:
            cut = occlude(cut, self._other(rng), rng)
        if rng.random() < 0.5:
            cut, unit = cut[:, ::-1], unit[list(MIRROR)] * [-1, 1] + np.array([1, 0], np.float32)
        return camera(cut, rng), unit.astype(np.float32), np.float32(1)

    def _none(self, rng: Generator) -> Array:
        kind = rng.random()
        if kind < 0.4:
            return texture(self.textures, rng).astype(np.float32)
        picture, points = self._pick(rng)
        crop = crops_of_landmarks(points[None])[0]
        if kind < 0.65:  # beside the face, far too near, or far too wide
            return _cut(picture, _moved(crop, rng, miss=True), rng).astype(np.float32)
        if kind < 0.8:  # upside down or lying
            return _cut(picture, _moved(crop, rng, turn=rng.uniform(1.4, 4.9)), rng).astype(
                np.float32
            )
        cut = _cut(picture, _moved(crop, rng), rng).astype(np.float32)
        if kind < 0.9:  # a scrambled face
            return scramble(cut, rng)
        # A head without a face: hair, a cap, a hood.
        turn, shift = crop[:, :2], crop[:, 2]
        hull = _hull(((points - shift) @ np.linalg.inv(turn).T).astype(np.float32), rng)
        other = texture(self.textures, rng).astype(np.float32)
        other = (other - other.mean()) * rng.uniform(0.1, 0.8) + rng.uniform(0.4, 1.3) * cut.mean()
        return hull * other + (1 - hull) * cut


def _moved(crop: Array, rng: Generator, miss: bool = False, turn: float | None = None) -> Array:
    """A crop near a face's own, as a tracker or a detector would cut it, or one that misses."""
    loose = rng.random() < 0.6
    angle = np.clip(rng.normal(0, 0.2 if loose else 0.06), -0.6, 0.6) if turn is None else turn
    scale = np.exp(rng.uniform(-0.24, 0.24) if loose else rng.normal(0, 0.05))
    shift = rng.uniform(-0.12, 0.12, 2) if loose else rng.normal(0, 0.03, 2)
    if miss:
        kind = rng.random()
        if kind < 0.4:  # beside
            away = rng.uniform(0, 2 * np.pi)
            shift = rng.uniform(0.5, 0.9) * np.array([np.cos(away), np.sin(away)])
        elif kind < 0.7:  # a part of the face
            scale, shift = rng.uniform(0.2, 0.5), rng.uniform(-0.35, 0.35, 2)
        else:  # a small face somewhere in it
            scale, shift = rng.uniform(2.2, 4.0), rng.uniform(-0.6, 0.6, 2)
    cos, sin = np.cos(angle), np.sin(angle)
    stretch = np.exp(rng.normal(0, 0.05))
    shear = rng.normal(0, 0.04)
    linear = np.array([[cos, -sin], [sin, cos]]) @ [[stretch, shear], [0, 1 / stretch]] * scale
    middle = crop[:, :2] @ (0.5 + shift) + crop[:, 2]
    new = crop[:, :2] @ linear
    return np.concatenate([new, (middle - new @ [0.5, 0.5])[:, None]], axis=1).astype(np.float32)


def _cut(picture: Grey, crop: Array, rng: Generator) -> Grey:
    matrix = np.empty((2, 3))
    matrix[:, :2] = crop[:, :2] / INPUT
    matrix[:, 2] = crop[:, 2] + matrix[:, :2].sum(axis=1) / 2
    borders = (cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT, cv2.BORDER_CONSTANT)
    flags = (cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_AREA) | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        picture, matrix, (INPUT, INPUT), flags=flags,
        borderMode=borders[rng.choice(3, p=(0.55, 0.25, 0.2))], borderValue=int(rng.integers(256)),
    )  # fmt: skip


def _hull(unit: Array, rng: Generator) -> Array:
    """(96, 96) in 0..1: one on the face, with the forehead, zero away from it."""
    middle = unit.mean(axis=0)
    up = unit[27] - unit[8]
    forehead = unit[17:27] + up * rng.uniform(0.15, 0.45)
    points = np.concatenate([unit, forehead])
    points = middle + (points - middle) * rng.uniform(1.02, 1.2)
    mask = np.zeros((INPUT, INPUT), np.float32)
    hull = cv2.convexHull((points * INPUT * 16).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 1.0, cv2.LINE_AA, shift=4)
    return cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.6, 3.0))


def smooth(rng: Generator, cells: int) -> Array:
    """(96, 96) smooth noise of unit spread, `cells` bumps across."""
    noise = rng.standard_normal((cells, cells), np.float32)
    return cv2.resize(noise, (INPUT, INPUT), interpolation=cv2.INTER_CUBIC)


def skin(cut: Array, hull: Array, rng: Generator) -> Array:
    """Blotches, pores, wrinkles and shine that the renderer does not have."""
    change = sum(
        rng.uniform(0, 9) * smooth(rng, int(cells)) for cells in rng.choice([6, 12, 24, 48, 90], 2)
    )
    for _ in range(int(rng.integers(0, 5))):
        start, way = rng.uniform(20, 76, 2), rng.normal(0, 12, 2)
        bend = rng.normal(0, 3, 2)
        line = [start + way * t + bend * (t - t * t) * 4 for t in (0, 0.25, 0.5, 0.75, 1)]
        layer = np.zeros((INPUT, INPUT), np.float32)
        points = [(np.array(line) * 16).astype(np.int32)]
        cv2.polylines(layer, points, False, 1.0, 1, cv2.LINE_AA, shift=4)
        change = change + cv2.GaussianBlur(layer, (0, 0), 0.8) * rng.uniform(-50, 20)
    return cut + hull * change


def hair(cut: Array, unit: Array, rng: Generator) -> Array:
    """Strands over forehead and temples."""
    tone = rng.uniform(0, 90) if rng.random() < 0.7 else rng.uniform(90, 230)
    up = unit[27] - unit[8]
    root = unit[17:27].mean(axis=0) + up * rng.uniform(0.3, 0.8)
    layer, shade = np.zeros((INPUT, INPUT), np.float32), cut.copy()
    side = rng.uniform(-0.6, 0.6)
    for _ in range(int(rng.integers(6, 40))):
        start = root + np.array([rng.normal(side, 0.3) * 0.6, rng.normal(0, 0.06)])
        end = start + np.array([rng.normal(side, 0.35) * 0.5, rng.uniform(0.05, 0.45)])
        bend = (start + end) / 2 + rng.normal(0, 0.06, 2)
        line = [(np.stack([start, bend, end]) * INPUT * 16).astype(np.int32)]
        width = int(rng.integers(1, 4))
        cv2.polylines(layer, line, False, 1.0, width, cv2.LINE_AA, shift=4)
        colour = float(tone + rng.normal(0, 18))
        cv2.polylines(shade, line, False, colour, width, cv2.LINE_AA, shift=4)
    mask = cv2.GaussianBlur(layer, (0, 0), 0.7) * rng.uniform(0.5, 1)
    return cut * (1 - mask) + shade * mask


def beard(cut: Array, unit: Array, rng: Generator) -> Array:
    """Moustache, stubble or beard: the lower face darker or greyer, the lips left out."""
    lips = unit[48:60]
    mask = np.zeros((INPUT, INPUT), np.float32)
    kind = rng.random()
    if kind < 0.65:
        area = np.concatenate([unit[3:14], [unit[33]]])
        cv2.fillPoly(mask, [(area * INPUT * 16).astype(np.int32)], 1.0, cv2.LINE_AA, shift=4)
        if rng.random() < 0.5:  # the chin alone
            away = np.linalg.norm(_grid() - (unit[8] + unit[57]) / 2, axis=2)
            mask *= np.exp(-((away / rng.uniform(0.12, 0.3)) ** 2)).astype(np.float32)
    if kind > 0.4:  # a moustache
        area = np.concatenate([unit[48:55], unit[[35, 33, 31]]])
        cv2.fillPoly(mask, [(area * INPUT * 16).astype(np.int32)], 1.0, cv2.LINE_AA, shift=4)
    cv2.fillPoly(mask, [(lips * INPUT * 16).astype(np.int32)], 0.0, cv2.LINE_AA, shift=4)
    mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.7, 3.0)) * rng.uniform(0.2, 0.9)
    tone = rng.uniform(10, 90) if rng.random() < 0.75 else rng.uniform(120, 220)
    grain = rng.uniform(2, 14) * smooth(rng, int(rng.choice([32, 64, 96])))
    return cut * (1 - mask) + (tone + grain) * mask


def _grid() -> Array:
    y, x = np.mgrid[:INPUT, :INPUT].astype(np.float32)
    return np.stack([x, y], axis=2) / INPUT


def light(cut: Array | Grey, rng: Generator) -> Array:
    """Another lamp: gradients, soft shadows, gamma, contrast; sometimes an equalised histogram."""
    picture = cut.astype(np.float32) / 255
    if rng.random() < 0.6:
        away = rng.uniform(0, 2 * np.pi)
        ramp = (_grid() - 0.5) @ np.array([np.cos(away), np.sin(away)], np.float32)
        if rng.random() < 0.4:  # an edge of shadow
            ramp = np.tanh((ramp - rng.uniform(-0.2, 0.2)) * rng.uniform(3, 25)) / 2
        picture = picture * np.exp(ramp * rng.normal(0, 1.1))
    if rng.random() < 0.3:
        picture = picture * np.exp(rng.uniform(0, 0.35) * smooth(rng, int(rng.integers(3, 7))))
    if rng.random() < 0.7:
        picture = np.clip(picture, 1e-3, None) ** np.exp(rng.normal(0, 0.35))
    picture = picture / max(float(picture.mean()), 1e-3)
    picture = (picture - 1) * rng.uniform(0.4, 1.5) + 1
    picture = np.clip(picture * rng.uniform(0.2, 0.7), 0, 1) * 255
    if rng.random() < 0.12:
        if rng.random() < 0.5:
            return cv2.equalizeHist(picture.astype(np.uint8)).astype(np.float32)
        tiles = cv2.createCLAHE(rng.uniform(1, 4), (4, 4))
        return tiles.apply(picture.astype(np.uint8)).astype(np.float32)
    return picture


def occlude(cut: Array, other: Array | Grey, rng: Generator) -> Array:
    """A hand, a microphone, a scarf: a patch of something else, or plain."""
    mask = np.zeros((INPUT, INPUT), np.float32)
    middle, size = rng.uniform(0, INPUT, 2), rng.uniform(6, 34, 2)
    if rng.random() < 0.5:
        box = cv2.RotatedRect(middle.tolist(), (size * 2).tolist(), float(rng.uniform(0, 180)))
        cv2.fillConvexPoly(mask, np.asarray(box.points()).astype(np.int32), 1.0, cv2.LINE_AA)
    else:
        axes = size.astype(int).tolist()
        centre = middle.astype(int).tolist()
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
    patch = np.full_like(cut, rng.uniform(0, 255)) if rng.random() < 0.4 else other
    return cut * (1 - mask) + patch * mask


def scramble(cut: Array, rng: Generator) -> Array:
    """A face cut into tiles that lie elsewhere."""
    n = int(rng.choice([2, 3, 4]))
    side = INPUT // n
    tiles = [
        cut[r * side : (r + 1) * side, c * side : (c + 1) * side]
        for r in range(n)
        for c in range(n)
    ]
    order = rng.permutation(n * n)
    if n == 2:  # a half that stays in place could still pass for a face
        order = np.roll(np.arange(4), int(rng.integers(1, 4)))
    rows = [np.concatenate([tiles[k] for k in order[r * n : (r + 1) * n]], 1) for r in range(n)]
    whole: Array = np.concatenate(rows)
    return whole


def camera(cut: Array, rng: Generator) -> Grey:
    """What lens, sensor and file do: blur, few pixels, noise, sharpening, JPEG."""
    picture = np.ascontiguousarray(cut, np.float32)
    if rng.random() < 0.35:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 2.0))
    if rng.random() < 0.12:
        length = int(rng.integers(3, 9))
        turn = cv2.getRotationMatrix2D(((length - 1) / 2,) * 2, rng.uniform(0, 180), 1)
        line = np.zeros((length, length), np.float32)
        line[length // 2] = 1
        line = cv2.warpAffine(line, turn, (length, length))
        picture = cv2.filter2D(picture, -1, line / max(float(line.sum()), 1e-3))
    if rng.random() < 0.35:
        side = int(rng.integers(24, INPUT))
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        back = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)[
            rng.choice(3, p=(0.5, 0.4, 0.1))
        ]
        picture = cv2.resize(small, (INPUT, INPUT), interpolation=back)
    if rng.random() < 0.25:
        picture += rng.uniform(0.3, 1.5) * (picture - cv2.GaussianBlur(picture, (0, 0), 1.2))
    if rng.random() < 0.6:
        grain = rng.standard_normal((INPUT, INPUT), np.float32)
        if rng.random() < 0.4:
            grain = cv2.GaussianBlur(grain, (0, 0), 0.8) * 2
        picture = picture + grain * rng.uniform(0.5, 12)
    result: Grey = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, data = cv2.imencode(
            ".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 90))]
        )
        result = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return result


def texture(bank: Grey, rng: Generator) -> Grey:
    """A (96, 96) piece of a texture."""
    whole = bank[int(rng.integers(len(bank)))]
    side = int(rng.integers(48, 129))
    x, y = rng.integers(0, 129 - side, 2)
    piece = cv2.resize(whole[y : y + side, x : x + side], (INPUT, INPUT))
    return piece[:, ::-1] if rng.random() < 0.5 else piece


def textures(count: int, seed: int) -> Grey:
    """(count, 128, 128) procedural pictures: noise, clouds, weaves, shapes, lines, shaded blobs."""
    rng = np.random.default_rng((seed, 77))
    makers = (_clouds, _weave, _shapes, _blobs, _edges)
    bank = [makers[k % len(makers)](rng) for k in range(count)]
    low = [p - p.min() for p in bank]
    return np.stack([(255 * p / max(float(p.max()), 1e-3)).astype(np.uint8) for p in low])


def _clouds(rng: Generator) -> Array:
    whole = np.zeros((128, 128), np.float32)
    fall = rng.uniform(0.3, 1.2)
    for cells in (2, 4, 8, 16, 32, 64, 128):
        noise = rng.standard_normal((cells, cells), np.float32)
        whole += cv2.resize(noise, (128, 128), interpolation=cv2.INTER_CUBIC) * cells**-fall
    return whole


def _weave(rng: Generator) -> Array:
    """Stripes, checks, knitting: cloth."""
    y, x = np.mgrid[:128, :128].astype(np.float32)
    bend = 4 * cv2.resize(rng.standard_normal((4, 4), np.float32), (128, 128))
    whole = rng.uniform(0, 0.8) * _clouds(rng)
    for _ in range(int(rng.integers(1, 4))):
        away, period = rng.uniform(0, np.pi), rng.uniform(3, 40)
        wave = np.sin((x * np.cos(away) + y * np.sin(away) + bend) * 2 * np.pi / period)
        whole += np.sign(wave) if rng.random() < 0.4 else wave
    return whole.astype(np.float32)


def _shapes(rng: Generator) -> Array:
    """Flat shapes over each other: furniture, windows, signs, letters."""
    whole = np.full((128, 128), rng.uniform(0, 255), np.float32)
    for _ in range(int(rng.integers(4, 40))):
        tone, middle = rng.uniform(0, 255), rng.integers(0, 128, 2)
        size = rng.integers(2, 40, 2)
        kind = rng.random()
        if kind < 0.4:
            cv2.rectangle(whole, (middle - size).tolist(), (middle + size).tolist(), tone, -1)
        elif kind < 0.7:
            turn = float(rng.uniform(0, 180))
            cv2.ellipse(whole, middle.tolist(), size.tolist(), turn, 0, 360, tone, -1, cv2.LINE_AA)
        elif kind < 0.85:
            end = rng.integers(0, 128, 2).tolist()
            cv2.line(whole, middle.tolist(), end, tone, int(rng.integers(1, 7)), cv2.LINE_AA)
        else:
            font = int(rng.integers(0, 4))
            text = "".join(chr(c) for c in rng.integers(48, 122, 5))
            cv2.putText(
                whole, text, middle.tolist(), font, rng.uniform(0.3, 2), tone, 2, cv2.LINE_AA
            )
    return whole + rng.uniform(0, 40) * _clouds(rng)


def _blobs(rng: Generator) -> Array:
    """Shaded ovals, pairs of dark spots among them: leaves, fruit, lamps, folds, knees."""
    whole = 40 * _clouds(rng)
    y, x = np.mgrid[:128, :128].astype(np.float32)
    for _ in range(int(rng.integers(1, 9))):
        (cx, cy), (a, b) = rng.uniform(0, 128, 2), rng.uniform(5, 50, 2)
        u, v = (x - cx) / a, (y - cy) / b
        inside = np.clip(1 - u * u - v * v, 0, None)
        lamp = rng.normal(0, 1, 2)
        shade = np.sqrt(inside) + lamp[0] * u + lamp[1] * v
        whole = np.where(inside > 0, rng.uniform(30, 120) * shade + rng.uniform(0, 200), whole)
    return whole.astype(np.float32)


def _edges(rng: Generator) -> Array:
    """Rooms and streets: a few large planes with gradients and sharp borders."""
    y, x = np.mgrid[:128, :128].astype(np.float32)
    whole = 20 * _clouds(rng)
    for _ in range(int(rng.integers(2, 8))):
        away, at = rng.uniform(0, 2 * np.pi), rng.normal(0, 40)
        far = (x - 64) * np.cos(away) + (y - 64) * np.sin(away) - at
        slope = rng.normal(0, 0.7)
        whole = np.where(far > 0, whole + rng.normal(0, 60) + slope * far, whole)
    return whole.astype(np.float32)
