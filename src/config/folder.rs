//! Where the configuration is.

use std::path::{Path, PathBuf};

/// Names the folder of the configuration, when it is set.
pub const FOLDER_VARIABLE: &str = "KSCOPE_CONFIG_DIR";
/// The file in it.
pub const FILE_NAME: &str = "config.toml";

/// The folder: `KSCOPE_CONFIG_DIR`; on macOS `XDG_CONFIG_HOME/kscope` when that is set; else where the system keeps such
/// files (`~/.config/kscope`). `None` without a home.
pub fn folder(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|text| !text.is_empty());
    if let Some(folder) = set(FOLDER_VARIABLE) {
        return Some(folder.into());
    }
    // The same variable counts elsewhere too; there the crate looks at it.
    if let (true, Some(home)) = (cfg!(target_os = "macos"), set("XDG_CONFIG_HOME")) {
        return Some(Path::new(&home).join("kscope"));
    }
    directories::ProjectDirs::from("", "", "kscope").map(|project| project.config_dir().to_owned())
}
