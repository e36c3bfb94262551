//! `jackfield adapter …`: an author's commands, which need no host, and an operator's, which ask one.

mod build;
mod check;
mod new;
mod record;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use reqwest::Method;

use crate::cli::Session;
use crate::cli::ask::Paging;
use crate::cli::screen::{Screen, progress, short, time};
use jackfield_api::{AdapterView, Listing, PushedView};
use jackfield_domain::tenant::SettingKind;
use jackfield_domain::tenant::release::AdapterRef;

#[derive(Debug, Subcommand)]
pub(super) enum AdapterCommand {
    #[command(flatten)]
    Author(AuthorCommand),
    /// Check, compile and keep an adapter. The same bytes again change nothing.
    #[command(after_help = "Example:\n  jackfield adapter push keystone.wasm")]
    Push {
        /// The component.
        #[arg(value_name = "FILE.wasm")]
        file: PathBuf,
    },
    /// List adapters, newest first.
    #[command(after_help = "Example:\n  jackfield adapter list --limit 20")]
    List {
        #[command(flatten)]
        page: Paging,
    },
    /// Show an adapter: what it can do and what it asks of a tenant's file.
    #[command(after_help = "Example:\n  jackfield adapter show keystone\n  jackfield adapter show keystone@1.2.0")]
    Show {
        /// A name, name@version or sha256:…
        #[arg(value_name = "ADAPTER")]
        reference: AdapterRef,
    },
    /// Record a tenant's real calls as a cassette, without credentials. The host must be serving them.
    #[command(
        after_help = "Example:\n  jackfield adapter record --tenant dwarka-homes\n  jackfield adapter record --tenant \
            dwarka-homes --calls 5 --minutes 30 fixtures\n  jackfield adapter record --tenant dwarka-homes --end\n\n\
            The calls are those of real people. Phone numbers, e-mail addresses and the names that the contract or the \
            CRM's members name are replaced, the same always by the same, in the whole call; notes, addresses and \
            whatever else people wrote are not. Credentials are never in it: the host adds them after the record is \
            taken, signatures are replaced by those of a test key, and what the CRM hands out as tokens and cookies is \
            replaced too."
    )]
    Record(record::RecordArgs),
}

/// What an author does before there is a host.
#[derive(Debug, Subcommand)]
pub(super) enum AuthorCommand {
    /// Write a new adapter that builds and passes its checks, to be changed into your own.
    #[command(
        after_help = "Example:\n  jackfield adapter new acme --lang ts\n  jackfield adapter new acme --lang go \
            --into adapters/acme"
    )]
    New(new::NewArgs),
    /// Build the component of the adapter in a folder. What has not changed is not built again.
    #[command(after_help = "Example:\n  jackfield adapter build\n  jackfield adapter build adapters/acme --out target")]
    Build(build::BuildArgs),
    /// Check a component against the contract: its exports, recorded calls, and the same calls with faults injected.
    ///
    /// Needs no host, no CRM and no network. A cassette is a folder of fixtures, one recorded call each; without
    /// --cassette it is the folder `fixtures` beside the one that the component is in, or here. Exit code 0: nothing is
    /// wrong; 1: something is, and the report says what, why it matters and where the contract says so.
    #[command(
        after_help = "Example:\n  jackfield adapter check build/acme.wasm\n  jackfield adapter check acme.wasm \
            --cassette fixtures --json\n  jackfield adapter check acme.wasm --fixture write-refused --memory-mib 128"
    )]
    Check(check::CheckArgs),
}

impl AuthorCommand {
    pub async fn run(self, screen: &Screen) -> anyhow::Result<()> {
        match self {
            Self::Check(args) => args.run(screen).await,
            Self::New(args) => args.run(screen),
            Self::Build(args) => args.run(screen),
        }
    }
}

impl AdapterCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, screen } = session;
        match self {
            // It needs no session, and has returned in `cli::run`.
            Self::Author(_) => Ok(()),
            Self::Push { file } => {
                let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
                progress(&format!(
                    "{}: checking and compiling {}…",
                    file.display(),
                    size(bytes.len() as u64)
                ));
                let request = client.request(Method::POST, &["adapters"]);
                let request = request.header("content-type", "application/wasm").body(bytes);
                let answer = client.send::<PushedView>(request).await?;
                screen.show(&answer, |PushedView { adapter, known }| {
                    let known = if *known { " (it was there before)" } else { "" };
                    format!("{}@{} {}{known}", adapter.name, adapter.version, adapter.digest)
                })
            }
            Self::List { page } => {
                let answer = client.get::<Listing<AdapterView>>(&["adapters"], &page).await?;
                let headers = ["ADAPTER", "DIGEST", "CAN", "SIZE", "PUSHED"];
                screen.list(&answer, &headers, |adapter| {
                    vec![
                        format!("{}@{}", adapter.name, adapter.version),
                        short(&adapter.digest),
                        abilities(adapter),
                        size(adapter.size),
                        time(adapter.pushed_at),
                    ]
                })
            }
            Self::Show { reference } => {
                let path = ["adapters", &reference.to_string()];
                let answer = client.get::<AdapterView>(&path, &()).await?;
                screen.show(&answer, |adapter| shown(screen, adapter))
            }
            Self::Record(args) => args.run(session).await,
        }
    }
}

fn abilities(adapter: &AdapterView) -> String {
    let all = [
        (adapter.idempotent_writes, "idempotent"),
        (adapter.lookup, "lookup"),
        (adapter.parses_leads, "parse"),
    ];
    let has: Vec<_> = all.iter().filter(|(can, _)| *can).map(|(_, word)| *word).collect();
    if has.is_empty() { "-".into() } else { has.join(",") }
}

fn shown(screen: &Screen, adapter: &AdapterView) -> String {
    let mut text = screen.facts(&[
        ("adapter", format!("{}@{}", adapter.name, adapter.version)),
        ("digest", adapter.digest.clone()),
        ("can", abilities(adapter)),
        ("calls the origins of", adapter.needs.origins.join(", ")),
        ("size", size(adapter.size)),
        ("pushed", time(adapter.pushed_at)),
    ]);
    if !adapter.needs.settings.is_empty() {
        let rows = adapter.needs.settings.iter().map(|need| {
            let required = if need.required { "required" } else { "optional" };
            vec![
                need.name.clone(),
                kind(need.kind).into(),
                required.into(),
                need.doc.clone(),
            ]
        });
        text = format!("{text}\n\n{}", screen.table(&["SETTING", "KIND", "", "FOR"], rows));
    }
    if !adapter.needs.credentials.is_empty() {
        let rows = adapter
            .needs
            .credentials
            .iter()
            .map(|need| vec![need.name.clone(), need.kind.clone(), need.doc.clone()]);
        text = format!("{text}\n\n{}", screen.table(&["CREDENTIAL", "KIND", "FOR"], rows));
    }
    text
}

const fn kind(kind: SettingKind) -> &'static str {
    match kind {
        SettingKind::Text => "text",
        SettingKind::Integer => "integer",
        SettingKind::Boolean => "boolean",
        SettingKind::Url => "url",
    }
}

/// A number of bytes for people, rounded up.
fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..10_485_760 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes.div_ceil(1024 * 1024)),
    }
}
