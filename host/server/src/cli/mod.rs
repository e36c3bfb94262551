//! What people type. `serve` is the host; everything else asks a running host's admin API and does nothing that the API
//! cannot.
//!
//! One file per group of commands. Exit codes: 0, it was done; 1, it was not, and standard error says why and what to
//! do; 2, the command line is wrong.

mod adapter;
mod alerts;
mod ask;
mod audit;
mod breaker;
mod client;
mod compile;
mod dead;
mod deliveries;
mod edit;
mod leads;
mod review;
mod screen;
mod secrets;
mod serve;
mod stuck;
mod suppressions;
mod tenant;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use adapter::AdapterCommand;
use client::{Client, Connection, EVERYWHERE};
use screen::Screen;

use crate::app::Storage;

/// Connects voice-AI calling platforms to any CRM.
#[derive(Debug, Parser)]
#[command(
    name = "jackfield",
    version,
    max_term_width = 110,
    after_help = "Example:\n  jackfield serve\n  jackfield adapter push keystone.wasm\n  jackfield tenant apply \
        dwarka-homes.toml"
)]
struct Cli {
    #[command(flatten)]
    connection: Connection,
    /// Print the API's JSON instead of tables: one document, the same members as in /openapi.json.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host.
    Serve(serve::ServeArgs),
    /// Adapters: new, build, check, push, list, show, record.
    #[command(subcommand)]
    Adapter(AdapterCommand),
    /// Tenants and their releases: apply, list, show, releases, rollback.
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// Tokens of agents and operators: create, list, revoke.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Secrets that the host keeps for tenants: set, list, remove, rotate-key.
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// Deliveries in every state: list, show.
    #[command(subcommand)]
    Deliveries(deliveries::DeliveriesCommand),
    /// Dead letters, whose attempts are used up: list, show, replay, discard, landed.
    #[command(subcommand)]
    Dead(dead::DeadCommand),
    /// Deliveries that wait for a person's decision: list, show, edit, replay, discard, landed.
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// Leads: show.
    #[command(subcommand)]
    Leads(leads::LeadsCommand),
    /// Decisions not to call: list.
    #[command(subcommand)]
    Suppressions(suppressions::SuppressionsCommand),
    /// Circuit breakers of the tenants' CRMs: list, show, open, close, auto.
    #[command(subcommand)]
    Breaker(breaker::BreakerCommand),
    /// What a person must be told: list, ack.
    #[command(subcommand)]
    Alerts(alerts::AlertsCommand),
    /// What operators changed, in a trail that shows tampering: list, verify.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Compile one adapter. The host runs this itself; you never need it.
    #[command(hide = true)]
    CompileAdapter(compile::CompileArgs),
}

/// A host to ask and a screen to answer on.
struct Session {
    client: Client,
    screen: Screen,
}

/// Reads the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    main_over(Storage::default())
}

/// The same; `serve` keeps its work in another storage than a host does.
#[must_use]
pub fn main_over(storage: Storage) -> ExitCode {
    let cli = Cli::parse();
    if let Command::CompileAdapter(args) = cli.command {
        return compile::run(args);
    }
    let done = tokio::runtime::Runtime::new()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(cli, storage)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            screen::complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli, storage: Storage) -> anyhow::Result<()> {
    let command = match cli.command {
        Command::Serve(args) => return serve::run(args, storage).await,
        Command::Adapter(AdapterCommand::Author(command)) => return command.run(&Screen::new(cli.json)).await,
        command => command,
    };
    let session = Session {
        client: Client::new(cli.connection)?,
        screen: Screen::new(cli.json),
    };
    match command {
        // They need no session, and have returned above and in `main`.
        Command::Serve(_) | Command::CompileAdapter(_) => Ok(()),
        Command::Adapter(command) => command.run(&session).await,
        Command::Tenant(command) => command.run(&session).await,
        Command::Token(command) => command.run(&session).await,
        Command::Secrets(command) => command.run(&session).await,
        Command::Deliveries(command) => command.run(&session).await,
        Command::Dead(command) => command.run(&session).await,
        Command::Review(command) => command.run(&session).await,
        Command::Leads(command) => command.run(&session).await,
        Command::Suppressions(command) => command.run(&session).await,
        Command::Breaker(command) => command.run(&session).await,
        Command::Alerts(command) => command.run(&session).await,
        Command::Audit(command) => command.run(&session).await,
    }
}

/// Whoever read our output, such as `head`, has seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests;
