//! What is kept on the disk is closed to other users of the machine.

use crate::support::{World, node::soon, program::docket};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// A mail with a file on it.
const MAIL: &str = "From: Jana <jana@acme.example>\r\nTo: desk@docket.example\r\nSubject: A file\r\n\
    Message-ID: <private-1@acme.example>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n\
    --B\r\nContent-Type: text/plain; name=\"notes.txt\"\r\nContent-Disposition: attachment; filename=\"notes.txt\"\r\n\r\n\
    only for us\r\n--B--\r\n";

/// Everything in a folder and the folder itself, with the rights.
fn rights(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut all = vec![(folder.to_owned(), fs::metadata(folder).unwrap().permissions().mode() & 0o777)];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(rights(&path));
        } else {
            all.push((path.clone(), fs::metadata(&path).unwrap().permissions().mode() & 0o777));
        }
    }
    all
}

#[tokio::test]
async fn other_users_of_the_machine_read_nothing() {
    let world = World::new().await;
    let place = tempfile::tempdir().unwrap();
    let mails = place.path().join("mails");
    fs::create_dir(&mails).unwrap();
    fs::write(mails.join("1.eml"), MAIL).unwrap();
    let data = place.path().join("data");
    let arguments = ["import-mail", mails.to_str().unwrap(), "--database-url", &world.database_url()];
    let output = soon("the program ends", docket(&data, &arguments).output()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let closed = rights(&data);
    assert!(closed.iter().any(|(path, _)| path.starts_with(data.join("files")) && path.is_file()), "{closed:?}");
    for (path, mode) in &closed {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(*mode, expected, "{}: {mode:o}", path.display());
    }
    // As earlier releases have left it.
    for (path, _) in &closed {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    let arguments = ["migrate", "--database-url", &world.database_url()];
    let output = soon("the program ends", docket(&data, &arguments).output()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(rights(&data), closed);
}
