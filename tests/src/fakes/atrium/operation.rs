//! A parser for the subset of GraphQL that atrium supports: one named operation with one root field, whose arguments
//! are variables or integers. It supports no fragments, aliases or directives.

use std::iter::Peekable;
use std::str::Chars;

/// An operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// `query` or `mutation`.
    pub kind: String,
    /// Its variables: the name without the `$`, and the type as written.
    pub variables: Vec<(String, String)>,
    /// The root field.
    pub root: Field,
}

/// A selected field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub name: String,
    pub arguments: Vec<(String, Argument)>,
    /// Its selected fields; empty for a scalar.
    pub fields: Vec<Field>,
}

/// The value of an argument.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Variable(String),
    Int(u32),
}

/// Parses an operation; the error says what is wrong.
pub(super) fn parse(text: &str) -> Result<Operation, String> {
    let mut reader = Reader(text.chars().peekable());
    let kind = reader.name()?;
    if kind != "query" && kind != "mutation" {
        return Err(format!("expected query or mutation, found {kind}"));
    }
    reader.name().map_err(|_| "operations must be named".to_owned())?;
    let mut variables = Vec::new();
    if reader.eat('(') {
        while !reader.eat(')') {
            reader.expect('$')?;
            let name = reader.name()?;
            reader.expect(':')?;
            let mut written = reader.name()?;
            if reader.eat('!') {
                written.push('!');
            }
            variables.push((name, written));
        }
    }
    let mut roots = reader.fields()?;
    let root = roots.pop().filter(|_| roots.is_empty());
    if reader.peek().is_some() {
        return Err("a request holds one operation".to_owned());
    }
    Ok(Operation {
        kind,
        variables,
        root: root.ok_or("an operation has exactly one root field")?,
    })
}

struct Reader<'a>(Peekable<Chars<'a>>);

impl Reader<'_> {
    /// The next character after insignificant white space and commas.
    fn peek(&mut self) -> Option<char> {
        while self.0.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
        self.0.peek().copied()
    }

    fn eat(&mut self, expected: char) -> bool {
        let there = self.peek() == Some(expected);
        if there {
            self.0.next();
        }
        there
    }

    fn expect(&mut self, expected: char) -> Result<(), String> {
        let found = self.peek();
        let wrong = || format!("expected {expected}, found {found:?}");
        self.eat(expected).then_some(()).ok_or_else(wrong)
    }

    fn word(&mut self, of: fn(char) -> bool) -> String {
        self.peek();
        std::iter::from_fn(|| self.0.next_if(|c| of(*c))).collect()
    }

    fn name(&mut self) -> Result<String, String> {
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
        let found = self.peek();
        let good = name.starts_with(|c: char| c.is_ascii_alphabetic());
        good.then_some(name)
            .ok_or_else(|| format!("expected a name, found {found:?}"))
    }

    /// A selection: `{ name name(arguments) { … } }`.
    fn fields(&mut self) -> Result<Vec<Field>, String> {
        self.expect('{')?;
        let mut fields = Vec::new();
        while !self.eat('}') {
            let name = self.name()?;
            let arguments = self.arguments()?;
            let below = if self.peek() == Some('{') {
                self.fields()?
            } else {
                vec![]
            };
            fields.push(Field {
                name,
                arguments,
                fields: below,
            });
        }
        if fields.is_empty() {
            return Err("a selection is empty".to_owned());
        }
        Ok(fields)
    }

    fn arguments(&mut self) -> Result<Vec<(String, Argument)>, String> {
        let mut arguments = Vec::new();
        if self.eat('(') {
            while !self.eat(')') {
                let name = self.name()?;
                self.expect(':')?;
                let argument = if self.eat('$') {
                    Argument::Variable(self.name()?)
                } else {
                    let digits = self.word(|c| c.is_ascii_digit());
                    let number = digits
                        .parse()
                        .map_err(|_| format!("{name} must be a variable or a number"))?;
                    Argument::Int(number)
                };
                arguments.push((name, argument));
            }
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::{Argument, parse};

    #[test]
    fn parses_an_operation() {
        let read =
            parse("query Q($id: ID!, $n: Int) { lead(id: $id, first: 2) { id consent { doNotContact } } }").unwrap();
        assert_eq!(
            read.variables,
            [("id".into(), "ID!".into()), ("n".into(), "Int".into())]
        );
        assert_eq!(read.root.arguments[0].1, Argument::Variable("id".into()));
        assert_eq!(read.root.fields[1].fields[0].name, "doNotContact");
    }

    #[test]
    fn refuses_unsupported_operations() {
        for text in [
            "",
            "{ lead { id } }",
            "query { lead { id } }",
            "subscription S { lead { id } }",
            "query Q { lead { id }",
            "query Q { lead { } }",
            "query Q { lead { id } activities { nodes } }",
            "query Q { lead(id: \"L-1\") { id } }",
            "query Q($id ID!) { lead(id: $id) { id } }",
            "query Q { lead { id } } query R { lead { id } }",
            "query Q { lead { ...All } }",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
