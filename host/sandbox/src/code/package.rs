//! Is this file an adapter? What the host checks before it runs a component.

use wasmtime::component::Component;

use super::error::{MAX_SIZE, PackageError, truncate};

/// The first eight bytes of a component, and of a core module.
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";
const CORE_MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";
/// The first bytes of native code: wasmtime's `.cwasm` files are ELF images, and so are programs.
const ELF: [u8; 4] = *b"\x7fELF";

/// The contract's package.
const CONTRACT: &str = "jackfield:crm";
/// Interfaces of the contract that an adapter may import in every line.
const IMPORTS: [&str; 5] = ["http", "settings", "credentials", "log", "model"];
/// Interfaces of the contract that line 0.2 added.
const NEW_IMPORTS: [&str; 2] = ["dates", "phones"];
/// Interfaces of the contract that an adapter must export.
const EXPORTS: [&str; 3] = ["about", "status", "dispositions"];
/// Packages of WASI that are linked, and their version.
const WASI: ([&str; 6], &str) = (
    [
        "wasi:cli",
        "wasi:clocks",
        "wasi:filesystem",
        "wasi:io",
        "wasi:random",
        "wasi:sockets",
    ],
    "0.2.",
);

/// A line of the contract: its versions are compatible with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContractLine {
    /// 0.1, which adapters built before 0.2 use.
    V0_1,
    /// 0.2.
    Current,
}

impl ContractLine {
    /// The lines that this host runs, the newest first.
    const ALL: [Self; 2] = [Self::Current, Self::V0_1];

    /// What its versions begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1.",
            Self::Current => "0.2.",
        }
    }

    /// Whether `name` is this interface of the contract in this line.
    fn has(self, name: &str, interface: &str) -> bool {
        name.strip_prefix(CONTRACT)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.strip_prefix(interface))
            .and_then(|rest| rest.strip_prefix('@'))
            .is_some_and(|version| version.starts_with(self.prefix()))
    }

    /// Whether an adapter may import `name` from this line.
    fn offers(self, name: &str) -> bool {
        let new: &[_] = match self {
            Self::V0_1 => &[],
            Self::Current => &NEW_IMPORTS,
        };
        IMPORTS.iter().chain(new).any(|interface| self.has(name, interface))
    }
}

/// The line of the contract that a component was built for, and its optional exports.
pub struct Interfaces {
    /// The line of its required exports.
    pub line: ContractLine,
    /// It exports `lookup`.
    pub lookup: bool,
    /// It exports `leads`.
    pub leads: bool,
}

/// Checks the file's format and size.
pub fn check_bytes(bytes: &[u8]) -> Result<(), PackageError> {
    if bytes.len() > MAX_SIZE {
        return Err(PackageError::TooLarge(bytes.len()));
    }
    match bytes.first_chunk::<8>() {
        Some(&COMPONENT) => Ok(()),
        Some(&CORE_MODULE) => Err(PackageError::CoreModule),
        _ if bytes.starts_with(&ELF) => Err(PackageError::NativeCode),
        _ if bytes.starts_with(b"\0asm") => Err(PackageError::Invalid("an unknown version of the format".into())),
        _ => Err(PackageError::NotWasm),
    }
}

/// Checks the names of imports and exports. Their types are checked when the component is linked.
///
/// # Errors
/// It imports something that this host does not offer, or does not export everything that an adapter must export.
pub fn check_interfaces(component: &Component) -> Result<Interfaces, PackageError> {
    let engine = component.engine();
    let types = component.component_type();
    check_imports(types.imports(engine).map(|(name, _)| name))?;
    let exports: Vec<_> = types.exports(engine).map(|(name, _)| name.to_owned()).collect();
    let line = ContractLine::ALL
        .into_iter()
        .find(|line| exports.iter().any(|name| line.has(name, EXPORTS[0])));
    let line = line.unwrap_or(ContractLine::Current);
    let exported = |interface: &str| exports.iter().any(|name| line.has(name, interface));
    let missing: Vec<_> = EXPORTS
        .into_iter()
        .filter(|interface| !exported(interface))
        .map(|interface| format!("{CONTRACT}/{interface}"))
        .collect();
    if !missing.is_empty() {
        return Err(PackageError::MissingExports(missing));
    }
    Ok(Interfaces {
        line,
        lookup: exported("lookup"),
        leads: exported("leads"),
    })
}

fn check_imports<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), PackageError> {
    let mut foreign = vec![];
    for name in names {
        let (interface, version) = name.split_once('@').unwrap_or((name, ""));
        let package = interface.split('/').next().unwrap_or_default();
        let is_known = |line: &ContractLine| version.starts_with(line.prefix());
        if package == CONTRACT && !ContractLine::ALL.iter().any(is_known) {
            return Err(PackageError::OtherVersion(truncate(name)));
        }
        let ours = ContractLine::ALL.iter().any(|line| line.offers(name));
        let wasi = WASI.0.contains(&package) && version.starts_with(WASI.1);
        if !ours && !wasi {
            foreign.push(truncate(name));
        }
    }
    if foreign.is_empty() {
        Ok(())
    } else {
        Err(PackageError::ForeignImports(foreign))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_components_pass() {
        assert_eq!(check_bytes(b"\0asm\x0d\0\x01\0rest"), Ok(()));
        assert_eq!(check_bytes(b"\0asm\x01\0\0\0rest"), Err(PackageError::CoreModule));
        assert_eq!(check_bytes(b"\x7fELF native code"), Err(PackageError::NativeCode));
        assert_eq!(check_bytes(b"#!/bin/sh"), Err(PackageError::NotWasm));
        assert_eq!(check_bytes(b""), Err(PackageError::NotWasm));
        assert!(matches!(check_bytes(b"\0asm\x0d\0"), Err(PackageError::Invalid(_))));
        assert!(matches!(
            check_bytes(&vec![0; MAX_SIZE + 1]),
            Err(PackageError::TooLarge(_))
        ));
    }

    #[test]
    fn imports_are_the_contract_and_wasi() {
        let check = |names: &[&str]| check_imports(names.iter().copied());
        assert_eq!(
            check(&[
                "jackfield:crm/http@0.1.0",
                "jackfield:crm/model@0.1.7",
                "jackfield:crm/dates@0.2.0",
                "jackfield:crm/http@0.2.3",
                "wasi:io/streams@0.2.6"
            ]),
            Ok(())
        );
        assert_eq!(
            check(&["jackfield:crm/http@0.3.0"]),
            Err(PackageError::OtherVersion("jackfield:crm/http@0.3.0".into()))
        );
        let foreign = [
            "wasi:http/outgoing-handler@0.2.6",
            "wasi:keyvalue/store@0.2.0",
            "wasi:io/streams@0.3.0",
            "jackfield:crm/status@0.1.0",
            "jackfield:crm/dates@0.1.0",
            "evil",
        ];
        let names = foreign.map(str::to_owned).to_vec();
        assert_eq!(check(&foreign), Err(PackageError::ForeignImports(names)));
        let long = "x".repeat(100_000);
        let message = check(&vec![long.as_str(); 1000]).unwrap_err().to_string();
        assert!(message.contains("and 990 more"), "{message}");
        assert!(message.len() < 6000, "{}", message.len());
    }
}
