//! The test double reports wrong requests, and otherwise behaves like the host.

use jackfield_sdk::testing::{Exchange, Script};
use jackfield_sdk::{Failure, Host};
use serde_json::json;

const URL: &str = "https://crm.example/";

fn get(host: &Host) -> Result<(), Failure> {
    host.get(URL).send().map(drop)
}

#[test]
#[should_panic(expected = "acme: no more requests are expected, but this was sent: GET https://crm.example/")]
fn unexpected_request_fails() {
    let _ = Script::new().titled("acme").run(get);
}

#[test]
#[should_panic(expected = "requests that were expected and not made")]
fn missing_request_fails() {
    Script::new().exchange(Exchange::expect("GET", URL)).run(|_| ());
}

#[test]
#[should_panic(expected = "another method than expected")]
fn wrong_method_fails() {
    let _ = Script::new().exchange(Exchange::expect("POST", URL)).run(get);
}

#[test]
#[should_panic(expected = "another header idempotency-key than expected")]
fn missing_header_fails() {
    let expected = Exchange::expect("GET", URL).with_header("idempotency-key", "C-1");
    let _ = Script::new().exchange(expected).run(get);
}

#[test]
#[should_panic(expected = "another JSON body than expected")]
fn wrong_json_body_fails() {
    let expected = Exchange::expect("PUT", URL).with_json(json!({"a": 1}));
    let _ = Script::new()
        .exchange(expected)
        .run(|host| host.put(URL).json(&json!({"a": 2})).send().map(drop));
}

#[test]
#[should_panic(expected = "another body than expected")]
fn unexpected_body_fails() {
    let sends_text = |host: &Host| host.put(URL).bytes("text/plain", "x").send().map(drop);
    let _ = Script::new().exchange(Exchange::expect("PUT", URL)).run(sends_text);
}

#[test]
fn signs_as_the_host_does() {
    // RFC 4231, test case 2.
    let script = Script::new().hmac_key("signing", "Jefe");
    let signature = script
        .run(|host| host.hmac_sha256("signing", "what do ya want for nothing?"))
        .unwrap();
    assert_eq!(signature[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    assert_eq!(
        Script::new().run(|host| host.hmac_sha256("signing", "")),
        Err(Failure::Unauthorized(None))
    );
}

#[test]
fn settings_are_typed() {
    let script = Script::new().setting("limit", "12").setting("strict", "true");
    script.run(|host| {
        assert_eq!(host.required::<i64>("limit"), Ok(12));
        assert_eq!(host.required::<bool>("strict"), Ok(true));
        assert_eq!(host.setting("limit").as_deref(), Some("12"));
        assert_eq!(host.setting("absent"), None);
        for (name, problem) in [("absent", "is missing"), ("strict", "invalid digit found in string")] {
            let Err(Failure::Rejected(rejection)) = host.required::<i64>(name) else {
                panic!("{name} is not a number")
            };
            assert_eq!(
                (rejection.fields[0].field.as_str(), rejection.fields[0].message.as_str()),
                (name, problem)
            );
        }
    });
}

#[test]
fn time_is_scripted() {
    let then = "2026-12-31T23:59:59Z".parse().unwrap();
    assert_eq!(Script::new().at(then).run(Host::now), then);
    assert_eq!(Script::new().run(Host::now).to_string(), "2026-07-01T09:01:55Z");
}
