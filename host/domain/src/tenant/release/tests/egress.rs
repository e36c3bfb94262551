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
    /settings/base_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file; /egress/hosts/crm.internal: 10.0.0.5 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file; /agent/push_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
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
    insta::assert_snapshot!(messages.join("\n"), @r#"
    /credentials/0/oauth2/token_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /agent/push_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /credentials/0/oauth2/token_url: ::ffff:169.254.169.254 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /agent/push_url: ::ffff:169.254.169.254 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /credentials/0/oauth2/token_url: 10.1.2.3 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /agent/push_url: 10.1.2.3 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /credentials/0/oauth2/token_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /agent/push_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /credentials/0/oauth2/token_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /agent/push_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /credentials/0/oauth2/token_url: must hold no user name and password: this file is shown to people
    /agent/push_url: must hold no user name and password: this file is shown to people
    /credentials/0/oauth2/token_url: must have no fragment (`#…`): it is never sent
    /agent/push_url: must have no fragment (`#…`): it is never sent
    /credentials/0/oauth2/token_url: must hold no blanks, control characters and backslashes; there is U+0009 at character 25: encode it in percent form, or leave it out
    /agent/push_url: must hold no blanks, control characters and backslashes; there is U+0009 at character 25: encode it in percent form, or leave it out
    /credentials/0/oauth2/token_url: must be an absolute http or https URL, such as "https://crm.example/api"
    /agent/push_url: must be an absolute http or https URL, such as "https://crm.example/api"
    "#);
    // The setting that allows them is the tenant's own.
    let loopback = FILE.replace("http://127.0.0.1:9200", "http://localhost:9200");
    assert_eq!(complaints(&toml::from_str(&loopback).unwrap()), [""; 0]);
    let pinned = with_egress(
        "allow = [\"http://127.0.0.1:9101\"]\nprivate_addresses = true\n\
         hosts = { \"agent.internal\" = [\"10.0.0.5\"] }",
    );
    let mut pinned = pinned.unwrap();
    pinned.agent.push_url = Some("https://agent.internal/leads".to_owned().into());
    assert_eq!(complaints(&pinned), [""; 0]);
}

#[test]
fn url_settings_are_checked_with_the_file() {
    let url = |value: &str, egress: &str| {
        let mut spec = with_egress(egress).unwrap();
        spec.agent = AgentSpec::default();
        spec.credentials[0].origins.clear();
        spec.settings
            .insert("base_url".into(), SettingValue::Text(value.into()));
        let found = complaints(&spec).into_iter();
        found
            .filter(|line| !line.starts_with("/credentials/0/origins"))
            .collect::<Vec<_>>()
    };
    let public = "allow = [\"https://crm.example\"]";
    assert_eq!(url("https://crm.example/api", public), [""; 0]);
    let messages: Vec<_> = [
        ("https://crm.example/api?key=hunter2", public),
        ("https://crm.example/#api", public),
        ("https://user:hunter2@crm.example", public),
        ("https://crm.example/a b", public),
        ("https://crm.exa\u{200b}mple", public),
        ("https://crm.exa\nmple", public),
        ("http://crm.example", public),
        ("https://crm.example:8443", public),
        ("http://10.0.0.5", "allow = [\"http://10.0.0.5\"]"),
        ("http://localhost:9101", "allow = [\"http://localhost:9101\"]"),
        (
            "https://crm.example",
            "allow = [\"https://crm.example\", \"http://192.168.1.1\"]",
        ),
    ]
    .into_iter()
    .map(|(value, egress)| url(value, egress).join("; "))
    .collect();
    assert!(
        messages.iter().all(|message| !message.contains("hunter2")),
        "{messages:?}"
    );
    insta::assert_snapshot!(messages.join("\n"), @r#"
    /settings/base_url: must have no query (`?…`): the adapter adds paths and its own parameters to it (where the CRM is)
    /settings/base_url: must have no fragment (`#…`): it is never sent (where the CRM is)
    /settings/base_url: must hold no user name and password: this file is shown to people (where the CRM is)
    /settings/base_url: must hold no blanks, control characters and backslashes; there is U+0020 at character 22: encode it in percent form, or leave it out (where the CRM is)
    /settings/base_url: must hold no blanks, control characters and backslashes; there is U+200B at character 16: encode it in percent form, or leave it out (where the CRM is)
    /settings/base_url: must hold no blanks, control characters and backslashes; there is U+000A at character 16: encode it in percent form, or leave it out (where the CRM is)
    /egress/allow: grants https://crm.example, but settings.base_url, which the adapter calls, is at http://crm.example: write "http://crm.example" here, or the other scheme or port there
    /egress/allow: grants https://crm.example, but settings.base_url, which the adapter calls, is at https://crm.example:8443: write "https://crm.example:8443" here, or the other scheme or port there
    /settings/base_url: 10.0.0.5 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /settings/base_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /egress/allow/1: 192.168.1.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    "#);
}

#[test]
fn blanks_around_urls_are_dropped_and_told() {
    let mut needs = needs();
    for (name, kind) in [
        ("portal", SettingKind::Url),
        ("webhook_url", SettingKind::Text),
        ("path_url", SettingKind::Text),
    ] {
        needs.settings.push(SettingNeed {
            name: name.into(),
            kind,
            required: false,
            doc: String::new(),
        });
    }
    let mut spec = spec();
    for (name, value) in [
        ("base_url", "\u{feff}http://127.0.0.1:9101\n"),
        ("portal", " https://portal.example/x "),
        ("webhook_url", "https://hooks.example"),
        ("path_url", " /relative "),
    ] {
        spec.settings.insert(name.into(), SettingValue::Text(value.into()));
    }
    spec.agent.push_url = Some(" http://127.0.0.1:9200/leads".to_owned().into());
    let mut told = trim_urls(&mut spec, &needs);
    assert_eq!(check(&spec, &needs), []);
    told.extend(notes(&spec, &needs));
    insta::assert_snapshot!(told.join("\n"), @r"
    /settings/base_url: the blanks around the URL were dropped
    /settings/portal: the blanks around the URL were dropped
    /agent/push_url: the blanks around the URL were dropped
    /settings/portal: https://portal.example is not granted; if the adapter calls it, add it to egress.allow
    /settings/webhook_url: https://hooks.example is not granted; if the adapter calls it, add it to egress.allow
    ");
    assert_eq!(spec.settings["base_url"].to_string(), "http://127.0.0.1:9101");
    assert_eq!(spec.settings["path_url"].to_string(), " /relative ");
    assert_eq!(spec.agent.push_url.unwrap().as_str(), "http://127.0.0.1:9200/leads");
}
