package io.millrace.broker.config;

import static io.millrace.broker.config.ConfigLoaderTest.loaded;
import static io.millrace.broker.config.ConfigLoaderTest.refused;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which listeners fit together. */
class ListenerRulesTest {
  private static final String MAP = "listener.security.protocol.map=IN:PLAINTEXT,OUT:PLAINTEXT\n";

  @Test
  void severalListenersAreAdvertisedEachByItsOwnAddress() {
    // when
    BrokerConfig config =
        loaded(
                MAP
                    + "listeners=IN://10.0.0.1:9092,OUT://[::1]:9093\n"
                    + "advertised.listeners=OUT://lb.example:443,IN://10.0.0.1:9092")
            .config();
    // then
    assertThat(config.listeners())
        .containsExactly(
            new Listener("IN", "10.0.0.1", 9092, "10.0.0.1", 9092, "PLAINTEXT"),
            new Listener("OUT", "::1", 9093, "lb.example", 443, "PLAINTEXT"));
  }

  @Test
  void anyNumberOfListenersMayAskForAFreePort() {
    assertThat(loaded(MAP + "listeners=IN://h:0,OUT://h:0").config().listeners()).hasSize(2);
  }

  @Test
  void aListenerOnAllAddressesIsAdvertisedByTheNameOfTheMachine() {
    assertThat(loaded("listeners=PLAINTEXT://0.0.0.0:9092").config().listeners())
        .singleElement()
        .satisfies(listener -> assertThat(listener.advertisedHost()).isEqualTo("this.host"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "listeners=PLAINTEXT://a:1,PLAINTEXT://b:2                       | twice",
        "listeners=IN://a:1,OUT://a:1                                    | share a port",
        "listeners=IN://:1,OUT://10.0.0.1:1                              | share a port",
        "listeners=IN:a:1                                                | is no listener",
        "listeners=IN://a:70000                                          | is no listener",
        "listeners=FOO://a:1                                             | no security protocol",
        "listeners=IN://a:1\\nadvertised.listeners=OUT://b:1             | listeners has no OUT",
        "listeners=IN://a:1\\nadvertised.listeners=IN://0.0.0.0:1        | cannot connect to 0.0.0.0",
        "listeners=IN://a:1\\ncontroller.listener.names=IN               | no listener is left",
        "listeners=                                                      | listeners=: expected not empty"
      })
  void whatDoesNotFitTogetherIsRefused(String text, String expected) {
    assertThat(refused(MAP + text.replace("\\n", "\n")))
        .anySatisfy(line -> assertThat(line).contains(expected));
  }

  @Test
  void anUnknownProtocolAndOneThatIsNotInForceAreRefused() {
    assertThat(refused("listener.security.protocol.map=PLAINTEXT:TLS"))
        .anySatisfy(line -> assertThat(line).contains("\"PLAINTEXT:TLS\""));
    assertThat(refused("listeners=SASL_SSL://h:9092"))
        .anySatisfy(line -> assertThat(line).contains("uses SASL_SSL", "PLAINTEXT listeners only"));
  }
}
