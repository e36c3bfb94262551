//! No secret of an OAuth2 credential gets into the log, the alerts or the attempts, though the token server echoes what
//! it is sent, refuses, fails, and hands out new refresh tokens.

use jackfield_tests::documents::{keystone_tenant, minimal_disposition};
use jackfield_tests::fakes::{
    BadTokenResponse, Behaviour, IssuedTokens, Keystone, KeystoneConfig, KeystoneLead, Mode, OAuth2, OAuth2Config,
    ServerClock,
};
use jackfield_tests::process::HostProcess;

use super::BINARY;
use super::installation::{agent_token, apply, drain, install, push_keystone};

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
    let operator = install(data.path());
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
    push_keystone(&host, &operator);
    let oauth2 = format!(
        "[credentials.oauth2]\ntoken_url = \"{}/token\"\nclient_id = \"client\"\ngrant = \"refresh-token\"\n\
         refresh_token = {{ env = \"REFRESH_TOKEN\" }}",
        server.origin()
    );
    let tenant = keystone_tenant("t", &keystone.origin(), "{ env = \"CLIENT_SECRET\" }", &oauth2);
    let tenant = tenant.replace("kind = \"bearer\"", "kind = \"oauth2\"");
    let apply = || apply(&host, &operator, data.path(), &tenant);
    apply();
    let agent = &agent_token(&host, &operator, "t");

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
        apply();
    }
    server.behave(Behaviour::next(1, Mode::Down));
    answers.push(ask().await);
    apply();
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
    drain(&host, &operator);
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
