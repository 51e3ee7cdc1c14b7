# The few commands a person types. `make` alone lists them.

CARGO ?= cargo
# For the developer's machine: applications may listen on it.
LOOPBACK := 127.0.0.0/8,::1/128
NEXTEST := $(CARGO) nextest run --workspace

.PHONY: help run test setup build dev check soak dist

help: ## List the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: build ## Build an optimised program and start it on ./data, with its local certificate authority
	target/release/temps serve --upstream-networks $(LOOPBACK)

test: ## Run every test, on SQLite and on a throw-away PostgreSQL cluster
	$(CARGO) build --quiet --package temps-testkit --no-default-features --bin with-postgres
	target/debug/with-postgres $(NEXTEST)

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

soak: ## Long and statistical tests
	$(CARGO) build --quiet --package temps-testkit --no-default-features --bin with-postgres
	target/debug/with-postgres $(NEXTEST) --run-ignored only

dist: ## Build the program that is given away: smaller and slower to build
	$(CARGO) build --profile dist --package temps
