//! Every outcome through both adapters, read back from the CRMs.

use jackfield_tests::documents::{disposition, minimal_disposition};
use jackfield_tests::fakes::{GroundworkLead, KeystoneLead};
use jackfield_tests::node::TestNode;

/// The contract's word, keystone's code, groundwork's code.
const TABLE: [(&str, &str, &str); 13] = [
    ("qualified_visit_booked", "VISIT_BOOKED", "301"),
    ("qualified_no_visit", "QUALIFIED", "302"),
    ("callback_requested", "CALLBACK", "303"),
    ("not_interested_budget", "LOST_BUDGET", "401"),
    ("not_interested_location", "LOST_LOCATION", "402"),
    ("not_interested_timeline", "LOST_TIMELINE", "403"),
    ("already_purchased", "BOUGHT", "404"),
    ("wrong_number", "WRONG_NUMBER", "501"),
    ("dnc_requested", "DO_NOT_DISTURB", "502"),
    ("no_answer", "NO_ANSWER", "503"),
    ("invalid_number", "INVALID_NUMBER", "504"),
    ("duplicate_suppressed", "DUPLICATE", "505"),
    ("wants_a_penthouse", "OTHER", "599"),
];

#[tokio::test]
async fn every_outcome_arrives_full_and_minimal() {
    // Every outcome arrives at both CRMs, with every field of the contract and with the fewest.
    let test = TestNode::start().await;
    for (n, (word, ..)) in TABLE.iter().enumerate() {
        for form in ["whole", "bare"] {
            let lead = format!("LEAD-{n}-{form}");
            test.keystone.seed(KeystoneLead::new(&lead));
            test.groundwork.seed(GroundworkLead::new(&lead));
            for tenant in ["dwarka-homes", "saket-estates"] {
                let call = format!("CALL-{n}-{form}");
                let body = if form == "whole" {
                    disposition(&call, word)
                } else {
                    minimal_disposition(&call, word)
                };
                let _ = test.dispose(tenant, &lead, &body).await.expect(202);
            }
        }
    }
    assert_eq!(test.work().await, 4 * TABLE.len());

    let calls = test.keystone.stored();
    let rows = test.groundwork.stored();
    assert_eq!((calls.len(), rows.len()), (2 * TABLE.len(), 2 * TABLE.len()));
    for (n, (word, code, number)) in TABLE.iter().enumerate() {
        for form in ["whole", "bare"] {
            let id = format!("CALL-{n}-{form}");
            let call = calls.iter().find(|call| call.call_id == id).unwrap();
            assert_eq!(
                (&call.body["result"], call.revision),
                (&(*code).into(), 1),
                "{word} {form}"
            );
            assert_eq!(call.lead_id, format!("LEAD-{n}-{form}"));
            assert_eq!(call.body["do_not_disturb"], *word == "dnc_requested");
            let row = rows.iter().find(|row| row.get("call_ref") == id).unwrap();
            assert_eq!(row.get("stage"), *number, "{word} {form}");
            assert_eq!(row.get("dnd"), if *word == "dnc_requested" { "Y" } else { "N" });
            assert_eq!(
                (row.get("call_date"), row.get("call_time")),
                ("01/07/2026", "14:30"),
                "in IST"
            );
            if form == "whole" {
                assert_eq!(call.body["qualification"]["budget"]["max"], 12_000_000);
                assert_eq!(row.get("budget_to"), "1,20,00,000");
                assert_eq!((row.get("visit_date"), row.get("visit_time")), ("05/07/2026", "11:00"));
            } else {
                assert_eq!(
                    (row.get("budget_to"), row.get("visit_date"), row.get("duration")),
                    ("", "", "")
                );
            }
            if *code == "OTHER" {
                assert_eq!(call.body["result_detail"], *word);
                assert!(
                    row.get("remark").starts_with("outcome=wants_a_penthouse"),
                    "{}",
                    row.get("remark")
                );
            }
        }
    }
    test.finish().await;
}

#[tokio::test]
async fn unnamed_fields_reach_the_crm() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let mut body = disposition("C", "qualified_no_visit");
    body["qualification"]["tower"] = "बी".into();
    body["mood"] = serde_json::json!({"score": 3});
    let _ = test.dispose("dwarka-homes", "L", &body).await.expect(202);
    test.work().await;
    let custom = &test.keystone.stored()[0].body["custom"];
    assert_eq!(
        (&custom["/qualification/tower"], &custom["/mood"]["score"]),
        (&"बी".into(), &3.into())
    );
    test.finish().await;
}
