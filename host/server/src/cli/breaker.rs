//! `jackfield breaker …`

use clap::Subcommand;

use super::Session;
use super::arguments::PageArgs;
use super::output::{or_dash, time};
use jackfield_api::{BreakerView, ForceBreaker, Listing};
use jackfield_domain::delivery::breaker::BreakerOverride;
use jackfield_domain::id::TenantName;

#[derive(Debug, Subcommand)]
pub(super) enum BreakerCommand {
    /// List breakers by tenant, as the answering host sees them.
    #[command(after_help = "Example:\n  jackfield breaker list")]
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show a tenant's breaker: its state, since when, and when the next probe is sent to the CRM.
    #[command(after_help = "Example:\n  jackfield breaker show dwarka-homes")]
    Show(BreakerTenantArgs),
    /// Force it open: no disposition is sent to the CRM, not even a probe, until `auto` or `close`. A disposition that
    /// is held for longer than the tenant's `max_hold` becomes a dead letter.
    #[command(after_help = "Example:\n  jackfield breaker open dwarka-homes")]
    Open(BreakerTenantArgs),
    /// Force it closed: dispositions are sent to the CRM, whatever it answers, and failures count as attempts, until
    /// `auto` or `open`.
    #[command(after_help = "Example:\n  jackfield breaker close dwarka-homes")]
    Close(BreakerTenantArgs),
    /// Let the breaker decide by itself again. One that was forced open begins with a probe.
    #[command(after_help = "Example:\n  jackfield breaker auto dwarka-homes")]
    Auto(BreakerTenantArgs),
}

/// Whose breaker.
#[derive(Debug, clap::Args)]
pub(super) struct BreakerTenantArgs {
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
        let (args, force) = match self {
            Self::List { page } => {
                let answer = session
                    .client
                    .get::<Listing<BreakerView>>(&["breakers"], &page.query())
                    .await?;
                return session.output.list(&answer, &HEADERS, row);
            }
            Self::Show(args) => {
                let path = ["tenants", args.tenant.as_str(), "breaker"];
                let answer = session.client.get::<BreakerView>(&path, &()).await?;
                return session.output.show(&answer, sentence);
            }
            Self::Open(args) => (args, Some(BreakerOverride::Open)),
            Self::Close(args) => (args, Some(BreakerOverride::Closed)),
            Self::Auto(args) => (args, None),
        };
        let path = ["tenants", args.tenant.as_str(), "breaker"];
        let answer = session
            .client
            .post::<BreakerView>(&path, &ForceBreaker { force })
            .await?;
        session.output.show(&answer, sentence)
    }
}

/// The breaker in one line.
pub(super) fn sentence(view: &BreakerView) -> String {
    let mut text = format!("{}: {}", view.tenant, view.state);
    let parts = [
        view.forced.map(|forced| format!("forced {}", forced.word())),
        view.since.map(|since| format!("not closed since {}", time(since))),
        view.probe_at.map(|at| format!("next probe {}", time(at))),
        view.step.map(|step| format!("{step} at once")),
        (view.failures > 0).then(|| format!("{} failures in a row", view.failures)),
    ];
    for part in parts.into_iter().flatten() {
        text = format!("{text}, {part}");
    }
    text
}
