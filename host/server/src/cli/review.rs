//! `jackfield review …`: deliveries that wait for an operator's decision.

use clap::Subcommand;

use super::Session;
use super::deliveries::{DeliveryFilterArgs, ShowDeliveryArgs, list, show};
use super::payload_edit::PayloadEditArgs;
use super::stopped_deliveries::{LandedArgs, ReplayArgs, SelectionArgs, discard};
use jackfield_domain::delivery::DeliveryState;

#[derive(Debug, Subcommand)]
pub(super) enum ReviewCommand {
    /// List deliveries in review, newest first.
    #[command(after_help = "Example:\n  jackfield review list --reason rejected")]
    List(DeliveryFilterArgs),
    /// Show a delivery and its attempts, with the CRM's reason.
    #[command(after_help = "Example:\n  jackfield review show dlv_42 --payload")]
    Show(ShowDeliveryArgs),
    /// Replace the document of a delivery, from a file or in your editor ($VISUAL, $EDITOR). Replay it to send it.
    ///
    /// The new document is whole: start from what `review show ID --payload` prints. A lead keeps its id, its
    /// `idempotency_key` and its `timestamp`; a disposition keeps its `call_id`.
    #[command(after_help = "Example:\n  jackfield review edit dlv_42\n  jackfield review edit dlv_42 mended.json")]
    Edit(PayloadEditArgs),
    /// Send deliveries in review again under their keys, oldest first.
    #[command(
        after_help = "Example:\n  jackfield review replay dlv_42\n  jackfield review replay --reason outcome-unknown \
            --tenant dwarka-homes --not-landed"
    )]
    Replay(ReplayArgs),
    /// Discard deliveries in review: they are never sent again.
    #[command(after_help = "Example:\n  jackfield review discard dlv_42")]
    Discard(SelectionArgs),
    /// Mark a delivery that landed, or that somebody entered by hand, as done: it is never sent again.
    #[command(after_help = "Example:\n  jackfield review landed dlv_42 --reference REF-7")]
    Landed(LandedArgs),
}

impl ReviewCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        match self {
            Self::List(filter) => list(session, vec![DeliveryState::Review], filter).await,
            Self::Show(args) => show(session, &args).await,
            Self::Edit(args) => args.run(session).await,
            Self::Replay(args) => args.run(DeliveryState::Review, session).await,
            Self::Discard(selection) => discard(selection, DeliveryState::Review, session).await,
            Self::Landed(args) => args.run(session).await,
        }
    }
}
