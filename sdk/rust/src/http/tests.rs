//! What each answer means, and how requests are encoded.

use serde_json::{Value, json};

use super::*;
use crate::testing::{Exchange, Script, TransportError};

const URL: &str = "https://crm.example/";

fn answered(exchange: Exchange) -> Result<(), Failure> {
    Script::new()
        .exchange(exchange)
        .run(|host| host.get(URL).send()?.accept().map(drop))
}

#[test]
fn every_status_has_its_failure() {
    let rejected = |status: u16| {
        let message = "the CRM refused the request and did not say why";
        Err(Rejection::new(&format!("http-{status}"), message).into())
    };
    let answered_with = |status: u16| format!("the CRM answered {status}");
    let unknown = |status| Err(Failure::unknown(answered_with(status)));
    let unauthorized = |status| Err(Failure::unauthorized(answered_with(status)));
    let cases = [
        (200, Ok(())),
        (201, Ok(())),
        (204, Ok(())),
        (302, unknown(302)),
        (400, rejected(400)),
        (401, unauthorized(401)),
        (403, unauthorized(403)),
        (404, Err(Failure::NotFound)),
        (405, rejected(405)),
        (408, unknown(408)),
        (409, rejected(409)),
        (410, rejected(410)),
        (412, Err(Failure::conflict(answered_with(412)))),
        (422, rejected(422)),
        (429, Err(Failure::RateLimited(None))),
        (500, unknown(500)),
        (502, unknown(502)),
        (503, Err(Failure::unavailable(answered_with(503)))),
        (504, unknown(504)),
    ];
    for (status, meaning) in cases {
        assert_eq!(
            answered(Exchange::expect("GET", URL).answers_text(status, "")),
            meaning,
            "{status}"
        );
    }
}

#[test]
fn signers_see_what_is_sent() {
    let cases = [
        ("https://a/x%2Fy?q=1", "&", "/x%2Fy", "q=1&r=a+b"),
        ("https://a", "?", "/", "r=a+b"),
        ("https://a?q=/", "&", "/", "q=/&r=a+b"),
        ("http://a:80/x//y", "?", "/x//y", "r=a+b"),
    ];
    for (url, joint, path, query) in cases {
        let expected = Exchange::expect("POST", &format!("{url}{joint}r=a+b"))
            .with_header("x-signature", "yes")
            .with_form(&[("k", "1")])
            .answers_text(200, "");
        let sent = Script::new().exchange(expected).run(|host| {
            let sign = |it: &Unsigned<'_>| {
                assert_eq!(
                    (it.method, it.path, it.query, it.body),
                    ("POST", path, query, &b"k=1"[..])
                );
                Ok(vec![("x-signature".to_owned(), "yes".to_owned())])
            };
            let request = host.post(url).sign(sign).query(&[("r", "a b")]);
            request.form(&[("k", "1")]).send().map(|answer| answer.status())
        });
        assert_eq!(sent, Ok(200), "{url}");
    }
    let unsigned = Script::new().run(|host| {
        let sign = |_: &Unsigned<'_>| Err(Failure::Unauthorized(None));
        host.get(URL).sign(sign).send().map(|answer| answer.status())
    });
    assert_eq!(unsigned, Err(Failure::Unauthorized(None)));
}

#[test]
fn retry_after_is_read_as_seconds() {
    let cases = [
        ("30", Some(30)),
        (" 5 ", Some(5)),
        ("-1", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ];
    for (value, seconds) in cases {
        let exchange = Exchange::expect("GET", URL)
            .answers_text(429, "")
            .answer_header("Retry-After", value);
        assert_eq!(answered(exchange), Err(Failure::RateLimited(seconds)), "{value}");
    }
}

#[test]
fn only_an_unsent_request_is_unavailable() {
    let cases = [
        (
            TransportError::Denied("no grant".into()),
            Failure::unavailable("denied: no grant"),
        ),
        (
            TransportError::Unreachable("refused".into()),
            Failure::unavailable("unreachable: refused"),
        ),
        (
            TransportError::NoAnswer("reset".into()),
            Failure::unknown("no-answer: reset"),
        ),
        (
            TransportError::TooLarge("3 MiB".into()),
            Failure::unknown("too-large: 3 MiB"),
        ),
    ];
    for (error, failure) in cases {
        assert_eq!(answered(Exchange::expect("GET", URL).fails(error)), Err(failure));
    }
}

#[test]
fn adapter_explains_a_refusal() {
    let refused = Exchange::expect("GET", URL).answers_json(422, json!({"why": "too long"}));
    let explained = Script::new().exchange(refused).run(|host| {
        let explain = |answer: &Response<'_>| {
            let why: Value = answer.json().ok()?;
            Some(Rejection::new("E1", why["why"].as_str()?).field("remark", "cut it"))
        };
        host.get(URL).send()?.accept_or(explain).map(drop)
    });
    assert_eq!(
        explained,
        Err(Rejection::new("E1", "too long").field("remark", "cut it").into())
    );
}

#[test]
fn adapter_sees_a_refused_login_first() {
    let refused = Exchange::expect("GET", URL).answers_json(403, json!({"code": "E409"}));
    let explained = Script::new().exchange(refused).run(|host| {
        let judge = |answer: &Response<'_>| {
            let body: Value = answer.json().ok()?;
            (body["code"] == "E409").then(|| Failure::conflict("E409"))
        };
        host.get(URL).send()?.judge(judge)?.accept().map(drop)
    });
    assert_eq!(explained, Err(Failure::conflict("E409")));
}

#[test]
fn unreadable_answer_is_unknown() {
    for text in ["", "{", "<html>", "[]"] {
        let exchange = Exchange::expect("GET", URL).answers_text(200, text);
        let read = Script::new()
            .exchange(exchange)
            .run(|host| host.get(URL).send()?.json::<crate::Receipt>());
        assert!(matches!(read, Err(Failure::Unknown(Some(_)))), "{text}");
    }
}

#[test]
fn bodies_and_queries_are_encoded() {
    let expected = Exchange::expect("POST", "https://crm.example/?q=a+b%26c&r=%E0%A4%96")
        .with_header("Content-Type", "application/x-www-form-urlencoded")
        .with_form(&[("name", "आशा & वर्मा"), ("sum", "1+1=2")]);
    let sent = Script::new().exchange(expected).run(|host| {
        let request = host.post(URL).query(&[("q", "a b&c")]).query(&[("r", "ख")]);
        request
            .form(&[("sum", "1+1=2"), ("name", "आशा & वर्मा")])
            .send()
            .map(drop)
    });
    assert_eq!(sent, Ok(()));
}

#[test]
fn id_stays_in_its_segment() {
    assert_eq!(
        url("https://a", &["x", "../y?z#%"]).unwrap(),
        "https://a/x/..%2Fy%3Fz%23%25"
    );
    for id in ["", ".", ".."] {
        assert!(
            matches!(url("https://a", &[id, "x"]), Err(Failure::Rejected(_))),
            "{id}"
        );
    }
}
