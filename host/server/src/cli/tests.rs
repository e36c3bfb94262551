//! The command line as a whole: what it has, and that its own examples work.

use clap::CommandFactory as _;

use super::*;

fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name());
        if sub.has_subcommands() {
            leaves(sub, &path, found);
        } else {
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            found.push((path, help));
        }
    }
}

fn all() -> Vec<(String, String)> {
    let mut found = vec![];
    leaves(&Cli::command(), "jackfield", &mut found);
    found
}

#[test]
fn the_command_tree_is_sound() {
    Cli::command().debug_assert();
    let paths: Vec<_> = all().into_iter().map(|(path, _)| path).collect();
    insta::assert_snapshot!(paths.join("\n"), @"
    jackfield serve
    jackfield adapter new
    jackfield adapter build
    jackfield adapter check
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
    ");
}

#[test]
fn every_command_has_an_example_of_itself_that_it_takes() {
    for (path, help) in all() {
        let help = help.strip_prefix("Example:\n").unwrap_or_default();
        // What follows an empty line is more help, not more examples.
        let examples: Vec<_> = help.lines().take_while(|line| !line.is_empty()).collect();
        assert!(!examples.is_empty(), "{path} has no Example");
        for example in examples {
            // A variable may stand before the command, as in a shell.
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
fn nothing_is_replayed_or_discarded_by_leaving_things_out() {
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
