# make demo · make test · make check · make docs · make wheel · make lowest · make bench
# Everything happens in .venv, made here with pip; PYTHON names another interpreter (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
export MPLBACKEND := Agg

# What computes; its tests also run with other threads and an older processor's instructions.
COMPUTES := tests/systems tests/learning tests/evaluation tests/predict tests/faces
# Uses every dependency without long training.
QUICK := tests/cli tests/contracts tests/databases tests/faces tests/learning tests/predict

.PHONY: demo test test-all test-elsewhere check docs wheel lowest bench clean
.DEFAULT_GOAL := test

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check "torch>=2.11,<2.14"
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev]"
# Only the source archive of pympi-ling brings ELAN's schema; without it the test that needs it is skipped.
	-$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --no-binary pympi-ling \
	  --dest .venv/eaf-schema pympi-ling==1.71
	touch $@

.venv/browser: .venv/installed ## Chromium, in which the tests open the pages
	.ci/browser
	touch $@

demo: .venv/installed          ## the main job on the built-in database, ends with a table and a report
	$(BIN)/fervid demo --out runs/demo

test: .venv/installed          ## every test but the slow ones
	$(BIN)/python -m pytest -q -n 2 -m "not slow"

test-all: .venv/installed      ## every test
	$(BIN)/python -m pytest -q -n 2

test-elsewhere: .venv/installed ## what computes, as an older processor with two threads does it
	OMP_NUM_THREADS=2 ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 \
	  $(BIN)/python -m pytest -q -n 2 -m "not slow" --ignore tests/systems/test_laptop_learns.py $(COMPUTES)

check: .venv/installed         ## style and types, of tests and programs too
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/installed          ## the site, in build/site/index.html; any broken link is an error
	$(BIN)/python development/assemble_site.py
	$(BIN)/zensical build --strict --clean

wheel:                         ## the wheel in an empty environment outside the checkout
	$(PYTHON) .ci/wheel.py

# Old releases warn about the newer ones beneath them: so here a warning is not an error.
lowest:                        ## quick tests with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear .lowest
	$(PYTHON) .ci/lowest.py > .lowest/constraints.txt
	.lowest/bin/pip install --quiet --disable-pip-version-check "torch>=2.11,<2.14"
	.lowest/bin/pip install --quiet --disable-pip-version-check -c .lowest/constraints.txt -e ".[test]"
	.lowest/bin/python -m pytest -q -n 2 -m "not slow" -W ignore $(QUICK)

bench: .venv/installed         ## ratios, each measured in one run; never a test
	for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:
	rm -rf .venv .lowest runs
