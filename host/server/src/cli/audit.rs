//! `jackfield audit …`

use clap::Subcommand;

use super::Session;
use super::arguments::PageArgs;
use super::output::{note, or_dash, time};
use jackfield_api::{AuditVerifyQuery, AuditView, Listing, VerifiedView};
use jackfield_domain::id::Digest;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List what operators changed and how often clients were refused, newest first.
    #[command(after_help = "Example:
  jackfield audit list

A change has two entries with the same request id: one is written before it begins, the other before it is answered.
Requests without a valid operator token are counted, and their number is written at most once a minute.")]
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// Verify that no entry of the audit trail was edited, inserted or removed. Exits with 1 if one was.
    #[command(after_help = "Example:
  jackfield audit verify
  jackfield audit verify --expect sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

Store the hash that it prints where nobody who can write to the database can change it, and pass it as --expect the next
time. Nothing else reveals that entries were cut off at the end, or that the whole trail was rewritten. The host's log
also has the hash of every change.")]
    Verify(AuditVerifyArgs),
}

/// What to compare the trail with.
#[derive(Debug, clap::Args)]
pub(super) struct AuditVerifyArgs {
    /// A hash that an earlier verification printed: the trail must contain it.
    #[arg(long, value_name = "HASH")]
    expect: Option<Digest>,
}

impl AuditCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, output } = session;
        match self {
            Self::List { page } => {
                let answer = client.get::<Listing<AuditView>>(&["audit"], &page.query()).await?;
                let headers = ["SEQ", "AT", "WHO", "LABEL", "ACTION", "TARGET", "STATUS", "REQUEST"];
                output.list(&answer, &headers, |entry| {
                    vec![
                        entry.seq.to_string(),
                        time(entry.at),
                        entry.actor.clone(),
                        or_dash(Some(&entry.label).filter(|label| !label.is_empty())),
                        entry.action.clone(),
                        or_dash(Some(&entry.target).filter(|target| !target.is_empty())),
                        entry.status.map_or_else(|| "begun".into(), |status| status.to_string()),
                        entry.request_id.clone(),
                    ]
                })
            }
            Self::Verify(args) => {
                let query = AuditVerifyQuery { expect: args.expect };
                let answer = client.get::<VerifiedView>(&["audit", "verify"], &query).await?;
                output.show(&answer, render)?;
                if let Some(trouble) = &answer.view.trouble {
                    anyhow::bail!("the audit trail is not intact: {trouble}");
                }
                note("Store the hash elsewhere, and pass it as --expect the next time.");
                Ok(())
            }
        }
    }
}

fn render(view: &VerifiedView) -> String {
    let entries = match view.entries {
        1 => "1 entry".into(),
        entries => format!("{entries} entries"),
    };
    format!("{entries} in order, head {}", or_dash(view.head.as_ref()))
}
