//! How clients authenticate at token servers, and what they ask for.

use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::DeliveryState;
use jackfield_tests::fakes::{AcceptedClientAuth, OAuth2, OAuth2Config};

use super::{CLIENT_SECRET, FIRST_REFRESH_TOKEN, HOUR, OAuth2Host};

impl OAuth2Host {
    /// Replaces the token server by one that accepts other requests.
    async fn serve(&mut self, config: impl FnOnce(OAuth2Config) -> OAuth2Config) {
        let config = config(OAuth2Config {
            scope: Some("calls.write".into()),
            ..OAuth2Config::new("jack field", CLIENT_SECRET, self.book.clone())
        });
        self.server = OAuth2::start(config).await.unwrap();
    }
}

#[tokio::test]
async fn clients_authenticate_in_every_way() {
    // Id and secret hold a blank, a slash, a plus and a tilde, which servers decode in different ways.
    let cases = [
        (AcceptedClientAuth::Basic, ""),
        (AcceptedClientAuth::PlainBasic, "basic_encoding = \"plain\""),
        (AcceptedClientAuth::Body, "client_auth = \"body\""),
    ];
    let mut host = OAuth2Host::start().await;
    for (number, (accepted, settings)) in cases.into_iter().enumerate() {
        host.serve(|config| OAuth2Config {
            client_auth: accepted,
            ..config
        })
        .await;
        host.test.apply(&host.file(settings, "")).await;
        host.deliver_well(&format!("C-{number}")).await;
        assert_eq!(host.server.counts().refused, 0, "{accepted:?}");
    }
    host.test.finish().await;
}

#[tokio::test]
async fn public_clients_have_no_secret() {
    let mut host = OAuth2Host::start().await;
    host.serve(|config| OAuth2Config {
        client_auth: AcceptedClientAuth::Public,
        ..config
    })
    .await;
    let settings = format!(
        "client_auth = \"none\"\ngrant = \"refresh-token\"\nrefresh_token = {{ value = \"{FIRST_REFRESH_TOKEN}\" }}"
    );
    let file = host.file(&settings, "");
    let error = host.test.try_apply(&file).await.unwrap_err();
    assert!(
        format!("{error:?}").contains("a public client has no secret"),
        "{error:?}"
    );
    let secret = format!("secret = {{ value = \"{CLIENT_SECRET}\" }}");
    assert!(file.contains(&secret), "{file}");
    host.test.apply(&file.replace(&secret, "")).await;
    for call in 0..2 {
        host.deliver_well(&format!("C-{call}")).await;
        host.test.advance(HOUR);
    }
    assert_eq!((host.book.issued(), host.book.is_revoked()), (2, false));
    assert_eq!(host.server.counts().refused, 0);
    host.test.finish().await;
}

#[tokio::test]
async fn resources_are_requested() {
    let mut host = OAuth2Host::start().await;
    host.serve(|config| OAuth2Config {
        resources: vec!["https://api.example/v1".into(), "urn:crm:calls".into()],
        ..config
    })
    .await;
    host.test
        .apply(&host.file("resource = \"https://api.example/v1\"", ""))
        .await;
    let found = host.deliver("C-1").await;
    assert_eq!(found.summary.state, DeliveryState::Ready);
    let attempt = found.attempts.last().unwrap();
    assert_eq!(attempt.class.unwrap().word(), "unauthorized");
    let alerts = host.alerts(AlertKind::Credential).await;
    assert!(
        alerts[0].message.contains("refuses: invalid_target; check resource"),
        "{alerts:?}"
    );
    host.test
        .apply(&host.file("resource = [\"https://api.example/v1\", \"urn:crm:calls\"]", ""))
        .await;
    host.test.advance(HOUR);
    host.deliver_well("C-2").await;
    host.test.finish().await;
}
