//! `jackfield deliveries …`, and how a delivery is shown everywhere.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Session;
use super::ask::{self, Paging};
use super::screen::{Screen, or_dash, or_nothing, plain, time};
use jackfield_api::{AttemptView, DeliveryDetailView, DeliveryView, Listing, PayloadView};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};
use jackfield_domain::id::{DedupKey, DeliveryId, LeadId, TenantName};

#[derive(Debug, Subcommand)]
pub(super) enum DeliveriesCommand {
    /// List deliveries, newest first.
    #[command(
        after_help = "Example:\n  jackfield deliveries list --tenant dwarka-homes --since 2h\n  jackfield deliveries \
            list --state ready,leased --json"
    )]
    List {
        /// In one of these states, with commas between them.
        #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = ask::state())]
        state: Vec<DeliveryState>,
        #[command(flatten)]
        filter: Filter,
    },
    /// Show a delivery and its attempts.
    #[command(
        after_help = "Example:\n  jackfield deliveries show dlv_42\n  jackfield deliveries show dlv_42 --payload"
    )]
    Show(Show),
}

/// Which delivery to show.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The delivery's id.
    #[arg(value_name = "ID")]
    pub id: DeliveryId,
    /// With the document itself, which is personal data.
    #[arg(long)]
    pub payload: bool,
}

/// Which deliveries to list.
#[derive(Debug, Args, Serialize)]
pub(super) struct Filter {
    /// Of this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<TenantName>,
    /// Of this kind.
    #[arg(long, value_name = "KIND", value_parser = ask::kind())]
    kind: Option<DeliveryKind>,
    /// Of this lead.
    #[arg(long, value_name = "LEAD")]
    lead: Option<LeadId>,
    /// With this key, such as a call's id.
    #[arg(long, value_name = "KEY")]
    key: Option<DedupKey>,
    /// Stopped for this reason.
    #[arg(long, value_name = "REASON", value_parser = ask::reason())]
    reason: Option<StopReason>,
    /// Whose last attempt ended so.
    #[arg(long, value_name = "CLASS", value_parser = ask::class())]
    class: Option<AttemptClass>,
    /// Changed at this time or later: a time with an offset, or how long ago (2h).
    #[arg(long, value_name = "TIME", value_parser = ask::moment)]
    since: Option<jiff::Timestamp>,
    /// Changed before this time.
    #[arg(long, value_name = "TIME", value_parser = ask::moment)]
    until: Option<jiff::Timestamp>,
    #[command(flatten)]
    #[serde(flatten)]
    page: Paging,
}

#[derive(Serialize)]
struct Query<'a> {
    state: Option<String>,
    #[serde(flatten)]
    filter: &'a Filter,
}

impl<'a> Query<'a> {
    fn of(states: &[DeliveryState], filter: &'a Filter) -> Self {
        let words: Vec<_> = states.iter().map(|state| state.word()).collect();
        Self {
            state: (!words.is_empty()).then(|| words.join(",")),
            filter,
        }
    }
}

impl DeliveriesCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        match self {
            Self::List { state, filter } => list(session, &state, &filter).await,
            Self::Show(show) => shown(session, &show).await,
        }
    }
}

/// Lists what the filter takes in these states; in all if there are none.
pub(super) async fn list(session: &Session, states: &[DeliveryState], filter: &Filter) -> anyhow::Result<()> {
    let query = Query::of(states, filter);
    let answer = session
        .client
        .get::<Listing<DeliveryView>>(&["deliveries"], &query)
        .await?;
    session.screen.list(&answer, &HEADERS, row)
}

pub(super) const HEADERS: [&str; 9] = [
    "ID", "TENANT", "KIND", "LEAD", "KEY", "STATE", "WHY", "FAILURES", "CHANGED",
];

pub(super) fn row(delivery: &DeliveryView) -> Vec<String> {
    let why = delivery
        .reason
        .map(StopReason::word)
        .or(delivery.class.map(AttemptClass::word));
    vec![
        delivery.id.clone(),
        delivery.tenant.clone(),
        delivery.kind.to_string(),
        or_dash(delivery.lead.as_ref()),
        delivery.key.clone(),
        delivery.state.to_string(),
        or_dash(why),
        delivery.counted.to_string(),
        time(delivery.changed_at),
    ]
}

/// Shows one delivery.
pub(super) async fn shown(session: &Session, show: &Show) -> anyhow::Result<()> {
    let path = ["deliveries", &show.id.to_string()];
    let query = [("payload", show.payload)];
    let answer = session.client.get::<DeliveryDetailView>(&path, &query).await?;
    session.screen.show(&answer, |detail| page(&session.screen, detail))
}

fn page(screen: &Screen, detail: &DeliveryDetailView) -> String {
    let delivery = &detail.delivery;
    let mut text = screen.facts(&[
        ("delivery", delivery.id.clone()),
        ("tenant", delivery.tenant.clone()),
        ("kind", delivery.kind.to_string()),
        ("lead", or_nothing(delivery.lead.as_ref())),
        ("key", delivery.key.clone()),
        ("state", delivery.state.to_string()),
        ("reason", or_nothing(delivery.reason)),
        ("counted failures", delivery.counted.to_string()),
        (
            "may have landed",
            if delivery.ambiguous {
                "yes".into()
            } else {
                String::new()
            },
        ),
        ("replays", delivery.generation.to_string()),
        ("due", or_nothing(delivery.due.map(time))),
        ("reference", or_nothing(delivery.reference.as_ref())),
        ("accepted", time(delivery.accepted_at)),
        ("changed", time(delivery.changed_at)),
    ]);
    if !detail.attempts.is_empty() {
        let headers = ["ATTEMPT", "RELEASE", "STARTED", "TOOK", "CLASS", "HTTP", "WHAT"];
        let attempts = screen.table(&headers, detail.attempts.iter().map(attempt));
        text = format!("{text}\n\n{attempts}");
    }
    if let Some(payload) = &detail.payload {
        text = format!("{text}\n\n{}", document(payload));
    }
    text
}

fn attempt(attempt: &AttemptView) -> Vec<String> {
    let detail = &attempt.detail;
    let took = attempt.ended_at.map(|ended| {
        let took = ended.duration_since(attempt.started_at);
        format!("{} ms", took.as_millis())
    });
    let looked_up = detail.looked_up.then(|| "looked up first".to_owned());
    let what = [
        looked_up,
        detail.fault.map(|cause| cause.to_string()),
        detail.rejection.as_ref().map(ToString::to_string),
        Some(detail.message.clone()).filter(|message| !message.is_empty()),
        detail
            .reference
            .as_ref()
            .map(|reference| format!("reference {reference}")),
    ];
    vec![
        attempt.number.to_string(),
        attempt.release.clone(),
        time(attempt.started_at),
        or_dash(took),
        or_dash(attempt.class),
        or_dash(detail.http_status),
        what.into_iter().flatten().collect::<Vec<_>>().join("; "),
    ]
}

/// A document for people.
pub(super) fn document(payload: &PayloadView) -> String {
    let text = match payload {
        PayloadView::Json(document) => format!("{document:#}"),
        PayloadView::Text(text) => text.clone(),
        PayloadView::Base64(text) => format!("base64: {text}"),
    };
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        filter: Filter,
    }

    fn query(states: &[DeliveryState], typed: &str) -> String {
        let typed = Typed::parse_from(typed.split(' '));
        let request = reqwest::Client::new()
            .get("http://127.0.0.1/")
            .query(&Query::of(states, &typed.filter));
        let url = request.build().unwrap().url().clone();
        url.query().unwrap_or_default().to_owned()
    }

    #[test]
    fn query_holds_only_given_filters() {
        assert_eq!(query(&[], "list"), "limit=50");
        assert_eq!(
            query(
                &[DeliveryState::Dead, DeliveryState::Review],
                "list --tenant a --reason not-found --since 1970-01-01T00:00:00Z --after 7 --limit 5"
            ),
            "state=dead%2Creview&tenant=a&reason=not-found&since=1970-01-01T00%3A00%3A00Z&limit=5&after=7"
        );
    }

    #[test]
    fn an_attempt_says_what_came_of_it() {
        let json = r#"{"number":3,"release":"r2","started_at":"2026-07-01T09:02:00Z",
            "ended_at":"2026-07-01T09:02:00.25Z",
            "class":"rejected","http_status":422,"rejection":{"code":"E7","message":"no such stage","fields":[]}}"#;
        let row = attempt(&serde_json::from_str(json).unwrap());
        assert_eq!(
            row,
            [
                "3",
                "r2",
                "2026-07-01T09:02:00Z",
                "250 ms",
                "rejected",
                "422",
                "E7: no such stage"
            ]
        );
    }
}
