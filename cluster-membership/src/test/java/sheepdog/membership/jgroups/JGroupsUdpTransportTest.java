package sheepdog.membership.jgroups;

import java.util.concurrent.ThreadLocalRandom;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.ClusterTransportContract;
import sheepdog.membership.runtime.Loop;

/** Multicast on loopback. */
final class JGroupsUdpTransportTest extends ClusterTransportContract {
    private final int multicastPort = ThreadLocalRandom.current().nextInt(20_000, 30_000);
    private final String run = Long.toHexString(ThreadLocalRandom.current().nextLong());

    @Override
    protected ClusterTransport transport(Loop loop, String group) {
        return new JGroupsTransport(
                loop,
                JGroupsConfig.parse("bind=127.0.0.1,mcast=226.94.1.1:" + multicastPort + ",group=" + group + run));
    }
}
