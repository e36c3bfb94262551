//! Adapters that were built on a line of the contract before the current one keep working.

use jackfield_domain::delivery::failure::Failure;
use jackfield_sandbox::LoadedRelease;
use jiff::Timestamp;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, disposition, id};

/// A CRM that says everything with status codes.
async fn crm() -> Server {
    Server::start(|request| {
        let (status, body) = match request.lines().next().unwrap_or_default() {
            line if line.starts_with("GET /leads/L-1 ") => (200, "new"),
            line if line.starts_with("POST /calls/") => (201, "R-7"),
            line if line.starts_with("GET /leads/busy ") => (429, ""),
            line if line.starts_with("GET /leads/down ") => (503, ""),
            line if line.starts_with("GET /leads/closed ") => (401, ""),
            line if line.starts_with("GET /leads/odd ") => (500, ""),
            _ => (404, ""),
        };
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", body.len());
        Reply::Answer(format!("{head}{body}").into_bytes())
    })
    .await
}

/// Every export, and every failure, of a guest on line 0.1.
async fn serves_every_export(guest: &str) {
    let (test, server) = (TestRuntime::new(), crm().await);
    let origin = &server.origin;
    let spec = format!(
        "country = \"IN\"\nsettings.base_url = \"{origin}\"\n\
         egress = {{ allow = [\"{origin}\"], private_addresses = true }}\n"
    );
    let loaded: LoadedRelease = test.load(guest, &spec).await;
    let query = async |lead: &str| loaded.query_status(&id(lead)).await.outcome;
    let status = query("L-1").await.unwrap();
    assert_eq!((status.callable, status.status.as_str()), (true, "new"));
    for (lead, failure) in [
        ("nobody", Failure::NotFound),
        ("down", Failure::Unavailable(None)),
        ("closed", Failure::Unauthorized(None)),
        ("odd", Failure::Unknown(None)),
    ] {
        assert_eq!(query(lead).await, Err(failure), "{guest}: {lead}");
    }
    assert!(
        matches!(query("busy").await, Err(Failure::RateLimited { .. })),
        "{guest}"
    );

    let key = "C-1".parse().unwrap();
    let written = loaded
        .write(&disposition("L-1"), Timestamp::UNIX_EPOCH, &key)
        .await
        .outcome
        .unwrap();
    assert_eq!(written, "R-7", "{guest}");
    let found = loaded.find(&id("L-1"), &key).await.outcome;
    assert_eq!(found, Ok(None), "{guest}");

    let parse = async |body: &[u8]| loaded.parse("text/plain", body, Timestamp::UNIX_EPOCH).await.outcome;
    let leads = parse(b"L-1 +919800000000\nL-2 98000 00001").await.unwrap();
    let ids: Vec<_> = leads
        .iter()
        .map(|lead| lead.as_ref().unwrap().members["id"].clone())
        .collect();
    assert_eq!(ids, ["L-1", "L-2"], "{guest}");
    assert!(matches!(parse(b"L-1").await, Err(Failure::Rejected(_))), "{guest}");
}

#[tokio::test]
async fn a_rust_guest_on_line_0_1_works() {
    serves_every_export("rust-frozen").await;
}
