//! File systems: what they are called, and on which a database's file can be.

use std::io;
use std::path::Path;

use crate::{Result, StoreError};

/// The file system that a file or folder is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// Its name, or its number where it is not known here.
    pub name: String,
    /// Whether other hosts may see the same files.
    pub is_shared: bool,
    /// Whether its files are gone when the machine is switched off.
    pub is_memory: bool,
}

/// Those that can be on several hosts. FUSE is all that a program provides, such as sshfs; nothing tells which it is.
const SHARED: [(u64, &str); 11] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0x00C3_6400, "CephFS"),
    (0x6573_5546, "FUSE"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
];

const MEMORY: [(u64, &str); 2] = [(0x0102_1994, "tmpfs"), (0x8584_58F6, "ramfs")];

/// 9p is how virtual machines see folders of their hosts.
const LOCAL: [(u64, &str); 8] = [
    (0x0102_1997, "9p"),
    (0xEF53, "ext4"),
    (0x5846_5342, "XFS"),
    (0x9123_683E, "Btrfs"),
    (0x2FC1_2FC1, "ZFS"),
    (0xF2F5_2010, "F2FS"),
    (0x794C_7630, "overlay"),
    (0x4D44, "FAT"),
];

impl FileSystem {
    /// The file system of a path, or of the nearest folder above it that is there.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn of(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let mut there = path.as_path();
        while let Some(parent) = there.parent()
            && !there.exists()
        {
            there = parent;
        }
        let found = rustix::fs::statfs(there)?;
        // The type of the number differs between machines; all of them have 32 bits.
        #[expect(clippy::cast_sign_loss, reason = "a pattern of bits")]
        Ok(Self::from_number(found.f_type as u64 & 0xFFFF_FFFF))
    }

    fn from_number(number: u64) -> Self {
        let among =
            |known: &[(u64, &'static str)]| known.iter().find(|(other, _)| *other == number).map(|(_, name)| *name);
        let name = among(&SHARED).or_else(|| among(&MEMORY)).or_else(|| among(&LOCAL));
        Self {
            name: name.map_or_else(|| format!("{number:#x}"), ToOwned::to_owned),
            is_shared: among(&SHARED).is_some(),
            is_memory: among(&MEMORY).is_some(),
        }
    }

    /// Refuses a database's file where the locks that its writers take may not hold.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        if !self.is_shared {
            return Ok(());
        }
        let (path, name) = (path.display(), &self.name);
        Err(StoreError::Refused(format!(
            "{path} is on a network file system ({name}), where locks may not hold and SQLite can lose results\n\
             use a MariaDB or MySQL server (`--database mysql://user:password@host/database`), or a local folder, such \
             as /tmp or $TMPDIR\n\
             if only one host ever opens the file and you accept the risk: `--database 'sqlite://{path}?network=yes'`"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_that_several_hosts_see_is_refused() {
        for (number, name) in [(0x6969, "NFS"), (0xFF53_4D42, "CIFS"), (0x6573_5546, "FUSE"), (0x0BD0_0BD0, "Lustre")] {
            let error = FileSystem::from_number(number).check(Path::new("/home/me/t.db")).expect_err(name).to_string();
            for part in ["/home/me/t.db", name, "mysql://", "$TMPDIR", "sqlite:///home/me/t.db?network=yes"] {
                assert!(error.contains(part), "{part}: {error}");
            }
        }
        for number in [0xEF53, 0x0102_1994, 0x794C_7630, 0x1234] {
            FileSystem::from_number(number).check(Path::new("t.db")).expect("it is local");
        }
        assert_eq!(FileSystem::from_number(0x1234).name, "0x1234");
    }

    #[test]
    fn the_kernel_tells_the_file_system() {
        let proc = FileSystem::of(Path::new("/proc/self")).expect("it is there");
        assert_eq!(proc.name, "0x9fa0");
        let sought = FileSystem::of(Path::new("/proc/self/no/such/file")).expect("the folder is there");
        assert_eq!(sought, proc);
    }
}
