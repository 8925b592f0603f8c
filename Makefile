# The one place that makes the environment. Needs Python 3.11 to 3.13 and git; root is not needed.
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(shell command -v $(p) 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Debian packages that tests need beyond what the lock installs.
TOOLS := mmdebstrap systemd-container mosquitto chromium gir1.2-gst-rtsp-server-1.0 python3-gi \
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad

.PHONY: demo test bench tools install clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt litescore/__init__.py
	@test -n "$(PYTHON)" || { echo "no Python here: apt-get install python3, or name one with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) infra/bootstrap.py $(VENV)
	@echo "installing into $(VENV), once: 3 GB on disk, a minute or two"
	@$(PIP) --require-hashes -r constraints.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

demo: install
	@$(BIN)/python -m infra.demo

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# Every row of docs/BENCHMARKS.md in one run, half an hour on two quiet processors; with LITESCORE_DATA
# those of accuracy too.
bench: install
	@$(BIN)/python -m benchmarks.house

# Quick when all is there; what is missing needs root.
tools:
	@missing=; for package in $(TOOLS); do \
	    dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed \
	        || missing="$$missing $$package"; \
	done; \
	test -n "$$missing" || exit 0; \
	command -v apt-get >/dev/null || { echo "no apt-get here: tests that need$$missing will skip" >&2; exit 1; }; \
	test "$$(id -u)" = 0 || { echo "as root: apt-get install$$missing" >&2; exit 1; }; \
	export DEBIAN_FRONTEND=noninteractive; \
	install() { apt-get install -qq --no-install-recommends $$missing </dev/null >/dev/null; }; \
	install 2>/dev/null || { apt-get update -qq && install; }

clean:
	rm -rf $(VENV) .cache demo
