# The few commands a person types. `make` alone lists them.

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
# On the developer's machine applications may listen on loopback addresses.
LOOPBACK := 127.0.0.0/8,::1/128
# Runs a command with a throw-away PostgreSQL cluster.
WITH_POSTGRES := $(TARGET)/debug/with-postgres
NEXTEST := $(CARGO) nextest run --workspace --no-fail-fast

.PHONY: help run test setup build dev check soak bench dist with-postgres

help: ## List the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: build ## Build an optimised program and start it on ./data, with its local certificate authority
	$(TARGET)/release/temps serve --upstream-networks $(LOOPBACK)

test: with-postgres ## Run every test, on SQLite and on a throw-away PostgreSQL cluster
	$(WITH_POSTGRES) $(NEXTEST)

setup: ## Install what the project needs (Debian), or name what is missing
	scripts/setup

build: ## Build the optimised program
	$(CARGO) build --release --package temps

dev: ## Build and start quickly, without optimisation
	$(CARGO) run --package temps -- serve --upstream-networks $(LOOPBACK)

check: ## Formatting, lints, tidy
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- --deny warnings
	$(CARGO) xtask tidy

soak: with-postgres ## Every test again, the long ones too, the property tests with many more cases
	PROPTEST_CASES=20000 $(WITH_POSTGRES) $(NEXTEST) --run-ignored all

bench: ## How soon a rule is in force with 1,000 sites and 10,000 rules; how long an address is looked up among 100,000 networks
	$(CARGO) bench --quiet --package temps --bench propagation
	$(CARGO) bench --quiet --package temps-policy --bench lookup

dist: ## Build the program that is given away: smaller and slower to build
	$(CARGO) build --profile dist --package temps

with-postgres:
	@$(CARGO) build --quiet --package temps-testkit --no-default-features --bin with-postgres
