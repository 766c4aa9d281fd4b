# make demo · make test · make check · make bench
# Everything happens in .venv, made here with pip; PYTHON names another interpreter (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
export MPLBACKEND := Agg

.PHONY: demo test test-all check bench clean
.DEFAULT_GOAL := test

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check "torch>=2.11,<2.14"
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@

demo: .venv/installed          ## the main job on the built-in database, ends with a table and a report
	$(BIN)/fervid demo --out runs/demo

test: .venv/installed          ## every test but the slow ones
	$(BIN)/python -m pytest -q -n 2 -m "not slow"

test-all: .venv/installed      ## every test
	$(BIN)/python -m pytest -q -n 2

check: .venv/installed         ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed         ## ratios, each measured in one run; never a test
	for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:
	rm -rf .venv runs
