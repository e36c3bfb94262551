//! Conversions of types that are serialized as text, and what their texts have in common.

/// Whether every `%` has two hex digits behind it. Readers disagree about what another one means.
pub(crate) fn is_percent_encoded(text: &str) -> bool {
    let is_encoded = |part: &str| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    text.split('%').skip(1).all(is_encoded)
}

/// Implements the conversions that `#[serde(try_from = "String", into = "String")]` needs, from `FromStr` and
/// `Display`.
macro_rules! text_conversions {
    ($name:ty) => {
        impl TryFrom<String> for $name {
            type Error = <$name as std::str::FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

pub(crate) use text_conversions;
