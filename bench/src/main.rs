//! Measures a real host, as a process, over real connections. Run by `cargo xtask bench`, which builds both.
//!
//! Every figure is a ratio of two things measured in one run, the two alternating, over several rounds; the median is
//! shown with its spread, beside the machine and its load. No absolute time is a goal.
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures real time; nothing here decides anything"
)]

mod clock;
mod isolation;
mod languages;
mod load;
mod machine;
mod rig;
mod rows;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Benchmarks of Jackfield.
#[derive(Parser)]
struct Args {
    /// The host's binary.
    #[arg(long)]
    host: PathBuf,
    /// Fewer and shorter rounds: to see that it works, not to conclude from.
    #[arg(long, global = true)]
    quick: bool,
    /// Where to write the rows as JSON.
    #[arg(long, global = true)]
    json: Option<PathBuf>,
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Subcommand)]
enum Measure {
    /// What a tenant feels of others that misbehave: P99 beside them against P99 alone.
    Isolation {
        /// Only these: hostile, hanging, backlog, dribble. All when absent.
        only: Vec<isolation::Neighbour>,
    },
    /// What an adapter costs in each language: size, times and memory, with fresh instances and reused ones.
    Languages {
        /// Put the table into adapters/README.md.
        #[arg(long)]
        write: bool,
    },
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    machine::open_many_files()?;
    machine::print();
    let rows = match args.measure {
        Measure::Isolation { only } => {
            let rows = isolation::run(&args.host, args.quick, &only).await?;
            rows::print(&rows);
            serde_json::to_vec_pretty(&rows)?
        }
        Measure::Languages { write } => {
            let rows = languages::run(&args.host, args.quick, write).await?;
            serde_json::to_vec_pretty(&rows)?
        }
    };
    machine::print();
    if let Some(path) = args.json {
        std::fs::write(path, rows)?;
    }
    Ok(())
}
