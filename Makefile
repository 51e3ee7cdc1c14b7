# The few commands a person types. `make` alone lists them.

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
# On the developer's machine applications may listen on loopback addresses.
LOOPBACK := 127.0.0.0/8,::1/128
# Runs a command with a throw-away PostgreSQL cluster.
WITH_POSTGRES := $(TARGET)/debug/with-postgres
NEXTEST := $(CARGO) nextest run --workspace --no-fail-fast
# The dashboard is built with npm. Without it everything else is built all the same.
NPM ?= npm
HAS_NPM := $(shell command -v $(NPM))
DASHBOARD := $(if $(HAS_NPM),dashboard/build/index.html)
DASHBOARD_SOURCES := $(shell find dashboard -path dashboard/node_modules -prune -o -path dashboard/.svelte-kit -prune -o -path dashboard/build -prune -o -type f -print)

.PHONY: help run test setup build dev check soak bench dist dashboard api screenshots test-rust test-dashboard test-browser with-postgres

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: build ## Build an optimised program and start it on ./data: open the link that it prints
	$(TARGET)/release/temps serve --demo --upstream-networks $(LOOPBACK)

test: ## Run every test: on SQLite, on a throw-away PostgreSQL cluster, and in Chromium
	@$(MAKE) --no-print-directory test-dashboard
	@$(MAKE) --no-print-directory test-rust
	@$(MAKE) --no-print-directory test-browser

test-rust: with-postgres ## The part of it that needs neither npm nor a browser
	$(WITH_POSTGRES) $(NEXTEST)

test-dashboard: $(DASHBOARD) ## The dashboard's types, unit tests, generated client and size
	$(NPM) --prefix dashboard run check
	$(NPM) --prefix dashboard test
	$(NPM) --prefix dashboard run api:check
	$(NPM) --prefix dashboard run budget

test-browser: $(DASHBOARD) e2e/node_modules/.package-lock.json ## The whole of Temps in a real browser
	$(CARGO) build --package temps
	$(NPM) --prefix e2e run check
	TEMPS_BIN=$(abspath $(TARGET))/debug/temps $(NPM) --prefix e2e test

setup: ## Install what the project needs (Debian), or name what is missing
	scripts/setup

build: $(DASHBOARD) ## Build the optimised program, with the dashboard if npm is there
	@$(if $(HAS_NPM),,echo "There is no npm: the program is built without the dashboard.")
	$(CARGO) build --release --package temps

dev: ## Build and start quickly, without optimisation
	$(CARGO) run --package temps -- serve --demo --upstream-networks $(LOOPBACK)

dashboard: dashboard/build/index.html ## Build the dashboard; a program without optimisation shows it at once

api: ## Write down the API anew for the dashboard, after a change of it
	$(CARGO) run --quiet --package temps -- openapi > dashboard/openapi.json
	$(NPM) --prefix dashboard run api

screenshots: $(DASHBOARD) e2e/node_modules/.package-lock.json ## Take pictures of every page for the documentation
	$(CARGO) build --package temps
	TEMPS_BIN=$(abspath $(TARGET))/debug/temps $(NPM) --prefix e2e run screenshots

check: ## Formatting, lints, tidy
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- --deny warnings
	$(CARGO) xtask tidy

soak: with-postgres ## Every test again, the long ones too, the property tests with many more cases
	PROPTEST_CASES=20000 $(WITH_POSTGRES) $(NEXTEST) --run-ignored all

bench: ## How soon a rule is in force with 1,000 sites and 10,000 rules; how long an address is looked up among 100,000 networks
	$(CARGO) bench --quiet --package temps --bench propagation
	$(CARGO) bench --quiet --package temps-policy --bench lookup

dist: $(DASHBOARD) ## Build the program that is given away: smaller and slower to build
	$(CARGO) build --profile dist --package temps

dashboard/build/index.html: $(DASHBOARD_SOURCES) dashboard/node_modules/.package-lock.json
	$(NPM) --prefix dashboard run build

%/node_modules/.package-lock.json: %/package-lock.json
	$(NPM) --prefix $* ci

with-postgres:
	@$(CARGO) build --quiet --package temps-testkit --no-default-features --bin with-postgres
