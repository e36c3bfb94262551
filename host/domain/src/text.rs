//! Conversions of types that are serialized as text.

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
