"""`fervid doctor` and `fervid weights list|verify`: what is here, missing, broken or damaged."""

import importlib
import json
import shutil
from pathlib import Path

import pytest

import fervid
from fervid.cli import doctor
from fervid.cli.names import MODELS

TFE = Path(fervid.__file__).parent / "systems" / "tfe" / "weights" / "tfe.safetensors"


@pytest.fixture
def bare(monkeypatch, tmp_path) -> Path:
    """A home and a folder of models with nothing in them."""
    monkeypatch.setenv("FERVID_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_a_sound_installation(run) -> None:
    done = run("doctor", "--json")
    facts = {fact["name"]: fact for fact in json.loads(done.stdout)}
    assert done.exit_code == 0 and not [f for f in facts.values() if f["state"] == "broken"]
    assert facts["fervid"]["value"].startswith(fervid.__version__)
    assert facts["PyTorch"]["value"].startswith(str(importlib.import_module("torch").__version__))
    assert "libavcodec" in facts["FFmpeg"]["value"] and "cores" in facts["threads"]["value"]
    assert "GB free" in facts["cache"]["value"] and "bfloat16" in facts["processor"]["value"]
    for name in doctor.EXTRAS:
        fact = facts[f"extra {name}"]
        assert fact["state"] == "ok" or fact["help"] == f"pip install 'fervid[{name}]'"


def test_what_is_missing_comes_with_a_command(run, bare) -> None:
    done = run("doctor")
    assert done.exit_code == 0
    lines = {line[9:27].strip(): line for line in done.stdout.splitlines()}
    assert lines["finder yunet"].startswith("missing")
    assert lines["finder yunet"].endswith("fervid weights get yunet")
    (bare / "yunet_n_640_640.onnx").write_bytes(b"half a file")
    done = run("doctor")
    assert done.exit_code == 0 and "not the expected yunet model" in done.stdout


@pytest.mark.parametrize("module", ["cv2", "torch", "pandas"])
def test_what_is_broken_ends_with_1(run, monkeypatch, module) -> None:
    load, find = doctor.importlib.import_module, doctor.find_spec

    def broken(name: str):
        if name == module:
            raise OSError("libGL.so.1: cannot open shared object file")
        return load(name)

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    monkeypatch.setattr(doctor, "find_spec", lambda name: None if name == module else find(name))
    done = run("doctor")
    assert done.exit_code == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("broken")]
    assert doctor.CORE[module][1] in line
    assert f"pip install --force-reinstall {doctor.CORE[module][0]}" in line


def test_weights_are_listed(run, bare) -> None:
    lines = run("weights", "list").stdout.splitlines()
    assert {line.split()[0] for line in lines[1:]} >= {*MODELS, "yunet", "mediapipe"}
    assert sum("not here: fervid weights get" in line for line in lines) == 2


def test_weights_are_verified(run, refused, bare) -> None:
    assert run("weights", "verify").stdout.count(": ok, ") == len(MODELS)
    (bare / "other.safetensors").write_bytes(b"not ours")
    assert run("weights", "verify").exit_code == 0
    shutil.copy(TFE, bare / "mine.safetensors")
    assert run("weights", "verify", "mine").stdout.startswith("mine: ok")
    content = bytearray(TFE.read_bytes())
    content[-5] ^= 1
    (bare / "mine.safetensors").write_bytes(content)
    assert "sha256 mismatch" in refused("weights", "verify", "mine")
    assert "neither a file nor one of the models" in refused("weights", "verify", "nosuch")
    (bare / "yunet_n_640_640.onnx").write_bytes(b"half a file")
    assert "fervid weights get yunet" in refused("weights", "verify", "yunet")
