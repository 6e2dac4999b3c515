package sheepdog.membership.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import sheepdog.membership.api.ClusterLog.PortProbe;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Loop;

/**
 * Finds out whether this sheep and another reach each other: by the transport, and by the port that requests go to. Both
 * ways of a question and its answer must work. Loop-owned.
 */
final class Reach {
    /** Without an answer for so long the other is out of reach. */
    static final Duration LIMIT = Duration.ofMillis(1250);

    private static final Duration AGAIN = Duration.ofMillis(250);

    private final Loop loop;
    private final Post post;
    private final TreeMap<Long, Check> underWay = new TreeMap<>();
    private Optional<PortProbe> port = Optional.empty();
    private long nonce;

    /**
     * @param transport a letter came back
     * @param port      a request was answered; the same as {@code transport} if nobody knows how to ask
     */
    record Result(boolean transport, boolean port) {
        boolean both() {
            return transport && port;
        }
    }

    /** Sends a letter, best effort. */
    @FunctionalInterface
    interface Post {
        void send(long to, Letter letter);
    }

    Reach(Loop loop, Post post) {
        this.loop = loop;
        this.post = post;
    }

    void by(PortProbe probe) {
        port = Optional.of(probe);
    }

    /** {@code then} is called once, on the loop, within {@link #LIMIT}. */
    void check(Member target, Consumer<Result> then) {
        Check check = underWay.get(target.storeId());
        if (check != null) {
            check.waiting.add(then);
            return;
        }
        var started = new Check(target);
        started.waiting.add(then);
        underWay.put(target.storeId(), started);
        loop.after(LIMIT, started::end);
        started.ask();
    }

    /** {@code from} has sent a ping, or answered one. */
    void received(long from, Letter.Ping ping) {
        if (!ping.answer()) {
            post.send(from, new Letter.Ping(true, ping.nonce()));
            return;
        }
        Optional.ofNullable(underWay.get(from))
                .filter(check -> check.number == ping.nonce())
                .ifPresent(check -> {
                    check.transport = true;
                    check.endIfBoth();
                });
    }

    private final class Check {
        private final Member target;
        private final long number = ++nonce;
        private final List<Consumer<Result>> waiting = new ArrayList<>();
        private boolean transport;
        private boolean portAnswers;
        private boolean asking;
        private boolean ended;

        Check(Member target) {
            this.target = target;
        }

        void ask() {
            if (ended) {
                return;
            }
            if (!transport) {
                post.send(target.storeId(), new Letter.Ping(false, number));
            }
            if (!portAnswers && !asking && port.isPresent()) {
                asking = true;
                port.get().answers(target).thenAccept(answered -> {
                    asking = false;
                    portAnswers |= answered;
                    endIfBoth();
                });
            }
            loop.after(AGAIN, this::ask);
        }

        void endIfBoth() {
            if (transport && (portAnswers || port.isEmpty())) {
                end();
            }
        }

        void end() {
            if (!ended) {
                ended = true;
                underWay.remove(target.storeId(), this);
                var result = new Result(transport, port.isPresent() ? portAnswers : transport);
                List.copyOf(waiting).forEach(told -> told.accept(result));
            }
        }
    }
}
