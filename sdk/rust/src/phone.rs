//! Indian mobile numbers: E.164 in the contract, ten digits in many CRMs.
//!
//! Own code: the library for all countries, `phonenumber`, makes a component 2 MB larger and needs 76 ms for its first
//! number (measured), which every invocation in a fresh instance would pay. An adapter for numbers of other countries
//! can still depend on it.

/// Converts a number as CRMs store it to E.164, such as `+919800000000`: ten digits of which the first is 6 to 9, with
/// an optional prefix `0`, `91` or `+91`, and optional spaces, dots or dashes between. None for anything else.
///
/// ```
/// use jackfield_sdk::phone::e164;
/// assert_eq!(e164("98000 00000").as_deref(), Some("+919800000000"));
/// assert_eq!(e164("1800 123 456"), None);
/// ```
#[must_use]
pub fn e164(text: &str) -> Option<String> {
    let dense: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
        .collect();
    let national = match dense.len() {
        10 => &dense,
        11 => dense.strip_prefix('0')?,
        12 => dense.strip_prefix("91")?,
        13 => dense.strip_prefix("+91")?,
        _ => return None,
    };
    is_mobile(national).then(|| format!("+91{national}"))
}

/// The ten digits of an Indian mobile number in E.164. None for any other number.
///
/// ```
/// use jackfield_sdk::phone::ten_digits;
/// assert_eq!(ten_digits("+919800000000"), Some("9800000000"));
/// assert_eq!(ten_digits("+14155550100"), None);
/// ```
#[must_use]
pub fn ten_digits(e164: &str) -> Option<&str> {
    e164.strip_prefix("+91").filter(|national| is_mobile(national))
}

fn is_mobile(national: &str) -> bool {
    national.len() == 10
        && national.starts_with(|first| matches!(first, '6'..='9'))
        && national.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_usual_spellings() {
        for text in [
            "9800000000",
            "09800000000",
            "919800000000",
            "+91 98000-00000",
            "(98000) 00000",
        ] {
            assert_eq!(e164(text).as_deref(), Some("+919800000000"), "{text}");
        }
    }

    #[test]
    fn refuses_other_numbers() {
        for text in [
            "",
            "5800000000",
            "980000000",
            "98000000000",
            "98000OOOOO",
            "९८००००००००",
            "+14155550100",
            "+9198000000001",
        ] {
            assert_eq!(e164(text), None, "{text}");
        }
    }

    #[test]
    fn converts_both_ways() {
        let number = e164("9700000000").unwrap();
        assert_eq!(ten_digits(&number), Some("9700000000"));
        assert_eq!(ten_digits("9700000000"), None);
        assert_eq!(ten_digits("+91 9700000000"), None);
    }
}
