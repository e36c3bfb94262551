//! Keys as people write them: with and without a prefix, several at once, and public ones.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::*;

#[test]
fn secrets_need_no_prefix() {
    // As the official libraries take them: the key is what the base64 says, with the prefix or without it.
    let profile = SignatureProfile::default();
    for secret in [SECRET, SECRET.trim_start_matches("whsec_")] {
        let key = key(secret, &profile);
        assert_eq!(sign_standard(&[key], ID, at(SENT), BODY), SIGNATURE);
    }
}

#[test]
fn a_secret_in_hex_gets_a_hint() {
    let (standard, raw) = (SignatureProfile::default(), SignatureProfile::stripe());
    for hex in ["0123456789abcdef".repeat(4), "A0".repeat(16)] {
        assert!(signing_secret_hint(&hex, &standard).is_some(), "{hex}");
        assert_eq!(signing_secret_hint(&hex, &raw), None, "{hex}");
    }
    for secret in [SECRET, "C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "abcdef0123456789"] {
        assert_eq!(signing_secret_hint(secret, &standard), None, "{secret}");
    }
}

#[test]
fn each_key_signs_a_push() {
    let profile = SignatureProfile::default();
    let keys = [SECRET, "whsec_bmV3LW5ldy1uZXctbmV3LW5ldw"].map(|secret| key(secret, &profile));
    let signed = sign_standard(&keys, ID, at(SENT), BODY);
    let parts: Vec<_> = signed.split(' ').collect();
    assert_eq!((parts.len(), parts[0]), (2, SIGNATURE));
    for key in keys {
        let verified = verify(&profile, &[(key.into(), None)], &standard(&signed), BODY, at(SENT));
        assert!(verified.is_ok());
    }
}

/// The signature by the private key of [`PUBLIC_KEY`], made by OpenSSL.
const PUBLIC_KEY_SIGNATURE: &str =
    "v1a,CnkujwXFUOk59gNZFCCzmJ2MkkC0yKa+OmyYFXFtPnxkRhEkUBAd4PGNNNjLh4huOXNuqy+Eyxud5+wHP2ezBA==";

#[test]
fn signatures_by_public_keys_verify() {
    let profile = SignatureProfile::default();
    let keys = [(webhook_key(PUBLIC_KEY, &profile), Some(at(SENT + 60)))];
    let refused = |keys: &[_], signature: &str, body: &[u8], second| {
        verify(&profile, keys, &standard(signature), body, at(second)).err()
    };
    assert_eq!(refused(&keys, PUBLIC_KEY_SIGNATURE, BODY, SENT), None);
    assert_eq!(
        refused(&keys, &format!("{SIGNATURE} {PUBLIC_KEY_SIGNATURE}"), BODY, SENT),
        None
    );
    assert_eq!(
        refused(&keys, &format!("v1a,x v1a,AAAA {PUBLIC_KEY_SIGNATURE}"), BODY, SENT),
        None
    );
    let no_match = Some(SignatureRefusal::NoMatch);
    assert_eq!(refused(&keys, PUBLIC_KEY_SIGNATURE, b"{}", SENT), no_match);
    assert_eq!(
        refused(&keys, PUBLIC_KEY_SIGNATURE, BODY, SENT + 60),
        Some(SignatureRefusal::NoValidKey)
    );
    assert_eq!(
        refused(&keys, SIGNATURE, BODY, SENT),
        no_match,
        "by another kind of key"
    );
    let as_shared = PUBLIC_KEY_SIGNATURE.replace("v1a,", "v1,");
    assert_eq!(
        refused(&keys, &as_shared, BODY, SENT),
        Some(SignatureRefusal::MalformedHeader)
    );
    let many = [PUBLIC_KEY_SIGNATURE; 5].join(" ");
    assert_eq!(
        refused(&keys, &many, BODY, SENT),
        Some(SignatureRefusal::TooManySignatures)
    );
    // Both kinds of keys beside each other, as while a sender changes from one to the other.
    let both = [keys[0].clone(), (webhook_key(SECRET, &profile), None)];
    for signature in [SIGNATURE, PUBLIC_KEY_SIGNATURE] {
        assert_eq!(refused(&both, signature, BODY, SENT), None);
    }
    for bit in 0..8 * 64 {
        let encoded = PUBLIC_KEY_SIGNATURE.trim_start_matches("v1a,");
        let mut bytes = BASE64_STANDARD.decode(encoded).unwrap();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let flipped = format!("v1a,{}", BASE64_STANDARD.encode(bytes));
        assert_eq!(refused(&keys, &flipped, BODY, SENT), no_match, "{bit}");
    }
}

#[test]
fn public_keys_are_for_standard_webhooks() {
    // Elsewhere the text is a secret like any other, or not one at all.
    let single = r#"profile = { signature_header = "x", signed = "{body}", encoding = "base64", secret = "whsec" }"#;
    let refused = WebhookKey::from_secret(PUBLIC_KEY, &profile(single).unwrap()).err();
    assert_eq!(refused, Some(InvalidSigningSecret::PublicKey));
    let github = WebhookKey::from_secret(PUBLIC_KEY, &SignatureProfile::sha256_hex());
    assert!(matches!(github, Ok(WebhookKey::Shared(_))));
}
