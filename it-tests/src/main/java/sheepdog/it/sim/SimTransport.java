package sheepdog.it.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import sheepdog.membership.api.ClusterTransport;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.protocol.model.Invariant;

/**
 * Discovery, suspicion and messages on a {@link SimNetwork}: every sheep tells all machines twice a second that it is
 * there; who has not been heard for three seconds is {@link Evidence#SILENT}. The end of a process is noticed by the end
 * of its connection, and is {@link Evidence#DEAD} only where its machine was asked and answered.
 *
 * <p>How much it keeps of what it could promise is {@link SimNetwork.Weather}'s: loss, doubles, another order, suspicion
 * without reason, and ends that nobody notices but by silence.
 */
public final class SimTransport implements ClusterTransport {
    private static final Duration HEARTBEAT = Duration.ofMillis(500);
    private static final Duration SILENCE = Duration.ofSeconds(3);

    private final SimNetwork network;
    private final SimHost host;
    private final SimLoop loop;
    private final RandomGenerator random;
    private final TreeMap<Long, Seen> seen = new TreeMap<>();
    private Optional<Member> self = Optional.empty();
    private Optional<Listener> listener = Optional.empty();
    private Optional<Cancellable> heartbeat = Optional.empty();

    /** The transport of the process {@code loop} on {@code host}. */
    public SimTransport(SimNetwork network, SimHost host, SimLoop loop) {
        this.network = network;
        this.host = host;
        this.loop = loop;
        random = network.time().random("transport " + loop);
    }

    @Override
    public void start(Member self, Listener listener) {
        this.self = Optional.of(self);
        this.listener = Optional.of(listener);
        network.add(this);
        loop.execute(this::beat);
    }

    @Override
    public void send(long storeId, byte[] message) {
        loop.checkOnLoop();
        Invariant.check(message.length <= MESSAGE_BYTES_MAX, "a message of %d bytes", message.length);
        if (self.isPresent() && self.get().storeId() != storeId && seen.containsKey(storeId)) {
            Seen to = seen.get(storeId);
            byte[] bytes = message.clone();
            Member from = self.get();
            SimTransport target = to.transport; // Of now: the store may be elsewhere when this arrives.
            network.datagram(host, to.host, () -> target.receive(from, bytes));
        }
    }

    @Override
    public void broadcast(byte[] message) {
        for (Seen other : List.copyOf(seen.values())) {
            if (other.present) {
                send(other.member.storeId(), message);
            }
        }
    }

    @Override
    public void leave() {
        loop.checkOnLoop();
        self.ifPresent(member -> others((transport, _) -> transport.left(member)));
        stop();
    }

    @Override
    public void close() {
        loop.checkOnLoop();
        self.ifPresent(member -> network.transports().forEach(transport -> {
            if (transport != this) {
                noticeEnd(transport, member);
            }
        }));
        stop();
    }

    /** The process {@code ended} is no more; its transport goes with it, and others may notice. */
    void processEnded(SimHost where, SimLoop ended, boolean powerLost) {
        if (loop == ended) {
            return;
        }
        for (Seen other : seen.values()) {
            boolean unnoticed = random.nextInt(1_000) < network.weather().missedPerMille();
            if (other.host == where && other.transport.loop == ended && !powerLost && !unnoticed) {
                network.arrive(where, host, () -> loop.execute(() -> connectionEnded(other.member)));
            }
        }
    }

    /**
     * If it is on {@code where}, its listener is told what {@link ClusterTransport} does not exclude: that somebody is
     * there once more, that somebody is gone who is there, or that a process is there that has long been replaced.
     */
    void rumour(SimHost where, RandomGenerator chance) {
        if (host != where || !loop.alive()) {
            return;
        }
        for (Seen other : List.copyOf(seen.values())) {
            int kind = chance.nextInt(4);
            loop.execute(() -> listener.ifPresent(told -> {
                switch (kind) {
                    case 0 -> told.seen(other.member);
                    case 1 -> told.gone(other.member, Evidence.SILENT);
                    case 2 -> other.formerly.forEach(told::seen);
                    default -> {
                        told.gone(other.member, Evidence.CLOSED);
                        told.gone(other.member, Evidence.SILENT);
                        told.seen(other.member);
                    }
                }
            }));
        }
    }

    /** Whether this transport's process still runs. */
    boolean alive() {
        return loop.alive();
    }

    private void noticeEnd(SimTransport observer, Member member) {
        network.arrive(host, observer.host, () -> observer.loop.execute(() -> observer.connectionEnded(member)));
    }

    private void stop() {
        heartbeat.ifPresent(Cancellable::cancel);
        listener = Optional.empty();
        self = Optional.empty();
        seen.clear();
        network.remove(this);
    }

    private void beat() {
        if (self.isEmpty()) {
            return;
        }
        Member member = self.get();
        others((transport, _) -> transport.heard(member, host, this));
        long now = loop.nowNanos();
        for (Seen other : List.copyOf(seen.values())) {
            if (other.present && now - other.heardNanos > SILENCE.toNanos()) {
                gone(other, Evidence.SILENT);
            } else if (other.present
                    && random.nextInt(1_000_000) < network.weather().suspectedPerMillion()) {
                gone(other, random.nextBoolean() ? Evidence.SILENT : Evidence.CLOSED);
            }
        }
        heartbeat = Optional.of(loop.after(HEARTBEAT, this::beat));
    }

    /** Tells every transport that is there; each decides on its own loop, if it still runs, what that means. */
    private void others(Telling telling) {
        for (SimTransport other : List.copyOf(network.transports())) {
            if (other != this && other.alive()) {
                network.datagram(host, other.host, () -> {
                    if (other.host
                            .process()
                            .filter(process -> process == other.loop)
                            .isPresent()) {
                        telling.tell(other, this);
                    }
                });
            }
        }
    }

    private void heard(Member member, SimHost from, SimTransport transport) {
        if (listener.isEmpty()) {
            return;
        }
        Seen known = seen.get(member.storeId());
        if (known != null && known.present && known.member.incarnation() > member.incarnation()) {
            return; // An old heartbeat that overtook nothing: its process has been replaced.
        }
        boolean news = known == null || !known.present || !known.member.equals(member);
        if (known == null) {
            known = new Seen();
            seen.put(member.storeId(), known);
        }
        if (known.member != null && known.member.incarnation() != member.incarnation()) {
            known.formerly.add(known.member);
        }
        known.member = member;
        known.host = from;
        known.transport = transport;
        known.heardNanos = loop.nowNanos();
        known.present = true;
        if (news) {
            network.time().log(loop.toString(), "seen " + member);
        }
        if (news || random.nextInt(100) == 0) {
            listener.get().seen(member);
        }
    }

    private void receive(Member from, byte[] message) {
        if (loop.alive() && listener.isPresent()) {
            listener.get().received(from, message);
        }
    }

    private void left(Member member) {
        present(member).ifPresent(known -> gone(known, Evidence.LEFT));
    }

    /** The connection to {@code member} ended: its machine is asked whether anybody listens there. */
    private void connectionEnded(Member member) {
        present(member)
                .ifPresent(known -> network.arrive(host, known.host, () -> {
                    boolean nobodyThere = known.host.process().isEmpty();
                    network.arrive(
                            known.host,
                            host,
                            () -> loop.execute(() -> present(member)
                                    .ifPresent(still -> gone(still, nobodyThere ? Evidence.DEAD : Evidence.CLOSED))));
                }));
    }

    private Optional<Seen> present(Member member) {
        return listener.isEmpty()
                ? Optional.empty()
                : Optional.ofNullable(seen.get(member.storeId()))
                        .filter(known -> known.present && known.member.incarnation() == member.incarnation());
    }

    private void gone(Seen known, Evidence evidence) {
        known.present = false;
        network.time().log(loop.toString(), "gone " + known.member + " " + evidence);
        listener.ifPresent(told -> told.gone(known.member, evidence));
    }

    private interface Telling {
        void tell(SimTransport other, SimTransport from);
    }

    /** What is known of another sheep. */
    private static final class Seen {
        private final List<Member> formerly = new ArrayList<>();
        private Member member;
        private SimHost host;
        private SimTransport transport;
        private long heardNanos;
        private boolean present;
    }
}
