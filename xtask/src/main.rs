//! The workspace's own commands, as `cargo xtask …`: what developers and CI do beyond plain cargo.
//!
//! It does not depend on the sandbox or the host, so that it compiles quickly. A command builds them when it needs
//! them.

mod adapters;
mod bench;
mod demo;
mod fake;
mod fuzz;
mod reference;
mod setup;
mod test;
mod timings;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Builds, tests and demonstrates Jackfield.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Examples:\n  cargo xtask demo               the main job, step by step, with real processes\n  \
                  cargo xtask demo --keep        the same, then leaves everything running\n  \
                  cargo xtask demo --all         the same, with adapters in other languages\n  \
                  cargo xtask test               builds everything and runs every test\n  \
                  cargo xtask test -p jackfield  only the host's tests\n  \
                  cargo xtask adapters           target/adapters/*.wasm\n  \
                  cargo xtask fuzz               every fuzz target for a minute"
)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs the WebAssembly target if it is missing, and lists programs that you have to install.
    #[command(after_help = "Example:\n  cargo xtask setup")]
    Setup,
    /// Compiles every adapter and guest to a component in target/adapters/.
    #[command(after_help = "Example:\n  cargo xtask adapters && ls target/adapters")]
    Adapters,
    /// Runs all tests, after building the components that they need. Prints how long each part took.
    #[command(
        after_help = "The arguments are passed to `cargo test`.\n\nExamples:\n  cargo xtask test\n  \
                      cargo xtask test -p jackfield retry\n  cargo xtask test -- --nocapture"
    )]
    Test {
        /// Compile with clippy, and fail on its warnings. Cheaper than `cargo clippy` and the tests one after the
        /// other.
        #[arg(long)]
        clippy: bool,
        /// Passed to `cargo test`. Without a package, tests the whole workspace.
        #[arg(allow_hyphen_values = true, value_name = "CARGO ARGS")]
        args: Vec<String>,
        /// Passed to the test programs.
        #[arg(last = true, value_name = "TEST ARGS")]
        to_tests: Vec<String>,
    },
    /// Demonstrates the main job with real processes: two CRMs, a calling platform and the host between them.
    #[command(after_help = "Examples:\n  cargo xtask demo\n  \
                      cargo xtask demo --keep    then try the commands that it prints")]
    Demo {
        /// Show the adapters in other languages too. Their tools are downloaded for the first build.
        #[arg(long)]
        all: bool,
        /// Leave everything running until Ctrl-C, and print commands to try.
        #[arg(long)]
        keep: bool,
    },
    /// Fuzzes the parsers of untrusted input, each target for a limited time.
    #[command(
        after_help = "Failing inputs are stored in fuzz/artifacts/. Needs a C++ compiler. The first build takes \
                      minutes.\n\nExamples:\n  cargo xtask fuzz\n  cargo xtask fuzz egress --seconds 600"
    )]
    Fuzz {
        /// Targets: signature, webhook, egress, describe. Default: all.
        targets: Vec<String>,
        /// How long each target runs.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Benchmarks a release build of the host and the alternatives to it in the same run.
    #[command(after_help = "Without a benchmark: all that have a goal.\n\nExamples:\n  \
                      cargo xtask bench                      all, with the alternatives; takes hours\n  \
                      cargo xtask bench --quick              the same in short, to check that it works\n  \
                      cargo xtask bench --json now.json --html now.html   also write the rows and a page of plots\n  \
                      cargo xtask bench --against then.json  compare with an earlier run's rows\n  \
                      cargo xtask bench status               status queries, against a native proxy and \
                      wasmtime serve\n  \
                      cargo xtask bench accept               dispositions, durable before the response\n  \
                      cargo xtask bench writeback            from accepted to stored in the CRM, against Celery and \
                      BullMQ\n  \
                      cargo xtask bench call                 a single invocation of an adapter, against bare wasmtime \
                      and Extism\n  \
                      cargo xtask bench swap                 from apply to the first invocation on the new release\n  \
                      cargo xtask bench tenants              10 to 10,000 tenants: memory, start-up, P99, idle CPU\n  \
                      cargo xtask bench isolation            how neighbours affect a tenant\n  \
                      cargo xtask bench languages --write    the cost of an adapter in each language, into \
                      adapters/README.md\n  \
                      cargo xtask bench --help               every option")]
    Bench {
        /// A benchmark and its options.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "BENCH ARGS")]
        args: Vec<String>,
    },
    /// Generates docs/contract.md from the documentation in wit/, and docs/public-api.md from the host's own.
    #[command(after_help = "Examples:\n  cargo xtask reference\n  cargo xtask reference --check")]
    Reference {
        /// Change nothing; fail if a page is out of date.
        #[arg(long)]
        check: bool,
    },
    /// Runs one of the fake servers of the tests and the demo: a CRM (keystone, groundwork, atrium, parcel, ridgeline,
    /// mortar) or the calling platform (agent).
    #[command(
        after_help = "Examples:\n  cargo xtask fake keystone --listen 127.0.0.1:9101 --token secret\n  \
                      cargo xtask fake groundwork --help"
    )]
    Fake {
        /// The server and its options.
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            required = true,
            value_name = "FAKE ARGS"
        )]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = Workspace::find().and_then(|workspace| match Args::parse().command {
        Command::Setup => setup::run(&workspace),
        Command::Adapters => setup::run(&workspace).and_then(|()| adapters::build_all(&workspace)),
        Command::Test { clippy, args, to_tests } => test::run(&workspace, &test::Options { clippy, args, to_tests }),
        Command::Demo { all, keep } => demo::run(&workspace, all, keep),
        Command::Fuzz { targets, seconds } => fuzz::run(&workspace, &targets, seconds),
        Command::Bench { args } => bench::run(&workspace, &args),
        Command::Reference { check } => reference::run(&workspace, check),
        Command::Fake { args } => fake::run(&workspace, &args),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
