//! Step 6: may this lead be called?

use serde_json::{Value, json};

use crate::demo::stage::Stage;
use crate::demo::tenants::Tenant;

/// A yes, two kinds of no, and how a no is remembered.
pub fn query(stage: &mut Stage) -> anyhow::Result<()> {
    stage
        .screen
        .say("The agent asks before every call. The host asks the CRM through the adapter, there and then.");
    let answer = stage.ask(&stage.status_query(Tenant::Dwarka, "CRM-LEAD-001234")?)?;
    stage.check_eq(
        "keystone's new lead may be called",
        &callable(&answer.json()),
        &Some(true),
    );

    let answer = stage.ask(&stage.status_query(Tenant::Dwarka, "CRM-LEAD-005678")?)?;
    stage.check_eq(
        "one that a salesperson is talking to may not",
        &callable(&answer.json()),
        &Some(false),
    );

    let answer = stage.ask(&stage.status_query(Tenant::Saket, "GW-1002")?)?;
    let said = answer.json();
    stage.check_eq(
        "nor may groundwork's do-not-call lead",
        &(callable(&said), said["dnc"].clone()),
        &(Some(false), json!(true)),
    );

    stage
        .screen
        .say("Every refusal to call is recorded, before it is said.");
    stage.jackfield(&["suppressions", "list"])?;
    let listed = stage.jackfield_json(&["suppressions", "list"])?.to_string();
    for (lead, reason) in [("CRM-LEAD-005678", "crm-not-callable"), ("GW-1002", "crm-dnc")] {
        let held = listed.contains(lead) && listed.contains(reason);
        stage.check(&format!("{lead} is suppressed: {reason}"), held);
    }
    Ok(())
}

fn callable(answer: &Value) -> Option<bool> {
    answer["callable"].as_bool()
}
