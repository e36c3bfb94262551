//! `jackfield leads …`

use clap::Subcommand;

use super::Session;
use super::deliveries::{HEADERS, document, row};
use super::screen::{Screen, or_nothing, time};
use jackfield_api::{LeadView, PayloadView};
use jackfield_domain::id::{LeadId, TenantName};

#[derive(Debug, Subcommand)]
pub(super) enum LeadsCommand {
    /// Show a lead: its document, its flags and its deliveries.
    #[command(after_help = "Example:\n  jackfield leads show dwarka-homes CRM-LEAD-001234")]
    Show {
        /// The tenant.
        #[arg(value_name = "TENANT")]
        tenant: TenantName,
        /// The lead's id in the CRM.
        #[arg(value_name = "LEAD")]
        lead: LeadId,
    },
}

impl LeadsCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Self::Show { tenant, lead } = self;
        let path = ["tenants", tenant.as_str(), "leads", lead.as_str()];
        let answer = session.client.get::<LeadView>(&path, &()).await?;
        session.screen.show(&answer, |lead| page(&session.screen, lead))
    }
}

fn page(screen: &Screen, lead: &LeadView) -> String {
    let mut text = screen.facts(&[
        ("lead", lead.lead.clone()),
        ("tenant", lead.tenant.clone()),
        ("priority", lead.priority.to_string()),
        ("accepted", or_nothing(lead.accepted_at.map(time))),
        ("do not call since", or_nothing(lead.dnc_since.map(time))),
        ("enter by hand since", or_nothing(lead.manual_since.map(time))),
    ]);
    if let Some(lead) = &lead.document {
        text = format!("{text}\n\n{}", document(&PayloadView::Json(lead.clone())));
    }
    if !lead.deliveries.items.is_empty() {
        let deliveries = screen.table(&HEADERS, lead.deliveries.items.iter().map(row));
        text = format!("{text}\n\n{deliveries}");
    }
    if lead.deliveries.next.is_some() {
        text = format!(
            "{text}\nThere are more: jackfield deliveries list --tenant {} --lead …",
            lead.tenant
        );
    }
    text
}
