//! The simulated board's control socket: one command a line, one line of answer.
//!
//! `set LINE VALUE` · `get LINE` · `fail LINE REASON` · `heal LINE` · `stuck LINE` · `silent LINE` · `list`; what
//! cannot be done is answered with `error: …`.

use std::fs::{self, Permissions};
use std::future::pending;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::bench::{Act, Bench};

/// Longest command in bytes.
const LONGEST: u64 = 1024;

/// Clients at a time.
const CLIENTS: usize = 8;

/// Serves the socket at `path` for ever. One that cannot be had is said in the log; the board works without.
pub(in crate::drivers) async fn serve(path: PathBuf, bench: Bench) {
    let socket = match Socket::open(&path) {
        Ok(socket) => socket,
        Err(error) => {
            tracing::error!("the simulator's socket {}: {error}", path.display());
            return pending().await;
        }
    };
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            client = socket.listener.accept(), if clients.len() < CLIENTS => match client {
                Ok((stream, _)) => {
                    let bench = bench.clone();
                    clients.spawn(async move {
                        // A client that goes away in the middle is its own affair.
                        let _ = talk(stream, &bench).await;
                    });
                }
                Err(error) => tracing::debug!(%error, "no simulator client"),
            },
            Some(_) = clients.join_next() => {}
        }
    }
}

/// The socket and its file, which goes with it.
struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    fn open(path: &Path) -> io::Result<Socket> {
        let left_over = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
        if left_over && std::os::unix::net::UnixStream::connect(path).is_err() {
            fs::remove_file(path)?;
        }
        let socket = Socket { listener: UnixListener::bind(path)?, path: path.to_owned() };
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(socket)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

async fn talk(stream: UnixStream, bench: &Bench) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        (&mut read).take(LONGEST).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(());
        }
        let whole = line.ends_with(b"\n") || (line.len() as u64) < LONGEST;
        let answer = if whole { obey(&String::from_utf8_lossy(&line), bench).await } else { Err("too long".into()) };
        let answer = answer.unwrap_or_else(|error| format!("error: {error}"));
        write.write_all(format!("{answer}\n").as_bytes()).await?;
        if !whole {
            return Ok(());
        }
    }
}

async fn obey(command: &str, bench: &Bench) -> Result<String, String> {
    let mut words = command.trim().splitn(3, ' ');
    let (word, line, rest) =
        (words.next().unwrap_or(""), words.next().unwrap_or(""), words.next().unwrap_or("").trim());
    let act = match (word, line, rest) {
        ("list", "", "") => {
            let lines: Vec<_> = bench.list().into_iter().map(|(pin, shown)| format!("{pin}={shown}")).collect();
            return Ok(lines.join(", "));
        }
        (_, "", _) => return Err(USAGE.into()),
        ("get", line, "") => return bench.show(line).ok_or_else(|| format!("there is no line “{line}”")),
        ("set" | "fail", _, "") => return Err(USAGE.into()),
        ("set", _, value) => Act::Set(value.into()),
        ("fail", _, reason) => Act::Fail(reason.into()),
        ("heal", _, "") => Act::Heal,
        ("stuck", _, "") => Act::Stick,
        ("silent", _, "") => Act::Hush,
        _ => return Err(USAGE.into()),
    };
    bench.poke(line, act).await.map(|()| "ok".into())
}

const USAGE: &str = "set LINE VALUE, get LINE, fail LINE REASON, heal LINE, stuck LINE, silent LINE or list";

#[cfg(test)]
mod tests {
    use tokio::io::AsyncBufRead;

    use super::*;
    use crate::model::{Kind, Value};

    #[tokio::test]
    async fn the_socket_is_for_its_owner_only_answers_line_by_line_and_leaves_no_file() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("sim");
        let bench = Bench::default();
        let _line = bench.take("S1", &Kind::on_off(), Value::Switch(true));
        let task = tokio::spawn(serve(path.clone(), bench.clone()));
        let stream = loop {
            match UnixStream::connect(&path).await {
                Ok(stream) => break stream,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        write.write_all(b"get S1\nlist\nget S9\n\nset S1\n").await.unwrap();
        assert_eq!(line(&mut read).await, "on");
        assert_eq!(line(&mut read).await, "S1=on");
        assert_eq!(line(&mut read).await, "error: there is no line “S9”");
        assert_eq!(line(&mut read).await, format!("error: {USAGE}"));
        assert_eq!(line(&mut read).await, format!("error: {USAGE}"));
        task.abort();
        let _ = task.await;
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_socket_left_over_by_a_crash_is_replaced_and_one_in_use_is_not() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("sim");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let ours = Socket::open(&path).unwrap();
        assert_eq!(Socket::open(&path).err().map(|error| error.kind()), Some(io::ErrorKind::AddrInUse));
        drop(ours);
    }

    async fn line(read: &mut (impl AsyncBufRead + Unpin)) -> String {
        let mut line = String::new();
        read.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }
}
