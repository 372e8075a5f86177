package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.className;
import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.password;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** TLS. */
final class SslKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          flag("ssl.allow.dn.changes", false)
              .accepted(Reasons.SECURITY_LATER, "Whether a new certificate may have another name."),
          flag("ssl.allow.san.changes", false)
              .accepted(
                  Reasons.SECURITY_LATER,
                  "Whether a new certificate may have other alternative names."),
          list("ssl.cipher.suites", "")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Cipher suites that may be used."),
          text("ssl.client.auth", "none")
              .oneOf("required", "requested", "none")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Whether clients need a certificate."),
          list("ssl.enabled.protocols", "TLSv1.2,TLSv1.3")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Versions of TLS that may be used."),
          text("ssl.endpoint.identification.algorithm", "https")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "How names in certificates are checked."),
          className("ssl.engine.factory.class")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Class that makes TLS engines."),
          password("ssl.key.password")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Password of the private key."),
          text("ssl.keymanager.algorithm", "SunX509")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Algorithm of the key manager."),
          password("ssl.keystore.certificate.chain")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Certificates as PEM text."),
          password("ssl.keystore.key")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Private key as PEM text."),
          text("ssl.keystore.location")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "File with key and certificates."),
          password("ssl.keystore.password")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Password of that file."),
          text("ssl.keystore.type", "JKS")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Format of that file."),
          text("ssl.principal.mapping.rules", "DEFAULT")
              .accepted(Reasons.SECURITY_LATER, "Rules that make user names of certificate names."),
          text("ssl.protocol", "TLSv1.3")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Version of TLS."),
          text("ssl.provider")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Security provider for TLS."),
          text("ssl.secure.random.implementation")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Source of random numbers."),
          text("ssl.trustmanager.algorithm", "PKIX")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Algorithm of the trust manager."),
          password("ssl.truststore.certificates")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Trusted certificates as PEM text."),
          text("ssl.truststore.location")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "File with trusted certificates."),
          password("ssl.truststore.password")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Password of that file."),
          text("ssl.truststore.type", "JKS")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Format of that file."));

  private SslKeys() {}
}
