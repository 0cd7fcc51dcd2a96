//! The program `signet-local`.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};

use support::{client, create_table};

const BINARY: &str = env!("CARGO_BIN_EXE_signet-local");

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts the program; gives it and the endpoint that it prints.
fn start(arguments: &[&str]) -> (Program, String) {
    let child = Command::new(BINARY)
        .arg("dynamodb")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut program = Program(child);
    let mut line = String::new();
    let stdout = program.0.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let endpoint = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
    (program, endpoint)
}

fn ended(program: &mut Program, endpoint: &str) -> ExitStatus {
    let status = program.0.wait().unwrap();
    let address = endpoint.strip_prefix("http://").unwrap();
    assert!(TcpStream::connect(address).is_err(), "the port is closed");
    status
}

#[tokio::test]
async fn it_serves_and_ends_with_its_standard_input() {
    let (mut program, endpoint) = start(&["--until-stdin-closes"]);
    create_table(&client(&endpoint)).await;
    drop(program.0.stdin.take());
    assert!(ended(&mut program, &endpoint).success());
}

#[test]
fn it_ends_on_signals_and_only_then() {
    for name in ["INT", "TERM"] {
        let (mut program, endpoint) = start(&[]);
        drop(program.0.stdin.take());
        assert!(TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).is_ok());
        let kill = format!("kill -{name} {}", program.0.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        assert!(ended(&mut program, &endpoint).success());
    }
}

#[test]
fn it_takes_the_port_it_is_given_and_says_if_it_cannot() {
    let (mut first, endpoint) = start(&["--port", "0"]);
    let port = endpoint.rsplit(':').next().unwrap().to_owned();
    let second = Command::new(BINARY).args(["dynamodb", "--port", &port]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains(&format!("127.0.0.1:{port}")));
    drop(first.0.kill());
    first.0.wait().unwrap();
    let (_second, again) = start(&["--port", &port]);
    assert_eq!(again, endpoint);
}

#[test]
fn a_wrong_call_is_refused_with_what_was_wrong() {
    let cases = [
        (vec![], "a command is missing"),
        (vec!["dynamo"], "`dynamo`"),
        (vec!["dynamodb", "--port"], "needs a value"),
        (vec!["dynamodb", "--port", "70000"], "`70000`"),
        (vec!["dynamodb", "--prot", "1"], "`--prot`"),
    ];
    for (arguments, wanted) in cases {
        let output = Command::new(BINARY).args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(wanted), "{arguments:?}: {stderr}");
    }
    let help = Command::new(BINARY).arg("--help").output().unwrap();
    assert!(help.status.success() && help.stdout.starts_with(b"Usage:"));
}
