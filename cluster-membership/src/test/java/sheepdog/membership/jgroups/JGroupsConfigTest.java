package sheepdog.membership.jgroups;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.jgroups.JGroupsConfig.Discovery;
import sheepdog.membership.jgroups.JGroupsConfig.Timing;

final class JGroupsConfigTest {
    @Test
    void emptyIsCorosyncsMulticastGroupAndTheSheepsOwnInterface() {
        assertThat(JGroupsConfig.parse(""))
                .isEqualTo(new JGroupsConfig(
                        Optional.empty(),
                        new Discovery.Multicast(InetAddress.ofLiteral("226.94.1.1"), 5405, 1),
                        "sheepdog",
                        0,
                        Timing.DEFAULT));
    }

    @Test
    void allOfMulticastCanBeChosen() {
        assertThat(JGroupsConfig.parse("bind=10.0.0.1,mcast=239.1.2.3:6000,group=my-group,ttl=8,port=7900"))
                .isEqualTo(new JGroupsConfig(
                        Optional.of("10.0.0.1"),
                        new Discovery.Multicast(InetAddress.ofLiteral("239.1.2.3"), 6000, 8),
                        "my-group",
                        7900,
                        Timing.DEFAULT));
    }

    @Test
    void multicastPortIsTheDefaultWhenOnlyTheAddressIsGiven() {
        assertThat(JGroupsConfig.parse("mcast=239.1.2.3").discovery())
                .isEqualTo(new Discovery.Multicast(InetAddress.ofLiteral("239.1.2.3"), 5405, 1));
    }

    @Test
    void tcpTakesAllHostsUpToTheNextKey() {
        assertThat(JGroupsConfig.parse("tcp=a.example,10.0.0.2:7801,c,bind=eth0,group=g"))
                .isEqualTo(new JGroupsConfig(
                        Optional.of("eth0"),
                        new Discovery.Tcp(List.of(
                                InetSocketAddress.createUnresolved("a.example", 7800),
                                InetSocketAddress.createUnresolved("10.0.0.2", 7801),
                                InetSocketAddress.createUnresolved("c", 7800))),
                        "g",
                        7800,
                        Timing.DEFAULT));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "x | 'x' is not known; allowed are bind=, mcast=, group=, ttl=, port= and tcp=",
                "mcst=226.94.1.1 | 'mcst=226.94.1.1' is not known",
                "group=g, | '' is not known",
                "ttl=1,ttl=1 | 'ttl' is given twice",
                "ttl=256 | 'ttl=256' is not valid; allowed is a number 0 to 255",
                "ttl=-1 | 'ttl=-1' is not valid; allowed is a number 0 to 255",
                "ttl=+1 | 'ttl=+1' is not valid",
                "port=70000 | 'port=70000' is not valid; allowed is a port 0 to",
                "port=99999999999 | 'port=99999999999' is not valid",
                "mcast=10.0.0.1 | 'mcast=10.0.0.1' is not valid; allowed is ADDRESS[:PORT] with an IPv4 multicast address",
                "mcast=ff02::1 | 'mcast=:1' is not valid; allowed is a port 1 to 65535",
                "mcast=226.94.1.1:0 | 'mcast=0' is not valid; allowed is a port 1 to 65535",
                "mcast=226.94.1.1: | 'mcast=' is not valid; allowed is a port 1 to 65535",
                "mcast=226.94.1.256 | 'mcast=226.94.1.256' is not valid",
                "group= | 'group=' is not valid; allowed is 1 to 64 of the characters",
                "group=a b | 'group=a b' is not valid",
                "bind= | 'bind=' is not valid; allowed is an IPv4 address or the name of an interface",
                "bind=10.0.0.300 | 'bind=10.0.0.300' is not valid",
                "bind=fe80::1 | 'bind=fe80::1' is not valid",
                "tcp= | 'tcp=' is not valid; allowed is HOST[:PORT],HOST[:PORT]...",
                "tcp=a,,b | 'tcp=' is not valid",
                "tcp=a:0 | 'tcp=0' is not valid; allowed is a port 1 to",
                "tcp=1.2.3.400 | 'tcp=1.2.3.400' is not valid",
                "tcp=a,port=0 | 'port=0' is not valid; allowed is a port 1 to",
                "tcp=a,mcast=226.94.1.1 | 'mcast' is for multicast and cannot be given together with 'tcp'",
                "tcp=a,ttl=2 | 'ttl' is for multicast and cannot be given together with 'tcp'",
            })
    void whatIsNotAllowedIsRefusedByNameWithWhatIs(String option, String message) {
        assertThatThrownBy(() -> JGroupsConfig.parse(option))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("jgroups: ")
                .hasMessageContaining(message);
    }

    @Test
    void anAddressThatThisHostDoesNotHaveIsFoundBeforeAnythingIsOpened() {
        assertThatThrownBy(() -> JGroupsConfig.parse("bind=192.0.2.77").checkAddress())
                .isInstanceOf(ClusterTransport.TransportException.class)
                .hasMessageStartingWith(
                        "jgroups: 'bind=192.0.2.77' is neither an IPv4 address nor an interface of this host");
        assertThatThrownBy(() -> JGroupsConfig.parse("bind=nosuch0").checkAddress())
                .isInstanceOf(ClusterTransport.TransportException.class);

        assertThatNoException()
                .isThrownBy(() -> JGroupsConfig.parse("bind=127.0.0.1").checkAddress());
        assertThatNoException().isThrownBy(() -> JGroupsConfig.multicast().checkAddress());
    }
}
