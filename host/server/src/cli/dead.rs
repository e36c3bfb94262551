//! `jackfield dead …`: deliveries whose attempts are used up.

use clap::Subcommand;

use super::Session;
use super::deliveries::{DeliveryFilterArgs, ShowDeliveryArgs, list, show};
use super::stopped_deliveries::{LandedArgs, ReplayArgs, SelectionArgs, discard};
use jackfield_domain::delivery::DeliveryState;

#[derive(Debug, Subcommand)]
pub(super) enum DeadCommand {
    /// List dead letters, newest first.
    #[command(after_help = "Example:\n  jackfield dead list --tenant dwarka-homes --since 1d")]
    List(DeliveryFilterArgs),
    /// Show a dead letter and its attempts.
    #[command(after_help = "Example:\n  jackfield dead show dlv_42")]
    Show(ShowDeliveryArgs),
    /// Send dead letters again under their keys, oldest first.
    #[command(
        after_help = "Example:\n  jackfield dead replay dlv_42 dlv_43\n  jackfield dead replay --tenant dwarka-homes \
            --since 2h --rate 5/s\n  jackfield dead replay --all"
    )]
    Replay(ReplayArgs),
    /// Discard dead letters: they are never sent again.
    #[command(
        after_help = "Example:\n  jackfield dead discard dlv_42\n  jackfield dead discard --tenant dwarka-homes \
            --reason workers-lost"
    )]
    Discard(SelectionArgs),
    /// Mark a dead letter that landed, or that somebody entered by hand, as done: it is never sent again.
    #[command(after_help = "Example:\n  jackfield dead landed dlv_42 --reference REF-7")]
    Landed(LandedArgs),
}

impl DeadCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        match self {
            Self::List(filter) => list(session, vec![DeliveryState::Dead], filter).await,
            Self::Show(args) => show(session, &args).await,
            Self::Replay(args) => args.run(DeliveryState::Dead, session).await,
            Self::Discard(selection) => discard(selection, DeliveryState::Dead, session).await,
            Self::Landed(args) => args.run(session).await,
        }
    }
}
