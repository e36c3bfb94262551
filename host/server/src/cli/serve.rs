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

The host seals tenants' secrets with a master key: the one in JACKFIELD_MASTER_KEY, or the one in master_key_file, which
the first start creates in data_dir. Back it up apart from the database: without it the secrets cannot be read.

SIGTERM or SIGINT drains: the host stops accepting requests, finishes what is in flight and exits with 0.
A second SIGINT exits at once. SIGHUP reloads the certificates of the listeners.")]
pub struct ServeArgs {
    /// Settings, as TOML; JACKFIELD_* variables override them. Without a file the defaults apply
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
    while signals.next().await == SignalAction::Reload {
        tracing::info!("reloading the certificates");
        app.reload();
    }
    tracing::info!("draining: no new requests; finishing what is in flight");
    tokio::select! {
        finished = app.drain() => {
            if finished {
                tracing::info!("drained");
            } else {
                tracing::warn!("not everything finished in time; the next start resumes what is left");
            }
            Ok(())
        }
        () = signals.second_interrupt() => {
            tracing::warn!("stopped at once; the next start resumes what was in flight");
            std::process::exit(130);
        }
    }
}

/// Logs the host's addresses and, at the first start, prints the operator token.
fn announce(app: &App) {
    tracing::info!(public = %app.public, admin = %app.admin, version = env!("CARGO_PKG_VERSION"), "serving");
    if let Some(token) = &app.first_token {
        println!("operator token: {}", token.expose());
        println!("It is shown once; the host stores only its digest. To use it:");
        println!("  export JACKFIELD_TOKEN={}", token.expose());
        let scheme = if app.admin_has_tls { "https" } else { "http" };
        println!("  export JACKFIELD_ADMIN_URL={scheme}://{}", app.admin);
    }
}

/// What a signal asks for.
#[derive(Debug, PartialEq, Eq)]
enum SignalAction {
    /// Finish what is in flight, and exit.
    Drain,
    /// Reload the certificates.
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

    /// Waits for the next signal.
    async fn next(&mut self) -> SignalAction {
        tokio::select! {
            _ = self.interrupt.recv() => SignalAction::Drain,
            _ = self.terminate.recv() => SignalAction::Drain,
            _ = self.hang_up.recv() => SignalAction::Reload,
        }
    }

    /// Waits for a SIGINT after the first signal. A second SIGTERM does not count, because an orchestrator may repeat
    /// it; a person who presses ctrl-c again wants the host to stop at once.
    async fn second_interrupt(&mut self) {
        self.interrupt.recv().await;
    }
}
