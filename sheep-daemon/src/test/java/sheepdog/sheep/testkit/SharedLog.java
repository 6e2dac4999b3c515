package sheepdog.sheep.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;

/** A cluster log that commits at once, for several sheep of one {@link StepLoop}; the test says who is a member. */
public final class SharedLog {
    private final StepLoop loop;
    private final List<Entry> entries = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private List<Member> members = List.of();
    private Epoch epoch = Epoch.NONE;

    private sealed interface Entry {
        record Command(byte[] bytes, Node proposer, LoopFuture<Outcome<byte[]>> done) implements Entry {}

        record NewEpoch(EpochRecord record) implements Entry {}

        record Started(Member member) implements Entry {}
    }

    public SharedLog(StepLoop loop) {
        this.loop = loop;
    }

    /** A sheep's end of the log. */
    public Node join(Member self) {
        var node = new Node(self);
        nodes.add(node);
        return node;
    }

    /** A new epoch with these members; each end that is reachable applies it at once. */
    public void epoch(Member... now) {
        members =
                List.of(now).stream().sorted(Comparator.comparing(Member::node)).toList();
        epoch = epoch.next();
        append(new Entry.NewEpoch(record()));
    }

    /** {@code member} runs as a new process. */
    public void started(Member member) {
        members = members.stream().map(m -> m.sameStore(member) ? member : m).toList();
        append(new Entry.Started(member));
    }

    private EpochRecord record() {
        return new EpochRecord(
                epoch,
                1000L + epoch.number(),
                members,
                members.stream().map(Member::storeId).toList());
    }

    private void append(Entry entry) {
        entries.add(entry);
        List.copyOf(nodes).forEach(Node::catchUp);
    }

    /** One sheep's end. Formats, commits and answers like the real one, but without a majority to ask. */
    public final class Node implements ClusterLog {
        private final Member self;
        private final List<Long> complaints = new ArrayList<>();
        private StateMachine machine;
        private int applied;
        private boolean lease = true;
        private boolean reachable = true;
        private Phase phase = Phase.UNFORMATTED;
        private long leader;

        private Node(Member self) {
            this.self = self;
            this.leader = self.storeId();
        }

        /** Without it nothing may be acknowledged here; nobody is told, as when time runs out. */
        public void lease(boolean held) {
            lease = held;
        }

        /** An unreachable end applies nothing, and what it proposes waits. */
        public void reachable(boolean now) {
            reachable = now;
            catchUp();
        }

        public void phase(Phase now) {
            phase = now;
            machine.statusChanged();
        }

        public void leader(long storeId) {
            leader = storeId;
            machine.statusChanged();
        }

        /** The process is gone: nothing is applied or proposed by this end any more. */
        public void crash() {
            machine = null;
            nodes.remove(this);
        }

        /** Store ids, in order. */
        public List<Long> complaints() {
            return complaints;
        }

        private void catchUp() {
            while (machine != null && reachable && applied < entries.size()) {
                int at = applied++;
                phase = phase == Phase.UNFORMATTED ? Phase.SERVING : phase;
                apply(new Position(at + 1, 1), entries.get(at));
            }
        }

        private void apply(Position position, Entry entry) {
            switch (entry) {
                case Entry.NewEpoch(var record) -> machine.epoch(position, record);
                case Entry.Started(var member) -> machine.memberStarted(position, member);
                case Entry.Command(var bytes, var proposer, var done) -> {
                    byte[] result = machine.apply(position, bytes);
                    if (proposer == this) {
                        loop.execute(() -> done.complete(Outcome.ok(result)));
                    }
                }
            }
        }

        @Override
        public void start(StateMachine its) {
            machine = its;
            catchUp();
        }

        @Override
        public CompletionStage<Outcome<byte[]>> propose(byte[] command) {
            var done = new LoopFuture<Outcome<byte[]>>(loop);
            loop.execute(() -> tryAppend(new Entry.Command(command, this, done)));
            return done;
        }

        private void tryAppend(Entry.Command command) {
            if (machine == null) {
                return;
            }
            if (phase == Phase.STOPPED) {
                command.done().complete(Outcome.refused(ResultCode.SHUTDOWN));
            } else if (reachable) {
                boolean restarts = machine.restartsEpochs(command.bytes());
                append(command);
                if (restarts) {
                    epoch = Epoch.FIRST;
                    append(new Entry.NewEpoch(record()));
                }
            } else {
                loop.after(Duration.ofMillis(10), () -> tryAppend(command));
            }
        }

        @Override
        public CompletionStage<Outcome<byte[]>> format(byte[] command) {
            members = nodes.stream()
                    .map(n -> n.self)
                    .sorted(Comparator.comparing(Member::node))
                    .toList();
            return propose(command);
        }

        @Override
        public CompletionStage<Void> leave() {
            phase = Phase.STOPPED;
            var left = new LoopFuture<Void>(loop);
            loop.execute(() -> left.complete(null));
            return left;
        }

        @Override
        public void close() {
            phase = Phase.STOPPED;
        }

        @Override
        public Status status() {
            return new Status(phase, leader, entries.size(), List.of(), "");
        }

        @Override
        public boolean holdsLease() {
            return lease && phase == Phase.SERVING;
        }

        @Override
        public List<Member> visible() {
            return nodes.stream().map(n -> n.self).toList();
        }

        @Override
        public void complain(long storeId) {
            complaints.add(storeId);
        }
    }
}
