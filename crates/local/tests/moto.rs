//! IAM and STS on this machine.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use signet_local::moto::Moto;

fn address(moto: &Moto) -> String {
    moto.endpoint().strip_prefix("http://").unwrap().to_owned()
}

fn runs(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

#[test]
fn it_listens_on_loopback_once_started() {
    let moto = Moto::start().unwrap();
    assert!(moto.endpoint().starts_with("http://127.0.0.1:"), "{}", moto.endpoint());
    TcpStream::connect(address(&moto)).unwrap();
    assert!(runs(moto.pid()));
}

#[test]
fn a_panic_leaves_nothing_behind() {
    let mut seen = None;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let moto = Moto::start().unwrap();
        seen = Some((moto.pid(), address(&moto)));
        panic!("a test fails");
    }));
    assert!(ended.is_err());
    let (pid, address) = seen.unwrap();
    assert!(!runs(pid));
    TcpStream::connect(address).unwrap_err();
}
