//! `jackfield audit …`

use clap::Subcommand;
use serde::Serialize;

use super::Session;
use super::ask::Paging;
use super::screen::{note, or_dash, time};
use jackfield_api::{AuditView, Listing, VerifiedView};
use jackfield_domain::id::Digest;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List what operators changed, and who was refused, newest first.
    #[command(after_help = "Example:
  jackfield audit list

A change has two entries with one request id: before it is begun, and before it is answered. Requests without a valid
operator token are counted together and written down once a minute at most.")]
    List {
        #[command(flatten)]
        page: Paging,
    },
    /// Verify that nothing in the audit trail was edited, inserted or left out. Exits with 1 if something was.
    #[command(after_help = "Example:
  jackfield audit verify
  jackfield audit verify --expect sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

Keep the hash that it prints where whoever can write to the database cannot, and give it as --expect the next time: only
so is it noticed when entries were cut off at the end, or the whole trail was written anew. The host's log has the hash
of every change too.")]
    Verify(Verify),
}

#[derive(Debug, clap::Args, Serialize)]
pub(super) struct Verify {
    /// A hash that was printed before: the trail must hold it.
    #[arg(long, value_name = "HASH")]
    expect: Option<Digest>,
}

impl AuditCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, screen } = session;
        match self {
            Self::List { page } => {
                let answer = client.get::<Listing<AuditView>>(&["audit"], &page).await?;
                let headers = ["SEQ", "AT", "WHO", "LABEL", "ACTION", "TARGET", "STATUS", "REQUEST"];
                screen.list(&answer, &headers, |entry| {
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
            Self::Verify(query) => {
                let answer = client.get::<VerifiedView>(&["audit", "verify"], &query).await?;
                screen.show(&answer, verified)?;
                if let Some(trouble) = &answer.view.trouble {
                    anyhow::bail!("the audit trail is not whole: {trouble}");
                }
                note("Keep the hash elsewhere, and give it as --expect the next time.");
                Ok(())
            }
        }
    }
}

fn verified(view: &VerifiedView) -> String {
    let entries = match view.entries {
        1 => "1 entry".into(),
        entries => format!("{entries} entries"),
    };
    format!("{entries} in order, head {}", or_dash(view.head.as_ref()))
}
