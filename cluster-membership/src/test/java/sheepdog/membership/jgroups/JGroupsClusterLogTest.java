package sheepdog.membership.jgroups;

import java.util.concurrent.ThreadLocalRandom;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.log.RealClusterLogContract;
import sheepdog.membership.runtime.Loop;

/** The log over multicast on loopback. */
final class JGroupsClusterLogTest extends RealClusterLogContract {
    private final int multicastPort = ThreadLocalRandom.current().nextInt(20_000, 30_000);

    @Override
    protected ClusterTransport transport(Loop loop, int place) {
        return new JGroupsTransport(loop, JGroupsConfig.parse("bind=127.0.0.1,mcast=226.94.1.1:" + multicastPort));
    }
}
