//! Step 6: the status query before a call.

use serde_json::{Value, json};

use crate::demo::context::DemoContext;
use crate::demo::tenants::Tenant;

/// A callable lead, two kinds of refusal, and the record of a refusal.
pub fn query(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal
        .paragraph("The agent asks before every call. The host queries the CRM through the adapter immediately.");
    let response = demo.send(&demo.status_query(Tenant::Dwarka, "CRM-LEAD-001234")?)?;
    demo.check_eq(
        "keystone's new lead may be called",
        &callable(&response.json()),
        &Some(true),
    );

    let response = demo.send(&demo.status_query(Tenant::Dwarka, "CRM-LEAD-005678")?)?;
    demo.check_eq(
        "a lead that a salesperson is talking to may not be called",
        &callable(&response.json()),
        &Some(false),
    );

    let response = demo.send(&demo.status_query(Tenant::Saket, "GW-1002")?)?;
    let status = response.json();
    demo.check_eq(
        "groundwork's do-not-call lead may not be called either",
        &(callable(&status), status["dnc"].clone()),
        &(Some(false), json!(true)),
    );

    demo.terminal
        .paragraph("Every refusal is recorded before the response is sent.");
    demo.jackfield(&["suppressions", "list"])?;
    let listed = demo.jackfield_json(&["suppressions", "list"])?.to_string();
    for (lead, reason) in [("CRM-LEAD-005678", "crm-not-callable"), ("GW-1002", "crm-dnc")] {
        let recorded = listed.contains(lead) && listed.contains(reason);
        demo.check(&format!("{lead} is suppressed: {reason}"), recorded);
    }
    Ok(())
}

fn callable(response: &Value) -> Option<bool> {
    response["callable"].as_bool()
}
