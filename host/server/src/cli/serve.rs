//! `jackfield serve`: runs the host.

use std::path::PathBuf;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, Storage};
use crate::config::Config;
use crate::observe::telemetry;

/// Runs the host until SIGTERM or SIGINT
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jackfield serve
  jackfield serve --config /etc/jackfield.toml
  JACKFIELD_PUBLIC_LISTEN=0.0.0.0:8080 jackfield serve

Tenants' secrets are sealed with a master key: the one in JACKFIELD_MASTER_KEY, or the file master_key_file, which
the first start makes in data_dir. Back it up apart from the database: without it the secrets cannot be read.

SIGTERM or SIGINT drains: the host stops accepting, finishes what is in flight and exits 0.
A second SIGINT exits at once. SIGHUP reads the certificates of the listeners again.")]
pub struct ServeArgs {
    /// Settings, as TOML; JACKFIELD_* variables lie over it. Without it the defaults hold
    #[arg(long, value_name = "FILE", env = "JACKFIELD_CONFIG")]
    config: Option<PathBuf>,
}

/// Serves until a signal says to stop.
///
/// # Errors
/// The settings are wrong, or the host cannot start.
pub(super) async fn run(args: ServeArgs, storage: Storage) -> anyhow::Result<()> {
    let config = Config::load(args.config.as_deref(), std::env::vars())?;
    let _log = telemetry::start(&config)?;
    let mut signals = Signals::new().context("signals cannot be received")?;
    let app = App::start(&config, storage).await?;
    announce(&app);
    while signals.next().await == Order::Reload {
        tracing::info!("reading the certificates again");
        app.reload();
    }
    tracing::info!("draining: no new requests; finishing what is in flight");
    tokio::select! {
        finished = app.drain() => {
            if finished {
                tracing::info!("drained");
            } else {
                tracing::warn!("not everything finished in time; what is left is taken up again at the next start");
            }
            Ok(())
        }
        () = signals.give_up() => {
            tracing::warn!("stopped at once; what was in flight is taken up again at the next start");
            std::process::exit(130);
        }
    }
}

/// Says where the host is to be found and, at the first start, how to get in.
fn announce(app: &App) {
    tracing::info!(public = %app.public, admin = %app.admin, version = env!("CARGO_PKG_VERSION"), "serving");
    if let Some(token) = &app.first_token {
        println!("operator token: {}", token.expose());
        println!("It is shown once and only its digest is kept. To use it:");
        println!("  export JACKFIELD_TOKEN={}", token.expose());
        let scheme = if app.admin_has_tls { "https" } else { "http" };
        println!("  export JACKFIELD_ADMIN_URL={scheme}://{}", app.admin);
    }
}

/// What a signal asks for.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    /// Finish what is in flight, and end.
    Drain,
    /// Read the certificates again.
    Reload,
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// What the next signal asks for.
    async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.interrupt.recv() => Order::Drain,
            _ = self.terminate.recv() => Order::Drain,
            _ = self.hang_up.recv() => Order::Reload,
        }
    }

    /// A SIGINT after the first signal. An orchestrator may repeat SIGTERM; a person who presses ctrl-c again means it.
    async fn give_up(&mut self) {
        self.interrupt.recv().await;
    }
}
