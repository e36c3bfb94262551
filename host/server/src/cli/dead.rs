//! `jackfield dead …`: deliveries whose attempts are used up.

use clap::Subcommand;

use super::Session;
use super::deliveries::{Filter, Show, list, shown};
use super::stuck::{Choice, Landed, Replay, discard};
use jackfield_domain::delivery::DeliveryState;

#[derive(Debug, Subcommand)]
pub(super) enum DeadCommand {
    /// List dead letters, newest first.
    #[command(after_help = "Example:\n  jackfield dead list --tenant dwarka-homes --since 1d")]
    List(Filter),
    /// Show a dead letter and its attempts.
    #[command(after_help = "Example:\n  jackfield dead show dlv_42")]
    Show(Show),
    /// Put dead letters back to work, with the keys they had, oldest first.
    #[command(
        after_help = "Example:\n  jackfield dead replay dlv_42 dlv_43\n  jackfield dead replay --tenant dwarka-homes \
            --since 2h --rate 5/s\n  jackfield dead replay --all"
    )]
    Replay(Replay),
    /// Give up dead letters: they are never sent again.
    #[command(
        after_help = "Example:\n  jackfield dead discard dlv_42\n  jackfield dead discard --tenant dwarka-homes \
            --reason workers-lost"
    )]
    Discard(Choice),
    /// Say that one landed, or was entered by hand: it is done, and never sent again.
    #[command(after_help = "Example:\n  jackfield dead landed dlv_42 --reference REF-7")]
    Landed(Landed),
}

impl DeadCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        match self {
            Self::List(filter) => list(session, &[DeliveryState::Dead], &filter).await,
            Self::Show(show) => shown(session, &show).await,
            Self::Replay(replay) => replay.run(DeliveryState::Dead, session).await,
            Self::Discard(choice) => discard(choice, DeliveryState::Dead, session).await,
            Self::Landed(landed) => landed.run(session).await,
        }
    }
}
