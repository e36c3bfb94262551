//! `jackfield leads …`

use clap::Subcommand;

use super::Session;
use super::deliveries::{HEADERS, render_payload, row};
use super::output::{Output, or_empty, time};
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
        session.output.show(&answer, |lead| render(&session.output, lead))
    }
}

fn render(output: &Output, lead: &LeadView) -> String {
    let mut text = output.fields(&[
        ("lead", lead.lead.clone()),
        ("tenant", lead.tenant.clone()),
        ("priority", lead.priority.to_string()),
        ("accepted", or_empty(lead.accepted_at.map(time))),
        ("do not call since", or_empty(lead.dnc_since.map(time))),
        ("enter by hand since", or_empty(lead.manual_since.map(time))),
    ]);
    if let Some(document) = &lead.document {
        text = format!("{text}\n\n{}", render_payload(&PayloadView::Json(document.clone())));
    }
    if !lead.deliveries.items.is_empty() {
        let deliveries = output.table(&HEADERS, lead.deliveries.items.iter().map(row));
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
