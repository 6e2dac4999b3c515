package sheepdog.membership.jgroups;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.ClusterTransportContract;
import sheepdog.membership.runtime.Loop;

/** TCP with a list of hosts, on loopback. */
final class JGroupsTcpTransportTest extends ClusterTransportContract {
    private static final int SHEEP_MAX = 5;

    private final List<Integer> ports = freePorts();
    private final String hosts = ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    private int next;

    @Override
    protected ClusterTransport transport(Loop loop, String group) {
        return new JGroupsTransport(
                loop,
                JGroupsConfig.parse("tcp=" + hosts + ",bind=127.0.0.1,group=" + group + ",port=" + ports.get(next++)));
    }

    /** Below the range that the kernel gives to outgoing connections, so that nobody takes them meanwhile. */
    private static List<Integer> freePorts() {
        var candidates = new ArrayList<>(
                IntStream.range(0, 2000).mapToObj(i -> 12_000 + i * 10).toList());
        Collections.shuffle(candidates);
        return candidates.stream()
                .filter(JGroupsTcpTransportTest::isFree)
                .limit(SHEEP_MAX)
                .toList();
    }

    private static boolean isFree(int port) {
        try (var one = new ServerSocket(port, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            return one.isBound();
        } catch (java.net.BindException _) {
            return false;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
