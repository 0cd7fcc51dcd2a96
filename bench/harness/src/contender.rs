//! The functions that are compared, and how each is started.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::args::Args;
use crate::error::BenchError;

/// Which function, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The runtime alone.
    Echo,
    /// The runtime and the one read.
    BatchGet,
    /// The sign-in function.
    Hook,
    /// Its like in Node.js.
    Node,
    /// Its like in Python.
    Python,
}

/// All of them.
pub(crate) const KINDS: [Kind; 5] = [Kind::Echo, Kind::BatchGet, Kind::Hook, Kind::Node, Kind::Python];

impl Kind {
    /// The name on the command line and in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::BatchGet => "batch-get",
            Self::Hook => "saml-hook",
            Self::Node => "node",
            Self::Python => "python",
        }
    }
}

/// One function, ready to be started.
#[derive(Debug, Clone)]
pub(crate) struct Contender {
    /// Which one.
    pub(crate) kind: Kind,
    /// The program that is started.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// The interpreter's version, where there is one.
    pub(crate) version: Option<String>,
    /// What is deployed, in bytes: unpacked, and as a zip.
    pub(crate) size: Option<(u64, u64)>,
}

/// The functions that take part.
///
/// # Errors
/// A name that is none, or a function that is not built.
pub(crate) fn all(args: &Args) -> Result<Vec<Contender>, BenchError> {
    if let Some(name) = args.without().find(|name| KINDS.iter().all(|kind| kind.name() != *name)) {
        return Err(BenchError::Usage(format!("there is no function `{name}` to leave out")));
    }
    let root = std::path::absolute(&args.root).map_err(|cause| BenchError::File { path: args.root.clone(), cause })?;
    let sizes = sizes(&root.join("target/bench/sizes.json"))?;
    KINDS
        .into_iter()
        .filter(|kind| !args.without().any(|name| name == kind.name()))
        .map(|kind| {
            let (program, arguments) = command(kind, &root, &args.profile)?;
            if !program.is_file() {
                let cause = std::io::Error::other("it is not there; `bench/run` makes it");
                return Err(BenchError::File { path: program, cause });
            }
            let version = matches!(kind, Kind::Node | Kind::Python).then(|| version(&program)).transpose()?;
            Ok(Contender { kind, program, arguments, version, size: sizes.get(kind.name()).copied() })
        })
        .collect()
}

fn command(kind: Kind, root: &Path, profile: &str) -> Result<(PathBuf, Vec<String>), BenchError> {
    let compiled = |name: &str| (root.join("target").join(profile).join(name), Vec::new());
    let script = |path: &str| root.join(path).display().to_string();
    Ok(match kind {
        Kind::Echo => compiled("bench-echo"),
        Kind::BatchGet => compiled("bench-batch-get"),
        Kind::Hook => compiled("saml-hook"),
        // The heap that Lambda gives Node.js in a function of 512 MB.
        Kind::Node => {
            (on_path("node")?, vec!["--max-old-space-size=460".to_owned(), script("bench/node/bootstrap.mjs")])
        }
        Kind::Python => {
            (root.join("target/bench/python/bin/python"), vec![script("target/bench/python/function/bootstrap.py")])
        }
    })
}

/// The program of a name in the folders of `PATH`, which a function's own environment has not.
fn on_path(name: &str) -> Result<PathBuf, BenchError> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| {
        BenchError::File {
            path: name.into(),
            cause: std::io::Error::other(
                "no folder of PATH has it; install it, or leave its function out by --without",
            ),
        }
    })
}

fn version(program: &Path) -> Result<String, BenchError> {
    let output = Command::new(program)
        .arg("--version")
        .output()
        .map_err(|cause| BenchError::File { path: program.to_owned(), cause })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The sizes that `bench/sizes.py` has noted.
fn sizes(path: &Path) -> Result<BTreeMap<String, (u64, u64)>, BenchError> {
    let failed = |cause| BenchError::File { path: path.to_owned(), cause };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let noted: BTreeMap<String, Value> = serde_json::from_str(&text).map_err(|error| failed(error.into()))?;
    let pair = |size: &Value| Some((size.get("unpacked")?.as_u64()?, size.get("zip")?.as_u64()?));
    noted
        .into_iter()
        .map(|(name, size)| {
            let pair =
                pair(&size).ok_or_else(|| failed(std::io::Error::other("it is not the file of `bench/sizes.py`")))?;
            Ok((name, pair))
        })
        .collect()
}
