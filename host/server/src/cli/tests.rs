//! The command line as a whole: its commands, and that the examples in their help texts parse.

use clap::CommandFactory as _;

use super::*;

/// Collects the commands below `command` that have no subcommands: their paths, and the text after their help.
fn collect_commands(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name());
        if sub.has_subcommands() {
            collect_commands(sub, &path, found);
        } else {
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            found.push((path, help));
        }
    }
}

fn commands() -> Vec<(String, String)> {
    let mut found = vec![];
    collect_commands(&Cli::command(), "jackfield", &mut found);
    found
}

#[test]
fn commands_are_as_listed() {
    Cli::command().debug_assert();
    let paths: Vec<_> = commands().into_iter().map(|(path, _)| path).collect();
    insta::assert_snapshot!(paths.join("\n"), @"
    jackfield serve
    jackfield adapter new
    jackfield adapter build
    jackfield adapter test
    jackfield adapter check
    jackfield adapter sign
    jackfield adapter push
    jackfield adapter list
    jackfield adapter show
    jackfield adapter record
    jackfield tenant apply
    jackfield tenant list
    jackfield tenant show
    jackfield tenant releases
    jackfield tenant rollback
    jackfield token create
    jackfield token list
    jackfield token recover
    jackfield token revoke
    jackfield secrets set
    jackfield secrets list
    jackfield secrets remove
    jackfield secrets rotate-key
    jackfield deliveries list
    jackfield deliveries show
    jackfield dead list
    jackfield dead show
    jackfield dead replay
    jackfield dead discard
    jackfield dead landed
    jackfield review list
    jackfield review show
    jackfield review edit
    jackfield review replay
    jackfield review discard
    jackfield review landed
    jackfield leads show
    jackfield suppressions list
    jackfield breaker list
    jackfield breaker show
    jackfield breaker open
    jackfield breaker close
    jackfield breaker auto
    jackfield alerts list
    jackfield alerts ack
    jackfield audit list
    jackfield audit verify
    jackfield compile-adapter
    jackfield print-reference
    ");
}

#[test]
fn examples_in_help_texts_parse() {
    // Every command has an example of itself.
    for (path, help) in commands() {
        let help = help.strip_prefix("Example:\n").unwrap_or_default();
        // After an empty line, the text is not an example.
        let examples: Vec<_> = help.lines().take_while(|line| !line.is_empty()).collect();
        assert!(!examples.is_empty(), "{path} has no Example");
        for example in examples {
            // As in a shell, a variable may precede the command.
            let start = example.find("jackfield ").unwrap_or_default();
            let (variables, example) = example.split_at(start);
            assert!(
                variables.split_whitespace().all(|word| word.contains('=')),
                "{path}: {variables}"
            );
            assert!(example.starts_with(&path), "{path}: {example}");
            if let Err(error) = Cli::try_parse_from(example.split(' ')) {
                panic!("{path}: {example}\n{error}");
            }
        }
    }
}

#[test]
fn required_options_cannot_be_omitted() {
    // Omitting options neither replays nor discards anything.
    for wrong in [
        "jackfield dead replay",
        "jackfield dead discard",
        "jackfield review replay --not-landed",
        "jackfield dead replay --rate 5/s",
        "jackfield dead discard dlv_1 --all",
        "jackfield dead discard dlv_1 --tenant a",
        "jackfield token create --for agent",
    ] {
        let error = Cli::try_parse_from(wrong.split(' ')).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{wrong}");
    }
}

#[test]
fn no_help_shows_a_token() {
    let token = Cli::command();
    let token = token.get_arguments().find(|arg| arg.get_id() == "token").unwrap();
    assert!(token.is_hide_env_values_set());
    let cli = Cli::try_parse_from(["jackfield", "tenant", "list", "--token", "jfo_secret"]).unwrap();
    assert!(!format!("{cli:?}").contains("jfo_secret"));
}

/// The variables that a command and its subcommands read.
fn variables(command: &clap::Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(clap::Arg::get_env);
    let own = own.map(|name| name.to_string_lossy().into_owned());
    own.chain(command.get_subcommands().flat_map(variables)).collect()
}

#[test]
fn variables_are_not_taken_for_settings() {
    let variables = variables(&Cli::command());
    assert!(variables.contains(&"JACKFIELD_CONFIG".to_owned()), "{variables:?}");
    let set = variables.into_iter().map(|name| (name.into(), "x".into()));
    let config = crate::config::Config::load(None, set).unwrap();
    assert_eq!(config.remarks.unknown, [""; 0]);
}

#[test]
fn usage_errors_quote_no_argument() {
    // A secret that was typed as an argument is not repeated on standard error.
    let secret = "whsec_Y2FuYXJ5Cg";
    for line in [
        "secrets set acme crm X",
        "secrets set acme X",
        "secrets set X crm",
        "secrets set acme crm --value=X",
        "secrets set acme crm --value X",
        "secrets set acme crm --X",
        "secrets set acme crm -X",
        "secrets X",
        "X",
        "--X",
        "tenant list --limit X",
        "tenant list --limit=X",
        "tenant rollback acme --to X",
        "token create --for X",
        "token revoke X",
        "alerts ack X",
        "deliveries list --state X",
        "deliveries list --since X",
        "dead replay --all --rate X",
        "--admin-url X tenant list",
        "--json=X tenant list",
    ] {
        let arguments = line.split(' ').map(|word| word.replace('X', secret));
        let arguments = std::iter::once("jackfield".to_owned()).chain(arguments);
        let Err(error) = Cli::try_parse_from(arguments) else {
            panic!("{line} is accepted")
        };
        let shown = usage_error::without_arguments(error);
        assert_eq!(shown.exit_code(), 2, "{line}");
        let text = shown.render().to_string();
        assert!(!text.contains("whsec") && !text.contains("Y2Fu"), "{line}: {text}");
        assert!(text.starts_with("error: ") && text.contains("--help"), "{line}: {text}");
    }
}

#[test]
fn slips_of_the_pen_are_named() {
    let shown = |line: &str| {
        let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
        usage_error::without_arguments(error).render().to_string()
    };
    assert!(shown("jackfield tenant lst").contains("'list'"));
    assert!(shown("jackfield tenant list --limt 5").contains("'--limit'"));
    let wrong = shown("jackfield token revoke 17");
    assert!(wrong.contains("token id is not valid: `tok_` and a number"), "{wrong}");
}
