//! The workspace's own commands, as `cargo xtask …`: everything that a person or CI does beyond plain cargo.
//!
//! Light on purpose: nothing here pulls in the sandbox or the host, which are built when a command needs them.

mod adapters;
mod bench;
mod demo;
mod fake;
mod fuzz;
mod reference;
mod setup;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Builds, tests and shows Jackfield.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Examples:\n  cargo xtask demo               the main job, on real input, step by step\n  \
                  cargo xtask demo --keep        the same, left running to play with\n  \
                  cargo xtask demo --all         the same, and the adapters in other languages\n  \
                  cargo xtask test               every test, from nothing\n  \
                  cargo xtask test -p jackfield  only the host's tests\n  \
                  cargo xtask adapters           target/adapters/*.wasm\n  \
                  cargo xtask fuzz               every fuzzer for a minute"
)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what building needs and is not there (the WebAssembly target), and names what you have to install.
    #[command(after_help = "Example:\n  cargo xtask setup")]
    Setup,
    /// Builds every adapter and every guest of the tests as a component, into target/adapters/.
    #[command(after_help = "Example:\n  cargo xtask adapters && ls target/adapters")]
    Adapters,
    /// Runs all tests, after building the components that they need.
    #[command(after_help = "Arguments go to `cargo test`.\n\nExamples:\n  cargo xtask test\n  \
                      cargo xtask test -p jackfield retry\n  cargo xtask test -- --nocapture")]
    Test {
        /// Passed to `cargo test`; without a package the whole workspace is tested.
        #[arg(allow_hyphen_values = true, value_name = "CARGO ARGS")]
        args: Vec<String>,
        /// Passed to the tests' own programs.
        #[arg(last = true, value_name = "TEST ARGS")]
        to_tests: Vec<String>,
    },
    /// Shows the main job with real processes: two CRMs, a calling platform and the host between them.
    #[command(after_help = "Examples:\n  cargo xtask demo\n  \
                      cargo xtask demo --keep    then try the curl lines that it prints")]
    Demo {
        /// Show the adapters in other languages too. Their tools are fetched when they are first built.
        #[arg(long)]
        all: bool,
        /// Leave everything running until Ctrl-C, and print curl lines to try.
        #[arg(long)]
        keep: bool,
    },
    /// Fuzzes what reads untrusted input, each target for a bounded time.
    #[command(
        after_help = "Inputs that fail are kept in fuzz/artifacts/. Needs a C++ compiler; the first build takes \
                      minutes.\n\nExamples:\n  cargo xtask fuzz\n  cargo xtask fuzz egress --seconds 600"
    )]
    Fuzz {
        /// Which: signature, webhook, egress or describe. All when absent.
        targets: Vec<String>,
        /// How long each runs.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Measures a release build of the host beside what a user would pick instead, in one run.
    #[command(after_help = "Without a measure: all that have a goal.\n\nExamples:\n  \
                      cargo xtask bench                      all, with their references; takes long\n  \
                      cargo xtask bench --quick              the same, to see that it works\n  \
                      cargo xtask bench --json now.json --html now.html   and keep the rows and a page of plots\n  \
                      cargo xtask bench --against then.json  and compare with an earlier run's rows\n  \
                      cargo xtask bench status               may this lead be called? Against a native proxy and \
                      wasmtime serve\n  \
                      cargo xtask bench accept               a call's outcome, durable before it is acknowledged\n  \
                      cargo xtask bench writeback            accept to stored in the CRM, against Celery and BullMQ\n  \
                      cargo xtask bench call                 the adapter's call alone, against bare wasmtime and \
                      Extism\n  \
                      cargo xtask bench swap                 from apply to the first call on the new release\n  \
                      cargo xtask bench tenants              10 to 10,000 tenants: memory, start-up, P99, idle CPU\n  \
                      cargo xtask bench isolation            what a tenant feels of its neighbours\n  \
                      cargo xtask bench languages --write    what an adapter costs in each language, into \
                      adapters/README.md\n  \
                      cargo xtask bench --help               every option")]
    Bench {
        /// Which measure, and its options.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "BENCH ARGS")]
        args: Vec<String>,
    },
    /// Makes docs/contract.md from the documentation in wit/.
    #[command(after_help = "Examples:\n  cargo xtask reference\n  cargo xtask reference --check")]
    Reference {
        /// Change nothing; fail if the page is not what it should be.
        #[arg(long)]
        check: bool,
    },
    /// Runs one of the fake servers that the tests and the demo use: a CRM (keystone, groundwork, atrium, parcel,
    /// ridgeline, mortar) or the calling platform (agent).
    #[command(
        after_help = "Examples:\n  cargo xtask fake keystone --listen 127.0.0.1:9101 --token secret\n  \
                      cargo xtask fake groundwork --help"
    )]
    Fake {
        /// Which one, and how it listens.
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
    let done = Workspace::find().and_then(|workspace| match Args::parse().command {
        Command::Setup => setup::run(&workspace),
        Command::Adapters => setup::run(&workspace)
            .and_then(|()| adapters::run(&workspace))
            .map(|_| ()),
        Command::Test { args, to_tests } => test::run(&workspace, &args, &to_tests),
        Command::Demo { all, keep } => demo::run(&workspace, all, keep),
        Command::Fuzz { targets, seconds } => fuzz::run(&workspace, &targets, seconds),
        Command::Bench { args } => bench::run(&workspace, &args),
        Command::Reference { check } => reference::run(&workspace, check),
        Command::Fake { args } => fake::run(&workspace, &args),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
