"""A trained TFE as an ONNX file, for programs that have no torch."""

import json
import logging
import os
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fervid.atomic import blamed, whole
from fervid.errors import InputError
from fervid.systems.recognizer import Recognizer
from fervid.systems.tfe import TFE

# How far the exported network may answer from torch's.
TOLERANCE = 1e-4


class Answer(nn.Module):
    """What is exported: the answering network and its softmax."""

    def __init__(self, network: nn.Module, mirror: bool) -> None:
        super().__init__()
        self.network, self.mirror = network, mirror

    def forward(self, faces: Tensor) -> Tensor:
        """(N, P, P) uint8 to probabilities, (N, K)."""
        logits: Tensor = self.network(faces)
        if self.mirror:
            logits = (logits + self.network(faces.flip(2))) / 2
        return logits.softmax(1)


def export(made: Recognizer[TFE], path: Path) -> float:
    """Write `faces` (N, P, P) uint8 -> `probabilities` (N, K), with the labels in its metadata.

    The file is run against torch before it takes its place.

    Returns:
        The largest difference between both, on faces drawn at random.

    Raises:
        InputError: a package of the extra `export` is not installed, or the file answers otherwise
            than torch by more than 1e-4.
        OutputError: the place cannot be written to.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime reads it when it is imported
    try:
        # The last one is torch's exporter's.
        onnx, onnxruntime, _ = map(import_module, ("onnx", "onnxruntime", "onnxscript"))
    except ImportError as error:
        raise InputError(
            f"{error.name} is not installed: pip install 'fervid[export]' to write ONNX files"
        ) from error
    answer = Answer(made.networks[made.output], made.system.mirror).to("cpu").eval()
    model = _traced(answer, made.system.input.size)
    told = {"labels": made.labels, "system": made.system.name, "size": made.system.input.size}
    for key, value in told.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, json.dumps(value)
    content = model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    onnx.checker.check_model(model)
    faces = _drawn(made.system.input.size, 7)
    with torch.no_grad():
        wanted = answer(torch.from_numpy(faces)).numpy()
    apart = float(np.abs(session.run(None, {"faces": faces})[0] - wanted).max())
    if not apart <= TOLERANCE:
        raise InputError(f"{path} would answer {apart:g} away from torch: please report it")
    with blamed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        part.write_bytes(content)
    return apart


def _traced(answer: nn.Module, size: int) -> Any:
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it tells of torchvision, which nobody asked for
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch about torch
            program: Any = torch.onnx.export(
                answer,
                (torch.from_numpy(_drawn(size, 3)),),
                input_names=["faces"],
                output_names=["probabilities"],
                dynamic_shapes={"faces": {0: torch.export.Dim("N")}},
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    finally:
        logger.setLevel(level)
    return program.model_proto


def _drawn(size: int, count: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, size, size), np.uint8)
