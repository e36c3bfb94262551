//! The response to a status query.

use serde::Serialize;
use utoipa::ToSchema;

use jackfield_domain::json::JsonMembers;
use jackfield_domain::lead::status::LeadStatus;

/// May this lead be called now? Besides these members, it has those that the CRM's adapter adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeadStatusView {
    /// The lead.
    pub lead_id: String,
    /// Whether it may be called now.
    pub callable: bool,
    /// The lead's stage in the CRM's words.
    pub status: String,
    /// Whether it asked never to be called.
    pub dnc: bool,
    /// Whether a person has spoken to the lead; null if the CRM could not be reached.
    pub human_contacted: Option<bool>,
    /// When the lead was last called: RFC 3339 with an offset.
    pub last_call_attempt: Option<String>,
    /// Further members from the CRM under their pointers, with the digits that it sent; none under the names above.
    #[serde(flatten)]
    #[schema(value_type = serde_json::Map<String, serde_json::Value>)]
    pub extensions: JsonMembers,
}

/// The members that an extension cannot replace.
const MEMBERS: [&str; 6] = [
    "lead_id",
    "callable",
    "status",
    "dnc",
    "human_contacted",
    "last_call_attempt",
];

impl From<LeadStatus> for LeadStatusView {
    fn from(status: LeadStatus) -> Self {
        let mut extensions = JsonMembers::default();
        for extension in &status.extensions {
            extension.merge_into(&mut extensions);
        }
        extensions.remove(&MEMBERS);
        Self {
            lead_id: status.lead_id.into(),
            callable: status.callable,
            status: status.status,
            dnc: status.dnc,
            human_contacted: status.human_contacted,
            last_call_attempt: status.last_call_attempt,
            extensions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_domain::extension::Extension;

    #[test]
    fn extensions_replace_no_member() {
        let extension = |pointer: &str, json: &str| Extension {
            pointer: pointer.into(),
            json: json.into(),
        };
        let status = LeadStatus {
            lead_id: "L-1".parse().unwrap(),
            callable: false,
            status: "new".into(),
            dnc: true,
            human_contacted: None,
            last_call_attempt: None,
            extensions: vec![
                extension("/callable", "true"),
                extension("/dnc/x", "true"),
                extension("/owner", "\"Asha\""),
                extension("/visit/price", "1.10"),
                extension("/visit/ref", "100000000000000000000001"),
            ],
        };
        let sent = serde_json::to_string(&LeadStatusView::from(status)).unwrap();
        let expected = concat!(
            r#"{"lead_id":"L-1","callable":false,"status":"new","dnc":true,"human_contacted":null,"#,
            r#""last_call_attempt":null,"owner":"Asha","visit":{"price":1.10,"ref":100000000000000000000001}}"#
        );
        assert_eq!(sent, expected);
    }
}
