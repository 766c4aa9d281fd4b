"""Export a trained TFE to ONNX, for programs without torch."""

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

# Largest allowed difference between the probabilities of the exported network and torch.
TOLERANCE = 1e-4


class Predictor(nn.Module):
    """The exported module: the output network and its softmax."""

    def __init__(self, network: nn.Module, mirror: bool) -> None:
        super().__init__()
        self.network, self.mirror = network, mirror

    def forward(self, faces: Tensor) -> Tensor:
        """(N, P, P) uint8 to probabilities, (N, K)."""
        logits: Tensor = self.network(faces)
        if self.mirror:
            logits = (logits + self.network(faces.flip(2))) / 2
        return logits.softmax(1)


def export(recognizer: Recognizer[TFE], path: Path) -> float:
    """Write an ONNX file that maps `faces` (N, P, P) uint8 to `probabilities` (N, K).

    Its metadata hold the labels. Before the file is written, its output is compared with torch's.

    Returns:
        The largest difference from torch, on random images.

    Raises:
        InputError: a package of the extra `export` is not installed, or the probabilities differ
            from torch's by more than 1e-4.
        OutputError: the file cannot be written.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime reads it when it is imported
    try:
        # torch's exporter needs onnxscript.
        onnx, onnxruntime, _ = map(import_module, ("onnx", "onnxruntime", "onnxscript"))
    except ImportError as error:
        raise InputError(
            f"{error.name} is not installed: pip install 'fervid[export]' to write ONNX files"
        ) from error
    system = recognizer.system
    network = recognizer.networks[recognizer.output]
    predictor = Predictor(network, system.mirror).to("cpu").eval()
    model = _traced(predictor, system.input.size)
    metadata = {"labels": recognizer.labels, "system": system.name, "size": system.input.size}
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, json.dumps(value)
    content = model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    onnx.checker.check_model(model)
    faces = _random_images(system.input.size, 7)
    with torch.no_grad():
        expected = predictor(torch.from_numpy(faces)).numpy()
    difference = float(np.abs(session.run(None, {"faces": faces})[0] - expected).max())
    if not difference <= TOLERANCE:
        raise InputError(
            f"{path} was not written: the exported model differs from PyTorch by {difference:g} "
            f"(limit {TOLERANCE:g}). Please report this"
        )
    with blamed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        part.write_bytes(content)
    return difference


def _traced(predictor: nn.Module, size: int) -> Any:
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # hides a warning that torchvision is missing
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's deprecations within torch
            program: Any = torch.onnx.export(
                predictor,
                (torch.from_numpy(_random_images(size, 3)),),
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


def _random_images(size: int, count: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, size, size), np.uint8)
