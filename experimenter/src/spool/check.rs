//! Whether a folder can take results, asked before there are any.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::writer::create_folder;
use super::{at, blocking};

/// File systems that are memory.
const IN_MEMORY: [u32; 2] = [0x0102_1994, 0x8584_58f6];

/// Checks that results can be written to a folder, which is made; gives a warning if they would not outlive the machine.
///
/// # Errors
/// With the path, when the disk is full, read-only or broken.
pub async fn check(folder: &Path) -> io::Result<Option<String>> {
    let folder = folder.to_owned();
    blocking(move || {
        create_folder(&folder).map_err(at(&folder))?;
        try_writing(&folder)?;
        let kind = rustix::fs::statfs(&folder).map_err(|error| at(&folder)(error.into()))?.f_type;
        let is_in_memory = IN_MEMORY.iter().any(|memory| i128::from(kind) == i128::from(*memory));
        Ok(is_in_memory.then(|| {
            format!(
                "the spool {} is in memory: results that wait there for the database are lost when the machine stops",
                folder.display()
            )
        }))
    })
    .await
}

fn try_writing(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!("check.{}", std::process::id()));
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&[0; 4096])?;
        file.sync_data()
    });
    // A file that could not be written is there all the same, or never was.
    let _removed = std::fs::remove_file(&path);
    written.map_err(at(&path))
}
