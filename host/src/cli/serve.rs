//! `jackfield serve`: the host itself.

use std::path::PathBuf;

use clap::Args;

/// What `serve` is told on the command line.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  jackfield serve\n  jackfield serve --config /etc/jackfield.toml")]
pub struct ServeArgs {
    /// The configuration; without it everything has its default.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

pub(super) fn run(_args: ServeArgs) -> impl Future<Output = anyhow::Result<()>> {
    std::future::ready(Err(anyhow::anyhow!("this build has no host in it")))
}
