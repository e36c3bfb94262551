//! `jackfield deliveries …`, and how every command shows a delivery.

use clap::{Args, Subcommand};

use super::Session;
use super::arguments::{self, PageArgs};
use super::breaker;
use super::output::{Output, or_dash, or_empty, printable, time};
use jackfield_api::{
    AttemptDetailView, AttemptView, BreakerView, DeliveryDetailView, DeliveryQuery, DeliveryShowQuery, DeliveryStates,
    DeliveryView, Listing, PayloadView,
};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, LastRequest, StopReason};
use jackfield_domain::id::{DedupKey, DeliveryId, LeadId, TenantName};

#[derive(Debug, Subcommand)]
pub(super) enum DeliveriesCommand {
    /// List deliveries, newest first.
    #[command(
        after_help = "Example:\n  jackfield deliveries list --tenant dwarka-homes --since 2h\n  jackfield deliveries \
            list --state ready,leased --json"
    )]
    List {
        /// In one of these states, separated by commas.
        #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = arguments::state())]
        state: Vec<DeliveryState>,
        #[command(flatten)]
        filter: DeliveryFilterArgs,
    },
    /// Show a delivery and its attempts.
    #[command(
        after_help = "Example:\n  jackfield deliveries show dlv_42\n  jackfield deliveries show dlv_42 --payload"
    )]
    Show(ShowDeliveryArgs),
}

/// Which delivery to show.
#[derive(Debug, Args)]
pub(super) struct ShowDeliveryArgs {
    /// The delivery's id.
    #[arg(value_name = "ID")]
    pub id: DeliveryId,
    /// Print the document alone, which is personal data; with --json beside all else.
    #[arg(long)]
    pub payload: bool,
}

/// Which deliveries to list.
#[derive(Debug, Args)]
pub(super) struct DeliveryFilterArgs {
    /// Of this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<TenantName>,
    /// Of this kind.
    #[arg(long, value_name = "KIND", value_parser = arguments::kind())]
    kind: Option<DeliveryKind>,
    /// Of this lead.
    #[arg(long, value_name = "LEAD")]
    lead: Option<LeadId>,
    /// With this key, such as a call's id.
    #[arg(long, value_name = "KEY")]
    key: Option<DedupKey>,
    /// Stopped for this reason.
    #[arg(long, value_name = "REASON", value_parser = arguments::reason())]
    reason: Option<StopReason>,
    /// Whose last attempt had this class.
    #[arg(long, value_name = "CLASS", value_parser = arguments::class())]
    class: Option<AttemptClass>,
    /// Changed at this time or later: a time with an offset, or how long ago (2h).
    #[arg(long, value_name = "TIME", value_parser = arguments::time_or_age)]
    since: Option<jiff::Timestamp>,
    /// Changed before this time.
    #[arg(long, value_name = "TIME", value_parser = arguments::time_or_age)]
    until: Option<jiff::Timestamp>,
    #[command(flatten)]
    page: PageArgs,
}

impl DeliveryFilterArgs {
    /// The query for deliveries in one of `states`; in any state if there are none.
    fn query(self, states: Vec<DeliveryState>) -> DeliveryQuery {
        DeliveryQuery {
            tenant: self.tenant,
            state: DeliveryStates(states),
            kind: self.kind,
            lead: self.lead,
            key: self.key,
            reason: self.reason,
            class: self.class,
            since: self.since,
            until: self.until,
            after: self.page.after,
            limit: Some(self.page.limit),
        }
    }
}

impl DeliveriesCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        match self {
            Self::List { state, filter } => list(session, state, filter).await,
            Self::Show(args) => show(session, &args).await,
        }
    }
}

/// Lists the deliveries in one of `states` that match the filter; in any state if there are none.
pub(super) async fn list(
    session: &Session,
    states: Vec<DeliveryState>,
    filter: DeliveryFilterArgs,
) -> anyhow::Result<()> {
    let query = filter.query(states);
    let answer = session
        .client
        .get::<Listing<DeliveryView>>(&["deliveries"], &query)
        .await?;
    session.output.list(&answer, &HEADERS, row)
}

/// The headers of a table of deliveries.
pub(super) const HEADERS: [&str; 9] = [
    "ID", "TENANT", "KIND", "LEAD", "KEY", "STATE", "WHY", "FAILURES", "CHANGED",
];

/// A delivery's row of such a table.
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
pub(super) async fn show(session: &Session, args: &ShowDeliveryArgs) -> anyhow::Result<()> {
    let path = ["deliveries", &args.id.to_string()];
    let query = DeliveryShowQuery { payload: args.payload };
    let answer = session.client.get::<DeliveryDetailView>(&path, &query).await?;
    session.output.show(&answer, |detail| render(&session.output, detail))
}

fn render(output: &Output, detail: &DeliveryDetailView) -> String {
    if let Some(payload) = &detail.payload {
        return render_payload(payload);
    }
    let delivery = &detail.delivery;
    let mut text = output.fields(&[
        ("delivery", delivery.id.clone()),
        ("tenant", delivery.tenant.clone()),
        ("kind", delivery.kind.to_string()),
        ("lead", or_empty(delivery.lead.as_ref())),
        ("key", delivery.key.clone()),
        ("state", delivery.state.to_string()),
        ("reason", or_empty(delivery.reason)),
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
        ("due", or_empty(delivery.due.map(time))),
        ("held by", or_empty(detail.held_by.as_ref().map(held_by))),
        ("reference", or_empty(delivery.reference.as_ref())),
        ("accepted", time(delivery.accepted_at)),
        ("changed", time(delivery.changed_at)),
    ]);
    if !detail.attempts.is_empty() {
        let headers = [
            "ATTEMPT", "RELEASE", "STARTED", "TOOK", "CLASS", "REQUEST", "HTTP", "WHAT",
        ];
        let attempts = output.table(&headers, detail.attempts.iter().map(attempt_row));
        text = format!("{text}\n\n{attempts}");
    }
    let last = detail
        .attempts
        .last()
        .map(|attempt| last_attempt(output, &attempt.detail));
    if let Some(last) = last.filter(|last| !last.is_empty()) {
        text = format!("{text}\n\n{last}");
    }
    text
}

fn attempt_row(attempt: &AttemptView) -> Vec<String> {
    let detail = &attempt.detail;
    let took = attempt.ended_at.map(|ended| {
        let took = ended.duration_since(attempt.started_at);
        format!("{} ms", took.as_millis())
    });
    let message = [
        Some(detail.message.clone()),
        detail.rejection.as_ref().map(ToString::to_string),
    ];
    let message = message.into_iter().flatten().filter(|part| !part.is_empty());
    let what = [
        detail.looked_up.then(|| "looked up first".to_owned()),
        Some(message.collect::<Vec<_>>().join(": ")).filter(|message| !message.is_empty()),
        detail.reason.as_ref().map(|reason| format!("adapter: {reason}")),
        detail.host_reason.as_ref().map(|reason| format!("host: {reason}")),
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
        or_dash(detail.request.as_ref().map(request)),
        or_dash(detail.http_status),
        what.into_iter().flatten().collect::<Vec<_>>().join("; "),
    ]
}

/// The last request of an attempt.
fn request(LastRequest { method, path, step }: &LastRequest) -> String {
    let requests = if *step == 1 { "request" } else { "requests" };
    format!("{method} {path} ({step} of {step} {requests})")
}

/// The breaker that holds a delivery.
fn held_by(breaker: &BreakerView) -> String {
    format!("the CRM's breaker of {}", breaker::sentence(breaker))
}

/// What has no place in the table of attempts: the fields that the destination refused, and the adapter's warning.
fn last_attempt(output: &Output, detail: &AttemptDetailView) -> String {
    let fields = detail.rejection.iter().flat_map(|rejection| &rejection.fields);
    let refused = fields.map(|field| ("refused", format!("{}: {}", field.pointer, field.detail)));
    let warning = detail.warning.iter().map(|warning| ("last warning", warning.clone()));
    output.fields(&refused.chain(warning).collect::<Vec<_>>())
}

/// A document as text for people.
pub(super) fn render_payload(payload: &PayloadView) -> String {
    let text = match payload {
        PayloadView::Json(document) => document.root().pretty(),
        PayloadView::Text(text) => text.clone(),
        PayloadView::Base64(text) => format!("base64: {text}"),
    };
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct FilterCommand {
        #[command(flatten)]
        filter: DeliveryFilterArgs,
    }

    fn query(states: &[DeliveryState], command: &str) -> String {
        let command = FilterCommand::parse_from(command.split(' '));
        let request = reqwest::Client::new()
            .get("http://127.0.0.1/")
            .query(&command.filter.query(states.to_vec()));
        let url = request.build().unwrap().url().clone();
        url.query().unwrap_or_default().to_owned()
    }

    #[test]
    fn query_has_only_the_given_filters() {
        assert_eq!(query(&[], "list"), "limit=50");
        assert_eq!(
            query(
                &[DeliveryState::Dead, DeliveryState::Review],
                "list --tenant a --reason not-found --since 1970-01-01T00:00:00Z --after 7 --limit 5"
            ),
            "tenant=a&state=dead%2Creview&reason=not-found&since=1970-01-01T00%3A00%3A00Z&after=7&limit=5"
        );
    }

    #[test]
    fn attempt_rows_show_the_result() {
        let json = r#"{"number":3,"release":"r2","started_at":"2026-07-01T09:02:00Z",
            "ended_at":"2026-07-01T09:02:00.25Z",
            "class":"rejected","http_status":422,"request":{"method":"PUT","path":"/calls/C-1","step":2},
            "message":"refused","rejection":{"code":"E7","message":"no such stage","fields":[
            {"pointer":"stage","detail":"must be one of the CRM's"}]},"warning":"atrium refused codes=E7"}"#;
        let attempt: AttemptView = serde_json::from_str(json).unwrap();
        assert_eq!(
            attempt_row(&attempt),
            [
                "3",
                "r2",
                "2026-07-01T09:02:00Z",
                "250 ms",
                "rejected",
                "PUT /calls/C-1 (2 of 2 requests)",
                "422",
                "refused: E7: no such stage"
            ]
        );
        insta::assert_snapshot!(last_attempt(&Output::new(false), &attempt.detail), @"
        refused:       stage: must be one of the CRM's
        last warning:  atrium refused codes=E7
        ");
    }

    #[test]
    fn reasons_say_whose_words_they_are() {
        let json = r#"{"number":1,"release":"r1","started_at":"2026-07-01T09:02:00Z","ended_at":null,
            "class":"unavailable","request":{"method":"GET","path":"/","step":1},"looked_up":true,
            "message":"the destination is unavailable","reason":"E409","host_reason":"no access token"}"#;
        let row = attempt_row(&serde_json::from_str(json).unwrap());
        assert_eq!(
            row[5..],
            [
                "GET / (1 of 1 request)",
                "-",
                "looked up first; the destination is unavailable; adapter: E409; host: no access token"
            ]
        );
    }

    #[test]
    fn a_held_delivery_names_the_breaker() {
        let json = r#"{"tenant":"dwarka-homes","state":"open","forced":null,"since":"2026-07-01T09:00:00Z",
            "probe_at":"2026-07-01T09:00:30Z","step":null,"failures":0}"#;
        assert_eq!(
            held_by(&serde_json::from_str(json).unwrap()),
            "the CRM's breaker of dwarka-homes: open, not closed since 2026-07-01T09:00:00Z, next probe \
             2026-07-01T09:00:30Z"
        );
    }
}
