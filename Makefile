# Every target sets up what it needs, on a fresh machine with Python 3.11 or 3.12 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= examples/photos
WORKDIR ?= runs/mine
PRESET ?= colorgan
PORT ?= 8080
NEWEST ?= python3.13
# What colours in `web` and `screenshots`; empty for the model that came with this.
MODEL ?=

.DEFAULT_GOAL := help
.PHONY: help demo train test test-slow test-newest lint wheel clean web browser screenshots translations desktop app desktop-screenshot

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

$(VENV)/.installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements.txt requirements-desktop.txt requirements-extras.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt -r requirements-desktop.txt -r requirements-extras.txt
	touch $@ $(VENV)/.installed

$(VENV)/.installed-desktop: $(VENV)/.installed requirements-desktop.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-desktop.txt
	$(BIN)/python -m serving.desktop.qt_check || { apt-get update && \
		apt-get install --yes --no-install-recommends $$($(BIN)/python -m serving.desktop.qt_check --packages); }
	touch $@

demo: $(VENV)/.installed  ## Colour the example pictures and print where they are
	$(BIN)/python -m colorgan_tf.colorize examples/bw --output=demo --side_by_side --overwrite

train: $(VENV)/.installed  ## Train on DATA=folder (default: the example photographs) into WORKDIR with PRESET
	$(BIN)/python -m colorgan_tf.train --data=$(DATA) --workdir=$(WORKDIR) --preset=$(PRESET)

test: $(VENV)/.installed-dev  ## Run the tests
	$(BIN)/python -m pytest -n 2 --dist=worksteal

test-slow: $(VENV)/.installed-dev  ## Run the slow tests as well
	$(BIN)/python -m pytest -n 2 --dist=worksteal -m "slow or not slow"

# Colours, exports and serves: what depends on TensorFlow's version.
test-newest:  ## Test with the newest TensorFlow, on NEWEST=python3.13, in an environment of its own
	test -x build/newest/bin/python || $(NEWEST) -m venv build/newest
	build/newest/bin/pip install --quiet --disable-pip-version-check --upgrade '.[onnx]' hypothesis pytest pytest-timeout requests
	build/newest/bin/python -m pytest tests/data/test_pictures.py tests/inference/test_backends.py \
		tests/export/test_export_onnx.py tests/packaging/test_examples.py

lint: $(VENV)/.installed-dev  ## Check style, types, and that every layer imports only those below it
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

wheel: $(VENV)/.installed-dev  ## Build dist/*.whl, the models included
	rm -rf build/lib
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

web: $(VENV)/.installed  ## Run the website at PORT; MODEL=folder colours with another model
	$(BIN)/python -m serving.web --port=$(PORT) $(if $(MODEL),--model=$(MODEL))

browser: $(VENV)/.installed-dev  ## Install Chromium, Playwright, axe-core and onnxruntime-web for the browser tests (Debian, as root)
	command -v chromium >/dev/null || { apt-get update && apt-get install --yes --no-install-recommends chromium; }
	$(BIN)/pip install --quiet --disable-pip-version-check playwright==1.65.2
	command -v npm >/dev/null || { apt-get update && apt-get install --yes --no-install-recommends npm; }
	npm install --silent --no-audit --no-fund --prefix build/browser axe-core@4.14.1 onnxruntime-web@1.30.0

screenshots: browser  ## Take pictures of the website into build/screenshots, the README's into docs; the start page's example
	$(BIN)/python tests/web/screenshots.py --example $(if $(MODEL),--model=$(MODEL))
	cp build/screenshots/desktop-result.png docs/web.png

translations: $(VENV)/.installed-dev  ## Bring serving/locale up to date with the texts in the code; then translate, and run it again
	$(BIN)/pybabel -q extract --no-location --omit-header --sort-output -k N_ -k _ -o build/colorgan.pot serving
	for language in de es; do $(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \
		-D colorgan -i build/colorgan.pot -d serving/locale -l $$language; done
	$(BIN)/pybabel compile -D colorgan -d serving/locale

desktop: $(VENV)/.installed-desktop  ## Open the desktop window; MODEL=folder colours with another model
	$(BIN)/python -m serving.desktop $(if $(MODEL),--model=$(MODEL))

app: $(VENV)/.installed-desktop  ## Build the desktop program as dist/colorgan, which runs without Python
	command -v strip >/dev/null && command -v cc >/dev/null || \
		{ apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev; }
	$(BIN)/python -m serving.desktop.packaging.build --output=dist $(if $(MODEL),--model=$(MODEL))

desktop-screenshot: $(VENV)/.installed-desktop  ## Take the picture of the desktop window, docs/desktop.png
	$(BIN)/python tests/desktop/screenshots.py $(if $(MODEL),--model=$(MODEL))

clean:  ## Remove what the other targets made
	rm -rf $(VENV) *.egg-info build demo dist runs
