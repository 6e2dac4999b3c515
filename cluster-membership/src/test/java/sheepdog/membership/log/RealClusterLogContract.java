package sheepdog.membership.log;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.membership.api.ClusterLogContract;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.runtime.Loop;

/** The log's contract on real threads, disks and time, over a transport with real sockets. */
public abstract class RealClusterLogContract extends ClusterLogContract {
    @TempDir
    private Path folder;

    /** @param place 0 to 4; always the same one for a sheep, also when it is started again */
    protected abstract ClusterTransport transport(Loop loop, int place);

    @Override
    protected final Cluster cluster() {
        return new RealCluster(folder, this::transport);
    }
}
