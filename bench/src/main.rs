//! Measures a real host, as a process, over real connections. Run by `cargo xtask bench`, which builds both.
//!
//! Each figure and its reference are measured in the same run, alternating over several rounds. The report shows the
//! median with its spread, and the machine with its load. No goal is an absolute time.
//!
//! One run of an adapter's export is an invocation. The command `bench call` and the measures named after calls keep
//! their names, so that `--against` finds them in earlier files.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod accept;
mod bench_host;
mod call;
mod clock;
mod context;
mod crms;
mod deployment;
mod isolation;
mod languages;
mod load;
mod machine;
mod operator;
mod others;
mod page;
mod previous;
mod process;
mod progress;
mod recorded_request;
mod report;
mod repository;
mod rounds;
mod rows;
mod sandbox;
mod servers;
mod status;
mod swap;
mod table;
mod table_lines;
mod tenants;
mod variants;
mod writeback;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::context::Context;
use crate::deployment::{DEPLOYMENTS, Deployment};
use crate::previous::PreviousRun;
use crate::report::Report;
use crate::rows::Row;

/// Benchmarks Jackfield and the alternatives to it. Without a benchmark: all that have a goal.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Args {
    /// The host's binary.
    #[arg(long, default_value = "target/release/jackfield", hide = true)]
    host: PathBuf,
    /// Fewer and shorter rounds: to check that it works. Draw no conclusions from the figures.
    #[arg(long, global = true)]
    quick: bool,
    /// The number of rounds. Default: each benchmark's own.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Write the rows as JSON to this file.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page of plots to this file.
    #[arg(long, global = true, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Compare the ratios with those of an earlier run's `--json` file.
    #[arg(long, global = true, value_name = "FILE")]
    against: Option<PathBuf>,
    #[command(subcommand)]
    measure: Option<Measure>,
}

#[derive(Subcommand)]
enum Measure {
    /// Status queries through the whole host, in every language: throughput and latency.
    Status {
        /// Adapters: keystone, groundwork, atrium, parcel, ridgeline, mortar. Default: all.
        only: Vec<String>,
    },
    /// Accepting leads and dispositions durably: throughput and latency.
    Accept,
    /// A single invocation of an adapter in each language, against bare wasmtime and Extism.
    Call,
    /// How misbehaving tenants affect another tenant: its P99 beside them against its P99 alone.
    Isolation {
        /// Neighbours: hostile, hanging, backlog, dribble. Default: all.
        only: Vec<isolation::Neighbour>,
    },
    /// From a call's report until the CRM has stored it, against Celery and `BullMQ` workers with Redis.
    Writeback,
    /// The cost of an adapter in each language: size, times and memory, with fresh and reused instances.
    Languages {
        /// Write the table to adapters/README.md.
        #[arg(long)]
        write: bool,
    },
    /// From `tenant apply` to the first response of the new release, and how swaps affect concurrent requests.
    Swap,
    /// The cost of many tenants: memory, start-up, latency, and idle processor time.
    Tenants,
    /// One of the servers that the benchmarks start.
    #[command(subcommand, hide = true)]
    Server(servers::Server),
}

/// The benchmarks that have a goal.
const ALL: [Measure; 6] = [
    Measure::Status { only: vec![] },
    Measure::Accept,
    Measure::Writeback,
    Measure::Call,
    Measure::Swap,
    Measure::Tenants,
];

#[tokio::main(flavor = "multi_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    machine::open_many_files()?;
    if let Some(Measure::Server(server)) = args.measure {
        return server.run().await;
    }
    let context = Context::new(args.host, args.quick, args.rounds.map(usize::from));
    // Read first, so that a wrong file does not waste hours of measuring.
    let previous = args.against.as_deref().map(PreviousRun::read).transpose()?;
    let before = machine::conditions();
    println!("{before}");
    let mut rows = vec![];
    for measure in args.measure.as_ref().map_or(&ALL[..], std::slice::from_ref) {
        rows.extend(run(&context, measure).await?);
    }
    context.progress.done();
    let report = Report::new(before, machine::conditions(), &context, rows);
    report.print();
    if let Some(previous) = previous {
        previous.compare(&report.rows).print();
    }
    if let Some(path) = args.json {
        std::fs::write(&path, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = args.html {
        std::fs::write(&path, report.page()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Runs one benchmark.
async fn run(context: &Context, measure: &Measure) -> anyhow::Result<Vec<Row>> {
    let (name, mut rows) = match measure {
        Measure::Status { only } => (
            "status",
            on_every_deployment(async |deployment| status::run(context, deployment, only).await).await?,
        ),
        Measure::Accept => (
            "accept",
            on_every_deployment(async |deployment| accept::run(context, deployment).await).await?,
        ),
        Measure::Isolation { only } => (
            "isolation",
            on_every_deployment(async |deployment| isolation::run(context, deployment, only).await).await?,
        ),
        Measure::Writeback => (
            "writeback",
            on_every_deployment(async |deployment| writeback::run(context, deployment).await).await?,
        ),
        Measure::Call => ("call", call::run(context).await?),
        Measure::Languages { write } => {
            let _ = languages::run(context, *write).await?;
            ("languages", vec![])
        }
        Measure::Swap => (
            "swap",
            on_every_deployment(async |deployment| swap::run(context, deployment).await).await?,
        ),
        Measure::Tenants => (
            "tenants",
            on_every_deployment(async |deployment| tenants::run(context, deployment).await).await?,
        ),
        Measure::Server(_) => ("server", vec![]),
    };
    for row in &mut rows {
        row.bench = name;
    }
    Ok(rows)
}

/// Runs a benchmark on every deployment.
async fn on_every_deployment(
    measure: impl AsyncFn(&Deployment) -> anyhow::Result<Vec<Row>>,
) -> anyhow::Result<Vec<Row>> {
    let mut all = vec![];
    for deployment in DEPLOYMENTS {
        let mut rows = measure(deployment).await?;
        for row in &mut rows {
            row.deployment = deployment.name;
        }
        all.extend(rows);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn xtask_help_has_every_benchmark() {
        let xtask = concat!(env!("CARGO_MANIFEST_DIR"), "/../xtask/src/main.rs");
        let help = std::fs::read_to_string(xtask).unwrap();
        let args = Args::command();
        for measure in args.get_subcommands().filter(|measure| !measure.is_hide_set()) {
            let name = measure.get_name();
            assert!(
                help.contains(&format!("cargo xtask bench {name} ")),
                "no example of `{name}`"
            );
        }
    }
}
