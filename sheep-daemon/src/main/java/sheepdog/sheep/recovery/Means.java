package sheepdog.sheep.recovery;

import sheepdog.membership.runtime.Loop;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.runtime.PeerLink;
import sheepdog.store.api.ObjectStore;

/** What recovery works with. */
record Means(
        Loop loop, Cluster cluster, ObjectStore store, LocalCopies local, PeerLink peers, Trust trust, Turns turns) {}
