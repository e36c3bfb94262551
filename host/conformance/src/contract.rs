//! Places in the contract, each with the line of its file, so that a report leads to what it is about.

/// The contract's files, as they are compiled in.
const FILES: [(&str, &str); 4] = [
    ("wit/exports.wit", include_str!("../../../wit/exports.wit")),
    ("wit/imports.wit", include_str!("../../../wit/imports.wit")),
    ("wit/model.wit", include_str!("../../../wit/model.wit")),
    ("wit/world.wit", include_str!("../../../wit/world.wit")),
];

/// An item of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContractPlace {
    file: &'static str,
    /// Names from the outside to the inside, such as `dispositions.write`.
    item: &'static str,
}

impl ContractPlace {
    pub const DESCRIBE: Self = Self::new("wit/exports.wit", "about.describe");
    pub const DESCRIPTION: Self = Self::new("wit/exports.wit", "about.description");
    pub const FAILURE: Self = Self::new("wit/model.wit", "failure");
    pub const LOG: Self = Self::new("wit/imports.wit", "log.field");
    pub const ORIGINS: Self = Self::new("wit/exports.wit", "about.description.origins");
    pub const PARSE: Self = Self::new("wit/exports.wit", "leads.parse");
    pub const RECEIPT: Self = Self::new("wit/model.wit", "receipt.reference");
    pub const REJECTION: Self = Self::new("wit/model.wit", "rejection.message");
    pub const WORLD: Self = Self::new("wit/world.wit", "adapter");
    pub const WRITE: Self = Self::new("wit/exports.wit", "dispositions.write");

    const fn new(file: &'static str, item: &'static str) -> Self {
        Self { file, item }
    }

    /// The line on which the item is declared, counted from 1; 0 if the file has no such item.
    fn line(self) -> usize {
        let text = FILES
            .iter()
            .find(|(name, _)| *name == self.file)
            .map_or("", |(_, text)| text);
        let mut lines = text.lines().enumerate();
        let mut found = 0;
        for name in self.item.split('.') {
            found = lines
                .find(|(_, line)| declares(line, name))
                .map_or(0, |(index, _)| index + 1);
        }
        found
    }
}

impl std::fmt::Display for ContractPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line(), self.item)
    }
}

impl From<ContractPlace> for String {
    fn from(place: ContractPlace) -> Self {
        place.to_string()
    }
}

/// Whether a line of WIT declares an item of this name.
fn declares(line: &str, name: &str) -> bool {
    const KINDS: [&str; 5] = ["interface", "record", "variant", "enum", "world"];
    let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let mut words = words.by_ref().filter(|word| !word.is_empty());
    let is_comment = line.trim_start().starts_with("//");
    match words.next() {
        _ if is_comment => false,
        Some(kind) if KINDS.contains(&kind) => words.next() == Some(name),
        first => first == Some(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_the_contract() {
        for place in [
            ContractPlace::DESCRIBE,
            ContractPlace::DESCRIPTION,
            ContractPlace::FAILURE,
            ContractPlace::LOG,
            ContractPlace::ORIGINS,
            ContractPlace::PARSE,
            ContractPlace::RECEIPT,
            ContractPlace::REJECTION,
            ContractPlace::WORLD,
            ContractPlace::WRITE,
        ] {
            let (_, text) = FILES.iter().find(|(name, _)| *name == place.file).unwrap();
            let line = text.lines().nth(place.line().wrapping_sub(1));
            let name = place.item.rsplit('.').next().unwrap();
            assert!(line.is_some_and(|line| line.contains(name)), "{place}: {line:?}");
        }
    }
}
