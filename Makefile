# The commands of a checkout. They need Python 3.10 or newer with its venv module and headers, and a C++20 compiler.
#
#   PYTHON=python3.12   the interpreter that the environment is made with
#   VENV=.venv          the environment; made when it is not there (no spaces in this name)
#   EXTRAS=models,dask  extras to install beside what the target needs
#   WHEELS=folder       install from the wheels in a folder, without a network; `make wheels` fills it

PYTHON ?= python3
VENV ?= .venv
EXTRAS ?=
WHEELS ?=

RUN := "$(VENV)/bin/python"
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check $(if $(WHEELS),--no-index --find-links "$(WHEELS)")
# What an installation is made of. All other files are used where they lie.
SOURCES := setup.cfg setup.py pyproject.toml $(wildcard poseval/kernels/*.?pp poseval/kernels/units/*.cpp)
BASE := $(VENV)/.installed$(EXTRAS:%=-%)
TEST := $(VENV)/.installed-test$(EXTRAS:%=,%)
DOCS := $(VENV)/.installed-docs$(EXTRAS:%=,%)

MAKEFLAGS += --no-builtin-rules

.PHONY: help demo test lint docs perf wheels clean

help:
	@echo "make demo    install into $(VENV), score two synthetic videos, write a report"
	@echo "make test    install what the tests need, and run them"
	@echo "make lint    check style and types"
	@echo "make docs    write the generated pages, and build the site"
	@echo "make perf    time COCO files against pycocotools and others"
	@echo "make wheels  fill the folder WHEELS for an installation without a network"
	@echo "make clean   remove $(VENV)"

demo: $(BASE)
	@$(RUN) -m poseval demo --force
	@echo
	@echo "The report: $(CURDIR)/poseval-demo/report.html"
	@echo "Your files: $(VENV)/bin/poseval score predictions.json --gt ground_truth.json"

test: $(TEST)
	$(RUN) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: $(TEST)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy poseval

docs: $(DOCS)
	$(RUN) docs/error_page.py > docs/errors.md
	$(RUN) docs/option_page.py > docs/model_options.md
	$(RUN) docs/names_page.py > docs/names.md
	$(RUN) docs/type_stub.py > poseval/__init__.pyi
	$(RUN) docs/benchmark_pages.py
	$(RUN) docs/format_pages.py
	$(RUN) docs/metric_pages.py
	$(RUN) docs/readme_images.py
	$(RUN) -m sphinx -W --keep-going --quiet -b html docs build/site
	$(RUN) -m sphinx -W --keep-going --quiet -b man docs build/man
	@echo "The manual: $(CURDIR)/build/man/poseval.1"
	@echo "The pages: $(CURDIR)/build/site/index.html"

perf: $(BASE)
	$(RUN) perf/coco.py

wheels: $(if $(WHEELS),$(VENV)/pyvenv.cfg)
	@test -n "$(WHEELS)" || { echo "make: say where: make wheels WHEELS=folder" >&2; exit 1; }
	$(RUN) -m pip wheel --wheel-dir "$(WHEELS)" ".[test$(EXTRAS:%=,%)]" "setuptools>=77" "pybind11>=2.13"

clean:
	rm -rf "$(VENV)"

$(VENV)/pyvenv.cfg:
	@command -v "$(PYTHON)" >/dev/null || { echo "make: $(PYTHON) is missing: install Python 3.10 or newer" >&2; exit 1; }
	@"$(PYTHON)" .ci/check_setup.py
	"$(PYTHON)" -m venv "$(VENV)"

$(BASE) $(TEST) $(DOCS): $(VENV)/pyvenv.cfg $(SOURCES)
	@$(RUN) .ci/check_setup.py
	@test -z "$(WHEELS)" || ls "$(WHEELS)"/*.whl >/dev/null 2>&1 \
	    || { echo "make: no wheels in $(WHEELS): fill it where there is a network, by make wheels WHEELS=folder" >&2; exit 1; }
	$(PIP) --editable ".$(patsubst $(VENV)/.installed-%,[%],$(filter $(VENV)/.installed-%,$@))" \
	    || { echo "make: pip could not install; without a network, say WHEELS=folder (the head of the Makefile)" >&2; exit 1; }
	@touch "$@"
