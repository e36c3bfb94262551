//! The tenant's file: as in the documentation, with common mistakes, and with changes.

mod credentials;
mod egress;

use std::time::Duration;

use super::*;
use crate::custody::Sensitive;
use crate::delivery::BreakerSpec;
use crate::delivery::retry::{RetryLadder, TextDuration};
use crate::field::FieldError;
use crate::intake::signature::SignatureProfile;
use crate::tenant::egress::EgressSpec;
use crate::tenant::{AdapterNeeds, CredentialNeed, SettingKind, SettingNeed};

/// The file in the documentation, with its comments.
const FILE: &str = r#"
tenant = "dwarka-homes"
adapter = "keystone"                 # a name, name@version or sha256:…
[settings]                           # what the adapter's describe asks for, checked against it
base_url = "http://127.0.0.1:9101"
[egress]
allow = ["http://127.0.0.1:9101"]    # origins; https unless written out
private_addresses = true             # off by default: loopback, private, link-local and metadata addresses are refused
[[credentials]]
name = "crm"
kind = "bearer"                      # bearer, basic, header, hmac (for credentials.hmac-sha256)
secret = { env = "DWARKA_CRM_TOKEN" }  # or { file = "…" } or { value = "…" }
origins = ["http://127.0.0.1:9101"]  # where the host adds it; never anywhere else
[webhook]
profile = "standard-webhooks"
secrets = [{ env = "DWARKA_WEBHOOK_SECRET" }]   # several at once for rotation, each with an optional expiry
idempotency_hours = 168
[agent]
push_url = "http://127.0.0.1:9200/leads"
push_secret = { env = "DWARKA_AGENT_SECRET" }
[delivery]
retry = ["0s", "30s", "2m", "10m", "60m"]
concurrency = 8
per_second = 20
per_day = 50000
timezone = "Asia/Kolkata"            # where the day of per_day begins; UTC when absent
max_hold = "24h"                     # what the breaker held for longer becomes a dead letter
[delivery.breaker]                   # when the CRM does not answer: stop, and look again now and then
failures = 5
open_for = "30s"
max_open_for = "5m"
[limits]
memory_mib = 64
cpu_ms = 200
status_deadline_ms = 1000
write_deadline_ms = 10000
status_concurrency = 64
[runtime]
reuse = 1
"#;

fn spec() -> TenantSpec {
    toml::from_str(FILE).unwrap()
}

/// The file with one line of it replaced.
fn changed(line: &str, by: &str) -> Result<TenantSpec, toml::de::Error> {
    assert!(FILE.contains(line), "{line}");
    toml::from_str(&FILE.replace(line, by))
}

fn needs() -> AdapterNeeds {
    AdapterNeeds {
        settings: vec![
            SettingNeed {
                name: "base_url".into(),
                kind: SettingKind::Url,
                required: true,
                doc: "where the CRM is".into(),
            },
            SettingNeed {
                name: "page_size".into(),
                kind: SettingKind::Integer,
                required: false,
                doc: "rows a page".into(),
            },
        ],
        credentials: vec![CredentialNeed {
            name: "crm".into(),
            kind: "bearer".into(),
            doc: "its token".into(),
        }],
        origins: vec!["base_url".into()],
    }
}

fn complaints(spec: &TenantSpec) -> Vec<String> {
    let show = |error: FieldError| format!("{}: {}", error.pointer, error.detail);
    check(spec, &needs()).into_iter().map(show).collect()
}

#[test]
fn the_documented_file_is_valid() {
    let spec = spec();
    assert_eq!(complaints(&spec), [""; 0]);
    assert_eq!(spec.adapter.to_string(), "keystone");
    assert_eq!(spec.settings["base_url"].to_string(), "http://127.0.0.1:9101");
    assert!(spec.egress.private_addresses);
    assert!(spec.egress.grants(&spec.credentials[0].origins[0]));
    let webhook = spec.webhook.unwrap();
    assert_eq!(webhook.profile, SignatureProfile::default());
    assert_eq!(
        webhook.secrets[0].secret,
        SecretRef::Env("DWARKA_WEBHOOK_SECRET".into())
    );
    assert_eq!(webhook.window(), Duration::from_hours(168));
    assert_eq!(spec.agent.push_url.unwrap().as_str(), "http://127.0.0.1:9200/leads");
    assert_eq!(spec.delivery.retry, RetryLadder::default());
    assert_eq!(spec.delivery.per_day.unwrap().get(), 50_000);
    assert_eq!(
        (spec.limits, spec.runtime),
        (LimitsSpec::default(), RuntimeSpec::default())
    );
    assert_eq!(
        (spec.delivery.timezone, spec.delivery.breaker),
        ("Asia/Kolkata".parse().unwrap(), BreakerSpec::default())
    );
}

#[test]
fn a_short_file_means_the_defaults() {
    let spec: TenantSpec = toml::from_str("tenant = \"a\"\nadapter = \"b@1.2.3\"").unwrap();
    assert_eq!(spec.delivery.concurrency.get(), 8);
    assert!(!spec.egress.private_addresses);
    assert!(spec.webhook.is_none());
}

#[test]
fn releases_round_trip() {
    let webhook = r#"secrets = [{ file = "/run/old", expires = "2026-12-01T00:00:00Z" }, { env = "NEW" }]"#;
    let spec = changed(r#"secrets = [{ env = "DWARKA_WEBHOOK_SECRET" }]"#, webhook).unwrap();
    let release = Release {
        number: ReleaseNumber(1),
        adapter: Digest::of(b"component"),
        spec,
        created_at: Timestamp::UNIX_EPOCH,
    };
    let json = serde_json::to_string(&release).unwrap();
    assert_eq!(serde_json::from_str::<Release>(&json).unwrap(), release);
}

#[test]
fn a_literal_secret_is_never_written() {
    let spec = changed(r#"{ env = "DWARKA_CRM_TOKEN" }"#, r#"{ value = "hunter2" }"#).unwrap();
    assert!(!format!("{spec:?}").contains("hunter2"));
    assert!(serde_json::to_string(&spec).is_err());
    assert!(
        !spec.credentials[0]
            .secret
            .as_ref()
            .unwrap()
            .to_string()
            .contains("hunter2")
    );
}

#[test]
fn an_expiry_is_a_toml_time_or_a_string() {
    let original = r#"{ env = "DWARKA_WEBHOOK_SECRET" }"#;
    for expires in ["2026-12-01T00:00:00Z", "\"2026-12-01T05:30:00+05:30\""] {
        let spec = changed(original, &format!("{{ env = \"A\", expires = {expires} }}")).unwrap();
        let expiry = spec.webhook.unwrap().secrets[0].expires;
        assert_eq!(expiry, Some("2026-12-01T00:00:00Z".parse().unwrap()), "{expires}");
    }
}

#[test]
fn parse_errors_say_what_is_allowed() {
    let cases = [
        ("private_addresses = true", "private = true"),
        ("kind = \"bearer\"", "kind = \"token\""),
        ("kind = \"bearer\"", "type = \"bearer\""),
        (
            "kind = \"bearer\"",
            "kind = \"oauth2\"\noauth2 = { token_url = \"https://a.example\", client = \"b\" }",
        ),
        ("kind = \"bearer\"", "oauth2 = { token_url = \"/token\" }"),
        ("[limits]", "[tls]\nverify = false\n[limits]"),
        ("{ env = \"DWARKA_CRM_TOKEN\" }", "{ vault = \"x\" }"),
        ("{ env = \"DWARKA_WEBHOOK_SECRET\" }", "{ vault = \"x\" }"),
        (
            "{ env = \"DWARKA_WEBHOOK_SECRET\" }",
            "{ env = \"x\", expire = \"never\" }",
        ),
        ("{ env = \"DWARKA_WEBHOOK_SECRET\" }", "{ env = \"x\", file = \"y\" }"),
        (
            "{ env = \"DWARKA_WEBHOOK_SECRET\" }",
            "{ env = \"x\", expires = 2026-12-01 }",
        ),
        (
            "{ env = \"DWARKA_WEBHOOK_SECRET\" }",
            "{ env = \"x\", expires = \"never\" }",
        ),
        ("profile = \"standard-webhooks\"", "profile = \"svix\""),
        ("\"30s\", \"2m\"", "\"soon\""),
        ("concurrency = 8", "concurrency = 0"),
        ("per_second = 20", "per_minute = 20"),
        ("timezone = \"Asia/Kolkata\"", "timezone = \"IST\""),
        ("failures = 5", "failures = 0"),
        ("memory_mib = 64", "memory = 64"),
        ("allow = [\"http://127.0.0.1:9101\"]", "allow = [\"*.example\"]"),
        ("base_url = \"http://127.0.0.1:9101\"", "base_url = 1.5"),
        ("tenant = \"dwarka-homes\"", "tenant = \"Dwarka Homes\""),
        ("[limits]", "[limit]"),
    ];
    let mut messages = vec![];
    for (line, by) in cases {
        let error = changed(line, by).unwrap_err();
        let start = error.span().unwrap().start;
        let line = FILE[..start].lines().count();
        messages.push(format!("{line}: {}", error.message()));
    }
    insta::assert_snapshot!(messages.join("\n"), @r#"
    7: unknown field `private`, expected one of `allow`, `private_addresses`, `hosts`
    11: unknown variant `token`, expected one of `bearer`, `basic`, `header`, `query`, `hmac`, `mtls`, `oauth2`
    10: unknown field `type`, expected one of `name`, `kind`, `header`, `parameter`, `username`, `certificate`, `secret`, `allow_short`, `origins`, `oauth2`
    11: unknown field `client`, expected one of `token_url`, `client_id`, `grant`, `refresh_token`, `scope`, `audience`, `resource`, `client_auth`, `basic_encoding`
    11: missing field `client_id`
    32: unknown field `verify`, expected `ca`
    12: unknown variant `vault`, expected one of `env`, `file`, `value`, `stored`
    16: unknown field `vault`, expected one of `env`, `file`, `value`, `stored`, `expires`, `allow_short`
    16: unknown field `expire`, expected one of `env`, `file`, `value`, `stored`, `expires`, `allow_short`
    16: a secret has exactly one of env, file, value and stored
    16: expires must have an offset, such as 2026-12-01T00:00:00Z
    16: expires must be a time with an offset, such as 2026-12-01T00:00:00Z
    15: there is no signature profile `svix`; it is one of `standard-webhooks`, `sha256-hex`, `timestamp-hex`, `stripe`, or a table with signature_header, signed and encoding
    22: `soon` is not a length of time; write it like "30s", "2m" or "1h 30m"
    23: invalid value: integer `0`, expected a nonzero u32
    23: unknown field `per_minute`, expected one of `retry`, `concurrency`, `per_second`, `per_day`, `timezone`, `max_hold`, `breaker`
    26: there is no time zone `IST`; write its IANA name, like "Asia/Kolkata" or "UTC"
    29: invalid value: integer `0`, expected a nonzero u32
    32: unknown field `memory`, expected one of `memory_mib`, `cpu_ms`, `status_deadline_ms`, `write_deadline_ms`, `status_concurrency`
    7: `*.example` is not an origin; write it like "https://crm.example" or "http://10.0.0.5:8080", with no path
    5: a setting is a text, a whole number, true or false; write other values in quotes
    2: tenant name is not valid: 1 to 64 of a-z, 0-9 and `-`, a letter first, no `-` at the end
    32: unknown field `limit`, expected one of `tenant`, `adapter`, `settings`, `country`, `egress`, `credentials`, `tls`, `webhook`, `ingress`, `agent`, `delivery`, `limits`, `runtime`
    "#);
}

#[test]
fn a_file_is_validated_against_its_adapter() {
    let mut spec = spec();
    spec.settings
        .insert("page_size".into(), SettingValue::Text("many".into()));
    spec.settings.insert("base/url".into(), SettingValue::Boolean(true));
    spec.egress = toml::from_str("allow = [\"crm.example\"]").unwrap();
    spec.credentials[0].header = Some("x-key".into());
    spec.credentials.push(CredentialSpec {
        kind: CredentialKind::Basic,
        origins: vec![],
        secret: Some(SecretRef::Value(Sensitive::new(String::new()))),
        header: None,
        ..spec.credentials[0].clone()
    });
    let webhook = spec.webhook.as_mut().unwrap();
    webhook.secrets.clear();
    webhook.idempotency_hours = 23;
    spec.agent.push_secret = None;
    spec.limits.cpu_ms = 0;
    spec.limits.memory_mib = 513;
    spec.limits.status_concurrency = 0;
    spec.delivery.max_hold = TextDuration(Duration::from_secs(1));
    spec.delivery.breaker.open_for = TextDuration(Duration::ZERO);
    spec.delivery.breaker.max_open_for = TextDuration(Duration::from_hours(2));
    insta::assert_snapshot!(complaints(&spec).join("\n"), @r#"
    /settings/base~1url: the adapter has no such setting; it has: base_url, page_size
    /settings/page_size: must be a whole number (rows a page)
    /egress/allow: must grant the origin of settings.base_url, which the adapter calls: add "http://127.0.0.1:9101"
    /settings/base_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /credentials/0/origins/0: must be among egress.allow
    /credentials/0/header: must be a header's name with kind "header", and left out otherwise
    /credentials/1/name: is used twice
    /credentials/1/secret: value must not be empty
    /credentials/1/origins: must name where the host adds it, for example ["https://crm.example"]
    /credentials/1/username: must be given with kind "basic", and left out otherwise
    /webhook/secrets: must hold 1 to 10 secrets
    /webhook/idempotency_hours: must be 24 to 8760: shorter than a sender's retries would make duplicates
    /agent: push_url and push_secret go together; push_secrets holds further ones during a rotation
    /agent/push_url: 127.0.0.1 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file
    /limits/memory_mib: must be 1 to 512
    /limits/cpu_ms: must be 1 to 60000
    /limits/status_concurrency: must be 1 to 1000
    /delivery/max_hold: must be 1 minute to 30 days ("720h")
    /delivery/breaker/open_for: must be at least 1 second
    /delivery/breaker/max_open_for: must be at most 1 hour, and not below open_for
    "#);
}

#[test]
fn the_adapters_needs_are_required() {
    let mut spec = spec();
    spec.settings.clear();
    spec.credentials.clear();
    insta::assert_snapshot!(complaints(&spec).join("\n"), @r#"
    /settings/base_url: is required by the adapter: where the CRM is
    /credentials: must have one named `crm` of kind bearer: its token
    "#);
    spec = self::spec();
    spec.credentials[0].kind = CredentialKind::Hmac;
    insta::assert_snapshot!(complaints(&spec).join("\n"), @r#"
    /credentials: `crm` must be of kind bearer, not hmac: its token
    /credentials/0/origins: must be left out: an hmac key is never sent anywhere
    "#);
}

#[test]
fn a_diff_contains_only_changes() {
    let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
    let before = spec();
    assert_eq!(diff(Some((&before, old)), (&before, old)), []);

    let mut after = spec();
    after.delivery.per_second = None;
    after.limits.cpu_ms = 300;
    after.settings.insert("page/size".into(), SettingValue::Integer(5));
    let shown: Vec<_> = diff(Some((&before, old)), (&after, old))
        .into_iter()
        .map(|change| format!("{}: {:?} -> {:?}", change.pointer, change.from, change.to))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    /delivery/per_second: Some("20") -> None
    /limits/cpu_ms: Some("200") -> Some("300")
    /settings/page~1size: None -> Some("5")
    "#);

    let swapped = diff(Some((&before, old)), (&before, new));
    assert_eq!(swapped.len(), 1);
    assert_eq!(swapped[0].pointer, "/adapter");
    let first = diff(None, (&before, new));
    assert!(first.len() > 20 && first.iter().all(|change| change.from.is_none() && change.to.is_some()));
}

#[test]
fn reuse_is_bounded_and_appears_in_a_diff() {
    for wrong in ["0", "10001"] {
        let spec = changed("reuse = 1", &format!("reuse = {wrong}")).unwrap();
        let message = "/runtime/reuse: must be 1 to 10000; 1 is a fresh instance for every call";
        assert_eq!(complaints(&spec), [message]);
    }
    let error = changed("reuse = 1", "re_use = 1").unwrap_err().to_string();
    assert!(error.contains("re_use") && error.contains("reuse"), "{error}");
    assert!(changed("reuse = 1", "reuse = -1").is_err());
    let reusing = changed("reuse = 1", "reuse = 10000").unwrap();
    assert_eq!(complaints(&reusing), [""; 0]);
    let digest = Digest::of(b"adapter");
    let changes = diff(Some((&spec(), digest)), (&reusing, digest));
    let change = ReleaseChange {
        pointer: "/runtime/reuse".into(),
        from: Some("1".into()),
        to: Some("10000".into()),
    };
    assert_eq!(changes, [change]);
}

#[test]
fn old_releases_load_without_reuse() {
    // A release stored before `reuse` existed still loads, and reuses no instances.
    let mut stored = serde_json::to_value(spec()).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("runtime").is_some());
    let old: TenantSpec = serde_json::from_value(stored).unwrap();
    assert_eq!(old.runtime.reuse, 1);
    assert_eq!(old, spec());
}
