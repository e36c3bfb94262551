//! Webhook signatures, as a CRM makes them. Written apart from the host, so that the two check each other.

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The value of `webhook-signature` by Standard Webhooks, for a secret of `whsec_` and base64.
pub fn standard_webhook(secret: &str, id: &str, timestamp: u64, body: &str) -> anyhow::Result<String> {
    let key = secret
        .strip_prefix("whsec_")
        .context("the secret does not begin with whsec_")?;
    let key = BASE64_STANDARD.decode(key).context("the secret is no base64")?;
    let tag = tag(&key, &format!("{id}.{timestamp}.{body}"))?;
    Ok(format!("v1,{}", BASE64_STANDARD.encode(tag)))
}

/// The value of `x-hub-signature-256`: `sha256=` and the hex tag of the body.
pub fn sha256_hex(secret: &str, body: &str) -> anyhow::Result<String> {
    Ok(format!("sha256={}", hex::encode(tag(secret.as_bytes(), body)?)))
}

fn tag(key: &[u8], text: &str) -> anyhow::Result<[u8; 32]> {
    let mac = Hmac::<Sha256>::new_from_slice(key).context("no key")?;
    Ok(mac.chain_update(text).finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::standard_webhook;

    #[test]
    fn the_published_example() {
        let signature = standard_webhook(
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
        );
        assert_eq!(signature.unwrap(), "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }
}
