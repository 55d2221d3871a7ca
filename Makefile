# Every target makes the environment it needs. PYTHON may name another interpreter (3.11 is what is tested).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test lint verify benchmarks clean

help:
	@echo "make demo        run the sample suite against the embedded marketplace, write an HTML report"
	@echo "make test        lint, types, layers, and every test but the long ones"
	@echo "make verify      the long proofs too: every defect, a real shop, many rounds (about an hour)"
	@echo "make benchmarks  measure, as ratios in one run"

$(READY): pyproject.toml
	@echo "making the environment in $(VENV) (about a minute) …"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[demo,contract]' --group test --group lint
	touch $(READY)

demo: $(READY)
	cd examples/smoke_suite && ../../$(BIN)/python -m pytest --launchready-target=demo \
	  --html=../../reports/smoke.html --self-contained-html
	@echo "HTML report: $(CURDIR)/reports/smoke.html"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

test: lint
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m "not long" -n 2
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

verify: test
	$(BIN)/python -m pytest -m long -n 2

benchmarks: $(READY)
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) reports build dist .coverage* .pytest_cache .mypy_cache .ruff_cache
