//! Lists the files of `boards/`, so that adding a board is adding a file and nothing else.

use std::error::Error;
use std::fmt::Write;
use std::{env, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("boards");
    println!("cargo::rerun-if-changed=boards");
    let mut files =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();

    let mut list = String::from("&[\n");
    for path in files {
        let name = path.file_stem().and_then(|name| name.to_str()).ok_or("a board file's name is not UTF-8")?;
        writeln!(list, "    ({name:?}, include_str!({:?})),", path.display().to_string())?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("boards.rs"), list)?;
    Ok(())
}
