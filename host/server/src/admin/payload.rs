//! `/v1/deliveries/{id}/payload`: replaces the document of a delivery in review.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::AdminState;
use super::deliveries::find;
use super::extract::{Body, Path};
use super::problems::ErrorResponses;
use crate::problem::{Problem, ProblemKind};
use jackfield_api::EditedView;
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::delivery::{DeliveryState, DocumentShape};
use jackfield_domain::field::FieldError;
use jackfield_domain::id::{DeliveryId, LeadId};
use jackfield_domain::json::JsonDocument;
use jackfield_domain::lead::{Lead, Priority};
use jackfield_domain::phone::Country;
use jackfield_store::{DeliveryDetail, DeliveryEdit};

/// Replace the document of a delivery in review.
///
/// The former one is kept. The new one must be about the same call or lead: its id and key must not change, so a lead
/// keeps its `idempotency_key` and its `timestamp`, and a disposition its `call_id`. A
/// disposition that newly requests do-not-call is refused, because only the public API records such a request before it
/// answers. Nothing is sent until the delivery is replayed.
#[utoipa::path(put, path = "/v1/deliveries/{id}/payload", tag = "deliveries",
    params(("id" = String, Path, description = "Such as `dlv_42`.")),
    request_body(content = Value, content_type = "application/json",
        description = "The whole document; for a webhook that is yet to be parsed, its body."),
    responses((status = 200, description = "It was replaced.", body = EditedView), ErrorResponses))]
pub(super) async fn edit(
    State(state): State<AdminState>,
    Path(id): Path<DeliveryId>,
    Body(body): Body,
) -> Result<Json<EditedView>, Problem> {
    let detail = find(&state, id).await?;
    if detail.summary.state != DeliveryState::Review {
        return Err(not_in_review(id, &format!("is {}", detail.summary.state)));
    }
    let dnc_recorded = match &detail.summary.lead {
        Some(lead) => state.store.dnc_recorded(&detail.summary.tenant, lead).await?,
        None => false,
    };
    let tenant = state.tenants.get(&detail.summary.tenant);
    let rules = ReplacementRules {
        dnc_recorded,
        country: tenant.and_then(|tenant| tenant.release().spec.country),
    };
    let Replacement {
        payload,
        lead,
        do_not_call,
    } = validate_replacement(&detail, &body, rules)?;
    let edit = DeliveryEdit {
        id,
        payload,
        lead,
        do_not_call,
        now: state.clock.now(),
    };
    if !state.store.edit(edit).await? {
        return Err(not_in_review(id, "has just left review"));
    }
    Ok(Json(EditedView {
        id: id.to_string(),
        edited: true,
    }))
}

fn not_in_review(id: DeliveryId, state: &str) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        format!("`{id}` {state}; only a delivery in review can be edited"),
    )
}

/// What a replacement is checked against, besides the delivery.
#[derive(Debug, Clone, Copy)]
struct ReplacementRules {
    /// A do-not-call of the lead is recorded.
    dnc_recorded: bool,
    /// The country of telephone numbers without a country code.
    country: Option<Country>,
}

/// What replaces a delivery's document.
#[derive(Debug, PartialEq)]
struct Replacement {
    payload: Vec<u8>,
    /// The lead, if it is a lead's document.
    lead: Option<(LeadId, Priority)>,
    /// It is a disposition in which the lead asks not to be called.
    do_not_call: bool,
}

/// The delivery's new payload, if it may replace the delivery's document: `body`, whose harmless faults are mended, and
/// in a lead the numbers and times in the spelling that is passed on.
fn validate_replacement(detail: &DeliveryDetail, body: &[u8], rules: ReplacementRules) -> Result<Replacement, Problem> {
    let (mut lead, mut do_not_call) = (None, false);
    let (payload, errors) = match detail.summary.kind.rules().document {
        DocumentShape::Raw if body.is_empty() => {
            return Err(Problem::new(ProblemKind::Invalid, "the body is empty"));
        }
        DocumentShape::Raw => (body.to_vec(), vec![]),
        DocumentShape::Lead => {
            let new = Lead::read(json(body)?, rules.country).map_err(Problem::invalid)?;
            let errors = lead_errors(detail, &new);
            lead = Some((new.id, new.priority));
            (new.document.text().into(), errors)
        }
        DocumentShape::Disposition => {
            let document = json(body)?;
            let mut errors = vec![];
            if let Some(lead) = &detail.summary.lead {
                let new = Disposition::read(lead.clone(), &document).map_err(Problem::invalid)?;
                do_not_call = new.dnc_requested;
                errors = disposition_errors(detail, &new, rules.dnc_recorded);
            }
            (document.text().into(), errors)
        }
    };
    if errors.is_empty() {
        Ok(Replacement {
            payload,
            lead,
            do_not_call,
        })
    } else {
        Err(Problem::invalid(errors))
    }
}

fn json(body: &[u8]) -> Result<JsonDocument, Problem> {
    JsonDocument::parse(body)
        .map_err(|error| Problem::new(ProblemKind::BadRequest, format!("the body is not JSON: {error}")))
}

/// What a lead's replacement must not change.
fn lead_errors(detail: &DeliveryDetail, new: &Lead) -> Vec<FieldError> {
    let former = JsonDocument::parse(&detail.payload).unwrap_or_else(|_| Value::Null.into());
    let mut errors = vec![];
    if detail.summary.lead.as_ref().is_some_and(|lead| *lead != new.id) {
        errors.push(FieldError::new("/lead/id", "must stay as it was"));
    }
    let start = format!(
        "start from what `jackfield review show {} --payload` prints",
        detail.summary.id
    );
    let member = |document: &JsonDocument, name: &str| Some(document.root().member(name)?.canonical());
    if member(&new.document, "idempotency_key") != member(&former, "idempotency_key") {
        let detail = format!("must stay as it was, by which the agent recognizes a repeat; {start}");
        errors.push(FieldError::new("/idempotency_key", detail));
    }
    if member(&former, "timestamp").is_some() && member(&new.document, "timestamp").is_none() {
        let detail = format!("must not be left out: it says when the CRM sent the lead; {start}");
        errors.push(FieldError::new("/timestamp", detail));
    }
    errors
}

/// What a disposition's replacement must not change, or newly request.
fn disposition_errors(detail: &DeliveryDetail, new: &Disposition, dnc_recorded: bool) -> Vec<FieldError> {
    let mut errors = vec![];
    if new.call_id.as_str() != detail.summary.key.as_str() {
        let detail = format!("must stay `{}`", detail.summary.key);
        errors.push(FieldError::new("/call_metadata/call_id", detail));
    }
    if new.dnc_requested && !dnc_recorded {
        let detail = "must not newly request do-not-call here: post a disposition that does, so that it is recorded";
        errors.push(FieldError::new("/flags/dnc_requested", detail));
    }
    errors
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::super::deliveries::payload_view;
    use super::*;
    use jackfield_api::PayloadView;
    use jackfield_domain::delivery::DeliveryKind;
    use jackfield_store::DeliverySummary;

    fn in_review(kind: DeliveryKind, key: &str, payload: &Value) -> DeliveryDetail {
        DeliveryDetail {
            summary: DeliverySummary {
                id: DeliveryId(1),
                tenant: "dwarka-homes".parse().unwrap(),
                kind,
                lead: Some("L-1".parse().unwrap()),
                key: key.parse().unwrap(),
                state: DeliveryState::Review,
                reason: None,
                class: None,
                counted: 0,
                ambiguous: false,
                generation: 0,
                due: None,
                reference: None,
                accepted_at: Timestamp::UNIX_EPOCH,
                changed_at: Timestamp::UNIX_EPOCH,
            },
            attempts: vec![],
            payload: payload.to_string().into_bytes(),
            content_type: String::new(),
        }
    }

    fn disposition(call: &str, outcome: &str) -> Value {
        json!({"call_metadata": {"call_id": call}, "qualification": {"outcome": outcome}})
    }

    fn refusal(detail: &DeliveryDetail, body: &Value, dnc_recorded: bool) -> Option<String> {
        let country = "IN".parse().ok();
        let rules = ReplacementRules { dnc_recorded, country };
        validate_replacement(detail, body.to_string().as_bytes(), rules)
            .err()
            .map(|problem| problem.detail().to_owned())
    }

    #[test]
    fn edited_disposition_keeps_its_call() {
        let detail = in_review(DeliveryKind::Disposition, "C-1", &disposition("C-1", "no_answer"));
        assert_eq!(refusal(&detail, &disposition("C-1", "invalid_number"), false), None);
        let other = refusal(&detail, &disposition("C-2", "no_answer"), false).unwrap();
        assert_eq!(other, "/call_metadata/call_id: must stay `C-1`");
        let wrong = refusal(&detail, &json!({"call_metadata": {"call_id": "C-1"}}), false).unwrap();
        assert_eq!(wrong, "/qualification: is required and must be an object");
    }

    #[test]
    fn edit_adds_no_unrecorded_do_not_call() {
        // An edit may not add a do-not-call that was not recorded.
        let detail = in_review(DeliveryKind::Disposition, "C-1", &disposition("C-1", "no_answer"));
        let dnc = disposition("C-1", "dnc_requested");
        assert!(
            refusal(&detail, &dnc, false)
                .unwrap()
                .starts_with("/flags/dnc_requested")
        );
        assert_eq!(refusal(&detail, &dnc, true), None);
    }

    #[test]
    fn edited_lead_keeps_its_id_and_key() {
        let lead = |id: &str, key: &str| {
            let lead = json!({"id": id, "phone": "+919800000000"});
            json!({"event": "lead.created", "idempotency_key": key, "timestamp": "2026-07-01T09:00:00Z", "lead": lead})
        };
        let detail = in_review(DeliveryKind::Lead, "key:k1", &lead("L-1", "k1"));
        assert_eq!(refusal(&detail, &lead("L-1", "k1"), false), None);
        assert_eq!(
            refusal(&detail, &lead("L-2", "k1"), false).unwrap(),
            "/lead/id: must stay as it was"
        );
        let start = "start from what `jackfield review show dlv_1 --payload` prints";
        assert_eq!(
            refusal(&detail, &lead("L-1", "k2"), false).unwrap(),
            format!("/idempotency_key: must stay as it was, by which the agent recognizes a repeat; {start}")
        );
        let mut bare = lead("L-1", "k1");
        bare.as_object_mut().unwrap().remove("timestamp");
        assert_eq!(
            refusal(&detail, &bare, false).unwrap(),
            format!("/timestamp: must not be left out: it says when the CRM sent the lead; {start}")
        );
    }

    #[test]
    fn payloads_are_json_text_or_base64() {
        let mut detail = in_review(DeliveryKind::Disposition, "C-1", &json!({"a": 1}));
        assert_eq!(payload_view(&detail), PayloadView::Json(json!({"a": 1}).into()));
        detail.summary.kind = DeliveryKind::Inbound;
        assert_eq!(payload_view(&detail), PayloadView::Text(r#"{"a":1}"#.into()));
        detail.payload = vec![0xff];
        assert_eq!(payload_view(&detail), PayloadView::Base64("/w==".into()));
    }
}
