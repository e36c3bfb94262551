//! What each kind of credential adds to a request, and that secrets never come back.

use super::*;
use jackfield_domain::tenant::release::SecretRef;

const CRM: &str = "https://crm.example";

fn spec(kind: CredentialKind) -> CredentialSpec {
    CredentialSpec {
        name: "crm".into(),
        kind,
        header: (kind == CredentialKind::Header).then(|| "X-Api-Key".into()),
        parameter: (kind == CredentialKind::Query).then(|| "api key".into()),
        username: (kind == CredentialKind::Basic).then(|| "host".into()),
        secret: Some(SecretRef::Env("X".into())),
        certificate: None,
        allow_short: false,
        oauth2: None,
        origins: vec![CRM.parse().unwrap()],
    }
}

fn credentials(kind: CredentialKind, secret: &str) -> Result<Credentials, CredentialProblem> {
    let secrets = [("crm".to_owned(), Sensitive::new(secret.into()))];
    Credentials::new(&[spec(kind)], &secrets.into(), Timestamp::UNIX_EPOCH)
}

fn headers(kind: CredentialKind, origin: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.append("authorization", "the guest's".parse().unwrap());
    headers.append("x-api-key", "the guest's".parse().unwrap());
    headers.append("x-api-key", "another".parse().unwrap());
    headers.append("x_api_key", "a twin".parse().unwrap());
    headers.append("x.api.key", "a twin".parse().unwrap());
    let credentials = credentials(kind, "s3cr3t-value").unwrap();
    credentials.add_to(&mut headers, &mut url(CRM), &origin.parse().unwrap());
    headers
}

#[test]
fn credentials_replace_the_guests_headers() {
    assert_eq!(
        headers(CredentialKind::Bearer, CRM)["authorization"],
        "Bearer s3cr3t-value"
    );
    assert_eq!(
        headers(CredentialKind::Basic, CRM)["authorization"],
        "Basic aG9zdDpzM2NyM3QtdmFsdWU="
    );
    let own = headers(CredentialKind::Header, CRM);
    assert_eq!(own.get_all("x-api-key").iter().collect::<Vec<_>>(), ["s3cr3t-value"]);
    assert_eq!(own["authorization"], "the guest's");
    assert_eq!(own.len(), 2, "servers take its twins for the same header");
}

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

#[test]
fn a_parameter_replaces_the_guests() {
    // The rest of the URL stays as the guest wrote it.
    let credentials = credentials(CredentialKind::Query, "s3cr3t/+ü").unwrap();
    let added = |to: &str| {
        let mut url = url(to);
        credentials.add_to(&mut HeaderMap::new(), &mut url, &CRM.parse().unwrap());
        url.to_string()
    };
    let cases = [
        "https://crm.example/leads",
        "https://crm.example/leads?",
        "https://crm.example/leads?a=%20+b&c&a=2",
        "https://crm.example/leads?api+key=mine&a=1&api%20key=theirs&api%20key",
        "https://crm.example/leads?api_key=other#part",
    ];
    insta::assert_snapshot!(cases.map(added).join("\n"), @r#"
    https://crm.example/leads?api+key=s3cr3t%2F%2B%C3%BC
    https://crm.example/leads?api+key=s3cr3t%2F%2B%C3%BC
    https://crm.example/leads?a=%20+b&c&a=2&api+key=s3cr3t%2F%2B%C3%BC
    https://crm.example/leads?a=1&api+key=s3cr3t%2F%2B%C3%BC
    https://crm.example/leads?api_key=other&api+key=s3cr3t%2F%2B%C3%BC#part
    "#);
    let mut elsewhere = url("https://evil.example/?a=1");
    credentials.add_to(
        &mut HeaderMap::new(),
        &mut elsewhere,
        &"https://evil.example".parse().unwrap(),
    );
    assert_eq!(elsewhere.query(), Some("a=1"));
    let echo = b"https://crm.example/leads?api+key=s3cr3t%2F%2B%C3%BC is s3cr3t/+\xc3\xbc".to_vec();
    assert!(credentials.are_echoed_in(&echo, None));
}

#[test]
fn other_origins_get_no_credentials() {
    for other in ["http://crm.example", "https://crm.example:8443", "https://evil.example"] {
        assert_eq!(
            headers(CredentialKind::Bearer, other)["authorization"],
            "the guest's",
            "{other}"
        );
    }
}

#[test]
fn a_key_signs_and_is_never_a_header() {
    let credentials = credentials(CredentialKind::Hmac, "Jefe").unwrap();
    let mut headers = HeaderMap::new();
    credentials.add_to(&mut headers, &mut url(CRM), &CRM.parse().unwrap());
    assert!(headers.is_empty());
    // RFC 4231, test case 2.
    let signed = credentials.sign("crm", b"what do ya want for nothing?").unwrap();
    assert_eq!(
        hex::encode(signed),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    assert!(credentials.sign("other", b"").is_err());
}

#[test]
fn echoed_secrets_are_found() {
    let credentials = credentials(CredentialKind::Basic, "s3cr3t-value").unwrap();
    for echo in ["aG9zdDpzM2NyM3QtdmFsdWU=", "s3cr3t-value", "czNjcjN0LXZhbHVl"] {
        assert!(
            credentials.are_echoed_in(format!("you sent {echo}!").as_bytes(), None),
            "{echo}"
        );
    }
    assert!(!credentials.are_echoed_in(b"you sent nothing", None));
}

#[test]
fn errors_do_not_show_secrets() {
    for secret in ["two\nlines", "two-sécrets", "two\ttabs", "two-blanks "] {
        let broken = credentials(CredentialKind::Bearer, secret).unwrap_err();
        assert_eq!(broken, CredentialProblem::NotAHeader("crm".into()));
        assert!(!broken.to_string().contains("two"));
    }
    let missing = Credentials::new(
        &[spec(CredentialKind::Bearer)],
        &CredentialSecrets::default(),
        Timestamp::UNIX_EPOCH,
    )
    .unwrap_err();
    assert_eq!(missing, CredentialProblem::NoSecret("crm".into()));
    let fine = credentials(CredentialKind::Bearer, "s3cr3t-value").unwrap();
    assert!(!format!("{fine:?}").contains("s3cr3t"));
}
