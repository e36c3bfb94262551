//! `jackfield alerts …`

use clap::Subcommand;
use serde::Serialize;

use super::Session;
use super::ask::Paging;
use super::screen::{or_dash, time};
use jackfield_api::{AcknowledgedView, AlertView, Listing};
use jackfield_domain::id::{AlertId, TenantName};

#[derive(Debug, Subcommand)]
pub(super) enum AlertsCommand {
    /// List alerts, newest first.
    #[command(after_help = "Example:\n  jackfield alerts list --open")]
    List(Filter),
    /// Mark an alert as seen.
    #[command(after_help = "Example:\n  jackfield alerts ack alr_7")]
    Ack {
        /// The alert's id.
        #[arg(value_name = "ID")]
        id: AlertId,
    },
}

#[derive(Debug, clap::Args, Serialize)]
pub(super) struct Filter {
    /// Of this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<TenantName>,
    /// Only those that nobody has marked as seen.
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    #[serde(flatten)]
    page: Paging,
}

impl AlertsCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, screen } = session;
        match self {
            Self::List(filter) => {
                let answer = client.get::<Listing<AlertView>>(&["alerts"], &filter).await?;
                let headers = ["ID", "TENANT", "KIND", "DELIVERY", "LEAD", "MESSAGE", "AT", "SEEN"];
                screen.list(&answer, &headers, |alert| {
                    vec![
                        alert.id.clone(),
                        alert.tenant.clone(),
                        alert.kind.to_string(),
                        or_dash(alert.delivery.as_ref()),
                        or_dash(alert.lead.as_ref()),
                        alert.message.clone(),
                        time(alert.at),
                        or_dash(alert.acknowledged_at.map(time)),
                    ]
                })
            }
            Self::Ack { id } => {
                let path = ["alerts", &id.to_string(), "ack"];
                let answer = client.post::<AcknowledgedView>(&path, &serde_json::json!({})).await?;
                screen.show(&answer, |view| format!("{}: seen", view.id))
            }
        }
    }
}
