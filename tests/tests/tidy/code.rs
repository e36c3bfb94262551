//! Enough of Rust's grammar to tell code from comments and literals.

use std::collections::BTreeSet;

/// Rust source with every comment and literal blanked. Its lines are those of the file.
pub struct Code {
    text: String,
    in_literal: BTreeSet<usize>,
}

impl Code {
    /// Blanks the comments and literals of a source.
    pub fn of(source: &str) -> Self {
        let mut text = String::with_capacity(source.len());
        let mut in_literal = BTreeSet::new();
        let mut rest = source;
        while let Some(next) = rest.chars().next() {
            let length = if let Some(length) = comment(rest).or_else(|| quoted(rest)) {
                length
            } else if let Some(length) = raw(rest).filter(|_| !text.ends_with(is_word)) {
                let line = text.lines().count();
                in_literal.extend(line + 1..=line + rest[..length].matches('\n').count());
                length
            } else {
                text.push(next);
                rest = &rest[next.len_utf8()..];
                continue;
            };
            text.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
        Self { text, in_literal }
    }

    /// Whether a line starts inside a raw literal, where line breaks are data.
    pub fn begins_in_literal(&self, line: usize) -> bool {
        self.in_literal.contains(&line)
    }

    /// The lines with `phrase`, unless it is part of a longer word.
    pub fn lines_with(&self, phrase: &str) -> impl Iterator<Item = usize> {
        self.places(phrase).map(|at| self.line(at))
    }

    /// The names of the functions, with their lines.
    pub fn functions(&self) -> impl Iterator<Item = (usize, &str)> {
        self.places("fn")
            .map(|at| (self.line(at), word(self.text[at + 2..].trim_start())))
    }

    /// The names after `root::`, with their lines: `a` of `root::a::b`, `a` and `b` of `root::{a::c, b}`.
    pub fn paths(&self, root: &str) -> Vec<(usize, &str)> {
        let mut found = vec![];
        for at in self.places(root) {
            let Some(rest) = self.text[at + root.len()..].strip_prefix("::") else {
                continue;
            };
            match rest.strip_prefix('{') {
                None => found.push((self.line(at), word(rest))),
                Some(group) => found.extend(members(group).map(|member| (self.line(at), member))),
            }
        }
        found
    }

    /// The names that a file at this depth below the crate's root imports from the root by `super::`.
    pub fn paths_above(&self, depth: usize) -> Vec<(usize, &str)> {
        let tests = self.text.find("\nmod tests {").unwrap_or(self.text.len());
        let mut found = vec![];
        for at in self.places("super") {
            if self.text[..at].ends_with("::") {
                continue;
            }
            let mut rest = &self.text[at..];
            let mut levels = 0;
            while let Some(above) = rest.strip_prefix("super::") {
                (rest, levels) = (above, levels + 1);
            }
            if levels >= depth + usize::from(at > tests) {
                found.push((self.line(at), word(rest)));
            }
        }
        found
    }

    fn places(&self, phrase: &str) -> impl Iterator<Item = usize> {
        let longer = phrase.ends_with(is_word);
        self.text.match_indices(phrase).filter_map(move |(at, _)| {
            let (before, after) = (&self.text[..at], &self.text[at + phrase.len()..]);
            let is_part = before.ends_with(is_word) || longer && after.starts_with(is_word);
            (!is_part).then_some(at)
        })
    }

    fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word(text: &str) -> &str {
    text.split(|c| !is_word(c)).next().unwrap_or_default()
}

/// The first word of each member of a `use` group, up to its closing brace.
fn members(group: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let mut begins = true;
    let mut found = vec![];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if begins && is_word(c) => {
                found.push(word(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    found.into_iter()
}

/// The length of the comment at the start of `rest`.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.starts_with("/*").then(|| rest.find("*/").unwrap() + 2)
}

/// The length of the string or character literal at the start of `rest`, with its quotes. A lifetime is not a literal.
fn quoted(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices();
    let (_, quote @ ('"' | '\'')) = chars.next()? else {
        return None;
    };
    let mut after = chars.clone();
    let (first, second) = (after.next()?.1, after.next()?.1);
    if quote == '\'' && first != '\\' && second != quote {
        return None;
    }
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The length of the raw string at the start of `rest`.
fn raw(rest: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let text = rest[prefix.len()..].trim_start_matches('#');
    let end = format!("\"{}", "#".repeat(rest.len() - prefix.len() - text.len()));
    let length = text.strip_prefix('"')?.find(&end)?;
    Some(rest.len() - text.len() + 1 + length + end.len())
}

#[test]
fn comments_and_literals_are_blanked() {
    let source =
        "fn a<'x>() { b('\"', \"c \\\" c\", '\\'', r#\"d\nd \" d\"#); } // e\n/* f\n f */ use g::{h::i, j}; 'k'; l";
    let code = Code::of(source);
    assert_eq!(code.text.lines().count(), source.lines().count());
    let words: Vec<_> = code
        .text
        .split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .collect();
    assert_eq!(words, ["fn", "a", "x", "b", "use", "g", "h", "i", "j", "l"]);
    assert_eq!(code.paths("g"), [(4, "h"), (4, "j")]);
    assert!(code.begins_in_literal(2) && !code.begins_in_literal(1) && !code.begins_in_literal(3));
    assert_eq!(code.lines_with("l").collect::<Vec<_>>(), [4]);
    assert_eq!(code.functions().collect::<Vec<_>>(), [(1, "a")]);
}

#[test]
fn super_is_followed_to_the_root() {
    let code =
        Code::of("use super::a;\nuse super::super::b;\n#[cfg(test)]\nmod tests {\n use super::*;\n super::super::c }");
    assert_eq!(code.paths_above(2), [(2, "b")]);
    assert_eq!(code.paths_above(1), [(1, "a"), (2, "b"), (6, "c")]);
}
