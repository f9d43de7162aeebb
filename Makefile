# make demo    show what toolfeed does
# make bench   what a fragment costs, beside a floor that returns one event
# make compare      the same streams through what people use today; writes docs/performance.md and its chart
# make performance  every number of docs/performance.md that is toolfeed's own
# make compiled     build the wheel through mypyc (a C compiler, minutes) and run all tests on it
# make compiled-sample  the same without gcc's optimization, and a sample of the tests: a minute or two, and what CI runs
# make fuzz    half a minute of fuzzing over all formats
# make docs    write docs/formats.md and docs/cases.md from the grammars and the table of cases
# make test    every check: ruff, mypy, pyright, pytest (which also builds the wheel and tests it)
# make pytest  the tests alone
#
# Needs Python 3.11 or newer with pip and venv; another one than python3: make test PYTHON=python3.13.
# Both work in .venv, and a second run installs nothing unless pyproject.toml has changed. make test EXTRAS=dev,reference
# also compares response templates with transformers, and reads the chat templates that trl carries.

PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= dev
PYTEST_ARGS ?= -n auto
COMPILED ?= build/compiled
COMPILED_TESTS ?= tests
OPTIMIZE ?= 3

# Every example, the interface, and the laws over formats that use the codecs of all shipped ones between them.
SAMPLE := tests/test_compiled.py tests/test_examples.py tests/test_parser.py tests/test_laws.py -k "test_compiled.py or \
    test_whole or test_parser.py or hermes or lfm2 or deepseek_v32 or gemma4 or glm45 or harmony"

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DELETE_ON_ERROR:
.PHONY: help demo test lint types pytest bench compare performance compiled compiled-sample docs fuzz fuzz-long wheel \
    clean

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

demo: $(VENV)/.cli
	@$(BIN)/toolfeed demo

test: lint types
	@$(MAKE) --no-print-directory pytest

pytest: $(VENV)/.dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .

types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(VENV)/.dev
	$(BIN)/python -m pytest bench --benchmark-columns=min,median

compare: $(VENV)/.dev
	$(PIP) install --editable '.[compare]'
	-$(PIP) install --no-deps llm-router-utils
	$(BIN)/python bench/compare.py --write

performance: $(VENV)/.dev $(COMPILED)/.installed
	$(BIN)/python bench/performance.py --compiled $(COMPILED)/venv/bin/python --write

# The tests lie beside no package there: what they import is the wheel.
compiled: $(COMPILED)/.installed
	cd $(COMPILED)/source && rm -rf parsers && TOOLFEED_COMPILED=1 ../venv/bin/python -m pytest -m "not wheel" \
	    $(PYTEST_ARGS) $(COMPILED_TESTS)

compiled-sample: $(VENV)/.dev
	@$(MAKE) --no-print-directory compiled COMPILED=build/compiled-sample OPTIMIZE=0 PYTEST_ARGS=-q \
	    COMPILED_TESTS='$(SAMPLE)'

docs: $(VENV)/.dev
	$(BIN)/python -m toolfeed.formats_table > docs/formats.md
	$(BIN)/python tests/cases_page.py > docs/cases.md

fuzz: $(VENV)/.dev
	$(BIN)/toolfeed fuzz --seconds 30

# Half an hour on one core, then every planted fault; the counts and tables go to docs/fuzzing.md.
fuzz-long: $(VENV)/.dev
	nice -n 10 $(BIN)/python fuzz/long.py --minutes 30 --docs
	nice -n 10 $(BIN)/python fuzz/prove.py --docs

wheel: $(VENV)/.dev
	$(BIN)/python -m build --outdir dist

clean:
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "toolfeed needs Python 3.11 or newer: make PYTHON=python3.13 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.cli: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[cli]'
	@touch $@

# The source distribution is the clean copy: the wheel is built from it. What the tests need beside it, they find where
# it is installed for the sources.
$(COMPILED)/.installed: $(shell find parsers grammars tests bench fuzz -name '*.py' -o -name '*.toml') pyproject.toml | $(VENV)/.dev
	rm -rf $(COMPILED)
	mkdir -p $(COMPILED)/source
	$(BIN)/python -m build --no-isolation --sdist --outdir $(COMPILED)
	tar xzf $(COMPILED)/*.tar.gz --strip-components 1 -C $(COMPILED)/source
	sed 's/opt_level = "3"/opt_level = "$(OPTIMIZE)"/' pyproject.toml > $(COMPILED)/source/pyproject.toml
	HATCH_BUILD_HOOK_ENABLE_MYPYC=1 $(BIN)/python -m build --no-isolation --wheel --outdir $(COMPILED) $(COMPILED)/source
	$(BIN)/python -m venv --without-pip $(COMPILED)/venv
	$(PIP) --python $(COMPILED)/venv/bin/python install --no-deps $(COMPILED)/*.whl
	site='import sysconfig; print(sysconfig.get_path("purelib"))' && \
	    $(BIN)/python -c "$$site" > "$$($(COMPILED)/venv/bin/python -c "$$site")/beside.pth"
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[$(EXTRAS)]'
	$(if $(findstring reference,$(EXTRAS)),$(PIP) install --no-deps trl==1.16.0)
	@touch $@ $(VENV)/.cli
