# make demo   the whole story on simulated endpoints, in under three minutes
# make test   lint, and every test but the long ones; those of the pages need Chromium (apt-get install chromium, or
#             CHROMIUM=its path) and are skipped without
# make depth  the long ones: every path of every role, every control broken in three ways; ARGS="--part 1/4" for a quarter
# make faults   faults by the hundred, during every playbook; ARGS="--seed 7 --number 40 --journeys site" for less
# make mutation what no test notices when the code is broken; long, and ARGS="values" or ARGS="vpn_profile" for a part
# make bench  what the playbooks cost against a ping and against stock modules; long, and ARGS="--windows 20 --latency 0" for less
# make docs   the tables in the roles' READMEs, made anew from their argument specs
# make lock   the lists of all that is installed, with hashes, made anew; ARGS=--upgrade for the newest of what no line pins
# make supply whether those are current, known to be vulnerable, and no secret is in the repository; a bill of materials
# make contract  the PowerShell scripts in every PowerShell there is (pwsh on PATH), which make test does as well; ARGS=pwsh
#             where one has to be there
# make real   the real modules and Ansible's real wrapper over Wine's registry, files and Windows Installer, on Linux; needs Wine
#             and OFFSITE_POWERSHELL=ARCHIVE (tests/real/README.md), and says what is missing
# make release-check  whether this checkout can be released, or each reason why not; builds the collection
# make sanity ansible-test's own checks, of what others install; a minute, and more the first time
# Each makes its own virtual environment in $(VENV) with $(PYTHON).
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
# The folder's own name may have spaces in it: it stands in no target, and only between quotes.
export PATH := $(if $(filter /%,$(VENV)),$(BIN),$(CURDIR)/$(BIN)):$(PATH)
# The checkout is the collection: the environment's own ansible_collections point to it.
LINK    = folder="$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ansible_collections/offsite" && \
	mkdir -p "$$folder" && ln -sfn "$(CURDIR)" "$$folder/endpoints"
# What each target says stays in one piece; make 3.81, which macOS has, cannot do that.
WHOLE = $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
# Ansible and pytest start hundreds of processes: what one compiles the next one uses, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE
# ansible and molecule print UTF-8; a bare CI shell may have no locale.
export LC_ALL ?= C.UTF-8
export PYTHONUTF8 = 1

# A file's tests share a lab, so they stay in one process; the order is that of tests/e2e/conftest.py, the longest first.
EACH_FILE = --numprocesses 3 --dist loadfile --no-loadscope-reorder

.PHONY: help demo docs lock supply sanity test lint unit molecule e2e browser depth faults mutation bench contract release-check real clean

help:
	@sed -n '/^PYTHON/q; s/^# //p' Makefile

# Whatever is installed has its hash in requirements/. What is never used need not be compiled: `ansible` brings more than
# ten thousand files.
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement
UV = $(BIN)/uv pip install --quiet --python $(BIN)/python
# uv knows nothing of pip's settings: where only those lead to the packages, pip does it.
INSTALL = install() { $(UV) --require-hashes --requirement "$$1" || $(PIP) "$$1"; }; install
# This checkout and the lab: nothing is copied, and nothing fetched.
KNOWN = $(UV) --no-deps --no-build-isolation --editable . --editable ./lab
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock"

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, and this is %d.%d. Name another one: make PYTHON=python3.13" % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python is here, but not what makes virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; \
		echo "(for another Python than the system's, its own: python3.13-venv). Then run make again." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) requirements/uv.txt
	touch $@

$(VENV)/.run: requirements/run.txt lab/pyproject.toml | $(VENV)/.made
	$(INSTALL) requirements/run.txt
	$(KNOWN)
	$(LINK)
	touch $@

# All that .run has, and more, in one go.
$(VENV)/.test: requirements/test.txt lab/pyproject.toml | $(VENV)/.made
	$(INSTALL) requirements/test.txt
	$(KNOWN)
	$(LINK)
	touch $(VENV)/.run $@

$(VENV)/.supply: requirements/supply.txt | $(VENV)/.made
	$(PYTHON) -m venv $(VENV)/supply
	$(BIN)/uv pip install --quiet --python $(VENV)/supply/bin/python --require-hashes --requirement requirements/supply.txt
	touch $@

lock: | $(VENV)/.made
	$(LOCK) $(ARGS) requirements/uv.in --output-file requirements/uv.txt
	$(LOCK) $(ARGS) pyproject.toml lab/pyproject.toml requirements/build.in --output-file requirements/run.txt
	$(LOCK) $(ARGS) pyproject.toml lab/pyproject.toml requirements/build.in --extra test --extra lint \
		--constraint requirements/run.txt --output-file requirements/test.txt
	$(LOCK) $(ARGS) requirements/contract.in --constraint requirements/run.txt --output-file requirements/contract.txt
	$(LOCK) $(ARGS) requirements/supply.in --output-file requirements/supply.txt

supply: $(VENV)/.supply
	tests/supply/run "$(VENV)"

demo: $(VENV)/.run
	$(BIN)/python -m tests.e2e.demo

# The first three and the last each wait now and then, so that there is one more of them than cores.
test: $(VENV)/.test
	@echo "Lint, molecule and the browser run side by side; each shows what it said when it has ended."
	+@$(MAKE) --no-print-directory --jobs 3 $(WHOLE) lint molecule browser
	+@$(MAKE) --no-print-directory --jobs 1 contract unit e2e

sanity: $(VENV)/.test
	tests/sanity/run "$(VENV)"

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy benchmarks lab plugins tests
	$(BIN)/yamllint --strict .
	$(BIN)/ansible-lint --profile production --strict

docs: $(VENV)/.test
	for role in roles/*; do $(BIN)/aar-doc --output-file README.md "$$role" markdown || exit 1; done

unit: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses 2 tests/unit tests/contract lab/tests

molecule: $(VENV)/.test
	$(BIN)/molecule test --scenario-name default

e2e: $(VENV)/.test
	$(BIN)/python -m pytest $(EACH_FILE) -m "not depth" tests/e2e

browser: $(VENV)/.test
	$(BIN)/python -m pytest tests/browser

depth: $(VENV)/.test
	$(BIN)/python -m pytest $(EACH_FILE) -m depth tests/e2e $(ARGS)

faults: $(VENV)/.test
	$(BIN)/python -m tests.faults $(ARGS)

mutation: $(VENV)/.test
	$(BIN)/python -m tests.mutation $(ARGS)

bench: $(VENV)/.run
	$(BIN)/python -m benchmarks $(ARGS)

contract: $(VENV)/.test
	$(BIN)/python -m tests.contract.run_vectors $(ARGS)

real: $(VENV)/.test
	$(BIN)/python -m tests.real $(ARGS)

release-check: $(VENV)/.run supply
	$(BIN)/python -m tests.release "$(VENV)"

clean:
	rm -rf $(VENV) .lab .demo records molecule/*/records user_pages self_checks first_day
