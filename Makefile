# Every task of this project. `make` alone lists them.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

PYTHON ?= python3
# What `make deploy` builds for and passes to the stack; see infra/template.yaml.
ARCHITECTURE ?= arm64
PARAMETERS ?=
EVENT ?=
# Which sign-in is run on this machine: saml, token or cognito.
APP ?= saml
# For `make rehearse`: a folder with the functions and the signet command, built already; or the command alone.
BINARIES ?=
COMMAND ?= $(if $(BINARIES),$(BINARIES)/signet,target/release/signet)

CARGO_DENY_VERSION := 0.20.2
FUNCTIONS := $(notdir $(patsubst %/,%,$(wildcard functions/*/)))
# Those that people wait for: held to a size, a start, and few dependencies.
SIGN_IN := saml-hook token-hook pre-token
STEP := sh scripts/step.sh
IN_VENV := .venv/bin/python -u

# Whatever the caller's settings, everything is built below target/, where the scripts look for it.
export CARGO_TARGET_DIR := $(CURDIR)/target
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# cargo-lambda links with zig, whose caches would go to the home folder; SAM's state likewise.
export ZIG_GLOBAL_CACHE_DIR := $(CURDIR)/target/zig/global
export ZIG_LOCAL_CACHE_DIR := $(CURDIR)/target/zig/local
export CARGO_ZIGBUILD_CACHE_DIR := $(CURDIR)/target/zig/build
export __SAM_CLI_APP_DIR := $(CURDIR)/target/sam/home
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the tasks
	@echo 'Signet: what a person may do on AWS goes into their sign-in.'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

##### Set-up

# The environment knows where it was made: in a moved or copied clone its programs do not start.
ifneq ($(shell cat .venv/.stamp 2>/dev/null),$(CURDIR))
.PHONY: .venv/.stamp
endif
ifneq ($(shell cat target/ministack/.stamp 2>/dev/null),$(CURDIR))
.PHONY: target/ministack/.stamp
endif

.PHONY: setup
setup: .venv/.stamp target/ministack/.stamp target/.fetched ## Install the tools (.venv) and fetch the crates; nothing to do, no time

.venv/.stamp: scripts/requirements.txt
	@if [ -e .venv/.stamp ] && [ "$$(cat .venv/.stamp)" != '$(CURDIR)' ]; then rm -rf .venv; fi
	@[ -x .venv/bin/pip ] || $(STEP) 'Make a Python environment in .venv' $(PYTHON) -m venv .venv
	@$(STEP) 'Install the tools of scripts/requirements.txt (about a minute, 870 MB)' \
		$(IN_VENV) -m pip install --quiet --requirement scripts/requirements.txt
	@printf '%s\n' '$(CURDIR)' > $@

# What the tests run on in place of AWS, in an environment of its own: it wants another botocore than SAM.
target/ministack/.stamp: tests/requirements.txt
	@rm -rf target/ministack
	@mkdir -p target
	@$(STEP) 'Make a Python environment in target/ministack' $(PYTHON) -m venv target/ministack
	@$(STEP) 'Install what the tests run on, of tests/requirements.txt (about half a minute, 330 MB)' \
		target/ministack/bin/python -m pip install --quiet --requirement tests/requirements.txt
	@printf '%s\n' '$(CURDIR)' > $@

target/.fetched: Cargo.lock
	@mkdir -p $(@D)
	@$(STEP) 'Fetch the crates of Cargo.lock' cargo fetch --locked
	@touch $@

##### Build and run

.PHONY: build
build: $(FUNCTIONS:%=target/lambda/%/bootstrap) target/release/signet ## Build the release binaries for this machine

# Each function is built alone: with others in one build, it would take over their features. Cargo
# knows what is out of date, so the recipe always runs; the copy changes only with the binary.
.PHONY: FORCE
FORCE:

target/lambda/%/bootstrap: FORCE
	@$(STEP) 'Build the function $* (release; some minutes when cold)' \
		cargo build --release --locked --package $* --bin $*
	@mkdir -p $(@D)
	@cmp -s target/release/$* $@ || { cp target/release/$* $@.new && mv $@.new $@; }

target/release/signet: FORCE
	@$(STEP) 'Build the signet command (release; some minutes when cold)' \
		cargo build --release --locked --package signet --bin signet

.PHONY: demo
demo: setup ## Show one sign-in from end to end, then stop everything; APP=saml|token|cognito
	@$(IN_VENV) scripts/demo.py demo "$$APP"

.PHONY: dev
dev: setup ## Start the table and the function of APP, and leave them running
	@$(IN_VENV) scripts/demo.py dev "$$APP"

.PHONY: invoke
invoke: setup ## Send EVENT=<case> to the function of `make dev`, for example EVENT=one-group
	@$(IN_VENV) scripts/demo.py invoke "$$EVENT"
demo dev invoke: export APP := $(APP)
invoke: export EVENT := $(EVENT)

##### Check

BUILD_TESTS := $(STEP) 'Build the programs and the tests' cargo build --workspace --bins --tests --locked

# What is random is drawn from one seed, so that a change is judged by what it changes. `make soak` draws anew.
.PHONY: test
test: export PROPTEST_RNG_SEED ?= 1
test: target/ministack/.stamp ## Run all tests
	@$(BUILD_TESTS)
	@$(STEP) 'Run the tests' cargo test --workspace --locked --no-fail-fast

# The programs with property tests, and others of these names; `SIGNET_SEED` and `SIGNET_SCHEDULES` do the like for the schedules of signet-store.
SOAK := core trust mutations pointers authentication properties reconciling handler
ROUNDS ?= 10

.PHONY: soak
soak: target/ministack/.stamp ## Run the property tests ROUNDS times, each time on new cases; the seed that is printed repeats a round
	@$(BUILD_TESTS)
	@for round in $$(seq '$(ROUNDS)'); do \
		export PROPTEST_RNG_SEED="$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')"; \
		$(STEP) "Round $$round of $(ROUNDS), PROPTEST_RNG_SEED=$$PROPTEST_RNG_SEED" \
			cargo test --quiet --workspace --locked --no-fail-fast --bin signet $(SOAK:%=--test %) || exit; \
	done

.PHONY: lint
lint: lint-rust lint-dependencies lint-infra lint-sources lint-docs ## Check style, documentation, dependencies and templates

# With `--examples`, of which there are none, `cargo doc` has the features of clippy, and compiles nothing again.
.PHONY: lint-rust
lint-rust:
	@$(STEP) 'cargo fmt --check' cargo fmt --all --check
	@$(STEP) 'cargo clippy' cargo clippy --workspace --all-targets --locked -- -D warnings
	@RUSTDOCFLAGS='-D warnings' $(STEP) 'cargo doc' cargo doc --workspace --no-deps --locked --lib --bins --examples

.PHONY: lint-dependencies
lint-dependencies: target/tools/cargo-deny-$(CARGO_DENY_VERSION)
	@$(STEP) 'cargo deny: bans, licences, sources' \
		target/tools/bin/cargo-deny --locked check --hide-inclusion-graph bans licenses sources
	@echo 'Advisories were NOT checked: their database is on the network; run `make audit` where it can be reached.'
	@$(STEP) 'The sign-in functions and their features' $(PYTHON) scripts/guard_features.py

.PHONY: audit
audit: target/tools/cargo-deny-$(CARGO_DENY_VERSION) ## Check the dependencies against the advisory database (needs the network)
	@$(STEP) 'cargo deny: advisories' target/tools/bin/cargo-deny --locked check advisories

# Compiled without optimisation: a minute instead of several, and fast enough.
target/tools/cargo-deny-$(CARGO_DENY_VERSION):
	@mkdir -p target/tools
	@CARGO_TARGET_DIR='$(CURDIR)/target/tools/build' CARGO_PROFILE_DEV_DEBUG=0 \
		$(STEP) 'Install cargo-deny into target/tools (about a minute)' \
		cargo install cargo-deny --version $(CARGO_DENY_VERSION) --locked --debug --force --root target/tools
	@rm -rf target/tools/build
	@touch $@

# The templates name no Region; the tools want to hear one, and call nobody.
.PHONY: lint-infra
lint-infra: .venv/.stamp
	@$(STEP) 'cfn-lint' .venv/bin/cfn-lint infra/*.yaml
	@AWS_DEFAULT_REGION="$${AWS_DEFAULT_REGION:-us-east-1}" $(STEP) 'sam validate' .venv/bin/sam validate --lint < /dev/null
	@$(STEP) 'What the template must keep' $(IN_VENV) scripts/guard_template.py
	@$(STEP) 'What it must not have is found' $(IN_VENV) scripts/prove_guard_template.py

.PHONY: lint-sources
lint-sources: .venv/.stamp
	@$(STEP) 'Nothing left undone, no path of a machine' sh scripts/guard_sources.sh
	@$(STEP) 'One version' $(PYTHON) scripts/guard_version.py
	@$(STEP) 'What is packed and deployed' $(IN_VENV) -B scripts/prove_package.py

.PHONY: lint-docs
lint-docs:
	@$(STEP) 'What the documentation names is there' $(PYTHON) scripts/guard_docs.py
	@$(STEP) 'What is not there is found' $(PYTHON) scripts/prove_guard_docs.py

.PHONY: guard
guard: $(SIGN_IN:%=target/lambda/%/bootstrap) ## Hold the sign-in functions to their features, their size and their start
	@$(STEP) 'Features' $(PYTHON) scripts/guard_features.py
	@for function in $^; do \
		$(STEP) "Size of $$function" $(PYTHON) scripts/guard_size.py $$function || exit; \
		$(STEP) "Start of $$function" $(PYTHON) scripts/guard_start.py $$function || exit; \
	done

.PHONY: bench
bench: setup ## Measure the sign-in function beside its peers, how roles follow, and what events cost
	@bench/run

##### Ship

# Each function is built alone, by cargo-lambda, against the C library of Lambda; all of them, whether
# the parameters ask for them or not. SAM cannot pass `--locked`, so the lock file is checked first; and
# cargo-lambda would download a missing target into the machine's toolchain unasked, so that is checked
# first as well, and left to its owner. Parameters take effect with a new release of the functions
# alone, so the release is a digest of them and of the template, unless they name one. The architecture is
# said to both commands each time: left out, `sam build` would take the template's and `sam deploy` the last one.
# SAM takes the command line's parameters in place of a file's, so a file of one's own may have none. What
# PARAMETERS says is for no shell to read: it goes by the environment, and from there to SAM word by word.
deploy: export DEPLOY_PARAMETERS = $(value PARAMETERS)
.PHONY: deploy
deploy: setup ## Build and deploy; PARAMETERS="NAME=VALUE NAME='WITH SPACES' EMPTIED=" and ARCHITECTURE=arm64|x86_64
	@case '$(ARCHITECTURE)' in arm64) target=aarch64;; x86_64) target=x86_64;; \
		*) echo 'make deploy: ARCHITECTURE is arm64 or x86_64, not `$(ARCHITECTURE)`' >&2; exit 2;; esac; \
	target=$$target-unknown-linux-gnu; \
	if ! [ -d "$$(rustc --print target-libdir --target $$target)" ]; then \
		echo "make deploy: Rust's standard library for $$target is missing; run \`rustup target add $$target\`" >&2; exit 2; \
	fi
	@$(if $(SAM_CONFIG),$(PYTHON) scripts/guard_deploy.py settings samconfig.local.toml)
	@cargo metadata --quiet --locked --format-version 1 > /dev/null
	@CARGO_LAMBDA_COMPILER=cargo-zigbuild $(STEP) 'sam build (some minutes when cold)' \
		$(WITH_PARAMETERS) .venv/bin/sam build $(SAM_CONFIG) --parameter-overrides Architecture=$(ARCHITECTURE)
	@$(PYTHON) scripts/guard_deploy.py machine '$(ARCHITECTURE)' target/sam/build/*/bootstrap
	@for function in SamlHook TokenHook PreToken; do \
		$(PYTHON) scripts/guard_size.py target/sam/build/$$function/bootstrap || exit; \
	done
	@release=$$({ cat infra/template.yaml; printf '%s' "$(ARCHITECTURE) $$DEPLOY_PARAMETERS"; } | \
		$(PYTHON) -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:16])') && \
		$(STEP) 'sam deploy' $(WITH_PARAMETERS) .venv/bin/sam deploy $(SAM_CONFIG) \
		--parameter-overrides Architecture=$(ARCHITECTURE) Release=$$release

WITH_PARAMETERS = $(PYTHON) -B scripts/guard_deploy.py run

# Settings of one's own, such as a profile or another stack's name, in a file that git ignores.
SAM_CONFIG := $(if $(wildcard samconfig.local.toml),--config-file samconfig.local.toml)

# The stack as it would be deployed, in an emulator; docs/rehearsal.md says what that proves.
.PHONY: rehearse
rehearse: setup $(filter target/release/signet,$(COMMAND)) ## Build, deploy to an emulator of AWS, drive it, delete it; BINARIES=target/debug skips the build
	@$(IN_VENV) -B scripts/rehearse.py --command '$(COMMAND)' $(if $(BINARIES),--binaries '$(BINARIES)')

# For `make package`: both, unless the command line names one.
ARCHITECTURES ?= arm64 x86_64

.PHONY: package
package: setup ## Pack a release: a zip of each function with checksums and bills of materials; ARCHITECTURES="arm64 x86_64"
	@$(STEP) 'Pack a release (many minutes when cold)' $(PYTHON) scripts/package.py $(ARCHITECTURES)

.PHONY: clean
clean: ## Remove everything that these tasks made, the tools too
	rm -rf target .venv scripts/__pycache__ scripts/rehearsal/__pycache__ bench/*/node_modules
