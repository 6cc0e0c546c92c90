//! SASL on a connection: SaslHandshake names the mechanism, SaslAuthenticate carries its messages (KIP-43, KIP-152), and both
//! come again on the same socket before the broker's session ends (KIP-368).
//!
//! A refusal is remembered: nothing is dialled until somebody asks for it, so that no account is locked by tries that nobody
//! wanted. A new mechanism is a variant of `Method` and `Login`, and an arm of `Talk`.

mod bearer;
mod scram;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes};
use kafka_protocol::messages::{SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_protocol::protocol::StrBytes;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::{Connection, SaslAuthenticate, SaslHandshake};
use crate::io::kafka::error::ErrorCode;
use crate::io::kafka::fault::Fault;
use crate::io::kafka::pool::jittered;
use crate::io::kafka::security::{Login, NoToken, Ready};
use crate::model::{Cause, Foreign, Step};

/// So long the first authentication of a client is waited for by others that want to try, too.
const FIRST_TURN: Duration = Duration::from_secs(2);
/// So many connections that a broker closes in the middle of authentication, one after the other, are a refusal.
const HUNG_UP: u32 = 2;

/// Whether brokers took us, as all connections of a client know it.
#[derive(Debug, Default)]
pub(in crate::io::kafka) struct Refused {
    fault: Mutex<Option<Fault>>,
    hung_up: AtomicU32,
    /// It worked once: then many may authenticate at the same time.
    proven: AtomicBool,
    first: tokio::sync::Mutex<()>,
}

impl Refused {
    /// Why nobody may dial.
    pub(in crate::io::kafka) fn now(&self) -> Option<Fault> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody asked for another try. True: there was a refusal.
    pub(in crate::io::kafka) fn forgive(&self) -> bool {
        self.hung_up.store(0, Ordering::Relaxed);
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// Keeps what no other try by ourselves can change.
    pub(super) fn keep(&self, fault: &Fault) {
        let hung_up = matches!(fault.cause, Cause::Disconnected) && self.hung_up.fetch_add(1, Ordering::Relaxed) + 1 >= HUNG_UP;
        if hung_up || matches!(fault.cause, Cause::NotAuthenticated(_) | Cause::Usage(_)) {
            *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault.clone());
        }
    }
}

/// How the broker took us.
#[derive(Debug, Clone, Default)]
pub(in crate::io) struct Welcome {
    /// The mechanisms that the listener offers.
    pub(in crate::io) offered: Vec<String>,
    /// When we have to authenticate again, if ever.
    pub(in crate::io) lifetime: Option<Duration>,
}

/// Authenticates a fresh connection, and sees to it that it stays so.
pub(super) async fn log_in(connection: &Connection, ready: &Arc<Ready>, login: &Login) -> Result<Welcome, Fault> {
    let refused = Arc::clone(&connection.inner.shared.common.refused);
    // Several addresses are tried at once: with a wrong password one try is enough.
    let turn = if refused.proven.load(Ordering::Relaxed) { None } else { timeout(FIRST_TURN, refused.first.lock()).await.ok() };
    if let Some(fault) = refused.now() {
        return Err(connection.poison(fault));
    }
    let done = authenticate(connection, login).await;
    connection.rite_is_done();
    match done {
        Ok(welcome) => {
            refused.proven.store(true, Ordering::Relaxed);
            refused.hung_up.store(0, Ordering::Relaxed);
            drop(turn);
            if let Some(lifetime) = welcome.lifetime {
                keep(connection, Arc::clone(ready), lifetime);
            }
            Ok(welcome)
        }
        Err(fault) => {
            let fault = connection.poison(fault);
            refused.keep(&fault);
            Err(fault)
        }
    }
}

/// Authenticates again when most of the session is over, as long as the connection is there.
fn keep(connection: &Connection, ready: Arc<Ready>, mut lifetime: Duration) {
    let inner = Arc::downgrade(&connection.inner);
    let task = tokio::spawn(async move {
        loop {
            // Between 67 and 93 of 100: brokers want at least a second between two.
            sleep(jittered(lifetime.mul_f64(0.8).min(lifetime.saturating_sub(Duration::from_millis(500)))).min(lifetime.mul_f64(0.93)))
                .await;
            let Some(inner) = inner.upgrade() else { return };
            let connection = Connection { inner };
            let Some(login) = ready.login.as_ref().filter(|_| connection.is_open()) else { return };
            match authenticate(&connection, login).await {
                Ok(next) => {
                    connection.rite_is_done();
                    let Some(next) = next.lifetime else { return };
                    lifetime = next;
                }
                Err(fault) => {
                    let fault = connection.poison(fault);
                    connection.inner.shared.common.refused.keep(&fault);
                    return;
                }
            }
        }
    });
    let _only_once = connection.inner.keeper.set(task.abort_handle());
}

/// One authentication.
async fn authenticate(connection: &Connection, login: &Login) -> Result<Welcome, Fault> {
    let offered = greet(connection, login).await.map_err(|fault| fault.while_in(Step::Sasl))?;
    let mut talk = Talk::begin(connection, login).await?;
    let mut message = talk.first();
    loop {
        let (answer, lifetime) = say(connection, login, &offered, message).await.map_err(|fault| fault.while_in(Step::Sasl))?;
        match talk.next(answer).await {
            Ok(Some(next)) => message = next,
            Ok(None) => return Ok(Welcome { offered, lifetime }),
            Err(why) => {
                let text = format!("{} as {}: {why}", login.mechanism(), login.name());
                return Err(Fault::new(Cause::NotAuthenticated(Foreign::new(text)), connection.address(), Step::Sasl, why)
                    .hint("what answers there does not know the password that it should: is it the broker that is meant?"));
            }
        }
    }
}

/// SaslHandshake: the mechanisms that the broker offers, when ours is one of them.
async fn greet(connection: &Connection, login: &Login) -> Result<Vec<String>, Fault> {
    let version = connection.version::<SaslHandshake>()?;
    let request = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(login.on_the_wire()));
    let frame = connection.send_rite::<SaslHandshake>(version, &request)?.frame().await?;
    let (code, offered) = mechanisms(connection.body::<SaslHandshake>(version, frame)?)
        .ok_or_else(|| connection.garbled("the answer to SaslHandshake does not follow its format"))?;
    match code {
        0 => Ok(offered),
        33 => {
            let text = format!("the broker does not offer {}", login.on_the_wire());
            let there = format!("it offers {}", if offered.is_empty() { "none".to_owned() } else { offered.join(", ") });
            Err(Fault::new(Cause::NotAuthenticated(Foreign::new(format!("{text}; {there}"))), connection.address(), Step::Sasl, there)
                .hint("sasl.mechanism, or mechanism in [contexts.NAME.sasl], names another one"))
        }
        34 => {
            let what = "this listener takes no SASL authentication";
            Err(Fault::new(Cause::WrongProtocol(what), connection.address(), Step::Sasl, what)
                .hint("security.protocol=PLAINTEXT or SSL, or no table [contexts.NAME.sasl]; or the port of the SASL listener"))
        }
        code => Err(Fault::new(ErrorCode(code).cause(None, None), connection.address(), Step::Sasl, ErrorCode(code).words())),
    }
}

/// Error code and names; nothing is allocated by a count that a stranger claims.
fn mechanisms(mut bytes: Bytes) -> Option<(i16, Vec<String>)> {
    let code = bytes.try_get_i16().ok()?;
    let count = bytes.try_get_i32().ok()?;
    let mut names = Vec::new();
    for _ in 0..count {
        let size = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
        if bytes.remaining() < size {
            return None;
        }
        names.push(String::from_utf8_lossy(&bytes.split_to(size)).into_owned());
    }
    (!bytes.has_remaining()).then_some((code, names))
}

/// SaslAuthenticate: the broker's message, and how long the session lasts.
async fn say(
    connection: &Connection,
    login: &Login,
    offered: &[String],
    message: Zeroizing<Vec<u8>>,
) -> Result<(Bytes, Option<Duration>), Fault> {
    let version = connection.version::<SaslAuthenticate>()?;
    let request = SaslAuthenticateRequest::default().with_auth_bytes(Bytes::copy_from_slice(&message));
    let frame = connection.send_rite::<SaslAuthenticate>(version, &request)?.frame().await?;
    let answer = connection.decode::<SaslAuthenticate>(version, frame)?;
    if answer.error_code == 0 {
        let lifetime = u64::try_from(answer.session_lifetime_ms).ok().filter(|&ms| ms > 0).map(Duration::from_millis);
        return Ok((answer.auth_bytes, lifetime));
    }
    let code = ErrorCode(answer.error_code);
    let words = answer.error_message.as_ref().map_or(code.words(), |text| text.as_str());
    let text = format!("{} as {}: {words}", login.mechanism(), login.name());
    let cause = if answer.error_code == 58 { Cause::NotAuthenticated(Foreign::new(text)) } else { code.cause(None, Some(words)) };
    Err(Fault::new(cause, connection.address(), Step::Sasl, format!("refused; the broker offers {}", offered.join(", "))).hint(
        "check user and password, and that the user has this mechanism; kscope does not try again by itself, so that no account is locked",
    ))
}

/// A mechanism's side of the conversation.
enum Talk {
    /// All is said in the first message.
    Once(Zeroizing<Vec<u8>>),
    Scram(Box<scram::Client>),
    Bearer(Zeroizing<Vec<u8>>),
}

impl Talk {
    async fn begin(connection: &Connection, login: &Login) -> Result<Self, Fault> {
        Ok(match login {
            Login::Plain { username, password } => {
                Self::Once(Zeroizing::new(format!("\0{}\0{}", username.expose(), password.expose()).into_bytes()))
            }
            Login::Scram { hash, username, password } => Self::Scram(Box::new(scram::Client::new(*hash, username, password))),
            Login::Token { token, extensions } => {
                // It may be another one by now.
                let token = token.clone();
                let read = spawn_blocking(move || token.read()).await;
                let token = read.map_err(|_ended| Fault::garbled(connection.address(), "the token could not be read"))?;
                let token = token.map_err(|trouble| Fault::of_trouble(&trouble, connection.address(), Step::Sasl))?;
                Self::Bearer(bearer::message(token.expose(), extensions))
            }
            Login::Oidc { .. } | Login::Iam(_) => Self::made(connection, login).await?,
            Login::Unsecured { claims, lifetime_s, extensions } => {
                Self::Bearer(bearer::message(&bearer::unsecured(claims, *lifetime_s, bearer::now()), extensions))
            }
        })
    }

    /// With a token that somebody makes now.
    async fn made(connection: &Connection, login: &Login) -> Result<Self, Fault> {
        let address = connection.address();
        let host = address.rsplit_once(':').map_or(&**address, |(host, _port)| host).to_owned();
        let extensions = if let Login::Oidc { extensions, .. } = login { extensions.clone() } else { Vec::new() };
        let maker = login.clone();
        let made = spawn_blocking(move || maker.made_token(&host)).await.ok().flatten();
        match made {
            Some(Ok(token)) => Ok(Self::Bearer(bearer::message(token.expose(), &extensions))),
            Some(Err(NoToken { text, hint, refused })) => {
                let cause = if refused { Cause::NotAuthenticated(Foreign::new(text.as_str())) } else { Cause::Unreachable };
                let fault = Fault::new(cause, address, Step::Sasl, text);
                Err(match hint {
                    Some(hint) => fault.hint(hint),
                    None => fault,
                })
            }
            None => Err(Fault::garbled(address, "the token could not be made")),
        }
    }

    fn first(&mut self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Once(message) | Self::Bearer(message) => std::mem::take(message),
            Self::Scram(client) => Zeroizing::new(client.first().into_bytes()),
        }
    }

    /// What to say next; `None`: it is done. An error is what the broker got wrong.
    async fn next(&mut self, answer: Bytes) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        match self {
            Self::Once(_) => Ok(None),
            Self::Bearer(_) if answer.is_empty() => Ok(None),
            // A refusal comes as JSON, and the error only after this byte (RFC 7628, 3.2.3).
            Self::Bearer(_) => Ok(Some(Zeroizing::new(vec![1]))),
            Self::Scram(client) if client.is_proven_by(&answer)? => Ok(None),
            Self::Scram(client) => {
                // Thousands of rounds of a hash.
                let mut owned = std::mem::take(client);
                let (owned, last) = spawn_blocking(move || {
                    let last = owned.last(&answer);
                    (owned, last)
                })
                .await
                .map_err(|_ended| "the proof could not be made".to_owned())?;
                *client = owned;
                last.map(|text| Some(Zeroizing::new(text.into_bytes())))
            }
        }
    }
}

#[cfg(test)]
mod tests;
