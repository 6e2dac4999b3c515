package sheepdog.membership.local;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.log.RealClusterLogContract;
import sheepdog.membership.runtime.Loop;

/** The log over a folder of sockets. */
final class LocalClusterLogTest extends RealClusterLogContract {
    @TempDir
    private Path rendezvous;

    @Override
    protected ClusterTransport transport(Loop loop, int place) {
        return new LocalTransport(loop, LocalConfig.parse(rendezvous.toString()));
    }
}
