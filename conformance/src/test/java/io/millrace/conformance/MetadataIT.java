package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code millrace metadata}, beside a broker and without one. */
class MetadataIT {
  @TempDir private Path folder;

  @Test
  void whatTheMetadataSaysIsPrintedWhetherABrokerRunsOrNot() throws Exception {
    Path data = folder.resolve("data");
    String topics;
    try (BrokerProcess broker = BrokerProcess.start(folder);
        Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
      NewTopic orders =
          new NewTopic("orders", 2, (short) 1).configs(Map.of("retention.ms", "60000"));
      admin.createTopics(List.of(orders)).all().get();

      topics = printed("--data", data.toString(), "topics/orders");
      assertThat(topics)
          .contains("configs/\n  retention.ms 60000\n")
          .contains("partitions/\n  0/\n    leader 1\n");
    }

    assertThat(printed("--data", data.toString(), "/topics/orders/")).isEqualTo(topics);
    assertThat(printed("--data=" + data, "topics/orders/partitions/1/replicas")).isEqualTo("1\n");
    assertThat(printed("--data", data.toString(), "--json", "topics/orders/configs"))
        .isEqualTo("{\n  \"retention.ms\" : \"60000\"\n}\n");
    long entry = Long.parseLong(printed("--data", data.toString(), "entry").strip());
    assertThat(printed("--data", data.toString(), "--at", String.valueOf(entry), "entry").strip())
        .isEqualTo(String.valueOf(entry));
    assertThat(printed("--data", data.toString(), "--at", "1", "topics")).doesNotContain("orders");
  }

  @Test
  void whatIsNotThereIsSaidToBe() throws Exception {
    try (BrokerProcess _ = BrokerProcess.start(folder)) {
      String data = folder.resolve("data").toString();
      assertThat(refused("--data", data, "topics/none"))
          .isEqualTo("millrace: there is no 'none' in /topics, which has: \n");
      assertThat(refused("--data", data, "entry/below"))
          .isEqualTo("millrace: /entry has nothing below it\n");
      assertThat(refused("--data", data, "--at", "x"))
          .isEqualTo("millrace: option --at needs a number, not 'x'\n");
      assertThat(refused("--data", data, "--at", "99999"))
          .startsWith(
              "millrace: The metadata log cannot be read: There is no image at entry 99999");
    }
    assertThat(refused("--data", folder.resolve("none").toString()))
        .startsWith("millrace: There is no data of a broker in ");
    assertThat(refused("--store", "file:" + folder.resolve("none")))
        .startsWith("millrace: There is no data of a broker in ");
    assertThat(folder.resolve("none")).as("nothing is made").doesNotExist();
  }

  private String printed(String... arguments) throws Exception {
    return new Inspection(folder, "metadata").printed(arguments);
  }

  private String refused(String... arguments) throws Exception {
    return new Inspection(folder, "metadata").refused(arguments);
  }
}
