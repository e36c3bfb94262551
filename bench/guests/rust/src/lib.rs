//! The Rust guest of the benchmarks of an invocation. It sends no requests, so that only the sandbox and the language
//! are measured: it returns a constant status, and a receipt with the length of the input. Only for a lead called
//! `waits` it sends a request that gets no response, so that the memory of an instance in flight can be measured.

use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Receipt, about};

struct Bench;

jackfield_sdk::export!(Bench);

impl Adapter for Bench {
    fn describe() -> Description {
        about!()
    }

    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
        if lead_id == "waits" {
            host.get("http://waits.example/").send()?;
        }
        Ok(LeadStatus {
            lead_id: lead_id.into(),
            callable: true,
            status: "new".into(),
            ..LeadStatus::default()
        })
    }

    fn write_disposition(_: &Host, call: &Disposition, _: &str) -> Result<Receipt, Failure> {
        let urls = [&call.recording_url, &call.transcript_url].map(|url| url.as_ref().map_or(0, String::len));
        let extensions = call.extensions.iter().map(|extension| extension.json.len());
        let length = urls.into_iter().chain(extensions).sum::<usize>();
        Ok(Receipt::new(length.to_string()))
    }
}
