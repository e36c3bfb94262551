//! `jackfield suppressions …`

use clap::Subcommand;
use serde::Serialize;

use super::Session;
use super::ask::Paging;
use super::screen::time;
use jackfield_api::{Listing, SuppressionView};
use jackfield_domain::id::{LeadId, TenantName};

#[derive(Debug, Subcommand)]
pub(super) enum SuppressionsCommand {
    /// List decisions not to call, newest first.
    #[command(
        after_help = "Example:\n  jackfield suppressions list --tenant dwarka-homes\n  jackfield suppressions list \
            --tenant dwarka-homes --lead CRM-LEAD-001234"
    )]
    List(Filter),
}

#[derive(Debug, clap::Args, Serialize)]
pub(super) struct Filter {
    /// Of this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<TenantName>,
    /// Of this lead of the tenant.
    #[arg(long, value_name = "LEAD", requires = "tenant")]
    lead: Option<LeadId>,
    #[command(flatten)]
    #[serde(flatten)]
    page: Paging,
}

impl SuppressionsCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Self::List(filter) = self;
        let answer = session
            .client
            .get::<Listing<SuppressionView>>(&["suppressions"], &filter)
            .await?;
        let headers = ["TENANT", "LEAD", "REASON", "NOTE", "SINCE", "LAST SAID", "TIMES"];
        session.screen.list(&answer, &headers, |suppression| {
            vec![
                suppression.tenant.clone(),
                suppression.lead.clone(),
                suppression.reason.to_string(),
                suppression.note.clone(),
                time(suppression.at),
                time(suppression.last_at),
                suppression.times.to_string(),
            ]
        })
    }
}
