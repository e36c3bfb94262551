//! No secret of an OAuth2 credential gets into the log, the alerts or the attempts, though the token server echoes what
//! it is sent, refuses, fails, and hands out new refresh tokens.

use jackfield_tests::components::path;
use jackfield_tests::documents::{keystone_tenant, minimal_disposition};
use jackfield_tests::fakes::{
    BadTokenResponse, Behaviour, IssuedTokens, Keystone, KeystoneConfig, KeystoneLead, Mode, OAuth2, OAuth2Config,
    ServerClock,
};
use jackfield_tests::process::{HostProcess, operator_token};

use super::BINARY;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oauth2_secrets_are_found_nowhere() {
    let book = IssuedTokens::new(ServerClock::real(), "refresh-canary-1", None);
    let server = OAuth2::start(OAuth2Config::new("client", "client-canary", book.clone()))
        .await
        .unwrap();
    let crm = KeystoneConfig {
        access_tokens: Some(book.clone()),
        ..KeystoneConfig::new("unused")
    };
    let keystone = Keystone::start(crm).await.unwrap();
    keystone.seed(KeystoneLead::new("L"));

    let data = tempfile::tempdir().unwrap();
    let (_, printed, _) = HostProcess::start(BINARY, data.path(), &[]).stop("TERM");
    let operator = operator_token(&printed);
    let variables = [
        // Everything but the compiler's log, which would be gigabytes.
        (
            "JACKFIELD_LOG",
            "info,jackfield=trace,reqwest=trace,hyper=trace,hyper_util=trace,rustls=trace",
        ),
        ("CLIENT_SECRET", "client-canary"),
        ("REFRESH_TOKEN", "refresh-canary-1"),
    ];
    let host = HostProcess::start(BINARY, data.path(), &variables);
    let _ = host.json(&operator, &["adapter", "push", path("keystone").to_str().unwrap()]);
    let oauth2 = format!(
        "[credentials.oauth2]\ntoken_url = \"{}/token\"\nclient_id = \"client\"\ngrant = \"refresh-token\"\n\
         refresh_token = {{ env = \"REFRESH_TOKEN\" }}",
        server.origin()
    );
    let tenant = keystone_tenant("t", &keystone.origin(), "{ env = \"CLIENT_SECRET\" }", &oauth2);
    let file = data.path().join("tenant.toml");
    std::fs::write(&file, tenant.replace("kind = \"bearer\"", "kind = \"oauth2\"")).unwrap();
    let apply = || host.json(&operator, &["tenant", "apply", file.to_str().unwrap()]);
    let _ = apply();
    let agent = host.json(&operator, &["token", "create", "--tenant", "t", "--for", "agent"]);
    let agent = agent["token"].as_str().unwrap();

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let lead = format!("{}/v1/tenants/t/leads/L", host.public);
    let ask = async || {
        let answer = client
            .get(format!("{lead}/status"))
            .bearer_auth(agent)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let mut answers = vec![];
    for wrong in ["invalid_grant", "canary"]
        .map(BadTokenResponse::Error)
        .into_iter()
        .chain([BadTokenResponse::Html])
    {
        book.fail_next(1, wrong);
        answers.push(ask().await);
        // Applying the file again makes the host ask the token server at once.
        let _ = apply();
    }
    server.behave(Behaviour::next(1, Mode::Down));
    answers.push(ask().await);
    let _ = apply();
    assert!(answers.iter().all(|(status, _)| *status != 200), "{answers:?}");
    let disposed = client
        .post(format!("{lead}/disposition"))
        .bearer_auth(agent)
        .json(&minimal_disposition("C-1", "no_answer"));
    assert_eq!(disposed.send().await.unwrap().status(), 202);
    answers.push(ask().await);
    book.revoke_access_tokens();
    answers.push(ask().await);
    assert_eq!(answers.last().unwrap().0, 200, "{answers:?}");
    for poll in 0.. {
        let left = host.json(&operator, &["deliveries", "list", "--state", "ready"]);
        if left["items"].as_array().unwrap().is_empty() {
            break;
        }
        assert!(poll < 2_000, "{left}");
    }
    let alerts = host.json(&operator, &["alerts", "list"]).to_string();
    assert!(alerts.contains("invalid_grant"), "{alerts}");
    let attempts = host.json(&operator, &["deliveries", "list"]).to_string();
    let (_, printed, log) = host.stop("TERM");
    assert!(log.iter().any(|line| line.contains("access token renewed")), "{log:?}");
    assert!(log.iter().any(|line| line.contains("no access token")), "{log:?}");
    let answers = answers.iter().map(|(_, text)| text);
    for line in printed.iter().chain(&log).chain(answers).chain([&alerts, &attempts]) {
        assert!(!line.contains("canary"), "{line}");
    }
}
