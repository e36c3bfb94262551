//! Webhook signatures as a CRM makes them. Independent of the host's code, so that the two check each other.

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The Standard Webhooks `webhook-signature` header. The secret is `whsec_` and base64.
pub fn standard_webhook(secret: &str, id: &str, timestamp: u64, body: &str) -> anyhow::Result<String> {
    let key = secret
        .strip_prefix("whsec_")
        .context("the secret does not begin with whsec_")?;
    let key = BASE64_STANDARD.decode(key).context("the secret is not base64")?;
    let mac = hmac_sha256(&key, &format!("{id}.{timestamp}.{body}"))?;
    Ok(format!("v1,{}", BASE64_STANDARD.encode(mac)))
}

/// The `x-hub-signature-256` header: `sha256=` and the HMAC of the body in hexadecimal.
pub fn sha256_hex(secret: &str, body: &str) -> anyhow::Result<String> {
    Ok(format!("sha256={}", hex::encode(hmac_sha256(secret.as_bytes(), body)?)))
}

fn hmac_sha256(key: &[u8], text: &str) -> anyhow::Result<[u8; 32]> {
    let mac = Hmac::<Sha256>::new_from_slice(key).context("HMAC refused the key")?;
    Ok(mac.chain_update(text).finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::standard_webhook;

    #[test]
    fn published_example() {
        let signature = standard_webhook(
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
        );
        assert_eq!(signature.unwrap(), "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }
}
