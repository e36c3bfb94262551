//! Every kind of credential in a tenant's file, valid and with common mistakes.

use super::*;
use crate::tenant::egress::Origin;

/// Credentials of every other kind, and a private authority, to append to the file.
const MORE: &str = r#"
[[credentials]]
name = "key"
kind = "query"
parameter = "api_key"
secret = { env = "KEY" }
origins = ["http://127.0.0.1:9101"]
[[credentials]]
name = "certificate"
kind = "mtls"
certificate = { file = "crm.pem" }
secret = { file = "crm.key" }
origins = ["https://crm.example"]
[[credentials]]
name = "token"
kind = "oauth2"
secret = { env = "CLIENT_SECRET" }
origins = ["https://crm.example"]
[credentials.oauth2]
token_url = "https://login.example/oauth2/token"
client_id = "jackfield"
grant = "refresh-token"
refresh_token = { env = "REFRESH_TOKEN" }
scope = "leads.read calls.write"
audience = "https://api.example"
client_auth = "body"
[tls]
ca = { file = "ca.pem" }
"#;

fn every_kind() -> TenantSpec {
    let mut spec: TenantSpec = toml::from_str(&format!("{FILE}{MORE}")).unwrap();
    spec.egress
        .allow
        .push("https://crm.example".parse::<Origin>().unwrap().into());
    spec
}

#[test]
fn every_kind_of_credential_round_trips() {
    let mut spec = every_kind();
    assert_eq!(complaints(&spec), [""; 0]);
    let pointers: Vec<_> = spec.secrets().into_iter().map(|(pointer, _)| pointer).collect();
    insta::assert_snapshot!(pointers.join("\n"), @r#"
    /credentials/0/secret
    /credentials/1/secret
    /credentials/2/secret
    /credentials/2/certificate
    /credentials/3/secret
    /credentials/3/oauth2/refresh_token
    /tls/ca
    /webhook/secrets/0
    /agent/push_secret
    "#);
    assert_eq!(spec.secrets_mut().count(), pointers.len());
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<TenantSpec>(&json).unwrap(), spec);

    let [.., token] = &mut spec.credentials[..] else {
        panic!()
    };
    let refresh_token = &mut token.oauth2.as_mut().unwrap().refresh_token;
    *refresh_token = Some(SecretRef::Value(Sensitive::new("hunter2".into())));
    assert!(serde_json::to_string(&spec).is_err(), "a literal is never written");
}

#[test]
fn headers_of_the_host_are_no_credentials() {
    for header in ["Content-Length", "transfer_encoding", "Host", "accept-encoding"] {
        let mut spec = every_kind();
        spec.credentials[0].kind = CredentialKind::Header;
        spec.credentials[0].header = Some(header.into());
        let complaints = complaints(&spec);
        assert!(
            complaints
                .iter()
                .any(|line| line.contains("the host sets those itself")),
            "{header}: {complaints:?}"
        );
    }
}

#[test]
fn a_user_name_has_no_colon() {
    let mut spec = every_kind();
    spec.credentials[0].kind = CredentialKind::Basic;
    spec.credentials[0].username = Some("host:crm".into());
    let complaints = complaints(&spec);
    assert!(
        complaints
            .iter()
            .any(|line| line.contains("username: must hold no colon")),
        "{complaints:?}"
    );
}

#[test]
fn each_kind_has_its_own_fields() {
    let mut spec = every_kind();
    let [_, key, certificate, token] = &mut spec.credentials[..] else {
        panic!()
    };
    key.parameter = Some(String::new());
    key.username = Some("host".into());
    key.secret = Some(SecretRef::Stored("oauth2/token/0123".into()));
    certificate.certificate = None;
    certificate.origins = vec!["http://127.0.0.1:9101".parse().unwrap()];
    token.origins = vec!["http://127.0.0.1:9101".parse().unwrap()];
    let oauth2 = token.oauth2.as_mut().unwrap();
    oauth2.token_url = "https://user:pw@login.example/#token".to_owned().into();
    oauth2.client_id = String::new();
    oauth2.grant = OAuth2Grant::ClientCredentials;
    oauth2.scope = Some("leads.read  \"calls\"".into());
    oauth2.audience = Some(String::new());
    spec.tls.ca = Some(SecretRef::Value(Sensitive::new(String::new())));
    insta::assert_snapshot!(complaints(&spec).join("\n"), @r#"
    /credentials/1/secret: names beginning with `oauth2/` are the host's own
    /credentials/1/parameter: must be the name of a URL's parameter with kind "query", and left out otherwise
    /credentials/1/username: must be given with kind "basic", and left out otherwise
    /credentials/2/origins/0: must be https: without TLS there is no handshake to show a certificate in
    /credentials/2/certificate: must be given with kind "mtls", the private key being its secret, and left out otherwise
    /credentials/3/origins/0: `crm` sets the header authorization there already, and only one can
    /credentials/3/oauth2/token_url: must hold no user name and password: this file is shown to people
    /credentials/3/oauth2/client_id: must not be empty
    /credentials/3/oauth2/refresh_token: must be given with grant "refresh-token", and left out otherwise
    /credentials/3/oauth2/scope: must be scopes separated by single spaces, such as "leads.read calls.write"
    /credentials/3/oauth2/audience: must not be empty
    /tls/ca: value must not be empty
    "#);

    let mut spec = every_kind();
    let [_, key, certificate, token] = &mut spec.credentials[..] else {
        panic!()
    };
    (key.kind, certificate.kind, token.kind) = (CredentialKind::OAuth2, CredentialKind::Query, CredentialKind::Mtls);
    insta::assert_snapshot!(complaints(&spec).join("\n"), @r#"
    /credentials/1/origins/0: `crm` sets the header authorization there already, and only one can
    /credentials/1/parameter: must be the name of a URL's parameter with kind "query", and left out otherwise
    /credentials/1/oauth2: must be a table with token_url and client_id with kind "oauth2", and left out otherwise
    /credentials/2/parameter: must be the name of a URL's parameter with kind "query", and left out otherwise
    /credentials/2/certificate: must be given with kind "mtls", the private key being its secret, and left out otherwise
    /credentials/3/certificate: must be given with kind "mtls", the private key being its secret, and left out otherwise
    /credentials/3/oauth2: must be a table with token_url and client_id with kind "oauth2", and left out otherwise
    "#);
}

#[test]
fn clients_authenticate_as_servers_ask() {
    let mut spec = every_kind();
    let oauth2 = |text: &str| -> OAuth2Spec {
        toml::from_str(&format!(
            "token_url = \"https://login.example\"\nclient_id = \"a:b\"\n{text}"
        ))
        .unwrap()
    };
    let one = oauth2("resource = \"https://api.example/v1\"");
    assert_eq!(one.resource, ["https://api.example/v1"]);
    let wrong = [
        ("client_auth = \"none\"", true),
        ("client_auth = \"body\"", false),
        ("resource = [\"urn:crm:calls\", \"https://api.example/#a\"]", true),
        ("resource = \"api\"", true),
        ("basic_encoding = \"plain\"", true),
        ("client_auth = \"body\"\nbasic_encoding = \"plain\"", true),
    ];
    let mut messages = vec![];
    for (text, has_secret) in wrong {
        let token = spec.credentials.last_mut().unwrap();
        token.oauth2 = Some(oauth2(text));
        token.secret = has_secret.then(|| SecretRef::Env("X".into()));
        messages.extend(complaints(&spec));
    }
    insta::assert_snapshot!(messages.join("\n"), @r#"
    /credentials/3/secret: must be left out with client_auth = "none": a public client has no secret
    /credentials/3/secret: is required; only a public OAuth2 client (client_auth = "none") has none
    /credentials/3/oauth2/resource: must be absolute URIs without fragment, such as "https://api.crm.example"
    /credentials/3/oauth2/resource: must be absolute URIs without fragment, such as "https://api.crm.example"
    /credentials/3/oauth2/basic_encoding: must be "form" for a client_id with a colon: the server would take what follows for the secret
    /credentials/3/oauth2/basic_encoding: is used only with client_auth = "basic"; leave it out
    "#);
    let token = spec.credentials.last_mut().unwrap();
    token.oauth2 = Some(oauth2(
        "client_auth = \"none\"\nresource = [\"urn:crm:calls\", \"https://api.example\"]",
    ));
    token.secret = None;
    assert_eq!(complaints(&spec), [""; 0]);
    assert_eq!(spec.secrets_mut().count(), spec.secrets().len());
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<TenantSpec>(&json).unwrap(), spec);
    spec.credentials.last_mut().unwrap().kind = CredentialKind::Bearer;
    let missing = "/credentials/3/secret: is required; only a public OAuth2 client (client_auth = \"none\") has none";
    assert!(complaints(&spec).contains(&missing.to_owned()));
}

#[test]
fn conflicting_credentials_are_refused() {
    let mut spec = every_kind();
    let origins: Vec<_> = spec.egress.allow.iter().map(|grant| grant.origin.clone()).collect();
    for credential in &mut spec.credentials {
        credential.origins.clone_from(&origins);
    }
    spec.credentials[2].origins.remove(0);
    insta::assert_snapshot!(complaints(&spec).join("\n"), @r#"
    /credentials/3/origins/0: `crm` sets the header authorization there already, and only one can
    /credentials/3/origins/1: `crm` sets the header authorization there already, and only one can
    "#);
}

#[test]
fn pushes_have_one_or_several_secrets() {
    let line = "push_secret = { env = \"DWARKA_AGENT_SECRET\" }";
    let with = |text: &str| changed(line, text).unwrap();
    let rotating = "push_secrets = [{ env = \"NEW\" }, { value = \"whsec_b2xk\" }]";
    for valid in [line.to_owned(), rotating.to_owned(), format!("{line}\n{rotating}")] {
        let mut spec = with(&valid);
        assert_eq!(complaints(&spec), [""; 0], "{valid}");
        assert_eq!(spec.secrets_mut().count(), spec.secrets().len(), "{valid}");
    }
    let pointers: Vec<_> = with(&format!("{line}\n{rotating}"))
        .agent
        .secrets()
        .map(|(pointer, _)| pointer)
        .collect();
    assert_eq!(
        pointers,
        ["/agent/push_secret", "/agent/push_secrets/0", "/agent/push_secrets/1"]
    );
    let messages = [
        "push_secrets = []",
        "push_secrets = [{ value = \"\" }]",
        "push_secrets = [{ env = \"\" }]",
    ]
    .map(|text| complaints(&with(text)).join("; "));
    insta::assert_snapshot!(messages.join("\n"), @"
    /agent: push_url and push_secret go together; push_secrets holds further ones during a rotation
    /agent/push_secrets/0: value must not be empty
    /agent/push_secrets/0: env must name a variable
    ");
    let six = format!("push_secrets = [{}]", ["{ env = \"A\" }"; 6].join(", "));
    assert_eq!(
        complaints(&with(&six)),
        ["/agent/push_secrets: must hold fewer secrets: at most 5 sign a push"]
    );
}
