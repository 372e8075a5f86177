package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.className;
import static io.millrace.broker.config.KeyDeclaration.decimal;
import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int16;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.password;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Authentication by SASL, and delegation tokens. */
final class SaslKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          className("sasl.client.callback.handler.class")
              .accepted(Reasons.SECURITY_LATER, "Class that answers a client's mechanism."),
          list("sasl.enabled.mechanisms", "GSSAPI")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Mechanisms that clients may use."),
          password("sasl.jaas.config")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "JAAS login of a listener."),
          text("sasl.kerberos.kinit.cmd", "/usr/bin/kinit")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Path of kinit."),
          int64("sasl.kerberos.min.time.before.relogin", 60000)
              .unit("ms")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Pause between Kerberos logins."),
          list("sasl.kerberos.principal.to.local.rules", "DEFAULT")
              .perBroker()
              .accepted(
                  Reasons.SECURITY_LATER, "Rules that make user names of Kerberos principals."),
          text("sasl.kerberos.service.name")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Kerberos name of the broker."),
          decimal("sasl.kerberos.ticket.renew.jitter", 0.05)
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Chance in the time of renewal."),
          decimal("sasl.kerberos.ticket.renew.window.factor", 0.8)
              .perBroker()
              .accepted(
                  Reasons.SECURITY_LATER, "Share of a ticket's life after which it is renewed."),
          className("sasl.login.callback.handler.class")
              .accepted(Reasons.SECURITY_LATER, "Class that answers a login."),
          className("sasl.login.class").accepted(Reasons.SECURITY_LATER, "Class that logs in."),
          int32("sasl.login.connect.timeout.ms")
              .accepted(Reasons.SECURITY_LATER, "Timeout of a connection to an identity provider."),
          int32("sasl.login.read.timeout.ms")
              .accepted(Reasons.SECURITY_LATER, "Timeout of an answer of an identity provider."),
          int16("sasl.login.refresh.buffer.seconds", 300)
              .perBroker()
              .accepted(
                  Reasons.SECURITY_LATER, "Time before expiry at which a credential is renewed."),
          int16("sasl.login.refresh.min.period.seconds", 60)
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Least time between renewals."),
          decimal("sasl.login.refresh.window.factor", 0.8)
              .perBroker()
              .accepted(
                  Reasons.SECURITY_LATER,
                  "Share of a credential's life after which it is renewed."),
          decimal("sasl.login.refresh.window.jitter", 0.05)
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Chance in the time of renewal."),
          int64("sasl.login.retry.backoff.max.ms", 10000)
              .accepted(Reasons.SECURITY_LATER, "Longest pause between login attempts."),
          int64("sasl.login.retry.backoff.ms", 100)
              .accepted(Reasons.SECURITY_LATER, "First pause between login attempts."),
          text("sasl.mechanism.controller.protocol", "GSSAPI")
              .accepted(Reasons.NO_QUORUM, "Mechanism used with controllers."),
          text("sasl.mechanism.inter.broker.protocol", "GSSAPI")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Mechanism brokers use among themselves."),
          text("sasl.oauthbearer.assertion.algorithm", "RS256")
              .oneOfIgnoringCase("ES256", "RS256")
              .accepted(Reasons.SECURITY_LATER, "Algorithm that signs an assertion."),
          text("sasl.oauthbearer.assertion.claim.aud")
              .accepted(Reasons.SECURITY_LATER, "Audience claim of an assertion."),
          int32("sasl.oauthbearer.assertion.claim.exp.seconds", 300)
              .between(0, 86400)
              .accepted(Reasons.SECURITY_LATER, "Life of an assertion."),
          text("sasl.oauthbearer.assertion.claim.iss")
              .accepted(Reasons.SECURITY_LATER, "Issuer claim of an assertion."),
          flag("sasl.oauthbearer.assertion.claim.jti.include", false)
              .accepted(Reasons.SECURITY_LATER, "Whether an assertion has an id."),
          int32("sasl.oauthbearer.assertion.claim.nbf.seconds", 60)
              .between(0, 3600)
              .accepted(Reasons.SECURITY_LATER, "How far an assertion's start lies in the past."),
          text("sasl.oauthbearer.assertion.claim.sub")
              .accepted(Reasons.SECURITY_LATER, "Subject claim of an assertion."),
          text("sasl.oauthbearer.assertion.file")
              .accepted(Reasons.SECURITY_LATER, "File with a finished assertion."),
          text("sasl.oauthbearer.assertion.private.key.file")
              .accepted(Reasons.SECURITY_LATER, "File with the key that signs an assertion."),
          password("sasl.oauthbearer.assertion.private.key.passphrase")
              .accepted(Reasons.SECURITY_LATER, "Passphrase of that key."),
          text("sasl.oauthbearer.assertion.template.file")
              .accepted(Reasons.SECURITY_LATER, "File with further claims of an assertion."),
          text("sasl.oauthbearer.client.credentials.client.id")
              .accepted(Reasons.SECURITY_LATER, "Client id for a token."),
          password("sasl.oauthbearer.client.credentials.client.secret")
              .accepted(Reasons.SECURITY_LATER, "Client secret for a token."),
          int32("sasl.oauthbearer.clock.skew.seconds", 30)
              .accepted(Reasons.SECURITY_LATER, "Difference of clocks that is tolerated."),
          list("sasl.oauthbearer.expected.audience", "")
              .accepted(Reasons.SECURITY_LATER, "Audiences a token may have."),
          text("sasl.oauthbearer.expected.issuer")
              .accepted(Reasons.SECURITY_LATER, "Issuer a token must have."),
          int64("sasl.oauthbearer.jwks.endpoint.refresh.ms", 3600000)
              .accepted(Reasons.SECURITY_LATER, "How often keys of the issuer are read again."),
          int64("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", 10000)
              .accepted(Reasons.SECURITY_LATER, "Longest pause between attempts to read them."),
          int64("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", 100)
              .accepted(Reasons.SECURITY_LATER, "First pause between attempts to read them."),
          text("sasl.oauthbearer.jwks.endpoint.url")
              .accepted(Reasons.SECURITY_LATER, "Where keys of the issuer are."),
          className(
                  "sasl.oauthbearer.jwt.retriever.class",
                  "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever")
              .accepted(Reasons.SECURITY_LATER, "Class that gets tokens."),
          className(
                  "sasl.oauthbearer.jwt.validator.class",
                  "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator")
              .accepted(Reasons.SECURITY_LATER, "Class that checks tokens."),
          text("sasl.oauthbearer.scope").accepted(Reasons.SECURITY_LATER, "Scope asked for."),
          text("sasl.oauthbearer.scope.claim.name", "scope")
              .accepted(Reasons.SECURITY_LATER, "Claim that holds the scope."),
          text("sasl.oauthbearer.sub.claim.name", "sub")
              .accepted(Reasons.SECURITY_LATER, "Claim that holds the user."),
          text("sasl.oauthbearer.token.endpoint.url")
              .accepted(Reasons.SECURITY_LATER, "Where tokens are issued."),
          className("sasl.server.callback.handler.class")
              .accepted(Reasons.SECURITY_LATER, "Class that answers the broker's mechanism."),
          int32("sasl.server.max.receive.size", 524288)
              .accepted(Reasons.SECURITY_LATER, "Largest message during authentication."),
          int64("connections.max.reauth.ms", 0)
              .accepted(
                  Reasons.SECURITY_LATER, "Time after which a client must authenticate again."),
          int32("connection.failed.authentication.delay.ms", 100)
              .atLeast(0)
              .accepted(Reasons.SECURITY_LATER, "Delay of the answer to a failed authentication."),
          int64("delegation.token.expiry.check.interval.ms", 3600000)
              .atLeast(1)
              .accepted(Reasons.SECURITY_LATER, "How often expired tokens are removed."),
          int64("delegation.token.expiry.time.ms", 86400000)
              .atLeast(1)
              .accepted(Reasons.SECURITY_LATER, "Life of a delegation token between renewals."),
          int64("delegation.token.max.lifetime.ms", 604800000)
              .atLeast(1)
              .accepted(Reasons.SECURITY_LATER, "Longest life of a delegation token."),
          password("delegation.token.secret.key")
              .accepted(Reasons.SECURITY_LATER, "Key that signs delegation tokens."),
          password("delegation.token.master.key")
              .accepted(Reasons.SECURITY_LATER, "Older name of delegation.token.secret.key."));

  private SaslKeys() {}
}
