//! `jackfield serve`: runs the host.

mod signals;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::app::{App, Storage, store_first_token};
use crate::config::Config;
use crate::observe::telemetry;
use jackfield_domain::custody::Sensitive;
use signals::{SignalAction, Signals};

/// Runs the host until SIGTERM or SIGINT
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jackfield serve
  jackfield serve --config /etc/jackfield.toml
  JACKFIELD_PUBLIC_LISTEN=0.0.0.0:8080 jackfield serve

The host seals tenants' secrets with a master key: the one in JACKFIELD_MASTER_KEY, or the one in master_key_file, which
the first start creates in data_dir. Back it up apart from the database: without it the secrets cannot be read.

The first start makes an operator token. It is printed if standard output is a terminal, else written to operator.token
in data_dir, which only its owner may read. If it is lost: jackfield token recover.

SIGTERM, SIGQUIT or SIGPWR: /readyz answers 503 while the host goes on accepting for lame_duck (5 s), so that load
balancers take it out; then it drains: it stops accepting, finishes what is in flight and exits with 0. SIGINT drains at
once, and a second SIGINT exits at once. SIGHUP reloads the certificates of the listeners. Other signals, such as
SIGUSR1, do nothing.")]
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
    let config = Config::load(args.config.as_deref(), std::env::vars_os())?;
    let _log = telemetry::start(&config)?;
    config.remarks.log();
    let mut signals = Signals::receive().context("signals cannot be received")?;
    let app = App::start(&config, storage).await?;
    announce(&app, &config.data_dir);
    loop {
        match signals.next().await {
            SignalAction::Reload => {
                tracing::info!("reloading the certificates");
                app.reload();
            }
            SignalAction::Ignore(signal) => {
                tracing::info!(signal, "this signal does nothing; SIGTERM stops the host");
            }
            SignalAction::LeaveService => {
                let lame_duck = String::from(config.lame_duck);
                tracing::info!(
                    lame_duck,
                    "not ready any more; still accepting until load balancers have noticed"
                );
                tokio::select! {
                    () = app.leave_service() => {}
                    () = signals.interrupted() => {}
                }
                break;
            }
            SignalAction::Interrupt => break,
        }
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
        () = signals.interrupted() => {
            tracing::warn!("stopped at once; the next start resumes what was in flight");
            std::process::exit(130);
        }
    }
}

/// Logs the host's addresses and, at the first start, hands the operator token over.
fn announce(app: &App, data_dir: &Path) {
    tracing::info!(public = %app.public, admin = %app.admin, version = env!("CARGO_PKG_VERSION"), "serving");
    let Some(token) = &app.first_token else { return };
    if std::io::stdout().is_terminal() {
        println!("operator token: {}", token.expose());
        println!("It is shown once; the host stores only its digest. To use it:");
        println!("  export JACKFIELD_TOKEN={}", token.expose());
    } else {
        write_token_file(token, data_dir);
    }
    let scheme = if app.admin_has_tls { "https" } else { "http" };
    println!("  export JACKFIELD_ADMIN_URL={scheme}://{}", app.admin);
}

/// Standard output that is no terminal is kept somewhere, and read by others: the token goes into a private file.
fn write_token_file(token: &Sensitive, data_dir: &Path) {
    match store_first_token(data_dir, token) {
        Ok(path) => {
            println!("operator token file: {}", path.display());
            println!("Only the file's owner may read it. Store the token elsewhere, and delete the file. To use it:");
            println!("  export JACKFIELD_TOKEN=$(cat {})", path.display());
        }
        Err(error) => tracing::error!(
            %error,
            data_dir = %data_dir.display(),
            "the first operator token could not be written to a file; make another one with `jackfield token recover`"
        ),
    }
}
