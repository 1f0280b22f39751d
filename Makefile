# A bare `make` explains itself: the first `make run` downloads gigabytes, which is better asked for by name.
.DEFAULT_GOAL := help

SOURCES := app keygrid tests main.py
READY := .venv/.ready

.PHONY: help run test bench campaigns audit pictures lint lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo 'ARGS="..." is passed on, as in: make run ARGS="--help"'

run: $(READY) ## Start the application, after setting up what is missing
	.venv/bin/python main.py $(ARGS)

# `python -m` makes the modules here importable, so the project itself need not be installed.
test: $(READY) ## Run the tests, on a virtual display of their own
	.venv/bin/python -m pytest --numprocesses 2 --dist loadgroup $(ARGS)

bench: $(READY) ## Measure speed and memory against the published formulation
	.venv/bin/python -m tests.benchmarks.speed $(ARGS)
	.venv/bin/python -m tests.benchmarks.surface

# Short forms; docs/reliability.md has the long ones.
campaigns: $(READY) ## Damage files, cut writes, kill processes and play long days; not a test
	.venv/bin/python -m tests.campaigns.readers --tries 2000
	.venv/bin/python -m tests.campaigns.writes --most 300
	.venv/bin/python -m tests.campaigns.kills executor --garments 200 --kills 10
	xvfb-run -a -s "-screen 0 1400x900x24" .venv/bin/python -m tests.campaigns.kills worker --kills 20
	xvfb-run -a -s "-screen 0 1400x900x24" .venv/bin/python -m tests.campaigns.days rounds --rounds 10
	xvfb-run -a -s "-screen 0 1400x900x24" .venv/bin/python -m tests.campaigns.days long --actions 1000

audit: ## Look up known vulnerabilities of what is pinned; needs a network
	uvx pip-audit --requirement requirements.lock --no-deps --disable-pip

pictures: $(READY) ## Take the pictures of the user guide, on a virtual display of their own
	xvfb-run -a -s "-screen 0 1400x900x24" .venv/bin/python -m tests.screenshots guide

lint: $(READY) ## Check style, format, types and the direction of imports
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

lock: ## Pin the dependencies again; ARGS=--upgrade takes newer ones
	.ci/set-up package_manager
	PATH="$(CURDIR)/.uv/bin:$$PATH" uv pip compile --universal --generate-hashes --no-header --quiet \
	    --python-version 3.11 --group dev --extra cluster --extra simulate --extra tensorboard pyproject.toml --output-file requirements.lock $(ARGS)

clean: ## Remove the environment and every cache, so that the next run starts afresh
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

$(READY): requirements.lock .ci/set-up
	.ci/set-up
