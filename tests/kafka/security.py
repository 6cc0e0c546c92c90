"""Listeners with TLS and SASL for cluster.py, and the certificates and stores that they need. openssl, and keytool of Java.

All listeners belong to one cluster, so that all ways in cost one start:

    TLS        a certificate for localhost and 127.0.0.1          EXPIRED    the same, expired in 2021
    MTLS       wants a client's certificate                       ELSEWHERE  one for elsewhere.example alone
    SASL       clear text, all mechanisms                         SASLTLS    TLS, all mechanisms
    SHORT      as SASL, and sessions of SCRAM-SHA-256 and OAUTHBEARER last two seconds
    SOON       as TLS, and the certificate has ten days left

Users: app/app-secret, leaver/leaver-secret; SCRAM-SHA-256 and -512 and PLAIN. Both may everything, as may who comes without a
name or with our certificate; all others what ACLs allow (an unsecured token of OAUTHBEARER makes anybody). In the folder `tls`: ca.pem, other-ca.pem,
client.{pem,key,p12,jks} with variants of the key, trust.{p12,jks}, stranger.{pem,key} of the other authority, old.both.pem that
has expired; stores open with `store-secret`.
"""
import subprocess
import time
from pathlib import Path

PROTOCOLS = {"TLS": "SSL", "MTLS": "SSL", "EXPIRED": "SSL", "ELSEWHERE": "SSL", "SASL": "SASL_PLAINTEXT", "SASLTLS": "SASL_SSL",
             "SHORT": "SASL_PLAINTEXT", "SOON": "SSL"}
SERVERS = {"EXPIRED": "expired", "ELSEWHERE": "elsewhere", "SOON": "soon"}
SOON_DAYS = 10
USERS = {"app": "app-secret", "leaver": "leaver-secret"}
MECHANISMS = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
STORES = "store-secret"
SESSION_MS = 2000
SUPER = ("app", "leaver", "ANONYMOUS", "CN=client")


def add_scram():
    """What the storage is formatted with, so that the users are there from the start."""
    return [f"--add-scram=SCRAM-SHA-{size}=[name={user},password={word}]" for user, word in USERS.items() for size in (256, 512)]


def module(name, **options):
    return f"org.apache.kafka.common.security.{name} required" + "".join(f' {k}="{v}"' for k, v in options.items()) + ";"


def properties(folder):
    """Of the broker, for all listeners but their addresses."""
    p = {"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
         "super.users": ";".join(f"User:{name}" for name in SUPER)}
    for name, protocol in PROTOCOLS.items():
        prefix = f"listener.name.{name.lower()}."
        if protocol.endswith("SSL"):
            p.update({prefix + "ssl.keystore.type": "PEM", prefix + "ssl.keystore.location": folder / f"{SERVERS.get(name, 'server')}.both.pem",
                      prefix + "ssl.truststore.type": "PEM", prefix + "ssl.truststore.location": folder / "ca.pem",
                      prefix + "ssl.client.auth": "required" if name == "MTLS" else "none"})
        if protocol.startswith("SASL"):
            p.update({prefix + "sasl.enabled.mechanisms": MECHANISMS,
                      prefix + "plain.sasl.jaas.config": module("plain.PlainLoginModule", **{f"user_{u}": w for u, w in USERS.items()}),
                      prefix + "scram-sha-256.sasl.jaas.config": module("scram.ScramLoginModule"),
                      prefix + "scram-sha-512.sasl.jaas.config": module("scram.ScramLoginModule"),
                      prefix + "oauthbearer.sasl.jaas.config":
                          module("oauthbearer.OAuthBearerLoginModule", unsecuredLoginStringClaim_sub="broker")})
        if name == "SHORT":
            for mechanism in ("scram-sha-256", "oauthbearer"):
                p[f"{prefix}{mechanism}.connections.max.reauth.ms"] = SESSION_MS
    return p


def run(folder, *command):
    done = subprocess.run([str(part) for part in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(map(str, command))}: {done.stdout}")


def authority(folder, name):
    run(folder, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
        "-subj", f"/CN=kscope test {name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")


def certificate(folder, name, signer, names=None, dates=("20250101000000Z", "20991231000000Z"), key=("ec", "ec_paramgen_curve:prime256v1")):
    """NAME.pem and NAME.key (PKCS#8); NAME.both.pem has key, certificate and authority, as a broker wants it."""
    run(folder, "openssl", "req", "-new", "-newkey", key[0], *(["-pkeyopt", key[1]]), "-nodes", "-subj", f"/CN={name}",
        "-keyout", f"{name}.key", "-out", f"{name}.csr")
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=it\n[it]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\nunique_subject=no\n"
        "[any]\ncommonName=supplied\n[ext]\nbasicConstraints=CA:FALSE\n" + (f"subjectAltName={names}\n" if names else ""))
    (folder / "index").touch()
    if not (folder / "serial").exists():
        (folder / "serial").write_text("1000\n")
    run(folder, "openssl", "ca", "-batch", "-notext", "-config", "ca.cnf", "-extensions", "ext", "-cert", f"{signer}.pem",
        "-keyfile", f"{signer}.key", "-startdate", dates[0], "-enddate", dates[1], "-in", f"{name}.csr", "-out", f"{name}.pem")
    both = "".join((folder / part).read_text() for part in (f"{name}.key", f"{name}.pem", f"{signer}.pem"))
    (folder / f"{name}.both.pem").write_text(both)


def make(folder):
    """All certificates and stores."""
    folder = Path(folder)
    folder.mkdir()
    here = "DNS:localhost,IP:127.0.0.1"
    authority(folder, "ca")
    authority(folder, "other-ca")
    certificate(folder, "server", "ca", here)
    certificate(folder, "expired", "ca", here, ("20200101000000Z", "20210101000000Z"))
    certificate(folder, "elsewhere", "ca", "DNS:elsewhere.example")
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + (SOON_DAYS * 24 + 1) * 3600))
    certificate(folder, "soon", "ca", here, ("20250101000000Z", end))
    certificate(folder, "old", "ca", dates=("20200101000000Z", "20210101000000Z"))
    certificate(folder, "client", "ca", key=("rsa:2048", "rsa_keygen_pubexp:65537"))
    certificate(folder, "stranger", "other-ca")
    secret = f"pass:{STORES}"
    run(folder, "openssl", "rsa", "-in", "client.key", "-traditional", "-out", "client.pkcs1.key")
    run(folder, "openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", "client.key", "-passout", secret, "-out", "client.locked.key")
    run(folder, "openssl", "rsa", "-in", "client.key", "-aes128", "-traditional", "-passout", secret, "-out", "client.old.key")
    run(folder, "openssl", "pkcs12", "-export", "-in", "client.pem", "-inkey", "client.key", "-certfile", "ca.pem", "-passout", secret,
        "-out", "client.p12")
    run(folder, "openssl", "pkcs12", "-export", "-nokeys", "-in", "ca.pem", "-passout", secret, "-out", "trust-openssl.p12")
    # Of Java: a trust store in each form, and keys as keytool writes them.
    for kind, file in (("PKCS12", "trust.p12"), ("JKS", "trust.jks")):
        run(folder, "keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", "ca.pem", "-keystore", file, "-storetype", kind,
            "-storepass", STORES)
    run(folder, "keytool", "-importkeystore", "-srckeystore", "client.p12", "-srcstorepass", STORES, "-destkeystore", "client.jks",
        "-deststoretype", "JKS", "-deststorepass", STORES)
