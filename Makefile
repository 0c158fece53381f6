# The project's commands; `make` alone lists them. What they need they set up: tests/prepare.

PYTHON ?= python3
# Which Salt: 3008, 3006, or a release such as 3008.3. Each has a virtual environment of its own.
SALT ?= $(or $(patsubst %.*,%,$(HAKUBE_SALT)),3008)
VENV := .venv$(if $(filter-out 3008,$(SALT)),-$(SALT))
NODE ?= node1

# The lab takes it as pip's == does.
export HAKUBE_SALT := $(if $(findstring .,$(SALT)),$(SALT),$(SALT).*)
export PYTHON SALT VENV
# Where Debian keeps haproxy and cibadmin; a user who is not root may not have it in the path.
export PATH := $(PATH):/usr/sbin:/sbin

PYTEST = $(VENV)/bin/python -m pytest
# The lab needs a Python and nothing else.
LAB = python=$$(tests/prepare python) && exec "$$python" -m tests.lab
CODE = setup.py src tests $(wildcard bench)
PARTS = lint unit functional integration lab-test

.PHONY: help test prepare $(PARTS) bench bench-traffic bench-reflex bench-heal bench-brain bench-ledger bench-beacon bench-healing demo lab-up lab-down lab-exec lab-shell lab-update lab-kube clean

help:
	@echo 'make test         all checks: $(PARTS)'
	@echo 'make demo         three machines become a highly available Kubernetes API; watch it'
	@echo '                  KEEP=1 leaves them up; DEMO=files needs no machines'
	@echo 'make unit         one of the checks; ARGS="-k word -x" goes to pytest'
	@echo 'make bench        what the cluster engine costs, beside one pcs call per object (3 minutes)'
	@echo 'make bench-traffic  whether clients notice changes and faults (ARGS=--short: some minutes)'
	@echo 'make bench-reflex  seconds without service after each fault (ARGS="--faults power")'
	@echo 'make bench-heal   seconds until a fault is healed, with Salt (ARGS="--faults config")'
	@echo 'make bench-ledger  records kept and read again a second (20 seconds)'
	@echo 'make bench-beacon  what the beacon costs a minion: a pass, and test.ping (2 minutes)'
	@echo 'make bench-healing  what a storm of events does to the master (2 minutes)'
	@echo 'make bench-brain  how fast the healing decides; ARGS="--courses 1000": whether it holds'
	@echo 'make lab-up       the three machines and a Salt master, to work with'
	@echo 'make lab-shell    a shell in one of them: NODE=node1, master, client'
	@echo 'make lab-exec     a command in one of them: NODE=node1 CMD="salt-call test.ping"'
	@echo 'make lab-update   give the machines the checkout as it is now'
	@echo 'make lab-down     take them down'
	@echo 'make lab-kube     build Kubernetes from source for them (10-20 minutes, once)'
	@echo 'make clean        remove what tests and builds left, and labs whose run has ended'
	@echo 'ARGS="--name NAME --installed" goes to the lab; docs/lab.md tells more'
	@echo 'SALT=3006 with any of them: with another Salt'

# Each part runs, also after one that failed; what failed is said at the end.
test:
	@failed=; for part in $(PARTS); do \
	    echo "== $$part"; $(MAKE) --no-print-directory $$part || failed="$$failed $$part"; \
	done; \
	if [ -n "$$failed" ]; then echo "== failed:$$failed"; exit 1; fi; echo '== all passed'

prepare:
	@tests/prepare

lint: prepare
	@failed=; for check in 'ruff check' 'ruff format --check' ; do \
	    $(VENV)/bin/$$check $(CODE) || failed=1; \
	done; $(VENV)/bin/lint-imports || failed=1; test -z "$$failed"

# Two at a time: most of them wait for processes of their own.
unit functional: prepare
	@$(PYTEST) -q -n 2 --dist loadfile tests/$@ $(ARGS)

integration: prepare
	@$(PYTEST) -q tests/$@ $(ARGS)

lab-test: prepare
	@$(PYTEST) -q tests/lab $(ARGS)

bench: prepare
	@$(VENV)/bin/python -m bench.cib $(ARGS)

bench-traffic: prepare
	@$(VENV)/bin/python -m bench.traffic $(ARGS)

bench-reflex: prepare
	@$(VENV)/bin/python -m bench.reflex $(ARGS)

bench-heal: prepare
	@$(VENV)/bin/python -m bench.heal $(ARGS)

bench-brain: prepare
	@$(VENV)/bin/python -m bench.brain $(ARGS)

bench-ledger: prepare
	@$(VENV)/bin/python -m bench.ledger $(ARGS)

bench-beacon: prepare
	@$(VENV)/bin/python -m bench.beacon $(ARGS)

bench-healing: prepare
	@$(VENV)/bin/python -m bench.healing $(ARGS)

demo:
	@python=$$(tests/prepare python) && exec "$$python" -m tests.demo

lab-up:
	@$(LAB) up $(ARGS)

lab-down:
	@$(LAB) down $(ARGS)

export CMD
lab-exec:
	@$(LAB) exec $(ARGS) $(NODE) -- sh -c "$$CMD"

lab-shell:
	@$(LAB) shell $(ARGS) $(NODE)

lab-update:
	@$(LAB) update $(ARGS)

lab-kube:
	@$(LAB) kube-build

clean:
	@if [ "$$(id -u)" = 0 ]; then python=$$(tests/prepare python) && "$$python" -m tests.lab clean; fi
	@rm -rf build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache .benchmarks
	@find src tests setup.py -name __pycache__ -type d -prune -exec rm -rf {} +
