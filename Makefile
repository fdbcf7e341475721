# make demo | test | test-slow | lint | bench | pictures     (everything installs into .venv by itself)
# ARGS go to the command; PROCESSES share the tests (0: in one, for pdb)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DISPLAYED := $(if $(DISPLAY),,xvfb-run -a -s "-screen 0 1920x1080x24")
ARGS ?=
PROCESSES ?= 2

.PHONY: demo test test-slow test-pyside lint format bench pictures clean

$(READY): pyproject.toml constraints.txt .ci/system-libraries
	PYTHON=$(PYTHON) .ci/system-libraries
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[all,heic,postgres,dev]"
	touch $@

demo: $(READY)
	$(BIN)/skinseg demo demo $(ARGS)

test: $(READY)
	$(DISPLAYED) $(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal $(ARGS)

test-slow: $(READY)
	$(DISPLAYED) $(BIN)/python -m pytest -m slow $(ARGS)

test-pyside: $(READY)
	$(BIN)/python -c "import PySide6" 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[pyside]"
	QT_API=pyside6 PYTEST_QT_API=pyside6 $(DISPLAYED) $(BIN)/python -m pytest tests/session tests/layers tests/views tests/widgets tests/contributions tests/demo $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(DISPLAYED) $(BIN)/python -m benchmarks $(ARGS)

pictures: $(READY)
	$(DISPLAYED) $(BIN)/python docs/make_pictures.py $(ARGS)

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
