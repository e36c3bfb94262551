//! `[egress]` of a tenant's file.

use super::*;

/// The file with another `[egress]`.
fn with_egress(egress: &str) -> Result<TenantSpec, toml::de::Error> {
    let old = "allow = [\"http://127.0.0.1:9101\"]    # origins; https unless written out\nprivate_addresses = true";
    changed(old, egress)
}

#[test]
fn grants_may_be_narrow_and_hosts_pinned() {
    let narrow = "allow = [{ origin = \"http://127.0.0.1:9101\", methods = [\"GET\"], path = \"/api\" }, \
                  \"crm.internal\"]\n\
                  private_addresses = true\nhosts = { \"CRM.internal\" = [\"10.0.0.5\", \"fd00::5\"] }";
    let spec = with_egress(narrow).unwrap();
    assert_eq!(complaints(&spec), [""; 0]);
    let json = serde_json::to_value(&spec.egress).unwrap();
    insta::assert_snapshot!(json, @r#"{"allow":[{"methods":["GET"],"origin":"http://127.0.0.1:9101","path":"/api"},"https://crm.internal"],"hosts":{"crm.internal":["10.0.0.5","fd00::5"]},"private_addresses":true}"#);
    assert_eq!(serde_json::from_value::<EgressSpec>(json).unwrap(), spec.egress);

    let digest = Digest::of(b"same");
    let shown: Vec<_> = diff(Some((&self::spec(), digest)), (&spec, digest))
        .into_iter()
        .map(|change| format!("{}: {:?} -> {:?}", change.pointer, change.from, change.to))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    /egress/allow/0: Some("\"http://127.0.0.1:9101\"") -> None
    /egress/allow/0/methods/0: None -> Some("\"GET\"")
    /egress/allow/0/origin: None -> Some("\"http://127.0.0.1:9101\"")
    /egress/allow/0/path: None -> Some("\"/api\"")
    /egress/allow/1: None -> Some("\"https://crm.internal\"")
    /egress/hosts/crm.internal/0: None -> Some("\"10.0.0.5\"")
    /egress/hosts/crm.internal/1: None -> Some("\"fd00::5\"")
    "#);
}

#[test]
fn unreachable_origins_are_reported_early() {
    let cases = [
        "allow = [{ origin = \"http://127.0.0.1:9101\", path = \"/v1\" }]\nprivate_addresses = true",
        "allow = [\"http://127.0.0.1:9101\"]\nprivate_addresses = true\nhosts = { \"crm.internal\" = [\"10.0.0.5\"] }",
        "allow = [\"http://127.0.0.1:9101\", \"crm.internal\"]\nprivate_addresses = true\n\
         hosts = { \"crm.internal\" = [] }",
        "allow = [\"http://127.0.0.1:9101\", \"crm.internal\"]\nhosts = { \"crm.internal\" = [\"10.0.0.5\"] }",
        "allow = [\"http://127.0.0.1:9101\", \"crm.internal\"]\nprivate_addresses = true\n\
         hosts = { \"crm.internal\" = [\"169.254.169.254\"] }",
    ];
    let messages = cases.map(|egress| {
        let mut spec = with_egress(egress).unwrap();
        let base = SettingValue::Text("http://127.0.0.1:9101/api".into());
        spec.settings.insert("base_url".into(), base);
        complaints(&spec).join("; ")
    });
    insta::assert_snapshot!(messages.join("\n"), @r"
    /egress/allow: must grant a path above or below the one in settings.base_url, which the adapter calls
    /egress/hosts/crm.internal: is not the host of any origin in egress.allow, nor that of push_url or a token_url
    /egress/hosts/crm.internal: must have 1 to 8 addresses
    /egress/hosts/crm.internal: 10.0.0.5 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /egress/hosts/crm.internal: 169.254.169.254 belongs to link-local addresses or to a cloud's metadata service, where no name may lead: if the destination really is there, write the address itself into egress.allow
    ");
}

#[test]
fn wrong_grants_are_reported_with_position() {
    let messages = [
        "{ origin = \"crm.example\", method = [\"GET\"] }",
        "{ origin = \"crm.example\", methods = [\"TRACE\"] }",
        "{ origin = \"crm.example\", methods = [] }",
        "{ origin = \"crm.example\", path = \"api\" }",
        "{ origin = \"crm.example\", path = \"/api/../admin\" }",
        "{ origin = \"https://crm.example/api\" }",
        "{ path = \"/api\" }",
        "5",
    ]
    .map(|grant| {
        let text = format!("tenant = \"a\"\nadapter = \"b\"\negress.allow = [\"a.example\", {grant}]\n");
        let error = toml::from_str::<TenantSpec>(&text).unwrap_err();
        format!("{} <- {}", error.message(), &text[error.span().unwrap()])
    });
    insta::assert_snapshot!(messages.join("\n"), @r#"
    unknown field `method`, expected one of `origin`, `methods`, `path` <- method
    unknown variant `TRACE`, expected one of `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE` <- "TRACE"
    methods must name at least one method; leave it out to grant all <- []
    `api` is not a path prefix; write whole segments like "/api/v2", with no query, no `..`, no `*` and no encoded slash, backslash or dot <- "api"
    `/api/../admin` is not a path prefix; write whole segments like "/api/v2", with no query, no `..`, no `*` and no encoded slash, backslash or dot <- "/api/../admin"
    `https://crm.example/api` is not an origin; write it like "https://crm.example" or "http://10.0.0.5:8080", with no path <- "https://crm.example/api"
    missing field `origin` <- { path = "/api" }
    invalid type: integer `5`, expected an origin like "https://crm.example", or a table with origin, methods and path <- 5
    "#);
    let error = with_egress("hosts = { \"10.0.0.5\" = [\"10.0.0.5\"] }").unwrap_err();
    insta::assert_snapshot!(error.message(), @r#"`10.0.0.5` is not a host's name; write it like "crm.internal", with no scheme, port or path"#);
}

#[test]
fn the_hosts_own_requests_obey_egress_rules() {
    let login = "[credentials.oauth2]\ntoken_url = \"URL\"\nclient_id = \"x\"";
    let mut messages = vec![];
    for url in [
        "https://agent.example/leads?campaign=1",
        "http://127.0.0.1:9200/leads",
        "http://[::ffff:169.254.169.254]/latest",
        "http://10.1.2.3/",
        "http://localhost:9200/",
        "http://agent.localhost./",
        "https://user:hunter2@agent.example/",
        "https://agent.example/#leads",
        "https://agent.example/le\\tads",
        "agent.example/leads",
    ] {
        let file = FILE
            .replace("http://127.0.0.1:9200/leads", url)
            .replace("http://127.0.0.1:9101", "https://crm.example");
        let file = file.replace("kind = \"bearer\"", "kind = \"oauth2\"");
        let file = file.replace("private_addresses = true", "private_addresses = false");
        let file = file.replace("[webhook]", &format!("{}\n[webhook]", login.replace("URL", url)));
        let spec: TenantSpec = toml::from_str(&file).unwrap();
        messages.extend(complaints(&spec));
    }
    assert!(
        messages.iter().all(|message| !message.contains("hunter2")),
        "{messages:?}"
    );
    insta::assert_snapshot!(messages.join("\n"), @"");
    // The setting that allows them is the tenant's own.
    let loopback = FILE.replace("http://127.0.0.1:9200", "http://localhost:9200");
    assert_eq!(complaints(&toml::from_str(&loopback).unwrap()), [""; 0]);
    let pinned = with_egress(
        "allow = [\"http://127.0.0.1:9101\"]\nprivate_addresses = true\nhosts = { \"agent.internal\" = [\"10.0.0.5\"] }",
    );
    let mut pinned = pinned.unwrap();
    pinned.agent.push_url = Some("https://agent.internal/leads".to_owned().into());
    assert_eq!(complaints(&pinned), [""; 0]);
}
