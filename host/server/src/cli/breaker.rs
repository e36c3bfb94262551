//! `jackfield breaker …`

use clap::Subcommand;
use serde_json::json;

use super::Session;
use super::ask::Paging;
use super::screen::{or_dash, time};
use jackfield_api::{BreakerView, Listing};
use jackfield_domain::delivery::breaker::BreakerOverride;
use jackfield_domain::id::TenantName;

#[derive(Debug, Subcommand)]
pub(super) enum BreakerCommand {
    /// List breakers by tenant, as the host that answers has them.
    #[command(after_help = "Example:\n  jackfield breaker list")]
    List {
        #[command(flatten)]
        page: Paging,
    },
    /// Show a tenant's breaker: where it is, since when, and when the CRM is tried again.
    #[command(after_help = "Example:\n  jackfield breaker show dwarka-homes")]
    Show(Of),
    /// Force it open: no disposition goes to the CRM, not even a probe, until `auto` or `close`. What is held for
    /// longer than the tenant's `max_hold` becomes a dead letter.
    #[command(after_help = "Example:\n  jackfield breaker open dwarka-homes")]
    Open(Of),
    /// Force it closed: dispositions go to the CRM, whatever it does, and failures count as attempts, until `auto` or
    /// `open`.
    #[command(after_help = "Example:\n  jackfield breaker close dwarka-homes")]
    Close(Of),
    /// Let it decide by itself again. One that was forced open begins with a probe.
    #[command(after_help = "Example:\n  jackfield breaker auto dwarka-homes")]
    Auto(Of),
}

#[derive(Debug, clap::Args)]
pub(super) struct Of {
    /// The tenant.
    #[arg(value_name = "TENANT")]
    tenant: TenantName,
}

const HEADERS: [&str; 7] = ["TENANT", "STATE", "FORCED", "SINCE", "NEXT PROBE", "STEP", "FAILURES"];

fn row(view: &BreakerView) -> Vec<String> {
    vec![
        view.tenant.clone(),
        view.state.to_string(),
        or_dash(view.forced.map(BreakerOverride::word)),
        or_dash(view.since.map(time)),
        or_dash(view.probe_at.map(time)),
        or_dash(view.step),
        view.failures.to_string(),
    ]
}

impl BreakerCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let (of, force) = match self {
            Self::List { page } => {
                let answer = session.client.get::<Listing<BreakerView>>(&["breakers"], &page).await?;
                return session.screen.list(&answer, &HEADERS, row);
            }
            Self::Show(of) => {
                let path = ["tenants", of.tenant.as_str(), "breaker"];
                let answer = session.client.get::<BreakerView>(&path, &()).await?;
                return session.screen.show(&answer, sentence);
            }
            Self::Open(of) => (of, Some(BreakerOverride::Open)),
            Self::Close(of) => (of, Some(BreakerOverride::Closed)),
            Self::Auto(of) => (of, None),
        };
        let path = ["tenants", of.tenant.as_str(), "breaker"];
        let answer = session
            .client
            .post::<BreakerView>(&path, &json!({ "force": force }))
            .await?;
        session.screen.show(&answer, sentence)
    }
}

/// One line that says all.
fn sentence(view: &BreakerView) -> String {
    let mut said = format!("{}: {}", view.tenant, view.state);
    let more = [
        view.forced.map(|forced| format!("forced {}", forced.word())),
        view.since.map(|since| format!("not closed since {}", time(since))),
        view.probe_at.map(|at| format!("next probe {}", time(at))),
        view.step.map(|step| format!("{step} at once")),
        (view.failures > 0).then(|| format!("{} failures in a row", view.failures)),
    ];
    for part in more.into_iter().flatten() {
        said = format!("{said}, {part}");
    }
    said
}
