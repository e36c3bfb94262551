//! What people read of a number, a time or a zone that cannot be used: the cases of `sdk/rejections.json`, which the
//! tests of the other SDKs read too.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

use jackfield_sdk::jiff::civil::DateTime;
use jackfield_sdk::testing::Script;
use jackfield_sdk::{Rejection, date, phone};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    asked: String,
    text: String,
    #[serde(default)]
    zone: String,
    #[serde(default = "india")]
    country: Value,
    code: String,
    message: String,
    field: String,
    detail: String,
}

fn india() -> Value {
    "IN".into()
}

impl Case {
    /// What the SDK rejects. None for a local time that has no [`DateTime`], which the host is not asked about.
    fn rejected(&self) -> Option<Rejection> {
        let script = match self.country.as_str() {
            Some(country) => Script::new().country(country),
            None => Script::new(),
        };
        script.run(|host| {
            Some(match self.asked.as_str() {
                "phone" => phone::e164(host, &self.text).unwrap_err().into(),
                "local" => date::in_zone(host, &self.text, &self.zone).unwrap_err().into(),
                _ => {
                    let local: DateTime = self.text.parse().ok()?;
                    date::from_local(host, local, &self.zone).unwrap_err().into()
                }
            })
        })
    }
}

#[test]
fn rejections_have_the_shared_wording() {
    let Cases { cases } = serde_json::from_str(include_str!("../../rejections.json")).unwrap();
    for case in &cases {
        if let Some(rejected) = case.rejected() {
            let expected = Rejection::new(&case.code, &case.message).field(&case.field, &case.detail);
            assert_eq!(rejected, expected, "{}", case.text);
        }
    }
}
