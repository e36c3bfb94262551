//! The benchmarks' Rust guest as an Extism plug-in, with the same results as `bench/guests/rust`.

use extism_contract::{LeadStatus, Receipt, Write};
use extism_pdk::{FnResult, Json, plugin_fn};

#[plugin_fn]
pub fn status(lead_id: String) -> FnResult<Json<LeadStatus>> {
    Ok(Json(LeadStatus {
        lead_id,
        callable: true,
        status: "new".into(),
        ..LeadStatus::default()
    }))
}

#[plugin_fn]
pub fn write(Json(given): Json<Write>) -> FnResult<Json<Receipt>> {
    let call = given.disposition;
    let urls = [&call.recording_url, &call.transcript_url].map(|url| url.as_ref().map_or(0, String::len));
    let extensions = call.extensions.iter().map(|extension| extension.json.len());
    let length = urls.into_iter().chain(extensions).sum::<usize>();
    Ok(Json(Receipt {
        reference: length.to_string(),
    }))
}
