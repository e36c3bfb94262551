//! `jackfield alerts …`

use clap::Subcommand;

use super::Session;
use super::arguments::PageArgs;
use super::output::{or_dash, time};
use jackfield_api::{AcknowledgedView, AlertQuery, AlertView, Listing};
use jackfield_domain::id::{AlertId, TenantName};

#[derive(Debug, Subcommand)]
pub(super) enum AlertsCommand {
    /// List alerts, newest first.
    #[command(after_help = "Example:\n  jackfield alerts list --open")]
    List(AlertListArgs),
    /// Mark an alert as seen.
    #[command(after_help = "Example:\n  jackfield alerts ack alr_7")]
    Ack {
        /// The alert's id.
        #[arg(value_name = "ID")]
        id: AlertId,
    },
}

/// Which alerts to list.
#[derive(Debug, clap::Args)]
pub(super) struct AlertListArgs {
    /// Of this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<TenantName>,
    /// Only those that nobody has marked as seen.
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    page: PageArgs,
}

impl AlertListArgs {
    fn query(self) -> AlertQuery {
        AlertQuery {
            tenant: self.tenant,
            open: self.open,
            after: self.page.after,
            limit: Some(self.page.limit),
        }
    }
}

impl AlertsCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, output } = session;
        match self {
            Self::List(args) => {
                let answer = client.get::<Listing<AlertView>>(&["alerts"], &args.query()).await?;
                let headers = ["ID", "TENANT", "KIND", "DELIVERY", "LEAD", "MESSAGE", "AT", "SEEN"];
                output.list(&answer, &headers, |alert| {
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
                output.show(&answer, |view| format!("{}: seen", view.id))
            }
        }
    }
}
