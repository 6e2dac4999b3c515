package sheepdog.membership.log;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.Pool;

/**
 * Raises the age of this store's directory, and refuses processes that run on an older copy of theirs ({@link StoreAges}),
 * be it this one. Loop-owned; what blocks goes to {@link Pool#LOG}.
 */
final class OldCopies {
    private static final Logger LOG = LoggerFactory.getLogger(OldCopies.class);
    /** A copy of the directory that is older than this is known for one. */
    private static final Duration RAISE = Duration.ofMinutes(10);

    private static final Duration RETRY = Duration.ofSeconds(5);
    private static final Duration TOLD = Duration.ofMillis(500);

    private final LogSetup setup;
    private final Loop loop;
    private final LogNode node;
    private final Neighbours neighbours;
    private final Member self;

    private long age;
    private boolean raising;
    private boolean failed;
    private long raisedAt = Long.MIN_VALUE / 2;
    private long toldAt = Long.MIN_VALUE / 2;

    OldCopies(LogSetup setup, Loop loop, LogNode node, Neighbours neighbours) {
        this.setup = setup;
        this.loop = loop;
        this.node = node;
        this.neighbours = neighbours;
        self = setup.self();
        age = self.age();
    }

    /** Raises the age once this store is a member, and from time to time, first in the directory; then it is told. */
    void tick() {
        long now = loop.nowNanos();
        Duration pause = age > self.age() ? RAISE : RETRY;
        if (node.hasServed() && !raising && now - raisedAt > pause.toNanos()) {
            raising = true;
            raisedAt = now;
            long next = age + 1;
            loop.offload(Pool.LOG, 0, () -> raise(next)).thenAccept(failure -> {
                raising = false;
                if (failure.isEmpty()) {
                    age = next;
                } else if (!failed) {
                    LOG.warn("the age of the store cannot be written error=\"{}\"", failure.get());
                }
                failed = failure.isPresent();
            });
        }
        boolean untold = age > node.ages().age(self.storeId());
        if (untold && node.core().leader() != 0 && now - toldAt > TOLD.toNanos()) {
            toldAt = now;
            if (node.leads()) {
                raised(self.storeId(), self.incarnation(), age);
                node.pump();
            } else {
                node.send(node.core().leader(), new Letter.Raised(self.incarnation(), age));
            }
        }
    }

    private Optional<String> raise(long to) {
        try {
            setup.ageMark().raise(to);
            return Optional.empty();
        } catch (IOException failure) {
            return Optional.of(failure.toString());
        }
    }

    /** Leader: that process has written the age into its directory. */
    void raised(long storeId, long incarnation, long to) {
        if (to > node.ages().age(storeId)) {
            node.core().propose(new Command.Raised(storeId, incarnation, to).encode(), false);
        }
    }

    /** What is known of ages has changed. */
    void refuseAll() {
        if (node.ages().outdates(self)) {
            stop(node.ages().age(self.storeId()));
            return;
        }
        neighbours.visible().stream().filter(node.ages()::outdates).toList().forEach(this::refuse);
    }

    /**
     * Its word counts for nothing: it has forgotten what it voted, what it stored of the log, and what its objects were.
     * It may be a process that has ended, and its message come late; then nobody reads the answer.
     */
    void refuse(Member process) {
        neighbours.forget(process);
        node.send(
                process.storeId(),
                new Letter.Outdated(process.incarnation(), node.ages().age(process.storeId())));
    }

    /** Another node says so. */
    void refused(long ofCluster, Letter.Outdated outdated) {
        boolean ours = ofCluster == node.cluster() || node.core().pristine();
        if (outdated.incarnation() == self.incarnation() && ours) {
            stop(outdated.age());
        }
    }

    private void stop(long known) {
        node.stop(
                ("this directory is an old copy of store %016x (its age is %d, that of the store %d) and lacks what was"
                                + " written since: start on an empty directory instead, which gets all its copies anew")
                        .formatted(self.storeId(), self.age(), known));
    }
}
