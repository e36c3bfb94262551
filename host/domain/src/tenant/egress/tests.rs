//! Policies as tenants write them, and requests with the URLs of hostile adapters.

use proptest::prelude::*;

use super::*;

fn policy(allow: &[&str], private_addresses: bool) -> EgressPolicy {
    EgressPolicy {
        allow: allow
            .iter()
            .map(|origin| origin.parse::<Origin>().unwrap().into())
            .collect(),
        private_addresses,
    }
}

#[test]
fn only_granted_origins_pass() {
    let policy = policy(&["crm.example", "http://crm.example:8080", "8.8.8.8"], false);
    let cases = [
        ("https://crm.example/v1/leads?id=1", "ok"),
        ("https://CRM.EXAMPLE:443/", "ok"),
        ("http://crm.example:8080/", "ok"),
        ("https://8.8.8.8/", "ok"),
        ("http://crm.example/", "not-granted"),
        ("https://crm.example:8443/", "not-granted"),
        ("https://crm.example./", "not-granted"),
        ("https://sub.crm.example/", "not-granted"),
        ("https://crm.example.evil.example/", "not-granted"),
        ("https://crm.example@evil.example/", "userinfo"),
        ("https://user:pw@crm.example/", "userinfo"),
        ("https://crm.example\\@evil.example/", "ok"),
        ("https://evil.example#@crm.example/", "not-granted"),
        ("ftp://crm.example/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("data:text/plain,x", "scheme"),
    ];
    for (text, expected) in cases {
        let url = Url::parse(text).unwrap();
        let word = policy
            .check(Method::Get, &url)
            .map_or_else(|refusal| refusal.word(), |_| "ok");
        assert_eq!(word, expected, "{text}");
    }
}

#[test]
fn literal_addresses_must_be_public() {
    // An address in a URL must be public in every spelling.
    let spellings = [
        "http://127.0.0.1",
        "http://127.0.0.1.",
        "http://127.1",
        "http://127.0.1",
        "http://2130706433",
        "http://017700000001",
        "http://0177.1",
        "http://0x7f000001",
        "http://0x7f.0x0.0x0.0x1",
        "http://0",
        "http://%31%32%37.0.0.1",
        "http://①②⑦.⓪.⓪.①",
        "http://１２７.０.０.１",
        "http://127。0。0。1",
        "http://[::1]",
        "http://[0000:0000::0001]",
        "http://[::]",
        "http://[::ffff:127.0.0.1]",
        "http://169.254.169.254",
        "http://[fd00:ec2::254]",
        "http://[fe80::1]",
        "http://[fec0::1]",
        "http://[64:ff9b::7f00:1]",
        "http://[64:ff9b:1::1]",
        "http://[2002:7f00:1::]",
        "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "http://100.64.0.1",
        "http://198.18.0.1",
        "http://192.0.2.1",
        "http://224.0.0.1",
        "http://240.0.0.1",
        "http://255.255.255.255",
        "http://10.0.0.5:8080",
    ];
    for text in spellings {
        let url = Url::parse(text).unwrap();
        let refusal = policy(&[text], false).check(Method::Get, &url).unwrap_err();
        assert_eq!(refusal.word(), "private-address", "{text}");
        assert!(policy(&[text], true).check(Method::Get, &url).is_ok(), "{text}");
    }
}

#[test]
fn malformed_hosts_are_no_urls() {
    for text in [
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://256.0.0.1/",
        "http://1.2.3.4.5/",
        "http://0x100000000/",
        "http://127.0.0.1%00.crm.example/",
        "http://crm.example%2f@evil.example:x/",
        "http://[::1/",
        "http://",
    ] {
        assert!(Url::parse(text).is_err(), "{text}");
    }
}

#[test]
fn narrow_grants_add_up() {
    // A grant may be restricted to some methods and paths, and grants add up.
    let spec = r#"{"allow": [
        "https://open.example",
        {"origin": "https://crm.example", "methods": ["GET", "HEAD"], "path": "/api/v2/"},
        {"origin": "https://crm.example", "methods": ["POST"], "path": "/api/v2/calls"},
        {"origin": "https://crm.example", "methods": ["POST"], "path": "/login"},
        {"origin": "https://files.example", "methods": ["GET"]}
    ]}"#;
    let spec: EgressSpec = serde_json::from_str(spec).unwrap();
    let policy = EgressPolicy::from(&spec);
    for (method, url, expected) in [
        (Method::Delete, "https://open.example/x%2f..%2fy", "ok"),
        (Method::Get, "https://crm.example/api/v2", "ok"),
        (Method::Get, "https://crm.example/api/v2/leads/1?x=../..%2f", "ok"),
        (Method::Post, "https://crm.example/api/v2/calls/7", "ok"),
        (Method::Post, "https://crm.example/login", "ok"),
        (Method::Post, "https://crm.example/api/v2/leads", "path-not-granted"),
        (Method::Get, "https://crm.example/login", "path-not-granted"),
        (Method::Get, "https://crm.example/api/v2x", "path-not-granted"),
        (Method::Get, "https://crm.example/api/v2/../v1", "path-not-granted"),
        (Method::Get, "https://crm.example/api/v2/%2e%2e/v1", "path-not-granted"),
        (
            Method::Get,
            "https://crm.example/api/v2\\..\\..\\admin",
            "path-not-granted",
        ),
        (
            Method::Get,
            "https://crm.example/api/v2/..%2f..%2fadmin",
            "ambiguous-path",
        ),
        (
            Method::Get,
            "https://crm.example/api/v2/..%5c..%5cadmin",
            "ambiguous-path",
        ),
        (
            Method::Get,
            "https://crm.example/api/v2/..;/..;/admin",
            "ambiguous-path",
        ),
        (Method::Get, "https://crm.example/api/v2/leads/A%2F7", "ok"),
        (Method::Get, "https://crm.example/api%2Fv2/leads", "path-not-granted"),
        (Method::Put, "https://crm.example/api/v2", "method-not-granted"),
        (Method::Get, "https://files.example/any%2fthing", "ok"),
        (Method::Head, "https://files.example/", "method-not-granted"),
        (Method::Get, "http://crm.example/api/v2", "not-granted"),
    ] {
        let word = policy
            .check(method, &Url::parse(url).unwrap())
            .map_or_else(|refusal| refusal.word(), |_| "ok");
        assert_eq!(word, expected, "{method} {url}");
    }
    let narrow =
        ["open", "crm", "files"].map(|host| policy.is_narrow(&format!("https://{host}.example").parse().unwrap()));
    assert_eq!(narrow, [false, true, true]);
    let refused = policy.check(Method::Post, &Url::parse("https://crm.example/x").unwrap());
    insta::assert_snapshot!(
        refused.unwrap_err(),
        @"POST to https://crm.example is granted below /api/v2/calls, /login only: if this path should be asked for, add a grant with its beginning as `path` to egress.allow"
    );
}

#[test]
fn names_never_reach_metadata_services() {
    // No name may resolve to a metadata service, even if private addresses are allowed.
    let (open, closed) = (policy(&[], true), policy(&[], false));
    for metadata in [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "fe80::1",
        "168.63.129.16",
    ] {
        let address = metadata.parse().unwrap();
        for policy in [&open, &closed] {
            assert_eq!(
                policy.check_resolved(address),
                Err(EgressRefusal::MetadataAddress(address))
            );
        }
        assert_eq!(open.check_address(address), Ok(()), "{metadata}, written by the tenant");
    }
    let private = "10.0.0.5".parse().unwrap();
    assert_eq!(open.check_resolved(private), Ok(()));
    assert_eq!(
        closed.check_resolved(private),
        Err(EgressRefusal::PrivateAddress(private))
    );
}

#[test]
fn every_refusal_has_its_own_word() {
    let words: std::collections::BTreeSet<_> = EgressRefusal::WORDS.into_iter().collect();
    assert_eq!(words.len(), EgressRefusal::WORDS.len());
    assert_eq!(EgressRefusal::UsedUp(String::new()).word(), "used-up");
}

#[test]
fn refusals_say_what_to_do() {
    let policy = policy(&["http://10.0.0.5"], false);
    let refusal = |text: &str| {
        policy
            .check(Method::Get, &Url::parse(text).unwrap())
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(
        refusal("https://crm.example/v1"),
        @"https://crm.example is not granted: if requests should go there, add it to egress.allow in the tenant's file"
    );
    insta::assert_snapshot!(
        refusal("http://10.0.0.5/"),
        @"10.0.0.5 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file"
    );
}

proptest! {
    #[test]
    fn nothing_passes_without_a_grant(text in "https?://[a-z0-9.@:\\[\\]-]{1,30}/?") {
        if let Ok(url) = Url::parse(&text) {
            prop_assert!(EgressPolicy::default().check(Method::Get, &url).is_err());
            if let Ok(origin) = policy(&["crm.example"], true).check(Method::Get, &url) {
                prop_assert_eq!(origin.to_string(), "https://crm.example");
            }
        }
    }
}
