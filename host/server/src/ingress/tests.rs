//! The API as a whole: its description is complete and in the documentation, and unknown paths are explained.
//! End-to-end tests hold every request and answer against the description.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use super::*;
use jackfield_domain::intake::limits::{PULLED_LEADS, PULLED_LEADS_DEFAULT};

fn description() -> Value {
    serde_json::to_value(public_api()).unwrap()
}

/// The method, the path and the description of every operation.
fn operations(description: &Value) -> Vec<(String, String, Value)> {
    let mut found = vec![];
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            found.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    found
}

#[test]
fn description_lists_every_route() {
    let description = description();
    let mut table = String::new();
    for (method, path, operation) in operations(&description) {
        writeln!(table, "{method:4} {path}: {}", operation["summary"].as_str().unwrap()).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    GET  /v1/tenants/{tenant}/deliveries/{id}: Ask for the state of an accepted lead or disposition.
    GET  /v1/tenants/{tenant}/leads: Pull leads, the most urgent first.
    POST /v1/tenants/{tenant}/leads: Push a lead.
    POST /v1/tenants/{tenant}/leads/{lead_id}/disposition: Report how a call ended.
    GET  /v1/tenants/{tenant}/leads/{lead_id}/status: May this lead be called now?
    ");
    assert_eq!(description["openapi"], "3.1.0");
}

#[test]
fn operations_are_fully_described() {
    let description = description();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&description) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        assert!(
            operation["security"][0].is_object(),
            "{method} {path}: who may send it?"
        );
        let parameters = operation["parameters"].as_array().unwrap();
        for parameter in parameters {
            assert!(parameter["description"].is_string(), "{method} {path}: {parameter}");
        }
        for part in path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        {
            assert!(
                parameters.iter().any(|it| it["name"] == part),
                "{method} {path}: {part}"
            );
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("401"), "{method} {path}");
        for (status, response) in responses {
            let kind = if status.starts_with('2') {
                "application/json"
            } else {
                "application/problem+json"
            };
            assert!(
                response["content"][kind]["schema"].is_object(),
                "{method} {path}: {status}"
            );
        }
    }
}

#[test]
fn references_in_the_description_resolve() {
    let description = description();
    let text = description.to_string();
    for reference in text.split(r##""$ref":"#"##).skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn described_limits_are_those_of_the_host() {
    let description = description();
    let parameters = &description["paths"]["/v1/tenants/{tenant}/leads"]["get"]["parameters"];
    let limit = parameters
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "limit")
        .unwrap();
    assert_eq!(limit["schema"]["minimum"], *PULLED_LEADS.start());
    assert_eq!(limit["schema"]["maximum"], *PULLED_LEADS.end());
    let default = format!("{PULLED_LEADS_DEFAULT} when absent");
    assert!(limit["description"].as_str().unwrap().contains(&default), "{limit}");
}

#[test]
fn reference_page_is_up_to_date() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/public-api.md"));
    assert!(
        page.is_ok_and(|page| page == jackfield_api::reference_page(&public_api())),
        "docs/public-api.md does not match the API: run `cargo xtask reference`"
    );
}

#[test]
fn a_raw_slash_in_an_id_is_explained() {
    for path in [
        "/v1/tenants/t/leads/A/7/status",
        "/v1/tenants/t/leads/A/7/disposition",
        "/v1/tenants/t/leads//status",
        "/v1/tenants/t/leads/A//status/",
    ] {
        assert!(unknown_path(path).detail().contains("%2F"), "{path}");
    }
    for path in [
        "/",
        "/v1/tenants/t",
        "/v1/tenants/t/lead/A/status",
        "/v1/tenants/t/leads/A",
    ] {
        assert!(!unknown_path(path).detail().contains("%2F"), "{path}");
    }
}
