package sheepdog.sheep.main;

import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import sheepdog.membership.api.Member;
import sheepdog.membership.runtime.Loop;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.runtime.PeerLink;

/**
 * The way to other sheep, watched: when one has answered nothing for two seconds though it was asked something, somebody
 * should look whether the link is broken. Also how that is looked at: by a request without content. Loop-owned.
 */
final class LinkWatch implements PeerLink {
    private static final Duration SLOW = Duration.ofSeconds(2);
    private static final Duration CHECK = Duration.ofMillis(250);
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final Loop loop;
    private final PeerLink link;
    private final Cluster cluster;
    private final Consumer<Node> doubt;
    private final TreeMap<NodeId, Peer> peers = new TreeMap<>();

    private static final class Peer {
        private final Node node;
        private int pending;
        /** Since when something is pending without any answer. */
        private long waitingSince;

        private long saidAt = Long.MIN_VALUE / 2;

        Peer(Node node) {
            this.node = node;
        }
    }

    /** @param doubt told of a node that is slow to answer, each second while it lasts */
    LinkWatch(Loop loop, PeerLink link, Cluster cluster, Consumer<Node> doubt) {
        this.loop = loop;
        this.link = link;
        this.cluster = cluster;
        this.doubt = doubt;
    }

    /** On the loop. */
    void start() {
        loop.after(CHECK, this::check);
    }

    @Override
    public CompletionStage<Response> send(Node to, PeerRequest request) {
        Peer peer = peers.computeIfAbsent(to.id(), _ -> new Peer(to));
        if (peer.pending++ == 0) {
            peer.waitingSince = loop.nowNanos();
        }
        return link.send(to, request).thenApply(answer -> {
            peer.pending--;
            if (answer.result() != ResultCode.NETWORK_ERROR) {
                peer.waitingSince = loop.nowNanos();
            }
            return answer;
        });
    }

    private void check() {
        long now = loop.nowNanos();
        for (Peer peer : List.copyOf(peers.values())) {
            if (peer.pending == 0) {
                peers.remove(peer.node.id());
            } else if (now - peer.waitingSince > SLOW.toNanos() && now - peer.saidAt >= AGAIN.toNanos()) {
                peer.saidAt = now;
                doubt.accept(peer.node);
            }
        }
        loop.after(CHECK, this::check);
    }

    /** Whether {@code member} answers a request; as long as the link below waits for answers. */
    CompletionStage<Boolean> answers(Member member) {
        var ping = new PeerRequest.Ping(Header.of(Opcode.PING, 0, cluster.epoch(), 0));
        return link.send(member.node(), ping).thenApply(answer -> {
            answer.release();
            return answer.result() == ResultCode.SUCCESS;
        });
    }
}
