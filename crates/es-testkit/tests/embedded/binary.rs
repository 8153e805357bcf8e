//! The binary, which clients of any language start.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

fn es_testkit() -> Command {
    Command::new(env!("CARGO_BIN_EXE_es-testkit"))
}

#[test]
fn it_prints_how_to_connect_and_ends_with_its_input() {
    let mut command = es_testkit();
    command.args(["--nodes", "2", "--tls", "--exit-on-eof"]);
    let mut server = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let lines: Vec<_> = lines.take(5).map(Result::unwrap).collect();
    let names: Vec<_> = lines
        .iter()
        .map(|line| line.split_once('=').unwrap().0)
        .collect();
    let all = [
        "ES_URL",
        "ES_USER",
        "ES_PASSWORD",
        "ES_API_KEY",
        "ES_FINGERPRINT",
    ];
    assert_eq!(names, all);
    assert_eq!(
        lines[0].matches("https://127.0.0.1:").count(),
        2,
        "{lines:?}"
    );
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
}

#[test]
fn it_explains_its_options_and_refuses_others() {
    let help = es_testkit().arg("--help").output().unwrap();
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("--exit-on-eof"), "{help}");

    let refused = es_testkit().arg("--port").output().unwrap();
    assert!(!refused.status.success());
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("unknown option --port"), "{message}");
}
