//! The command line. `serve` runs the host, an author's commands need none, and `token recover` works on the host's
//! files; every other command sends requests to a running host's admin API and does nothing that the API cannot do.
//!
//! Each group of commands has a file. The exit code is 0 if the command succeeded, 1 if it failed, when standard error
//! says why and what to do, and 2 if the command line is invalid.

mod adapter;
mod admin_client;
mod alerts;
mod arguments;
mod audit;
mod breaker;
mod compile;
mod dead;
mod deliveries;
mod leads;
mod output;
mod payload_edit;
mod review;
mod secrets;
mod serve;
mod stopped_deliveries;
mod suppressions;
mod tenant;
mod token;
mod usage_error;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use adapter::AdapterCommand;
use admin_client::{AdminClient, ConnectionArgs, GLOBAL_OPTIONS};
use output::Output;
use token::TokenCommand;

use crate::app::{Storage, public_api_page};

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
    connection: ConnectionArgs,
    /// Print the API's JSON instead of tables: one document, with the members that /openapi.json describes.
    #[arg(long, global = true, help_heading = GLOBAL_OPTIONS)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host.
    Serve(serve::ServeArgs),
    /// Adapters: new, build, check, sign, push, list, show, record.
    #[command(subcommand)]
    Adapter(AdapterCommand),
    /// Tenants and their releases: apply, list, show, releases, rollback.
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// Tokens of agents and operators: create, list, recover, revoke.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Secrets that the host stores for tenants: set, list, remove, rotate-key.
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// Deliveries in every state: list, show.
    #[command(subcommand)]
    Deliveries(deliveries::DeliveriesCommand),
    /// Dead letters, whose attempts are used up: list, show, replay, discard, landed.
    #[command(subcommand)]
    Dead(dead::DeadCommand),
    /// Deliveries that wait for an operator's decision: list, show, edit, replay, discard, landed.
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
    /// Alerts, each of which a person must see: list, ack.
    #[command(subcommand)]
    Alerts(alerts::AlertsCommand),
    /// The audit trail of what operators changed, which reveals tampering: list, verify.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Compile one adapter. Only the host runs this.
    #[command(hide = true)]
    CompileAdapter(compile::CompileArgs),
    /// Print the reference of the public API. Only `cargo xtask reference` runs this.
    #[command(hide = true, after_help = "Example:\n  jackfield print-reference")]
    PrintReference,
}

/// What a command works with: the admin API of a host, and standard output.
struct Session {
    client: AdminClient,
    output: Output,
}

/// Runs the command that the command line names.
#[must_use]
pub fn main() -> ExitCode {
    main_with_storage(Storage::default())
}

/// Like [`main`], but `serve` opens this storage.
#[must_use]
pub fn main_with_storage(storage: Storage) -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| usage_error::without_arguments(error).exit());
    if let Command::CompileAdapter(args) = cli.command {
        return compile::run(args);
    }
    let result = tokio::runtime::Runtime::new()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(cli, storage)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::print_error(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli, storage: Storage) -> anyhow::Result<()> {
    let command = match cli.command {
        Command::Serve(args) => return serve::run(args, storage).await,
        Command::PrintReference => return output::print(public_api_page().trim_end()),
        Command::Adapter(AdapterCommand::Author(command)) => return command.run(&Output::new(cli.json)).await,
        Command::Token(TokenCommand::Recover(args)) => return args.run(&Output::new(cli.json)).await,
        command => command,
    };
    let session = Session {
        client: AdminClient::new(cli.connection)?,
        output: Output::new(cli.json),
    };
    match command {
        // These need no session, and were run above and in `main_with_storage`.
        Command::Serve(_) | Command::CompileAdapter(_) | Command::PrintReference => Ok(()),
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

/// Whether the reader of standard output, such as `head`, has closed it because it needs no more.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests;
