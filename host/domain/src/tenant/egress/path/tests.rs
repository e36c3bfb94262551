//! No spelling of a path leads out of a prefix.

use proptest::prelude::*;

use super::*;

fn covers(prefix: &str, url: &str) -> Option<bool> {
    let url = Url::parse(&format!("https://crm.example{url}")).unwrap();
    decode(url.path()).map(|path| prefix.parse::<PathPrefix>().unwrap().covers(&path))
}

#[test]
fn whole_segments_are_compared() {
    for prefix in ["/api", "/api/"] {
        for inside in [
            "/api",
            "/api/",
            "/api/x",
            "/api?q=/../x",
            "/api//x",
            "/x/../api/y",
            "/%61pi/v1",
        ] {
            assert_eq!(covers(prefix, inside), Some(true), "{prefix} {inside}");
        }
        for outside in [
            "/",
            "/apix",
            "/ap",
            "/API/x",
            "/x/api",
            "/api/../x",
            "/api/%2e%2E/x",
            "/api%20/x",
            "//api",
        ] {
            assert_eq!(covers(prefix, outside), Some(false), "{prefix} {outside}");
        }
    }
    assert_eq!(covers("/", "/anything"), Some(true));
    assert_eq!(covers("/सौदा", "/%e0%a4%b8%e0%a5%8c%e0%a4%a6%e0%a4%be/1"), Some(true));
    assert_eq!(covers("/api", "/api/A-1.json;v=2/%E0%A4%96%20x/100%25"), Some(true));
}

#[test]
fn ambiguous_paths_match_no_grant() {
    // No prefix covers a path that servers read differently.
    for climbing in [
        "/api/..%2fadmin",
        "/api/..%2Fadmin",
        "/api/%2e%2e%2fadmin",
        "/api%2f..%2fadmin",
        "/api/..%5cadmin",
        "/api/%252e%252e/admin",
        "/api/%25252e%25252e/admin",
        "/api/%25%32%65%25%32%65/admin",
        "/api/..%252fadmin",
        "/api/..;/admin",
        "/api/..;x=1/admin",
        "/api/..%3b/admin",
        "/api/.;/admin",
        "/api/..%20/admin",
        "/api/.../admin",
        "/api/%00/admin",
        "/api/..%00/admin",
        "/api/%0d%0a",
        "/api/%c0%ae%c0%ae/admin",
        "/api/%e9",
        "/api/v1%2e5",
        "/api/%2525252525252525252e",
        "/api/%u002e%u002e/admin",
        "/api/%U002e/admin",
        "/api/%25u002e/admin",
        "/api/%EF%BC%8E%EF%BC%8E/admin",
        "/api/\u{ff0e}\u{ff0e}/admin",
        "/api/\u{ff0e}./admin",
        "/api/.\u{200b}./admin",
        "/api/..\u{ad}/admin",
        "/api/..\u{fe0f}%2fadmin",
        "/api/..\u{ff0f}admin",
        "/api/..\u{2215}admin",
        "/api/..\u{ff3c}admin",
        "/api/\u{2025}/admin",
        "/api/\u{ff05}2e\u{ff05}2e/admin",
        "/api/%2e%2\u{ff45}/admin",
        "/api/%2e%2e%2f",
    ] {
        assert_eq!(covers("/api", climbing), None, "{climbing}");
    }
}

#[test]
fn an_encoded_slash_is_no_climb() {
    // It stays below the prefix however it is read; where it hides a part of the prefix, it does not.
    for inside in [
        "/api/leads/A%2F7",
        "/api/leads/A%2f7/status",
        "/api/leads/A%252F7",
        "/api/leads/A%5C7",
        "/api/leads/%2F7",
        "/api/leads/A%EF%BC%8F7",
    ] {
        assert_eq!(covers("/api/leads", inside), Some(true), "{inside}");
    }
    for outside in [
        "/api%2Fleads/7",
        "/api/leads%2F7",
        "/api%2fleads%2f7",
        "/api\u{ff0f}leads/7",
    ] {
        assert_eq!(covers("/api/leads", outside), Some(false), "{outside}");
    }
    // Neither does another spelling that only some servers take for the prefix.
    for outside in ["/\u{ff41}pi/x", "/a\u{200b}pi/x", "/%2561pi/x"] {
        assert_eq!(covers("/api", outside), Some(false), "{outside}");
    }
    assert_eq!(
        covers("/\u{958}", "/%E0%A5%98/1"),
        Some(true),
        "a letter with another normal form"
    );
}

#[test]
fn a_prefix_consists_of_whole_segments() {
    for (text, shown) in [
        ("/", "/"),
        ("/api/v2/", "/api/v2"),
        ("/a b", "/a%20b"),
        ("/v1.5/x", "/v1.5/x"),
    ] {
        assert_eq!(text.parse::<PathPrefix>().unwrap().to_string(), shown, "{text}");
    }
    for wrong in [
        "",
        "api",
        "api/",
        "//",
        "/a//b",
        "/a/../b",
        "/..",
        "/.",
        "/a/.",
        "/a/%2e%2e/b",
        "/a%2fb",
        "/a%252fb",
        "/a%5cb",
        "/a%u002e",
        "/a\\b",
        "/a?b",
        "/a#b",
        "/a/*",
        "https://crm.example/a",
        "/a//",
        "/..;/b",
    ] {
        assert_eq!(wrong.parse::<PathPrefix>(), Err(InvalidPath(wrong.into())));
    }
}

#[test]
fn base_urls_overlap_prefixes() {
    let prefix: PathPrefix = "/api/v2".parse().unwrap();
    for base in ["/", "", "/api", "/api/", "/api/v2", "/api/v2/eu"] {
        assert!(prefix.overlaps(base), "{base}");
    }
    for base in ["/ap", "/api/v", "/api/v1", "/v2"] {
        assert!(!prefix.overlaps(base), "{base}");
    }
}

proptest! {
    /// However often a server decodes a covered path, and whatever it then resolves, the result is below the
    /// prefix.
    #[test]
    fn no_spelling_escapes(tail in "([a-z/.;%\\\\ ]|%2e|%2f|%5c|%25|%3b|\\.\\./){0,12}", rounds in 0_usize..6) {
        let url = Url::parse(&format!("https://crm.example/api/{tail}")).unwrap();
        let prefix: PathPrefix = "/api".parse().unwrap();
        if decode(url.path()).is_some_and(|path| prefix.covers(&path)) {
            let mut seen = url.path().to_owned();
            for _ in 0..rounds {
                seen = percent_decode_str(&seen).decode_utf8_lossy().into_owned();
            }
            let mut stack = vec![];
            for segment in seen.replace('\\', "/").split('/') {
                match segment.split(';').next().unwrap().trim_end() {
                    ".." => { stack.pop(); }
                    "" | "." => {}
                    other => stack.push(other.to_owned()),
                }
            }
            prop_assert_eq!(stack.first().map(String::as_str), Some("api"), "{}", url);
        }
    }

    #[test]
    fn prefixes_round_trip(text in "/[a-zA-Z0-9./%~ -]{0,20}") {
        if let Ok(prefix) = text.parse::<PathPrefix>() {
            prop_assert_eq!(prefix.to_string().parse::<PathPrefix>(), Ok(prefix));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text: String) {
        let _ = text.parse::<PathPrefix>();
        let _ = decode(&text);
    }
}
