//! Encryption of stored secrets: the database alone reveals none of them.
//!
//! Every secret is sealed with XChaCha20-Poly1305 under the master key itself. There is no data key between the two:
//! secrets are few and small, so sealing all of them again takes milliseconds, and after that the old master key opens
//! nothing. A wrapped data key would outlive the rotation of the key that wraps it. A nonce has 192 random bits, so
//! none is used twice. The tenant, the secret's name and the key's id are authenticated too: a row that is moved to
//! another tenant or name does not open.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::Sensitive;
use crate::id::TenantName;

/// Bytes of a master key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 24;
/// Bytes of a key's id: enough that two keys never share one by chance, few enough to compare by eye.
const ID_BYTES: usize = 8;

/// Identifies a master key without revealing it: the beginning of a digest, as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; ID_BYTES]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for KeyId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut id = [0; ID_BYTES];
        hex::decode_to_slice(text, &mut id)?;
        Ok(Self(id))
    }
}

/// The text is not a valid master key. The error does not quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a master key is {KEY_BYTES} random bytes as base64, 44 characters; `openssl rand -base64 32` makes one")]
pub struct InvalidMasterKey;

/// The key that seals secrets. Never shown, wiped when dropped.
#[derive(Clone)]
pub struct MasterKey {
    id: KeyId,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

impl MasterKey {
    /// Makes a key from `key`, which must be random bytes.
    #[must_use]
    pub fn new(key: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let digest: [u8; 32] = Sha256::new_with_prefix(b"jackfield master key")
            .chain_update(*key)
            .finalize()
            .into();
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&digest[..ID_BYTES]);
        Self { id: KeyId(id), key }
    }

    /// Reads a key from base64 and ignores white space around it.
    ///
    /// # Errors
    /// The text is not base64, or not of [`KEY_BYTES`].
    pub fn read(text: &str) -> Result<Self, InvalidMasterKey> {
        let mut bytes = STANDARD.decode(text.trim()).map_err(|_| InvalidMasterKey)?;
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map(Zeroizing::new);
        bytes.zeroize();
        Ok(Self::new(key.map_err(|_| InvalidMasterKey)?))
    }

    /// The key in the format that [`Self::read`] reads, to be stored in a file.
    #[must_use]
    pub fn write(&self) -> Sensitive {
        Sensitive::new(STANDARD.encode(*self.key))
    }

    /// The key's id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key).into())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

/// An encrypted secret, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The key that opens it.
    pub key: KeyId,
    /// Random, and used for this secret only.
    pub nonce: [u8; NONCE_BYTES],
    /// The encrypted secret and its authentication tag.
    pub ciphertext: Vec<u8>,
}

/// The tenant and name that a secret is encrypted for; both are authenticated.
#[derive(Debug, Clone, Copy)]
pub struct SecretContext<'a> {
    /// The tenant that owns the secret.
    pub tenant: &'a TenantName,
    /// The secret's name.
    pub name: &'a str,
}

impl SecretContext<'_> {
    /// The authenticated bytes: each part after its length, so that no two contexts have the same bytes.
    fn bytes(&self, key: KeyId) -> Vec<u8> {
        let mut bytes = b"jackfield secret 1".to_vec();
        for part in [&key.0, self.tenant.as_str().as_bytes(), self.name.as_bytes()] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }
}

/// Why a stored secret cannot be decrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// It is sealed with a key that this host does not have.
    #[error("it is sealed with master key {sealed}, and this host has {}", list(has))]
    OtherKey {
        /// The key that it was sealed with.
        sealed: KeyId,
        /// The host's keys.
        has: Vec<KeyId>,
    },
    /// It was changed, or belongs to another tenant or name.
    #[error("what is kept of it was changed since it was sealed, or moved from elsewhere")]
    Changed,
}

fn list(keys: &[KeyId]) -> String {
    if keys.is_empty() {
        return "none".into();
    }
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The master keys of a host: the first one, the primary key, seals; all of them open.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Vec<MasterKey>);

impl Keyring {
    /// A keyring of `keys`, without repeats.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = MasterKey>) -> Self {
        let mut ring = Self::default();
        for key in keys {
            if ring.find(key.id).is_none() {
                ring.0.push(key);
            }
        }
        ring
    }

    /// The same keys behind a new primary key.
    #[must_use]
    pub fn with_primary(&self, key: MasterKey) -> Self {
        Self::new(std::iter::once(key).chain(self.0.iter().cloned()))
    }

    /// A keyring of the primary key only.
    #[must_use]
    pub fn primary_only(&self) -> Self {
        Self(self.0.first().cloned().into_iter().collect())
    }

    /// The id of the primary key.
    #[must_use]
    pub fn primary(&self) -> Option<KeyId> {
        self.0.first().map(MasterKey::id)
    }

    /// The keys, the primary one first.
    #[must_use]
    pub fn keys(&self) -> &[MasterKey] {
        &self.0
    }

    /// The keys' ids.
    #[must_use]
    pub fn ids(&self) -> Vec<KeyId> {
        self.0.iter().map(MasterKey::id).collect()
    }

    fn find(&self, id: KeyId) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// Seals a secret. `nonce` must be random and used for nothing else. `None` if there is no key.
    ///
    /// # Panics
    /// For a secret of 256 GiB.
    #[must_use]
    pub fn seal(
        &self,
        context: SecretContext<'_>,
        value: &Sensitive,
        nonce: [u8; NONCE_BYTES],
    ) -> Option<SealedSecret> {
        let key = self.0.first()?;
        let payload = Payload {
            msg: value.expose().as_bytes(),
            aad: &context.bytes(key.id),
        };
        #[expect(clippy::expect_used, reason = "it fails only for messages of 256 GiB")]
        let ciphertext = key.cipher().encrypt(&nonce.into(), payload).expect("a short message");
        Some(SealedSecret {
            key: key.id,
            nonce,
            ciphertext,
        })
    }

    /// Opens a secret.
    ///
    /// # Errors
    /// It is sealed with a key that is not in this keyring, or was not sealed for this context.
    pub fn open(&self, context: SecretContext<'_>, sealed: &SealedSecret) -> Result<Sensitive, UnsealError> {
        let key = self.find(sealed.key).ok_or_else(|| UnsealError::OtherKey {
            sealed: sealed.key,
            has: self.ids(),
        })?;
        let payload = Payload {
            msg: &sealed.ciphertext,
            aad: &context.bytes(key.id),
        };
        let opened = key.cipher().decrypt(&sealed.nonce.into(), payload);
        let opened = opened.map_err(|_| UnsealError::Changed)?;
        String::from_utf8(opened).map(Sensitive::new).map_err(|error| {
            error.into_bytes().zeroize();
            UnsealError::Changed
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(seed: u8) -> MasterKey {
        MasterKey::new(Zeroizing::new([seed; KEY_BYTES]))
    }

    fn ring(seeds: &[u8]) -> Keyring {
        Keyring::new(seeds.iter().map(|seed| key(*seed)))
    }

    fn tenant(name: &str) -> TenantName {
        name.parse().unwrap()
    }

    const NONCE: [u8; NONCE_BYTES] = [9; NONCE_BYTES];

    #[test]
    fn a_secret_opens_only_in_its_context() {
        let (acme, zenith) = (tenant("acme"), tenant("zenith"));
        let at = |tenant, name| SecretContext { tenant, name };
        let sealed = ring(&[1])
            .seal(at(&acme, "crm"), &Sensitive::new("hunter2".into()), NONCE)
            .unwrap();
        assert!(!sealed.ciphertext.windows(7).any(|part| part == b"hunter2"));
        let opened = ring(&[2, 1]).open(at(&acme, "crm"), &sealed).unwrap();
        assert_eq!(opened.expose(), "hunter2");
        for (tenant, name) in [(&acme, "crm2"), (&acme, ""), (&zenith, "crm")] {
            assert_eq!(
                ring(&[1]).open(at(tenant, name), &sealed),
                Err(UnsealError::Changed),
                "{tenant} {name}"
            );
        }
    }

    #[test]
    fn a_missing_key_is_named() {
        let acme = tenant("acme");
        let context = SecretContext {
            tenant: &acme,
            name: "crm",
        };
        let sealed = ring(&[1])
            .seal(context, &Sensitive::new("hunter2".into()), NONCE)
            .unwrap();
        let error = ring(&[2, 3]).open(context, &sealed).unwrap_err().to_string();
        for part in [key(1).id(), key(2).id(), key(3).id()] {
            assert!(error.contains(&part.to_string()), "{part} in {error}");
        }
        let none = Keyring::default().open(context, &sealed).unwrap_err().to_string();
        assert!(none.ends_with("this host has none"), "{none}");
        assert_eq!(
            Keyring::default().seal(context, &Sensitive::new("x".into()), NONCE),
            None
        );
        // A row whose key id was rewritten does not open under that key either.
        let relabelled = SealedSecret {
            key: key(2).id(),
            ..sealed
        };
        assert_eq!(ring(&[2]).open(context, &relabelled), Err(UnsealError::Changed));
    }

    #[test]
    fn a_key_is_32_bytes_and_never_shown() {
        let text = key(7).write();
        assert_eq!(text.expose().len(), 44);
        assert_eq!(
            MasterKey::read(&format!(" {}\n", text.expose())).unwrap().id(),
            key(7).id()
        );
        for wrong in [
            "",
            "AAAA",
            "hunter2",
            &"A".repeat(44),
            &format!("{}AAAA", text.expose()),
        ] {
            let error = MasterKey::read(wrong).unwrap_err().to_string();
            assert!(
                error.contains("32 random bytes") && (wrong.is_empty() || !error.contains(wrong)),
                "{error}"
            );
        }
        assert_eq!(format!("{:?}", key(7)), format!("MasterKey({})", key(7).id()));
        assert_eq!(key(7).id().to_string().parse(), Ok(key(7).id()));
    }

    #[test]
    fn a_new_primary_key_seals_and_old_ones_open() {
        let ring = ring(&[1, 2, 1]);
        assert_eq!(ring.ids(), [key(1).id(), key(2).id()]);
        let rotated = ring.with_primary(key(3));
        assert_eq!(rotated.ids(), [key(3).id(), key(1).id(), key(2).id()]);
        assert_eq!(rotated.primary_only().ids(), [key(3).id()]);
    }

    proptest! {
        #[test]
        fn any_text_round_trips_and_any_flipped_bit_fails(
            text: String, seed: u8, nonce: [u8; NONCE_BYTES], at: prop::sample::Index, bit in 0..8_u8,
        ) {
            let acme = tenant("acme");
            let context = SecretContext { tenant: &acme, name: "crm" };
            let ring = ring(&[seed]);
            let sealed = ring.seal(context, &Sensitive::new(text.clone()), nonce).unwrap();
            let opened = ring.open(context, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), text.as_str());
            let mut changed = sealed.clone();
            let at = at.index(NONCE_BYTES + sealed.ciphertext.len());
            match at.checked_sub(NONCE_BYTES) {
                None => changed.nonce[at] ^= 1 << bit,
                Some(at) => changed.ciphertext[at] ^= 1 << bit,
            }
            prop_assert_eq!(ring.open(context, &changed), Err(UnsealError::Changed));
        }
    }
}
