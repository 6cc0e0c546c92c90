//! SASL out of properties: the mechanism, and who we are, from librdkafka's keys or out of Java's login module.

use std::sync::Arc;

use super::{Bag, PROFILE, REGION, TOKEN};
use crate::config::jaas::Jaas;
use crate::config::properties::Mistake;
use crate::io::kafka::{Claim, Iam, Method, Oidc, Said, Sasl, ScramHash, SecretFrom};
use crate::text::nearest;

const MECHANISMS: [&str; 5] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"];
/// So long an unsecured token is valid when nothing is said, in seconds: as with Java's clients.
const LIFETIME: u64 = 3600;

/// A login module and who said it.
struct Module {
    jaas: Jaas,
    by: Arc<str>,
}

pub(super) fn of(bag: &Bag, clear_text: bool) -> Result<Sasl, Mistake> {
    let module = match bag.text(&["sasl.jaas.config"]) {
        None => None,
        Some((text, by)) => Some(Module { jaas: Jaas::parse(text).map_err(|wrong| Mistake::new(by, wrong))?, by: Arc::clone(by) }),
    };
    let module = module.as_ref();
    let Some((mechanism, by)) = bag.text(&["sasl.mechanism", "sasl.mechanisms"]) else { return Err(no_mechanism(bag, module)) };
    let method = match mechanism.to_uppercase().as_str() {
        "PLAIN" => {
            let (username, password) = user(bag, module, "PlainLoginModule", by)?;
            Method::Plain { username, password }
        }
        "SCRAM-SHA-256" | "SCRAM-SHA-512" => {
            let (username, password) = user(bag, module, "ScramLoginModule", by)?;
            let hash = if mechanism.ends_with("256") { ScramHash::Sha256 } else { ScramHash::Sha512 };
            Method::Scram { hash, username, password }
        }
        "OAUTHBEARER" => bearer(bag, module, by)?,
        "GSSAPI" => {
            return Err(Mistake::new(by, "Kerberos (GSSAPI) is not in this release: it needs the system's Kerberos library")
                .hint(format!("many clusters have a second listener: kscope speaks {}", MECHANISMS.join(", "))));
        }
        "AWS_MSK_IAM" => {
            if let Some(module) = module.filter(|module| module.jaas.option("awsRoleArn").is_some()) {
                return Err(Mistake::new(&module.by, "awsRoleArn is not known here: roles are assumed by Amazon's own tool")
                    .hint("a profile with role_arn and source_profile in ~/.aws/config, and awsProfileName=\"…\" or profile in [contexts.NAME.sasl]"));
            }
            let profile = bag.text(&[PROFILE]).map(|(text, _)| text).or_else(|| module?.jaas.option("awsProfileName"));
            Method::Iam(Iam { profile: profile.map(str::to_owned), region: bag.text(&[REGION]).map(|(text, _)| text.to_owned()) })
        }
        other => {
            let near = nearest(other, MECHANISMS).map(|near| format!("did you mean {near}?"));
            return Err(Mistake { hint: near, ..Mistake::new(by, format!("{mechanism:?} is not one of {}", MECHANISMS.join(", "))) });
        }
    };
    Ok(Sasl { method: Said::new(method, Arc::clone(by)), clear_text })
}

/// What clients take without one is Kerberos.
fn no_mechanism(bag: &Bag, module: Option<&Module>) -> Mistake {
    let by = module.map(|module| &module.by).or_else(|| bag.text(&["security.protocol", super::SASL]).map(|(_, by)| by));
    let by = by.cloned().unwrap_or_else(|| Arc::from("sasl.mechanism"));
    Mistake::new(&by, "there is SASL and no mechanism, which means Kerberos (GSSAPI): that is not in this release")
        .hint(format!("sasl.mechanism, or mechanism in [contexts.NAME.sasl], is one of {}", MECHANISMS.join(", ")))
}

/// Name and password: librdkafka's keys over those in the module.
fn user(bag: &Bag, module: Option<&Module>, wanted: &str, by: &Arc<str>) -> Result<(Said<SecretFrom>, Said<SecretFrom>), Mistake> {
    let (name, password) = (bag.secret(&["sasl.username"]), bag.secret(&["sasl.password"]));
    if let Some(Module { jaas, by }) = module
        && (name.is_none() || password.is_none())
        && jaas.module != wanted
    {
        return Err(Mistake::new(by, format!("the login module is {}, and this mechanism wants {wanted}", jaas.module)));
    }
    let option = |name: &str| {
        let Module { jaas, by } = module?;
        Some(Said::new(SecretFrom::text(jaas.option(name)?), Arc::clone(by)))
    };
    let missing = |what: &str| {
        Mistake::new(module.map_or(by, |module| &module.by), format!("there is no {what}")).hint(format!(
            "sasl.{what}, {what}=\"…\" in sasl.jaas.config, or {what}_env, {what}_file, {what}_command in [contexts.NAME.sasl]"
        ))
    };
    Ok((
        name.or_else(|| option("username")).ok_or_else(|| missing("username"))?,
        password.or_else(|| option("password")).ok_or_else(|| missing("password"))?,
    ))
}

fn bearer(bag: &Bag, module: Option<&Module>, by: &Arc<str>) -> Result<Method, Mistake> {
    let extensions = |module: Option<&Module>| -> Vec<(String, String)> {
        let of = |module: &Module| module.jaas.options_of("extension_").map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        module.map(of).unwrap_or_default()
    };
    if let Some(token) = bag.secret(&[TOKEN]) {
        return Ok(Method::Token { token, extensions: extensions(module) });
    }
    let endpoint = bag.text(&["sasl.oauthbearer.token.endpoint.url"]);
    // KIP-768: a token that somebody else keeps fresh in a file.
    if let Some((url, by)) = endpoint
        && let Some(path) = url.strip_prefix("file://")
    {
        return Ok(Method::Token { token: Said::new(SecretFrom::File(path.into()), Arc::clone(by)), extensions: extensions(module) });
    }
    if let Some((url, url_by)) = endpoint {
        return oidc(bag, module, Said::new(url.to_owned(), Arc::clone(url_by)), extensions(module));
    }
    if bag.is_true("enable.sasl.oauthbearer.unsecure.jwt") {
        return of_librdkafka(bag, by);
    }
    if let Some(module) = module
        && module.jaas.options_of("unsecuredLogin").next().is_some()
    {
        return Ok(of_java(module, extensions(Some(module))));
    }
    Err(Mistake::new(by, "there is no token")
        .hint("token_command, token_file or token_env in [contexts.NAME.sasl]; sasl.oauthbearer.token.endpoint.url=file:///PATH; for development unsecuredLoginStringClaim_sub"))
}

/// Client credentials: librdkafka's keys, Java's newer ones (KIP-1139), or options of the module (KIP-768).
fn oidc(bag: &Bag, module: Option<&Module>, endpoint: Said<String>, mut extensions: Vec<(String, String)>) -> Result<Method, Mistake> {
    let near = |rest: &str| {
        ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|host| rest.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
    };
    if !endpoint.value.starts_with("https://") && !endpoint.value.strip_prefix("http://").is_some_and(near) {
        return Err(Mistake::new(&endpoint.by, "the client's secret would go in clear text").hint("https://… is wanted here"));
    }
    let option = |name: &str| {
        let Module { jaas, by } = module?;
        Some(Said::new(SecretFrom::text(jaas.option(name)?), Arc::clone(by)))
    };
    let missing = |what: &str, option: &str| {
        Mistake::new(&endpoint.by, format!("there is no {what} for it"))
            .hint(format!("sasl.oauthbearer.{what}, or {option}=\"…\" in sasl.jaas.config"))
    };
    let id = bag.secret(&["sasl.oauthbearer.client.id", "sasl.oauthbearer.client.credentials.client.id"]).or_else(|| option("clientId"));
    let secret = bag
        .secret(&["sasl.oauthbearer.client.secret", "sasl.oauthbearer.client.credentials.client.secret"])
        .or_else(|| option("clientSecret"));
    let scope = bag.text(&["sasl.oauthbearer.scope"]).map(|(text, _)| text).or_else(|| module?.jaas.option("scope")).map(str::to_owned);
    let _known = bag.get(&["sasl.oauthbearer.method", "sasl.login.callback.handler.class"]);
    if let Some((text, _)) = bag.text(&["sasl.oauthbearer.extensions"]) {
        extensions.extend(
            text.split(',').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())),
        );
    }
    let oidc = Oidc {
        client_id: id.ok_or_else(|| missing("client.id", "clientId"))?,
        client_secret: secret.ok_or_else(|| missing("client.secret", "clientSecret"))?,
        trust: bag.file(&["https.ca.location"], None),
        endpoint,
        scope,
    };
    Ok(Method::Oidc { oidc, extensions })
}

/// Options of `OAuthBearerUnsecuredLoginCallbackHandler`.
fn of_java(module: &Module, extensions: Vec<(String, String)>) -> Method {
    let jaas = &module.jaas;
    let mut claims: Vec<(String, Claim)> = Vec::new();
    claims.extend(jaas.options_of("unsecuredLoginStringClaim_").map(|(name, text)| (name.to_owned(), Claim::Text(text.to_owned()))));
    claims.extend(jaas.options_of("unsecuredLoginNumberClaim_").map(|(name, text)| (name.to_owned(), Claim::Number(text.to_owned()))));
    // The first character is what parts the rest.
    let list = |text: &str| text.chars().next().map(|sign| text.split(sign).skip(1).map(str::to_owned).collect()).unwrap_or_default();
    claims.extend(jaas.options_of("unsecuredLoginListClaim_").map(|(name, text)| (name.to_owned(), Claim::List(list(text)))));
    let lifetime_s = jaas.option("unsecuredLoginLifetimeSeconds").and_then(|text| text.parse().ok()).unwrap_or(LIFETIME);
    Method::Unsecured { claims, lifetime_s, extensions }
}

/// `sasl.oauthbearer.config`: `principal=… scope=… lifeSeconds=… extension_NAME=…`.
fn of_librdkafka(bag: &Bag, by: &Arc<str>) -> Result<Method, Mistake> {
    let (text, by) = bag.text(&["sasl.oauthbearer.config"]).unwrap_or(("", by));
    let options: Vec<(&str, &str)> = text.split_whitespace().filter_map(|word| word.split_once('=')).collect();
    let option = |name: &str| options.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let principal =
        option("principal").ok_or_else(|| Mistake::new(by, "there is no principal").hint("sasl.oauthbearer.config=principal=NAME"))?;
    let mut claims = vec![(option("principalClaimName").unwrap_or("sub").to_owned(), Claim::Text(principal.to_owned()))];
    if let Some(scope) = option("scope") {
        claims.push((option("scopeClaimName").unwrap_or("scope").to_owned(), Claim::List(scope.split(',').map(str::to_owned).collect())));
    }
    let lifetime_s = option("lifeSeconds").and_then(|text| text.parse().ok()).unwrap_or(LIFETIME);
    let extensions =
        options.iter().filter_map(|(name, value)| Some((name.strip_prefix("extension_")?.to_owned(), (*value).to_owned()))).collect();
    Ok(Method::Unsecured { claims, lifetime_s, extensions })
}
