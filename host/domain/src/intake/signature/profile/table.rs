//! A signature profile as people write it in a file.

use http::HeaderName;
use serde::{Deserialize, Serialize};

use super::{
    InvalidSignatureProfile, SecretFormat, SignatureEncoding, SignatureLayout, SignatureProfile, SignedContent,
    TOLERANCE_SECONDS, TimestampSource,
};

/// The table of [`SignatureProfile`]'s documentation, before its keys are checked against each other.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileTable {
    signature_header: String,
    signed: SignedKey,
    encoding: SignatureEncoding,
    #[serde(default)]
    layout: LayoutKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp_header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tolerance_seconds: Option<u32>,
    #[serde(default)]
    secret: SecretFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum SignedKey {
    #[serde(rename = "{body}")]
    Body,
    #[serde(rename = "{timestamp}.{body}")]
    TimestampBody,
    #[serde(rename = "{id}.{timestamp}.{body}")]
    IdTimestampBody,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LayoutKey {
    #[default]
    Single,
    List,
    Pairs,
}

/// What the keys require of each other, in the words of the file.
const WITH_PAIRS: &str = "layout = \"pairs\"";
const WITH_ONE_OR_LIST: &str = "layout = \"single\" or \"list\"";
const WITH_ID: &str = "signed = \"{id}.{timestamp}.{body}\"";
const WITH_TIMESTAMP: &str = "a signed {timestamp}";
const WITH_TIMESTAMP_PAIR: &str = "layout = \"pairs\", a signed {timestamp} and no timestamp_header";

impl TryFrom<ProfileTable> for SignatureProfile {
    type Error = InvalidSignatureProfile;

    fn try_from(table: ProfileTable) -> Result<Self, InvalidSignatureProfile> {
        let pairs = table.layout == LayoutKey::Pairs;
        let layout = match table.layout {
            LayoutKey::Pairs => {
                unused("prefix", table.prefix.as_ref(), WITH_ONE_OR_LIST)?;
                let signature_key = pair_key("signature_key", table.signature_key, "v1")?;
                SignatureLayout::Pairs { signature_key }
            }
            layout => {
                unused("signature_key", table.signature_key.as_ref(), WITH_PAIRS)?;
                let prefix = table.prefix.unwrap_or_default();
                if !prefix.bytes().all(|b| b.is_ascii_graphic()) {
                    let key = "prefix";
                    return Err(InvalidSignatureProfile::Unreadable { key, value: prefix });
                }
                if layout == LayoutKey::List {
                    SignatureLayout::List { prefix }
                } else {
                    SignatureLayout::Single { prefix }
                }
            }
        };
        let timestamp = match (table.signed, table.timestamp_header, pairs) {
            (SignedKey::Body, given, _) => {
                unused("timestamp_header", given.as_ref(), WITH_TIMESTAMP)?;
                unused("tolerance_seconds", table.tolerance_seconds.as_ref(), WITH_TIMESTAMP)?;
                unused("timestamp_key", table.timestamp_key.as_ref(), WITH_TIMESTAMP_PAIR)?;
                None
            }
            (_, Some(name), _) => {
                unused("timestamp_key", table.timestamp_key.as_ref(), WITH_TIMESTAMP_PAIR)?;
                Some(TimestampSource::Header(header("timestamp_header", name)?))
            }
            (_, None, true) => {
                let value = pair_key("timestamp_key", table.timestamp_key, "t")?;
                if matches!(&layout, SignatureLayout::Pairs { signature_key } if *signature_key == value) {
                    return Err(InvalidSignatureProfile::SameKey(value));
                }
                Some(TimestampSource::Pair(value))
            }
            (_, None, false) => {
                return Err(InvalidSignatureProfile::Required {
                    key: "timestamp_header",
                    with: WITH_TIMESTAMP,
                });
            }
        };
        let signed = match (table.signed, timestamp, table.id_header) {
            (SignedKey::IdTimestampBody, Some(source), Some(name)) => {
                SignedContent::IdTimestampBody(header("id_header", name)?, source)
            }
            (SignedKey::IdTimestampBody, _, None) => {
                return Err(InvalidSignatureProfile::Required {
                    key: "id_header",
                    with: WITH_ID,
                });
            }
            (_, source, given) => {
                unused("id_header", given.as_ref(), WITH_ID)?;
                source.map_or(SignedContent::Body, SignedContent::TimestampBody)
            }
        };
        let tolerance_seconds = table.tolerance_seconds.unwrap_or(TOLERANCE_SECONDS);
        if !(1..=86_400).contains(&tolerance_seconds) {
            return Err(InvalidSignatureProfile::Tolerance);
        }
        Ok(Self {
            signature_header: header("signature_header", table.signature_header)?,
            layout,
            signed,
            encoding: table.encoding,
            tolerance_seconds,
            secret: table.secret,
        })
    }
}

impl From<&SignatureProfile> for ProfileTable {
    fn from(profile: &SignatureProfile) -> Self {
        let (layout, prefix, signature_key) = match &profile.layout {
            SignatureLayout::Single { prefix } => (LayoutKey::Single, Some(prefix), None),
            SignatureLayout::List { prefix } => (LayoutKey::List, Some(prefix), None),
            SignatureLayout::Pairs { signature_key } => (LayoutKey::Pairs, None, Some(signature_key)),
        };
        let (signed, id_header) = match &profile.signed {
            SignedContent::Body => (SignedKey::Body, None),
            SignedContent::TimestampBody(_) => (SignedKey::TimestampBody, None),
            SignedContent::IdTimestampBody(id, _) => (SignedKey::IdTimestampBody, Some(id.to_string())),
        };
        let (timestamp_header, timestamp_key) = match profile.signed.timestamp() {
            None => (None, None),
            Some(TimestampSource::Header(name)) => (Some(name.to_string()), None),
            Some(TimestampSource::Pair(key)) => (None, Some(key.clone())),
        };
        Self {
            signature_header: profile.signature_header.to_string(),
            signed,
            encoding: profile.encoding,
            layout,
            prefix: prefix.filter(|prefix| !prefix.is_empty()).cloned(),
            signature_key: signature_key.cloned(),
            timestamp_key,
            timestamp_header,
            id_header,
            tolerance_seconds: profile.signed.timestamp().map(|_| profile.tolerance_seconds),
            secret: profile.secret,
        }
    }
}

fn header(key: &'static str, value: String) -> Result<HeaderName, InvalidSignatureProfile> {
    HeaderName::from_bytes(value.as_bytes()).map_err(|_| InvalidSignatureProfile::Header { key, value })
}

fn pair_key(key: &'static str, given: Option<String>, default: &str) -> Result<String, InvalidSignatureProfile> {
    let value = given.unwrap_or_else(|| default.to_owned());
    let readable = !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic() && b != b',' && b != b'=');
    if readable {
        Ok(value)
    } else {
        Err(InvalidSignatureProfile::Unreadable { key, value })
    }
}

fn unused<T>(key: &'static str, given: Option<&T>, with: &'static str) -> Result<(), InvalidSignatureProfile> {
    match given {
        Some(_) => Err(InvalidSignatureProfile::Unused { key, with }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::SignatureProfile;

    fn message(json: &str) -> String {
        let error = serde_json::from_str::<SignatureProfile>(json).unwrap_err().to_string();
        error.split(" at line ").next().unwrap().to_owned()
    }

    #[test]
    fn built_in_profiles_serialize_as_their_names() {
        for name in ["standard-webhooks", "sha256-hex", "timestamp-hex", "stripe"] {
            let profile: SignatureProfile = serde_json::from_value(name.into()).unwrap();
            assert_eq!(serde_json::to_value(&profile).unwrap(), name);
        }
        assert_eq!(SignatureProfile::default().name(), Some("standard-webhooks"));
        let stripe = r#"{"signature_header":"Stripe-Signature",
            "signed":"{timestamp}.{body}","encoding":"hex","layout":"pairs"}"#;
        assert_eq!(
            serde_json::from_str::<SignatureProfile>(stripe).unwrap().name(),
            Some("stripe")
        );
    }

    #[test]
    fn errors_say_what_is_allowed() {
        let with = |more: &str| {
            message(&format!(
                r#"{{"signature_header":"x","signed":"{{timestamp}}.{{body}}","encoding":"hex"{more}}}"#
            ))
        };
        let messages = [
            message(r#""github""#),
            message("5"),
            message(r#"{"header":"x"}"#),
            message(r#"{"signature_header":"x","signed":"body"}"#),
            message(r#"{"signature_header":"x y","signed":"{body}","encoding":"hex"}"#),
            message(r#"{"signature_header":"x","signed":"{body}","encoding":"hex","tolerance_seconds":5}"#),
            message(r#"{"signature_header":"x","signed":"{body}","encoding":"HEX"}"#),
            with(""),
            with(r#","timestamp_header":"t","tolerance_seconds":0"#),
            with(r#","timestamp_header":"t","id_header":"i""#),
            with(r#","timestamp_header":"t","prefix":"v1 ""#),
            with(r#","timestamp_header":"t","timestamp_key":"t""#),
            with(r#","layout":"pairs","timestamp_key":"a=b""#),
            with(r#","layout":"pairs","timestamp_key":"v1""#),
        ];
        insta::assert_snapshot!(messages.join("\n"), @r#"
        there is no signature profile `github`; it is one of `standard-webhooks`, `sha256-hex`, `timestamp-hex`, `stripe`, or a table with signature_header, signed and encoding
        invalid type: integer `5`, expected the name of a signature profile (`standard-webhooks`, `sha256-hex`, `timestamp-hex`, `stripe`) or a table that writes one out
        unknown field `header`, expected one of `signature_header`, `signed`, `encoding`, `layout`, `prefix`, `signature_key`, `timestamp_key`, `timestamp_header`, `id_header`, `tolerance_seconds`, `secret`
        unknown variant `body`, expected one of `{body}`, `{timestamp}.{body}`, `{id}.{timestamp}.{body}`
        signature_header `x y` is not the name of a header
        tolerance_seconds must be left out: it is used only with a signed {timestamp}
        unknown variant `HEX`, expected `hex` or `base64`
        timestamp_header is required with a signed {timestamp}
        tolerance_seconds must be 1 to 86400: repeats are remembered for at least a day, no longer
        id_header must be left out: it is used only with signed = "{id}.{timestamp}.{body}"
        prefix `v1 ` must be visible ASCII without spaces; a key must not be empty nor hold `,` or `=`
        timestamp_key must be left out: it is used only with layout = "pairs", a signed {timestamp} and no timestamp_header
        timestamp_key `a=b` must be visible ASCII without spaces; a key must not be empty nor hold `,` or `=`
        signature_key and timestamp_key must differ, both are `v1`
        "#);
    }
}
