//! The desktop's own clipboard tool, where a desktop is: the terminal's way (OSC 52) is the loop's.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

/// A tool and when it can work.
struct Tool {
    name: &'static str,
    args: &'static [&'static str],
    needs: Option<&'static str>,
}

const TOOLS: &[Tool] = &[
    Tool { name: "wl-copy", args: &[], needs: Some("WAYLAND_DISPLAY") },
    Tool { name: "xclip", args: &["-selection", "clipboard"], needs: Some("DISPLAY") },
    Tool { name: "xsel", args: &["--clipboard", "--input"], needs: Some("DISPLAY") },
    Tool { name: "pbcopy", args: &[], needs: None },
];

/// How long a tool may take before we stop waiting for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Hands the text to the first tool that takes it; tells which. A thread of its own waits for the tool: one that hangs
/// holds up nothing else.
pub(super) async fn copy(text: String) -> Option<&'static str> {
    let (done, answer) = oneshot::channel();
    let thread = thread::Builder::new().name("clipboard".to_owned()).spawn(move || {
        let tool = TOOLS.iter().find(|tool| is_usable(tool) && hand_over(tool, &text));
        // Nobody waits any more when the tool took too long.
        let _late = done.send(tool.map(|tool| tool.name));
    });
    thread.ok()?;
    tokio::time::timeout(PATIENCE, answer).await.ok()?.ok()?
}

fn is_usable(tool: &Tool) -> bool {
    match tool.needs {
        Some(variable) => std::env::var_os(variable).is_some(),
        None => cfg!(target_os = "macos"),
    }
}

fn hand_over(tool: &Tool, text: &str) -> bool {
    let child = Command::new(tool.name).args(tool.args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return false };
    let Some(mut stdin) = child.stdin.take() else { return false };
    let written = stdin.write_all(text.as_bytes()).is_ok();
    drop(stdin);
    child.wait().is_ok_and(|status| status.success()) && written
}
