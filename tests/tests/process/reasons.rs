//! Why a delivery failed, as the command line and the log of a real host say it.

use http::Method;
use jackfield_tests::components::path;
use jackfield_tests::documents::{atrium_tenant, disposition, minimal_disposition};
use jackfield_tests::fakes::{Atrium, AtriumConfig, AtriumLead, Behaviour, Mode};
use jackfield_tests::process::HostProcess;
use serde_json::Value;

use super::BINARY;
use super::installation::{agent_token, apply, install};

/// What a command prints, with single blanks.
fn printed(host: &HostProcess, operator: &str, arguments: &[&str]) -> String {
    let output = host.cli(operator, arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

async fn ask(host: &HostProcess, agent: &str, method: Method, path: &str, body: Option<&Value>) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(method, format!("{}/v1/tenants/t/{path}", host.public));
    let request = request.bearer_auth(agent);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_read_why_a_delivery_failed() {
    let data = tempfile::tempdir().unwrap();
    let atrium = Atrium::start(AtriumConfig::new("atrium-canary-token")).await.unwrap();
    atrium.seed(AtriumLead::new("L"));
    atrium.behave(Behaviour::always(Mode::Maintenance));
    let operator = install(data.path());
    let host = HostProcess::start(BINARY, data.path(), &[]);
    let _ = host.json(&operator, &["adapter", "push", path("atrium").to_str().unwrap()]);
    let tenant = atrium_tenant("t", &atrium.origin(), "{ value = \"atrium-canary-token\" }", "");
    apply(&host, &operator, data.path(), &tenant);
    let agent = agent_token(&host, &operator, "t");

    let dispose = async |document: &Value| {
        let posted = ask(&host, &agent, Method::POST, "leads/L/disposition", Some(document)).await;
        posted["delivery"].as_str().unwrap().to_owned()
    };
    let away = dispose(&minimal_disposition("C-1", "no_answer")).await;
    host.wait_for_log("not delivered").await;
    let shown = printed(&host, &operator, &["deliveries", "show", &away]);
    let row = "unavailable POST /graphql (1 of 1 request) 200 the destination is unavailable; adapter: atrium answered \
               the error MAINTENANCE";
    assert!(shown.contains(row), "{shown}");
    assert!(
        shown.ends_with("\nlast warning: atrium refused codes=MAINTENANCE"),
        "{shown}"
    );
    assert!(!shown.contains("may have landed"), "{shown}");
    let last = host.json(&operator, &["deliveries", "show", &away])["attempts"][0].clone();
    assert_eq!(last["reason"], "atrium answered the error MAINTENANCE");
    assert_eq!(last["request"]["path"], "/graphql");
    let seen = ask(&host, &agent, Method::GET, &format!("deliveries/{away}"), None).await;
    assert_eq!(
        seen["attempts"][0]["message"],
        "the destination is unavailable: atrium answered the error MAINTENANCE"
    );

    let mut document = disposition("C-2", "not_interested_budget");
    document["site_visit"]["timezone"] = "Bharat/Delhi".into();
    atrium.seed(AtriumLead::new("M"));
    let posted = ask(&host, &agent, Method::POST, "leads/M/disposition", Some(&document)).await;
    let refused = posted["delivery"].as_str().unwrap();
    host.wait_for_log("needs a decision").await;
    let shown = printed(&host, &operator, &["review", "show", refused]);
    for once in [
        "bad-date",
        "the site visit is not a real date, time and zone",
        "site_visit.timezone: ",
    ] {
        assert_eq!(shown.matches(once).count(), 1, "{once}: {shown}");
    }

    let (_, _, log) = host.stop("TERM");
    let lines = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own: Vec<_> = lines.filter(|line| line["target"] == "adapter").collect();
    let [line] = &own[..] else { panic!("{own:?}") };
    assert_eq!(
        (&line["level"], &line["delivery"]),
        (&"WARN".into(), &away.as_str().into())
    );
    assert_eq!(
        (&line["guest_message"], &line["guest_fields"]["codes"], &line["tenant"]),
        (&"atrium refused".into(), &"MAINTENANCE".into(), &"t".into())
    );
}
