//! AWS_MSK_IAM: a presigned URL is the token (aws-msk-iam-sasl-signer), and where its credentials come from: variables, profiles,
//! the command of a profile, the container's or the machine's endpoint, and for all else the tool of Amazon.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use super::http::{agent, read};
use super::sigv4::{Asked, Credentials, nothing, presigned};
use super::{NoToken, Token};
use crate::io::kafka::security::Secret;
use crate::io::kafka::security::secret::printed;

/// How long a token is good, as Amazon's signers have it.
const EXPIRES: u32 = 900;
/// An endpoint beside us answers at once, or is not there.
const NEAR: Duration = Duration::from_secs(2);

/// Whose credentials, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Iam {
    pub profile: Option<String>,
    /// That of the broker's name when nothing is said.
    pub region: Option<String>,
}

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Iam {
    /// For the broker of that name.
    #[expect(clippy::disallowed_methods, reason = "this is io: a token says when it was made")]
    pub(in crate::io::kafka) fn token(&self, host: &str) -> Result<Token, NoToken> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        self.token_at(host, Timestamp::now(), &variable)
    }

    fn token_at(&self, host: &str, now: Timestamp, variable: Variable<'_>) -> Result<Token, NoToken> {
        let region =
            self.region.clone().or_else(|| region_of(host)).or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = region.ok_or_else(|| {
            NoToken::new(format!("{host} does not tell its region")).hint("region in [contexts.NAME.sasl], or AWS_REGION").refused()
        })?;
        let credentials = self.credentials(variable)?;
        Ok(Token { text: Secret::new(token(&credentials, &region, now)), lasts: Duration::from_secs(u64::from(EXPIRES)) })
    }

    /// In the usual order; a profile that is named goes before variables.
    fn credentials(&self, variable: Variable<'_>) -> Result<Credentials, NoToken> {
        if self.profile.is_none()
            && let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
        {
            return Ok(Credentials { id, secret: Secret::new(secret), session: variable("AWS_SESSION_TOKEN").map(Secret::new) });
        }
        let named = self.profile.clone().or_else(|| variable("AWS_PROFILE"));
        let profile = profile(named.as_deref().unwrap_or("default"), variable);
        let said = |name: &str| profile.get(name).cloned();
        if let (Some(id), Some(secret)) = (said("aws_access_key_id"), said("aws_secret_access_key")) {
            return Ok(Credentials { id, secret: Secret::new(secret), session: said("aws_session_token").map(Secret::new) });
        }
        if let Some(line) = said("credential_process") {
            let text = printed(&line).map_err(|why| NoToken::new(format!("credential_process {why}")).refused())?;
            return of_json(&String::from_utf8_lossy(&text), "credential_process");
        }
        if named.is_none() {
            if let Some(found) = of_container(variable)? {
                return Ok(found);
            }
            if profile.is_empty()
                && let Some(found) = of_machine(variable)
            {
                return Ok(found);
            }
        }
        of_tool(named.as_deref())
    }
}

/// The URL without its end, signed, and then who asks: that is not signed.
fn token(credentials: &Credentials, region: &str, now: Timestamp) -> String {
    let host = format!("kafka.{region}.amazonaws.com");
    let digest = nothing();
    let asked = Asked {
        host: &host,
        path: "/",
        query: &[("Action", "kafka-cluster:Connect")],
        region,
        service: "kafka-cluster",
        body_digest: &digest,
        expires: EXPIRES,
    };
    let url = presigned(&asked, credentials, now) + concat!("&User-Agent=kscope%2F", env!("CARGO_PKG_VERSION"));
    URL_SAFE_NO_PAD.encode(url)
}

/// `b-1.x.c1.kafka.us-east-1.amazonaws.com`, `boot-x.c1.kafka-serverless.eu-west-1.amazonaws.com`, `….amazonaws.com.cn`.
fn region_of(host: &str) -> Option<String> {
    let parts: Vec<&str> = host.split('.').collect();
    let at = parts.iter().position(|part| *part == "amazonaws")?;
    let service = parts.get(at.checked_sub(2)?)?;
    matches!(*service, "kafka" | "kafka-serverless").then(|| parts.get(at - 1).map(|region| (*region).to_owned())).flatten()
}

/// A profile out of both files; what the one for credentials says counts.
fn profile(name: &str, variable: Variable<'_>) -> BTreeMap<String, String> {
    let home = variable("HOME").map(PathBuf::from).or_else(std::env::home_dir).unwrap_or_default();
    let file = |set: &str, usual: &str| variable(set).map_or_else(|| home.join(".aws").join(usual), PathBuf::from);
    let text = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let mut all =
        section(&text(file("AWS_CONFIG_FILE", "config")), &[&format!("profile {name}"), if name == "default" { "default" } else { "" }]);
    all.extend(section(&text(file("AWS_SHARED_CREDENTIALS_FILE", "credentials")), &[name]));
    all
}

/// `key = value` below `[one of these names]`.
fn section(text: &str, names: &[&str]) -> BTreeMap<String, String> {
    let mut within = false;
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            within = names.contains(&name.trim());
        } else if let (true, Some((key, value))) = (within, line.split_once('=')) {
            found.insert(key.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    found
}

/// As commands and endpoints give them: the session is called by either name.
fn of_json(text: &str, whose: &str) -> Result<Credentials, NoToken> {
    let json: Value = serde_json::from_str(text).unwrap_or_default();
    let said = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    match (said("AccessKeyId"), said("SecretAccessKey")) {
        (Some(id), Some(secret)) => {
            Ok(Credentials { id, secret: Secret::new(secret), session: said("SessionToken").or_else(|| said("Token")).map(Secret::new) })
        }
        _ => Err(NoToken::new(format!("{whose} gave no credentials")).hint("it gives JSON with AccessKeyId and SecretAccessKey").refused()),
    }
}

/// ECS, and identities of pods on EKS.
fn of_container(variable: Variable<'_>) -> Result<Option<Credentials>, NoToken> {
    let beside = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("http://169.254.170.2{path}"));
    let Some(url) = beside.or_else(|| variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) else { return Ok(None) };
    let file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").and_then(|path| std::fs::read_to_string(path).ok());
    let token = file.or_else(|| variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    let mut request = agent(&[], NEAR, true).get(&url);
    if let Some(token) = token {
        request = request.header("Authorization", token.trim());
    }
    match read(request.call()) {
        Ok((200, body)) => of_json(&body, &url).map(Some),
        Ok((status, _)) => Err(NoToken::new(format!("{url} answered {status}")).hint("the container's endpoint for credentials")),
        Err(why) => Err(NoToken::new(format!("{url}: {why}")).hint("the container's endpoint for credentials")),
    }
}

/// EC2 (IMDSv2). `None`: this is no such machine, or it has no role.
fn of_machine(variable: Variable<'_>) -> Option<Credentials> {
    if variable("AWS_EC2_METADATA_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return None;
    }
    let base = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| "http://169.254.169.254".to_owned());
    let base = base.trim_end_matches('/');
    let agent = agent(&[], NEAR, true);
    let (200, token) =
        read(agent.put(format!("{base}/latest/api/token")).header("X-aws-ec2-metadata-token-ttl-seconds", "60").send_empty()).ok()?
    else {
        return None;
    };
    let get = |path: &str| match read(
        agent
            .get(format!("{base}/latest/meta-data/iam/security-credentials/{path}"))
            .header("X-aws-ec2-metadata-token", token.as_str())
            .call(),
    ) {
        Ok((200, body)) => Some(body),
        _ => None,
    };
    let roles = get("")?;
    of_json(&get(roles.lines().next()?.trim())?, base).ok()
}

/// Single sign-on, assumed roles and all else: Amazon's own tool knows them.
fn of_tool(profile: Option<&str>) -> Result<Credentials, NoToken> {
    let mut command = Command::new("aws");
    command.args(["configure", "export-credentials", "--format", "process"]);
    command.args(profile.into_iter().flat_map(|name| ["--profile", name]));
    let whose = "aws configure export-credentials";
    match command.stdin(Stdio::null()).output() {
        Ok(done) if done.status.success() => of_json(&String::from_utf8_lossy(&done.stdout), whose),
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr);
            let said = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
            Err(NoToken::new(format!("{whose}: {said}")).hint("aws sso login, or aws configure").refused())
        }
        Err(_missing) => Err(NoToken::new("there are no credentials of Amazon's")
            .hint("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, profile in [contexts.NAME.sasl], or the tool `aws`, which knows single sign-on and roles")
            .refused()),
    }
}

#[cfg(test)]
mod tests;
