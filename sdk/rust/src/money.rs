//! Rupees as written in India.

/// Digits in Indian groups, the last three and then twos: `85,00,000`.
///
/// Own code, because it is a short loop, and libraries for it include all locales of the world.
///
/// ```
/// use jackfield_sdk::money::grouped;
/// assert_eq!(grouped(8_500_000), "85,00,000");
/// assert_eq!(grouped(-1_200), "-1,200");
/// ```
#[must_use]
pub fn grouped(rupees: i64) -> String {
    let digits = rupees.unsigned_abs().to_string();
    let mut text = String::from(if rupees < 0 { "-" } else { "" });
    for (index, digit) in digits.char_indices() {
        let to_come = digits.len() - index;
        // A comma precedes the last three digits and every two digits before them.
        if index > 0 && to_come >= 3 && to_come % 2 == 1 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Reads grouped or plain digits, `85,00,000` or `8500000`. None if it is not a whole number of rupees.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    text.trim().replace(',', "").parse().ok()
}

/// An amount as people say it, in lakhs and crores with at most two decimals, rounded down: `85 lakh`, `1.2 crore`.
///
/// ```
/// use jackfield_sdk::money::spoken;
/// assert_eq!(spoken(8_500_000), "85 lakh");
/// assert_eq!(spoken(12_050_000), "1.2 crore");
/// assert_eq!(spoken(45_000), "45,000");
/// ```
#[must_use]
pub fn spoken(rupees: i64) -> String {
    const LAKH: u64 = 100_000;
    const CRORE: u64 = 100 * LAKH;
    let amount = rupees.unsigned_abs();
    let (unit, name) = match amount {
        CRORE.. => (CRORE, "crore"),
        LAKH.. => (LAKH, "lakh"),
        _ => return grouped(rupees),
    };
    let sign = if rupees < 0 { "-" } else { "" };
    let hundredths = amount % unit / (unit / 100);
    let number = format!("{}.{hundredths:02}", amount / unit);
    format!("{sign}{} {name}", number.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_three_then_two_digits() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (10_000, "10,000"),
            (100_000, "1,00,000"),
            (12_000_000, "1,20,00,000"),
            (i64::MAX, "92,23,37,20,36,85,47,75,807"),
            (i64::MIN, "-92,23,37,20,36,85,47,75,808"),
        ];
        for (rupees, text) in cases {
            assert_eq!(grouped(rupees), text);
            assert_eq!(parse(text), Some(rupees));
        }
    }

    #[test]
    fn reads_only_numbers() {
        assert_eq!(parse(" 85,00,000 "), Some(8_500_000));
        assert_eq!(parse("85 lakh"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn speaks_in_lakhs_and_crores() {
        let cases = [
            (99_999, "99,999"),
            (100_000, "1 lakh"),
            (8_550_000, "85.5 lakh"),
            (9_999_999, "99.99 lakh"),
            (10_000_000, "1 crore"),
            (105_000_000, "10.5 crore"),
            (-250_000, "-2.5 lakh"),
        ];
        for (rupees, text) in cases {
            assert_eq!(spoken(rupees), text);
        }
    }
}
