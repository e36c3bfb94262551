//! What the benchmarks of a call run, in Rust. It asks nobody, so that what is measured is the sandbox and the
//! language: a status that is always the same, and a receipt that says how much text came in. Only a lead called
//! `waits` has it send a request, which is left without an answer, so that an instance in flight can be weighed.

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
