//! What `dead` and `review` have in common: choosing deliveries, replaying, discarding and settling them.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Session;
use super::ask;
use super::screen::{note, time};
use jackfield_api::{DiscardView, LandedRequest, LandedView, ReplayView, StuckFilter};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};
use jackfield_domain::id::{DeliveryId, LeadId, TenantName};

/// Which deliveries an order is about. Nothing is chosen by leaving things out: to take all, say `--all`.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Choice {
    /// These.
    #[arg(value_name = "ID", conflicts_with_all = ["tenant", "kind", "lead", "reason", "since", "until", "all"])]
    ids: Vec<DeliveryId>,
    /// Those of this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<TenantName>,
    /// Those of this kind.
    #[arg(long, value_name = "KIND", value_parser = ask::kind())]
    kind: Option<DeliveryKind>,
    /// Those of this lead.
    #[arg(long, value_name = "LEAD")]
    lead: Option<LeadId>,
    /// Those that stopped for this reason.
    #[arg(long, value_name = "REASON", value_parser = ask::reason())]
    reason: Option<StopReason>,
    /// Those that stopped at this time or later: a time with an offset, or how long ago (2h).
    #[arg(long, value_name = "TIME", value_parser = ask::moment)]
    since: Option<Timestamp>,
    /// Those that stopped before this time.
    #[arg(long, value_name = "TIME", value_parser = ask::moment)]
    until: Option<Timestamp>,
    /// All that the other options take; alone, all there are.
    #[arg(long)]
    all: bool,
}

impl Choice {
    fn order(self, state: DeliveryState) -> Value {
        if self.ids.is_empty() {
            let filter = StuckFilter {
                tenant: self.tenant,
                state: Some(state),
                kind: self.kind,
                lead: self.lead,
                reason: self.reason,
                class: None,
                since: self.since,
                until: self.until,
            };
            json!({ "filter": filter })
        } else {
            json!({ "ids": self.ids })
        }
    }
}

/// How to replay.
#[derive(Debug, Args)]
pub(super) struct Replay {
    #[command(flatten)]
    choice: Choice,
    /// How many may go at most, to spare the destination: 5/s, 30/m, 100/h. All at once when absent.
    #[arg(long, value_name = "N/s", value_parser = ask::rate)]
    rate: Option<f64>,
    /// You know that their last attempts did not land: send them without asking first.
    #[arg(long)]
    not_landed: bool,
}

impl Replay {
    pub async fn run(self, state: DeliveryState, session: &Session) -> anyhow::Result<()> {
        let mut order = self.choice.order(state);
        order["rate_per_second"] = json!(self.rate);
        order["not_landed"] = json!(self.not_landed);
        let answer = session
            .client
            .post::<ReplayView>(&["deliveries", "replay"], &order)
            .await?;
        session.screen.show(&answer, replayed)?;
        all_done(&answer.view.skipped, answer.view.more)
    }
}

fn replayed(view: &ReplayView) -> String {
    match view.replayed.as_slice() {
        [] => "Nothing was replayed.".into(),
        [one] => format!("Replayed {}, due {}.", one.id, time(one.due)),
        [first, .., last] => format!(
            "Replayed {}, from {} due {} to {} due {}.",
            view.replayed.len(),
            first.id,
            time(first.due),
            last.id,
            time(last.due)
        ),
    }
}

/// Gives up what was chosen.
pub(super) async fn discard(choice: Choice, state: DeliveryState, session: &Session) -> anyhow::Result<()> {
    let order = choice.order(state);
    let answer = session
        .client
        .post::<DiscardView>(&["deliveries", "discard"], &order)
        .await?;
    session.screen.show(&answer, |view| match view.discarded.as_slice() {
        [] => "Nothing was discarded.".into(),
        [one] => format!("Discarded {one}."),
        many => format!("Discarded {}.", many.len()),
    })?;
    all_done(&answer.view.skipped, answer.view.more)
}

/// A delivery that landed after all.
#[derive(Debug, Args)]
pub(super) struct Landed {
    /// Which.
    #[arg(value_name = "ID")]
    id: DeliveryId,
    /// The CRM's own reference of the record, if it has one.
    #[arg(long, value_name = "REFERENCE")]
    reference: Option<String>,
}

impl Landed {
    /// Says so to the host.
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let said = LandedRequest {
            reference: self.reference,
        };
        let path = ["deliveries", &self.id.to_string(), "landed"];
        let answer = session.client.post::<LandedView>(&path, &said).await?;
        session.screen.show(&answer, |view| format!("{} is done.", view.id))
    }
}

/// Fails if something that was asked for was left alone, so that a script notices.
fn all_done(skipped: &[String], more: bool) -> anyhow::Result<()> {
    if more {
        note("There are more: repeat the command.");
    }
    anyhow::ensure!(
        skipped.is_empty(),
        "left alone, since not there or neither dead nor in review: {}",
        skipped.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_api::ReplayedView;

    #[test]
    fn a_replay_says_from_when_to_when() {
        let replayed_at = |seconds: i64| ReplayedView {
            id: format!("dlv_{seconds}"),
            due: Timestamp::from_second(seconds).unwrap(),
        };
        let view = ReplayView {
            replayed: [1, 2, 3].map(replayed_at).to_vec(),
            skipped: vec![],
            more: false,
        };
        insta::assert_snapshot!(replayed(&view), @"Replayed 3, from dlv_1 due 1970-01-01T00:00:01Z to dlv_3 due 1970-01-01T00:00:03Z.");
    }
}
