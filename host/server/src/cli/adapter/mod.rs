//! `jackfield adapter …`: an author's commands, which need no host, and an operator's, which send requests to one.

mod build;
mod check;
mod new;
mod push;
mod record;
mod rehearsal;
mod sign;
mod test;

use clap::Subcommand;

use crate::cli::Session;
use crate::cli::arguments::PageArgs;
use crate::cli::output::{Output, short_digest, time};
use jackfield_api::{AdapterView, Listing};
use jackfield_domain::tenant::SettingKind;
use jackfield_domain::tenant::release::AdapterRef;

#[derive(Debug, Subcommand)]
pub(super) enum AdapterCommand {
    #[command(flatten)]
    Author(AuthorCommand),
    /// Check an adapter, compile it and store it at the host. Pushing the same bytes again changes nothing.
    #[command(
        after_help = "Example:\n  jackfield adapter push keystone.wasm\n  jackfield adapter push keystone.wasm \
            --replace\n\nA name and version mean one component for ever. Other bytes under the same name and version \
            are refused: raise the version, or give --replace, which the audit trail records. Tenants keep the \
            component of their release until the next apply, whose difference says that the digest changed."
    )]
    Push(push::PushAdapterArgs),
    /// List adapters, newest first.
    #[command(after_help = "Example:\n  jackfield adapter list --limit 20")]
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show an adapter: what it supports, and what a tenant's file must give it.
    #[command(after_help = "Example:\n  jackfield adapter show keystone\n  jackfield adapter show keystone@1.2.0")]
    Show {
        /// A name, name@version or sha256:…
        #[arg(value_name = "ADAPTER")]
        reference: AdapterRef,
    },
    /// Record real invocations of a tenant's adapter as a cassette, without credentials.
    #[command(
        after_help = "Example:\n  jackfield adapter record --tenant dwarka-homes\n  jackfield adapter record --tenant \
            dwarka-homes --calls 5 --minutes 30 fixtures\n  jackfield adapter record --tenant dwarka-homes --end\n\n\
            The host records the invocations that it makes for real requests while it serves, so they contain data of \
            real people. Phone numbers, e-mail addresses, and the values of members that the contract or the CRM names \
            as names are replaced, equal values by equal ones within an invocation. Notes, addresses and other text \
            are not replaced. Credentials are never recorded: the host adds them to a request after it is recorded. \
            Signatures are replaced by those of a test key, and the CRM's tokens and cookies are replaced too."
    )]
    Record(record::RecordAdapterArgs),
}

/// An author's commands, which need no host.
#[derive(Debug, Subcommand)]
pub(super) enum AuthorCommand {
    /// Write a new adapter that builds and passes its checks, for you to change into your own.
    #[command(
        after_help = "Example:\n  jackfield adapter new acme --lang ts\n  jackfield adapter new acme --lang go \
            --into adapters/acme"
    )]
    New(new::NewAdapterArgs),
    /// Build the component of the adapter in a folder. What has not changed is not rebuilt.
    #[command(after_help = "Example:\n  jackfield adapter build\n  jackfield adapter build adapters/acme --out target")]
    Build(build::BuildAdapterArgs),
    /// Run the native tests of the adapter in a folder, in its language's own runner.
    #[command(
        after_help = "Example:\n  jackfield adapter test\n  jackfield adapter test adapters/acme\n\nIt runs \
            `cargo test`, `go vet` and `go test`, `python3 -m unittest`, tests/*.test.ts in Node.js 20 or later, and \
            in C every program of tests/, under the sanitizers where the compiler has them."
    )]
    Test(test::TestAdapterArgs),
    /// Check a component against the contract: its exports, recorded invocations, and the same ones with injected
    /// faults.
    ///
    /// This needs no host, no CRM and no network. A cassette is a folder of fixtures, one recorded invocation each.
    /// Without --cassette it is the folder `fixtures` beside the component's folder, or in the current one. The exit
    /// code is 0 if nothing is wrong. It is 1 otherwise, and the report says what is wrong, why it matters and where
    /// the contract requires it. In C, the project's native tests are run too, since only a native program can have the
    /// address sanitizer.
    #[command(
        after_help = "Example:\n  jackfield adapter check build/acme.wasm\n  jackfield adapter check acme.wasm \
            --cassette fixtures --json\n  jackfield adapter check acme.wasm --fixture write-refused --memory-mib 128"
    )]
    Check(check::CheckAdapterArgs),
    /// Write the signatures of an adapter's requests into its fixtures.
    ///
    /// Write or edit a request with anything in the place of its signature, and the adapter signs it with the fixture's
    /// `keys`. A text is changed only if it differs from the adapter's by the signature alone; `check` reports every
    /// other difference.
    #[command(
        after_help = "Example:\n  jackfield adapter sign build/acme.wasm\n  jackfield adapter sign acme.wasm \
            --cassette fixtures --fixture write-refused"
    )]
    Sign(sign::SignAdapterArgs),
}

impl AuthorCommand {
    pub async fn run(self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Check(args) => args.run(output).await,
            Self::Sign(args) => args.run(output).await,
            Self::New(args) => args.run(output),
            Self::Build(args) => args.run(output),
            Self::Test(args) => args.run(output),
        }
    }
}

impl AdapterCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, output } = session;
        match self {
            // These need no session, and were run in `cli::run`.
            Self::Author(_) => Ok(()),
            Self::Push(args) => args.run(session).await,
            Self::List { page } => {
                let answer = client.get::<Listing<AdapterView>>(&["adapters"], &page.query()).await?;
                let headers = ["ADAPTER", "DIGEST", "CAN", "SIZE", "PUSHED"];
                output.list(&answer, &headers, |adapter| {
                    vec![
                        format!("{}@{}", adapter.name, adapter.version),
                        short_digest(&adapter.digest),
                        capabilities(adapter),
                        size(adapter.size),
                        time(adapter.pushed_at),
                    ]
                })
            }
            Self::Show { reference } => {
                let path = ["adapters", &reference.to_string()];
                let answer = client.get::<AdapterView>(&path, &()).await?;
                output.show(&answer, |adapter| render(output, adapter))
            }
            Self::Record(args) => args.run(session).await,
        }
    }
}

/// What an adapter supports beyond what all do.
fn capabilities(adapter: &AdapterView) -> String {
    let all = [
        (adapter.idempotent_writes, "idempotent"),
        (adapter.lookup, "lookup"),
        (adapter.parses_leads, "parse"),
    ];
    let words: Vec<_> = all.iter().filter(|(has, _)| *has).map(|(_, word)| *word).collect();
    if words.is_empty() { "-".into() } else { words.join(",") }
}

fn render(output: &Output, adapter: &AdapterView) -> String {
    let mut text = output.fields(&[
        ("adapter", format!("{}@{}", adapter.name, adapter.version)),
        ("digest", adapter.digest.clone()),
        ("can", capabilities(adapter)),
        ("sends requests to the origins of", adapter.needs.origins.join(", ")),
        ("size", size(adapter.size)),
        ("pushed", time(adapter.pushed_at)),
    ]);
    if !adapter.needs.settings.is_empty() {
        let rows = adapter.needs.settings.iter().map(|need| {
            let required = if need.required { "required" } else { "optional" };
            vec![
                need.name.clone(),
                kind_word(need.kind).into(),
                required.into(),
                need.doc.clone(),
            ]
        });
        text = format!("{text}\n\n{}", output.table(&["SETTING", "KIND", "", "FOR"], rows));
    }
    if !adapter.needs.credentials.is_empty() {
        let rows = adapter
            .needs
            .credentials
            .iter()
            .map(|need| vec![need.name.clone(), need.kind.clone(), need.doc.clone()]);
        text = format!("{text}\n\n{}", output.table(&["CREDENTIAL", "KIND", "FOR"], rows));
    }
    text
}

const fn kind_word(kind: SettingKind) -> &'static str {
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
