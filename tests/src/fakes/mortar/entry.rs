//! Validation of a disposal's fields, which have exact widths.

use jiff::civil::{Date, Time};

/// The keys of a disposal, in order.
pub(super) const KEYS: [&str; 17] = [
    "PARTY", "CALL", "CODE", "DATE", "TIME", "SECS", "SCORE", "BUDLO", "BUDHI", "VDATE", "VTIME", "LOAN", "NRI", "DND",
    "DUPE", "LANG", "TEXT",
];

/// D01 visit booked, D02 qualified, D03 callback; D04 budget, D05 location, D06 timeline, D07 already bought; D08 wrong
/// number, D09 do not call, D10 no answer, D11 invalid number, D12 duplicate; D99 other.
const CODES: [&str; 13] = [
    "D01", "D02", "D03", "D04", "D05", "D06", "D07", "D08", "D09", "D10", "D11", "D12", "D99",
];

const LANGUAGES: [&str; 14] = [
    "HIN", "ENG", "PAN", "MAR", "GUJ", "BEN", "TAM", "TEL", "KAN", "MAL", "URD", "ORI", "ASM", "   ",
];

const TEXT_BYTES: usize = 120;
const CALL_BYTES: usize = 64;

/// Every error in a disposal's fields, by key.
pub(super) fn check(fields: &[(String, String)]) -> Vec<(String, &'static str)> {
    let get = |key: &str| {
        fields
            .iter()
            .find(|(each, _)| each == key)
            .map_or("", |(_, value)| value)
    };
    let wrong = |(key, value): &(String, String)| {
        let demand = match key.as_str() {
            "PARTY" => (is_digits(value, 10), "MUST BE 10 DIGITS"),
            "CALL" => ((1..=CALL_BYTES).contains(&value.len()), "MUST BE 1 TO 64 BYTES"),
            "CODE" => (CODES.contains(&value.as_str()), "NO SUCH CODE"),
            "DATE" => (is_date(value), "MUST BE YYYYMMDD"),
            "TIME" => (is_time(value), "MUST BE HHMM"),
            "SECS" => (is_digits(value, 6) || is_blank(value, 6), "MUST BE 6 DIGITS OR SPACES"),
            "SCORE" => (is_score(value) || is_blank(value, 3), "MUST BE 000 TO 100 OR SPACES"),
            "BUDLO" | "BUDHI" => (
                is_amount(value) || is_blank(value, 16),
                "MUST BE SIGN AND 15 DIGITS OR SPACES",
            ),
            "VDATE" => (is_date(value) || is_blank(value, 8), "MUST BE YYYYMMDD OR SPACES"),
            "VTIME" => (is_time(value) || is_blank(value, 4), "MUST BE HHMM OR SPACES"),
            "LOAN" | "NRI" => (matches!(value.as_str(), "Y" | "N" | " "), "MUST BE Y, N OR SPACE"),
            "DND" | "DUPE" => (matches!(value.as_str(), "Y" | "N"), "MUST BE Y OR N"),
            "LANG" => (LANGUAGES.contains(&value.as_str()), "NO SUCH LANGUAGE"),
            "TEXT" if value.len() > TEXT_BYTES => (false, "LONGER THAN 120 BYTES"),
            _ => (get("CODE") != "D99" || !value.trim().is_empty(), "MUST SAY WHAT D99 IS"),
        };
        let (holds, message) = demand;
        (!holds).then(|| (key.clone(), message))
    };
    let mut errors: Vec<_> = fields.iter().filter_map(wrong).collect();
    if let (Some(low), Some(high)) = (paise(get("BUDLO")), paise(get("BUDHI")))
        && low > high
    {
        errors.push(("BUDLO".into(), "MORE THAN BUDHI"));
    }
    let day = |key: &str| Some(get(key)).filter(|text| is_date(text));
    if let (Some(visit), Some(call)) = (day("VDATE"), day("DATE"))
        && visit < call
    {
        errors.push(("VDATE".into(), "BEFORE THE CALL"));
    }
    errors
}

pub(super) fn is_digits(text: &str, width: usize) -> bool {
    text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_blank(text: &str, width: usize) -> bool {
    text.len() == width && text.bytes().all(|byte| byte == b' ')
}

fn is_score(text: &str) -> bool {
    is_digits(text, 3) && text <= "100"
}

fn is_amount(text: &str) -> bool {
    text.strip_prefix(['+', '-'])
        .is_some_and(|digits| is_digits(digits, 15))
}

fn paise(text: &str) -> Option<i64> {
    is_amount(text).then(|| text.parse().ok()).flatten()
}

fn is_date(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse().ok());
    let date = || {
        Date::new(
            number(0..4)?,
            number(4..6)?.try_into().ok()?,
            number(6..8)?.try_into().ok()?,
        )
        .ok()
    };
    is_digits(text, 8) && date().is_some()
}

fn is_time(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse().ok());
    let time = || Time::new(number(0..2)?, number(2..4)?, 0, 0).ok();
    is_digits(text, 4) && time().is_some()
}

#[cfg(test)]
mod tests {
    use super::{is_amount, is_blank, is_date, is_score, is_time};

    #[test]
    fn widths_are_exact() {
        assert!(is_date("20280229") && is_date("20261231") && is_time("0000") && is_time("2359"));
        for bad in ["20260229", "20261301", "2026010", "202601011", "2026-1-1", "        "] {
            assert!(!is_date(bad), "{bad}");
        }
        for bad in ["2400", "0960", "905", "09:05", "+905"] {
            assert!(!is_time(bad), "{bad}");
        }
        assert!(is_amount("+000001200000000") && is_amount("-000000000000001"));
        for bad in [
            "000001200000000",
            "+00001200000000",
            "+0000012000000000",
            "+00000120000000x",
        ] {
            assert!(!is_amount(bad), "{bad}");
        }
        assert!(is_score("000") && is_score("100") && !is_score("101") && !is_score("99"));
        assert!(is_blank("   ", 3) && !is_blank("", 3) && !is_blank("  ", 3));
    }
}
