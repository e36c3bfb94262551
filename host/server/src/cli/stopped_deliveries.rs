//! What the commands `dead` and `review` share: selecting stopped deliveries, and replaying, discarding or settling
//! them.

use clap::Args;
use jiff::Timestamp;

use super::Session;
use super::arguments;
use super::output::{note, time};
use jackfield_api::{
    DiscardRequest, DiscardView, LandedRequest, LandedView, ReplayRequest, ReplayView, StoppedDeliveryFilter,
};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};
use jackfield_domain::id::{DeliveryId, LeadId, TenantName};

/// Which deliveries to replay or discard. Omitting every option selects nothing: to select all, say `--all`.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct SelectionArgs {
    /// These.
    #[arg(value_name = "ID", conflicts_with_all = ["tenant", "kind", "lead", "reason", "since", "until", "all"])]
    ids: Vec<DeliveryId>,
    /// Those of this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<TenantName>,
    /// Those of this kind.
    #[arg(long, value_name = "KIND", value_parser = arguments::kind())]
    kind: Option<DeliveryKind>,
    /// Those of this lead.
    #[arg(long, value_name = "LEAD")]
    lead: Option<LeadId>,
    /// Those that stopped for this reason.
    #[arg(long, value_name = "REASON", value_parser = arguments::reason())]
    reason: Option<StopReason>,
    /// Those that stopped at this time or later: a time with an offset, or how long ago (2h).
    #[arg(long, value_name = "TIME", value_parser = arguments::time_or_age)]
    since: Option<Timestamp>,
    /// Those that stopped before this time.
    #[arg(long, value_name = "TIME", value_parser = arguments::time_or_age)]
    until: Option<Timestamp>,
    /// All that match the other options; without another option, all there are.
    #[arg(long)]
    all: bool,
}

impl SelectionArgs {
    /// The members `ids` and `filter` of a request, exactly one of which has a value.
    fn ids_or_filter(self, state: DeliveryState) -> (Option<Vec<DeliveryId>>, Option<StoppedDeliveryFilter>) {
        if self.ids.is_empty() {
            let filter = StoppedDeliveryFilter {
                tenant: self.tenant,
                state: Some(state),
                kind: self.kind,
                lead: self.lead,
                reason: self.reason,
                class: None,
                since: self.since,
                until: self.until,
            };
            (None, Some(filter))
        } else {
            (Some(self.ids), None)
        }
    }
}

/// How to replay.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// How many to send at most, to spare the destination: 5/s, 30/m, 100/h. All at once when absent.
    #[arg(long, value_name = "N/s", value_parser = arguments::rate)]
    rate: Option<f64>,
    /// You know that their last attempts did not land: send them without looking them up first.
    #[arg(long)]
    not_landed: bool,
}

impl ReplayArgs {
    pub async fn run(self, state: DeliveryState, session: &Session) -> anyhow::Result<()> {
        let (ids, filter) = self.selection.ids_or_filter(state);
        let request = ReplayRequest {
            ids,
            filter,
            rate_per_second: self.rate,
            not_landed: self.not_landed,
        };
        let answer = session
            .client
            .post::<ReplayView>(&["deliveries", "replay"], &request)
            .await?;
        session.output.show(&answer, replayed)?;
        check_complete(&answer.view.skipped, answer.view.more)
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

/// Discards the selected deliveries.
pub(super) async fn discard(selection: SelectionArgs, state: DeliveryState, session: &Session) -> anyhow::Result<()> {
    let (ids, filter) = selection.ids_or_filter(state);
    let request = DiscardRequest { ids, filter };
    let answer = session
        .client
        .post::<DiscardView>(&["deliveries", "discard"], &request)
        .await?;
    session.output.show(&answer, |view| match view.discarded.as_slice() {
        [] => "Nothing was discarded.".into(),
        [one] => format!("Discarded {one}."),
        many => format!("Discarded {}.", many.len()),
    })?;
    check_complete(&answer.view.skipped, answer.view.more)
}

/// A delivery that landed after all.
#[derive(Debug, Args)]
pub(super) struct LandedArgs {
    /// The delivery's id.
    #[arg(value_name = "ID")]
    id: DeliveryId,
    /// The CRM's own reference of the record, if it has one.
    #[arg(long, value_name = "REFERENCE")]
    reference: Option<String>,
}

impl LandedArgs {
    /// Marks it as done.
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let request = LandedRequest {
            reference: self.reference,
        };
        let path = ["deliveries", &self.id.to_string(), "landed"];
        let answer = session.client.post::<LandedView>(&path, &request).await?;
        session.output.show(&answer, |view| format!("{} is done.", view.id))
    }
}

/// Fails if a selected delivery was skipped, so that a script notices.
fn check_complete(skipped: &[String], more: bool) -> anyhow::Result<()> {
    if more {
        note("There are more: repeat the command.");
    }
    anyhow::ensure!(
        skipped.is_empty(),
        "skipped, because unknown, neither dead nor in review, or a refused lead whose document has to be completed \
         first (`jackfield review edit`): {}",
        skipped.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_api::ReplayedView;

    #[test]
    fn replays_show_the_first_and_last_due_time() {
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
