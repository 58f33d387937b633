//! How the server is set up. Everything goes on the command line and nothing into the data, so that
//! a release can change it.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::Path,
};

use crate::folder::{Folder, LOG_MEGABYTES, PORT};

/// For a small helpdesk beside its server on one machine. What is not here is PostgreSQL's default.
const DEFAULTS: [(&str, &str); 12] = [
    ("cluster_name", "docket"),
    ("shared_buffers", "128MB"),
    ("max_connections", "100"),
    // an answer that was acknowledged is on the disk
    ("synchronous_commit", "on"),
    // each page's first change after a checkpoint is logged whole: compressing it doubles what a reply costs
    ("wal_compression", "off"),
    // many short queries: compiling them costs more than it saves
    ("jit", "off"),
    // disks have no arms any more
    ("random_page_cost", "1.1"),
    ("timezone", "UTC"),
    // they come every five minutes and would push the errors out of the bounded log
    ("log_checkpoints", "off"),
    ("log_min_messages", "warning"),
    ("log_line_prefix", "%m [%p] %d "),
    ("lc_messages", "C"),
];

/// The arguments of `postgres`. The caller's settings win over the defaults, but not over where the
/// data, the socket and the log are.
pub(crate) fn arguments(folder: &Folder, socket: &Path, settings: &[(String, String)]) -> Vec<OsString> {
    let megabytes = format!("{LOG_MEGABYTES}MB");
    let port = PORT.to_string();
    let mut arguments = vec![OsString::from("-D"), folder.pgdata.clone().into_os_string()];
    let mut set = |name: &str, value: &OsStr| {
        let mut pair = OsString::from(name);
        pair.push("=");
        pair.push(value);
        arguments.push("-c".into());
        arguments.push(pair);
    };
    for (name, value) in DEFAULTS {
        set(name, value.as_ref());
    }
    for (name, value) in settings {
        set(name, value.as_ref());
    }
    for (name, value) in [
        ("listen_addresses", ""),
        ("port", &port),
        ("unix_socket_permissions", "0700"),
        ("logging_collector", "on"),
        ("log_destination", "stderr"),
        ("log_filename", "postgres-%Y%m%d-%H%M%S.log"),
        ("log_file_mode", "0600"),
        ("log_timezone", "UTC"),
        ("log_rotation_age", "0"),
        ("log_rotation_size", &megabytes),
    ] {
        set(name, value.as_ref());
    }
    set("log_directory", folder.log.as_os_str());
    set("unix_socket_directories", &quoted(socket));
    arguments
}

/// An element of one of PostgreSQL's lists of paths.
fn quoted(path: &Path) -> OsString {
    let mut bytes = vec![b'"'];
    for &byte in path.as_os_str().as_bytes() {
        if byte == b'"' {
            bytes.push(b'"');
        }
        bytes.push(byte);
    }
    bytes.push(b'"');
    OsString::from_vec(bytes)
}

/// How `postmaster.opts` shows these arguments, so that a server found running can be compared.
pub(crate) fn as_recorded(arguments: &[OsString]) -> Vec<u8> {
    let mut text = Vec::new();
    for argument in arguments {
        text.extend_from_slice(b" \"");
        text.extend_from_slice(argument.as_bytes());
        text.push(b'"');
    }
    text
}
