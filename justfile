# Recipes check and never install; `.ci/install STEP…` installs the programs that a check needs.

# Lists the recipes.
default:
    @just --list

# Runs the quick checks: format, words, lints, tests.
quick:
    scripts/checks fmt words guarantees clippy codegen tests

# Runs every check except for the nightly ones.
all:
    scripts/checks $(scripts/checks --list)

# Runs individual checks: `just check fmt clippy`.
check +steps:
    scripts/checks {{steps}}

# Runs all tests.
test:
    cargo test --workspace

# Runs all tests with cargo-nextest, and the documentation tests.
nextest:
    scripts/checks nextest

# Formats the code and generates the endpoints of es-client.
generate:
    cargo run --package es-codegen
    python3 crates/es-client/tests/client/golden/requests.py
    cargo fmt --all

# Runs an example against the embedded cluster.
example name="quickstart":
    cargo run --example {{name}}

# Builds the documentation of all crates.
docs:
    cargo doc --workspace --all-features --no-deps --open

# Counts instructions and allocations per request of our client and its baselines.
counts *arguments:
    cargo build --release --package es-benches --bins
    cargo run --release --package es-benches --bin counts -- {{arguments}}

# Checks a release, and prints the remaining manual steps.
release version:
    grep -q '^## {{version}}' CHANGELOG.md
    grep -q '^version = "{{version}}"' Cargo.toml
    scripts/checks $(scripts/checks --list) $(scripts/checks --nightly) semver
    @echo "Tag v{{version}}, then publish in this order: es-testkit, es-transport, es-client."
