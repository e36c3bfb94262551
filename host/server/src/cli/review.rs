//! `jackfield review …`: deliveries that wait for a person's decision.

use clap::Subcommand;

use super::Session;
use super::deliveries::{Filter, Show, list, shown};
use super::edit::Edit;
use super::stuck::{Choice, Landed, Replay, discard};
use jackfield_domain::delivery::DeliveryState;

#[derive(Debug, Subcommand)]
pub(super) enum ReviewCommand {
    /// List what waits for a decision, newest first.
    #[command(after_help = "Example:\n  jackfield review list --reason rejected")]
    List(Filter),
    /// Show a delivery and its attempts, with the CRM's reason.
    #[command(after_help = "Example:\n  jackfield review show dlv_42 --payload")]
    Show(Show),
    /// Replace the document of a delivery, from a file or in your editor ($VISUAL, $EDITOR). Replay it to send it.
    #[command(after_help = "Example:\n  jackfield review edit dlv_42\n  jackfield review edit dlv_42 mended.json")]
    Edit(Edit),
    /// Put reviewed deliveries back to work, with the keys they had, oldest first.
    #[command(
        after_help = "Example:\n  jackfield review replay dlv_42\n  jackfield review replay --reason outcome-unknown \
            --tenant dwarka-homes --not-landed"
    )]
    Replay(Replay),
    /// Give up reviewed deliveries: they are never sent again.
    #[command(after_help = "Example:\n  jackfield review discard dlv_42")]
    Discard(Choice),
    /// Say that one landed, or was entered by hand: it is done, and never sent again.
    #[command(after_help = "Example:\n  jackfield review landed dlv_42 --reference REF-7")]
    Landed(Landed),
}

impl ReviewCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        match self {
            Self::List(filter) => list(session, &[DeliveryState::Review], &filter).await,
            Self::Show(show) => shown(session, &show).await,
            Self::Edit(edit) => edit.run(session).await,
            Self::Replay(replay) => replay.run(DeliveryState::Review, session).await,
            Self::Discard(choice) => discard(choice, DeliveryState::Review, session).await,
            Self::Landed(landed) => landed.run(session).await,
        }
    }
}
