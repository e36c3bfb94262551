//! `jackfield suppressions …`

use clap::Subcommand;

use super::Session;
use super::arguments::PageArgs;
use super::output::time;
use jackfield_api::{Listing, SuppressionQuery, SuppressionView};
use jackfield_domain::id::{LeadId, TenantName};

#[derive(Debug, Subcommand)]
pub(super) enum SuppressionsCommand {
    /// List decisions not to call, newest first.
    #[command(
        after_help = "Example:\n  jackfield suppressions list --tenant dwarka-homes\n  jackfield suppressions list \
            --tenant dwarka-homes --lead CRM-LEAD-001234"
    )]
    List(SuppressionListArgs),
}

/// Which suppressions to list.
#[derive(Debug, clap::Args)]
pub(super) struct SuppressionListArgs {
    /// Of this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<TenantName>,
    /// Of this lead of the tenant.
    #[arg(long, value_name = "LEAD", requires = "tenant")]
    lead: Option<LeadId>,
    #[command(flatten)]
    page: PageArgs,
}

impl SuppressionListArgs {
    fn query(self) -> SuppressionQuery {
        SuppressionQuery {
            tenant: self.tenant,
            lead: self.lead,
            after: self.page.after,
            limit: Some(self.page.limit),
        }
    }
}

impl SuppressionsCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Self::List(args) = self;
        let answer = session
            .client
            .get::<Listing<SuppressionView>>(&["suppressions"], &args.query())
            .await?;
        let headers = ["TENANT", "LEAD", "REASON", "NOTE", "SINCE", "LAST SAID", "TIMES"];
        session.output.list(&answer, &headers, |suppression| {
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
