//! Measures a real host, as a process, over real connections. Run by `cargo xtask bench`, which builds both.
//!
//! Every figure is measured beside its reference in one run, the two alternating, over several rounds; the median is
//! shown with its spread, beside the machine and its load. No absolute time is a goal.
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures real time; nothing here decides anything"
)]

mod accept;
mod call;
mod clock;
mod context;
mod crms;
mod deployment;
mod former;
mod isolation;
mod languages;
mod lines;
mod load;
mod machine;
mod operator;
mod others;
mod page;
mod parts;
mod process;
mod progress;
mod recorded;
mod report;
mod repository;
mod rig;
mod rounds;
mod rows;
mod sandbox;
mod status;
mod swap;
mod table;
mod tenants;
mod variants;
mod writeback;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::context::Context;
use crate::deployment::{DEPLOYMENTS, Deployment};
use crate::former::Former;
use crate::report::Report;
use crate::rows::Row;

/// Measures Jackfield beside what a user would pick instead. Without a measure: all that have a goal.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Args {
    /// The host's binary.
    #[arg(long, default_value = "target/release/jackfield", hide = true)]
    host: PathBuf,
    /// Fewer and shorter rounds: to see that it works, not to conclude from.
    #[arg(long, global = true)]
    quick: bool,
    /// So many rounds, where there would be more or fewer.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Where to write the rows as JSON.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to write a page of plots.
    #[arg(long, global = true, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The rows of an earlier run, as `--json` wrote them: its ratios are shown beside the new ones.
    #[arg(long, global = true, value_name = "FILE")]
    against: Option<PathBuf>,
    #[command(subcommand)]
    measure: Option<Measure>,
}

#[derive(Subcommand)]
enum Measure {
    /// Status queries through the whole host, in every language: throughput and latency.
    Status {
        /// Only these adapters: keystone, groundwork, atrium, parcel, ridgeline, mortar. All when absent.
        only: Vec<String>,
    },
    /// Taking leads and dispositions in, durably: throughput and latency.
    Accept,
    /// What one call of an adapter takes in each language, against bare wasmtime and Extism.
    Call,
    /// What a tenant feels of others that misbehave: P99 beside them against P99 alone.
    Isolation {
        /// Only these: hostile, hanging, backlog, dribble. All when absent.
        only: Vec<isolation::Neighbour>,
    },
    /// From the report of a call until the CRM holds it: beside Celery and `BullMQ` workers with Redis.
    Writeback,
    /// What an adapter costs in each language: size, times and memory, with fresh instances and reused ones.
    Languages {
        /// Put the table into adapters/README.md.
        #[arg(long)]
        write: bool,
    },
    /// From `tenant apply` to the first answer of the new release, and what swaps do to requests meanwhile.
    Swap,
    /// What many tenants cost: memory, start-up, latency, and processor time when nothing happens.
    Tenants,
    /// One of the servers that the benchmarks start.
    #[command(subcommand, hide = true)]
    Part(parts::Part),
}

/// What is measured when nothing is named.
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
    if let Some(Measure::Part(part)) = args.measure {
        return part.run().await;
    }
    let context = Context::new(args.host, args.quick, args.rounds.map(usize::from));
    // Read before hours of measuring, which a wrong file would waste.
    let former = args.against.as_deref().map(Former::read).transpose()?;
    let before = machine::conditions();
    println!("{before}");
    let mut rows = vec![];
    for measure in args.measure.as_ref().map_or(&ALL[..], std::slice::from_ref) {
        rows.extend(run(&context, measure).await?);
    }
    context.progress.done();
    let report = Report::new(before, machine::conditions(), &context, rows);
    report.print();
    if let Some(former) = former {
        former.compare(&report.rows).print();
    }
    if let Some(path) = args.json {
        std::fs::write(&path, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if let Some(path) = args.html {
        std::fs::write(&path, report.page()).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// Runs one benchmark.
async fn run(context: &Context, measure: &Measure) -> anyhow::Result<Vec<Row>> {
    let (name, mut rows) = match measure {
        Measure::Status { only } => (
            "status",
            everywhere(async |deployment| status::run(context, deployment, only).await).await?,
        ),
        Measure::Accept => (
            "accept",
            everywhere(async |deployment| accept::run(context, deployment).await).await?,
        ),
        Measure::Isolation { only } => (
            "isolation",
            everywhere(async |deployment| isolation::run(context, deployment, only).await).await?,
        ),
        Measure::Writeback => (
            "writeback",
            everywhere(async |deployment| writeback::run(context, deployment).await).await?,
        ),
        Measure::Call => ("call", call::run(context).await?),
        Measure::Languages { write } => {
            let _ = languages::run(context, *write).await?;
            ("languages", vec![])
        }
        Measure::Swap => (
            "swap",
            everywhere(async |deployment| swap::run(context, deployment).await).await?,
        ),
        Measure::Tenants => (
            "tenants",
            everywhere(async |deployment| tenants::run(context, deployment).await).await?,
        ),
        Measure::Part(_) => ("part", vec![]),
    };
    for row in &mut rows {
        row.bench = name;
    }
    Ok(rows)
}

/// On every deployment.
async fn everywhere(measure: impl AsyncFn(&Deployment) -> anyhow::Result<Vec<Row>>) -> anyhow::Result<Vec<Row>> {
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
    fn the_examples_of_xtask_name_every_measure() {
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
