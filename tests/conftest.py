"""Fixtures every test may use."""

import importlib
import os
import re
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import forging
import pytest
from hypothesis import settings

# How long one example takes says nothing on a machine that others use too.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def refused_by_elan() -> Callable[[Path], str]:
    """What ELAN's own schemas of the format (2.8 and 3.0) have against an .eaf file.

    pympi-ling brings them in its source archive, which `make` lays beside the environment.
    """
    etree = pytest.importorskip("lxml.etree", reason="lxml validates .eaf files")
    folder = Path(os.environ.get("EAF_SCHEMA", Path(sys.prefix) / "eaf-schema"))
    archive = next(iter(sorted(folder.glob("pympi?ling-*.tar.gz"))), None)
    if archive is None:
        pytest.skip("ELAN's schema is not here: `make .venv/installed` fetches it")
    schemas = []
    with tarfile.open(archive) as packed:
        for member in packed:
            if re.search(r"/EAFv(2\.8|3\.0)\.xsd$", member.name):
                schemas.append(etree.XMLSchema(etree.parse(packed.extractfile(member))))
    assert len(schemas) == 2

    def errors(path: Path) -> str:
        document = etree.parse(path)
        return "\n".join(str(s.error_log) for s in schemas if not s.validate(document))

    return errors


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data for development; tests that need it are skipped without it."""
    default = Path(__file__).parents[1].parent / "shared"
    root = Path(os.environ.get("FERVID_SHARED", default)) / "data"
    if not root.is_dir():
        pytest.skip("the development data is not here (FERVID_SHARED names its folder)")
    return root


@pytest.fixture(scope="session")
def models(shared: Path) -> Path:
    return shared / "models"


@pytest.fixture(scope="session")
def forge() -> Callable[[str], ModuleType]:
    """`forge("ck_plus").make(folder)` lays a small tree with the database's names."""
    return forging.forge


@pytest.fixture(scope="module")
def no_page() -> Iterator[None]:
    """No pictures and pages: they are tested elsewhere, and take longest."""
    with pytest.MonkeyPatch.context() as patch:
        module = importlib.import_module("fervid.evaluation.evaluate")
        patch.setattr(module, "write_page", lambda *_: None)
        yield
