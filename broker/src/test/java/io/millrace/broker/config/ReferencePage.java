package io.millrace.broker.config;

import java.util.List;
import java.util.Locale;

/** Writes docs/reference/configuration.md from the declarations. */
final class ReferencePage {
  private static final String HEAD =
      """
      | key | type | unit | default | range | dynamic | status |
      |---|---|---|---|---|---|---|
      """;

  private ReferencePage() {}

  static String text() {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        # Configuration

        Generated from the declarations in `io.millrace.broker.config`. To write it anew:
        `mvn -pl broker -am test -Dtest=ReferencePageTest -Dsurefire.failIfNoSpecifiedTests=false -Dreference.write=true`.

        A broker takes a Kafka `server.properties` file (`--config FILE`), single values (`--set KEY=VALUE`),
        `--listen HOST:PORT`, `--data DIR` and `--store LOCATION`; the command line goes before the file, and `--listen`,
        `--data` and `--store` before `--set`. Every problem is reported at once, with its line.

        *In force* means that the broker acts on the key. Any other key is known and its value is checked, but it
        has no effect, for the reason given; the log says so in one line. *Dynamic* tells whether a key can be
        changed in a running broker (`kafka-configs --entity-type brokers`): for one broker or as the default of
        all (cluster-wide), or only broker by broker. The value of one broker goes before the default of all, that
        before file and command line. Unlike Kafka's, `listeners`, `listener.security.protocol.map` and
        `config.providers` cannot. Defaults are those of Apache Kafka 4.3, except `log.dir` and `node.id`, which Kafka
        wants to be given.

        """);
    section(page, "Millrace's own keys", MillraceKeys.ALL);
    section(
        page,
        "Broker keys of Apache Kafka",
        BrokerKeys.all().stream().filter(key -> !MillraceKeys.ALL.contains(key)).toList());
    page.append("## Topic keys\n\nA topic without a value of its own takes the broker key's.\n\n");
    page.append(HEAD.replace("| dynamic |", "| broker keys |"));
    for (TopicKeys.TopicKey<?> topicKey : TopicKeys.all()) {
      List<String> behind =
          topicKey.behindIt().stream().map(b -> code(b.brokerKey().name())).toList();
      row(page, topicKey.key(), String.join(", ", behind));
    }
    families(page);
    return page.toString();
  }

  private static void section(StringBuilder page, String title, List<ConfigKey<?>> keys) {
    page.append("## ").append(title).append("\n\n").append(HEAD);
    for (ConfigKey<?> key : keys) {
      row(page, key, key.dynamic().text());
    }
    page.append('\n');
  }

  private static void row(StringBuilder page, ConfigKey<?> key, String sixth) {
    String status =
        switch (key.status()) {
          case KeyStatus.InForce inForce -> "**In force.** ";
          case KeyStatus.Accepted accepted -> "*" + accepted.reason() + "* ";
        };
    String defaultText = key.defaultText();
    page.append("| ")
        .append(
            String.join(
                " | ",
                code(key.name()),
                key.type().name().toLowerCase(Locale.ROOT),
                key.unit(),
                defaultText == null ? "" : code(defaultText),
                key.rangeText(),
                sixth,
                status + key.doc()))
        .append(" |\n");
  }

  private static void families(StringBuilder page) {
    page.append(
        """

        ## Families of keys

        Names that cannot be listed, because a part of them is open, are accepted without effect:

        """);
    for (KnownFamilies.Family family : KnownFamilies.FAMILIES) {
      String name = family.name().endsWith(".") ? family.name() + "*" : family.name();
      page.append("- `").append(name).append("`: ").append(family.reason()).append('\n');
    }
    page.append(
        """

        So are keys of plug-ins that the file configures with one of these keys:
        """);
    page.append(
        String.join(", ", KnownFamilies.PLUG_IN_KEYS.stream().map(ReferencePage::code).toList()));
    page.append(
        """
        .
        A key counts as such a plug-in's if it begins like the key that configures the plug-in, if its first two
        words are found in the name of the plug-in's class, or if its first word is and has at least four letters.
        Any other unknown key is an error.
        """);
  }

  private static String code(String text) {
    return text.isEmpty() ? "" : "`" + text + "`";
  }
}
