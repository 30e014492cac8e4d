# SPDX-License-Identifier: Apache-2.0
"""What a broker with TLS, users and rights adds to the settings of kafka_cluster.py."""

# The two open doors stay: nobody (ANONYMOUS) is a super user, as the administrator of a test.
# A setting that comes twice counts as it came last.
PROPERTIES = """\
listeners=PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{sasl_ssl_port},\\
    SSL://127.0.0.1:{ssl_port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_SSL://localhost:{sasl_ssl_port},\\
    SSL://localhost:{ssl_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
listener.name.ssl.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/,DEFAULT
listener.name.sasl_ssl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram} required;
"""
USERS = "listener.name.sasl_ssl.plain.sasl.jaas.config={module} required {users};\n"
RIGHTS = """\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
"""
MODULES = "org.apache.kafka.common.security"


class Security:
    """`users`: name -> password, by PLAIN and SCRAM-SHA-512. `rights`: with an authorizer."""

    def __init__(self, authority, users, rights=True):
        self.users = users
        self.rights = rights
        self.truststore = authority.crt
        crt, key = authority.issue("broker", "broker")
        self.keystore = authority.folder / "broker.pem"
        self.keystore.write_bytes(key.read_bytes() + crt.read_bytes())

    def properties(self, **ports):
        text = PROPERTIES.format(**ports, keystore=self.keystore, truststore=self.truststore,
                                 scram=f"{MODULES}.scram.ScramLoginModule")
        return text + self.users_property() + (RIGHTS if self.rights else "")

    def users_property(self):
        users = " ".join(f'user_{name}="{password}"' for name, password in self.users.items())
        return USERS.format(module=f"{MODULES}.plain.PlainLoginModule", users=users)

    def format_options(self):
        return [word for name, password in self.users.items() for word in
                ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")]
