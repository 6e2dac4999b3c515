package sheepdog.sheep.net;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Cancellable;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.RequestCodec;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.ResponseCodec;

/**
 * The way to one other sheep.
 *
 * <pre>
 *   IDLE --request--> CONNECTING --connected--> GREETING --hello accepted--> READY
 *    ^                    |                         |                          |
 *    +---- broken --------+---- refused ------------+---- broken, silent ------+
 * </pre>
 *
 * <p>Going back to IDLE fails all requests. After a failure, requests fail at once until a pause has passed that grows
 * with each failure; the next one after it connects again. Ids count up and are not used twice, so a late answer meets
 * nobody. Loop-owned.
 */
final class Link {
    private static final Logger log = LoggerFactory.getLogger(Link.class);

    private final PeerLinks links;
    private final NodeId id;
    private final ArrayDeque<Pending> waiting = new ArrayDeque<>();
    /** In the order sent, so that the first is the next to be given up. */
    private final Map<Integer, Pending> sent = new LinkedHashMap<>();

    private State state = State.IDLE;
    private Optional<PeerConnection> connection = Optional.empty();
    private long bytesSent;
    private int nextId = 1;
    private long heardNanos;
    private int failures;
    private long retryNanos;
    private boolean complained;
    private Optional<Cancellable> timer = Optional.empty();
    private Optional<Cancellable> connectTimer = Optional.empty();

    private enum State {
        IDLE,
        CONNECTING,
        GREETING,
        READY
    }

    private final class Pending {
        final PeerRequest request;
        final int opcode;
        final long startNanos = links.loop().nowNanos();
        final LoopFuture<Response> answer = new LoopFuture<>(links.loop());
        private long sentNanos;
        private Header encoded;
        private long bytes;

        Pending(PeerRequest request) {
            this.request = request;
            this.opcode = request.header().opcode();
            request.data().retain();
        }

        PeerConnection.Outgoing encode(int requestId) {
            var header = RequestCodec.encodeHeader(request, requestId);
            encoded = Header.read(header);
            sentNanos = links.loop().nowNanos();
            bytes = Integer.toUnsignedLong(encoded.dataLength());
            // From here on the connection holds the payload.
            return new PeerConnection.Outgoing(header, RequestCodec.body(request));
        }

        void complete(Response response) {
            links.metrics().peerAnswered(opcode, response.result(), links.loop().nowNanos() - startNanos);
            answer.complete(response);
        }

        void fail() {
            complete(Response.of(ResultCode.NETWORK_ERROR));
        }
    }

    Link(PeerLinks links, NodeId id) {
        this.links = links;
        this.id = id;
    }

    NodeId id() {
        return id;
    }

    CompletionStage<Response> send(Node to, PeerRequest request) {
        var pending = new Pending(request);
        boolean pausing = state == State.IDLE && failures > 0 && links.loop().nowNanos() - retryNanos < 0;
        if (links.isClosed() || pausing || waiting.size() >= links.limits().waitingMax()) {
            request.data().release();
            links.loop().execute(pending::fail);
            return pending.answer;
        }
        waiting.add(pending);
        if (state == State.IDLE) {
            connect(to);
        } else {
            sendWaiting();
        }
        armTimer();
        return pending.answer;
    }

    void close() {
        complained = true; // It is on purpose.
        broken("closed");
    }

    private void connect(Node to) {
        state = State.CONNECTING;
        connectTimer = Optional.of(links.loop().after(links.limits().connect(), () -> broken("no connection in time")));
        var target = to.io().orElse(to.id());
        open(target, to.io().isPresent() && !target.equals(to.id()));
    }

    private void open(NodeId target, boolean otherAddress) {
        var opened = new PeerConnection(links.threads(), links.loop());
        connection = Optional.of(opened);
        // What is left of the time is for the main address.
        var limit = otherAddress
                ? links.limits().connect().dividedBy(2)
                : links.limits().connect();
        opened.open(target.socketAddress(), limit, new PeerConnection.Events() {
            @Override
            public void connected() {
                if (isCurrent(opened)) {
                    greet(opened);
                }
            }

            @Override
            public void answered(List<PeerConnection.Answer> answers) {
                if (isCurrent(opened)) {
                    answers.forEach(Link.this::answered);
                    sendWaiting();
                } else {
                    answers.forEach(PeerConnection.Answer::release);
                }
            }

            @Override
            public void closed(String reason) {
                if (!isCurrent(opened)) {
                    return;
                }
                if (state == State.CONNECTING && otherAddress) {
                    log.error("fallback to non-io connection");
                    open(id, false);
                } else {
                    broken(reason);
                }
            }
        });
    }

    private boolean isCurrent(PeerConnection candidate) {
        return connection.isPresent() && connection.get() == candidate;
    }

    private void greet(PeerConnection opened) {
        state = State.GREETING;
        var hello = links.hello();
        opened.send(new PeerConnection.Outgoing(RequestCodec.encodeHeader(hello, 0), RequestCodec.body(hello)));
    }

    private void answered(PeerConnection.Answer answer) {
        heardNanos = links.loop().nowNanos();
        int requestId = Header.read(answer.header()).id();
        if (state == State.GREETING && requestId == 0) {
            greeted(ResponseCodec.decode(Opcode.HELLO.code(), answer.header(), answer.body()));
            return;
        }
        var pending = sent.remove(requestId);
        if (pending == null) { // It was given up.
            answer.release();
            return;
        }
        bytesSent -= pending.bytes;
        if (answer.body().length() > ResponseCodec.room(pending.encoded)) {
            answer.release();
            pending.fail();
            broken("longer answer than asked for");
            return;
        }
        switch (ResponseCodec.decode(pending.encoded.opcode(), answer.header(), answer.body())) {
            case Outcome.Ok<Response> ok -> pending.complete(ok.value());
            case Outcome.Refused<Response> _ -> {
                pending.fail();
                broken("malformed answer");
            }
        }
    }

    private void greeted(Outcome<Response> answer) {
        String refusal = switch (answer) {
            case Outcome.Ok<Response>(Response.HelloReply reply) -> refusal(reply);
            case Outcome.Ok<Response>(Response other) -> "hello refused: " + other.result();
            case Outcome.Refused<Response> _ -> "malformed answer to hello";
        };
        if (!refusal.isEmpty()) {
            broken(refusal);
            return;
        }
        state = State.READY;
        failures = 0;
        complained = false;
        connectTimer.ifPresent(Cancellable::cancel);
        links.metrics().peerConnected(true);
        log.debug("connected peer={}", id);
        sendWaiting();
    }

    /** Empty if the other is who we look for. */
    private String refusal(Response.HelloReply reply) {
        var ours = links.hello();
        if (reply.version() != Protocol.SHEEP_VERSION) {
            return "it speaks version " + Integer.toUnsignedString(reply.version()) + ", this sheep "
                    + Protocol.SHEEP_VERSION;
        }
        if (reply.clusterCtime() != 0 && ours.clusterCtime() != 0 && reply.clusterCtime() != ours.clusterCtime()) {
            return "it belongs to another cluster";
        }
        if (!reply.from().equals(id)) {
            return "it calls itself " + reply.from();
        }
        return reply.result() == ResultCode.SUCCESS ? "" : "hello refused: " + reply.result();
    }

    private void sendWaiting() {
        while (state == State.READY
                && !waiting.isEmpty()
                && sent.size() < links.limits().requestsMax()
                && bytesSent < links.limits().bytesMax()) {
            var pending = waiting.remove();
            int requestId = nextId;
            nextId = nextId == -1 ? 1 : nextId + 1;
            connection.orElseThrow().send(pending.encode(requestId));
            bytesSent += pending.bytes;
            sent.put(requestId, pending);
        }
    }

    /** Fails everything and starts the pause. */
    private void broken(String reason) {
        if (state != State.READY && state != State.IDLE) {
            links.metrics().peerConnected(false);
        }
        if (!links.isClosed() && state != State.IDLE) {
            if (complained) {
                log.debug("no connection peer={} reason={}", id, reason);
            } else {
                log.warn("no connection peer={} reason={}", id, reason);
                complained = true;
            }
            long pause = Math.min(
                    links.limits().retryMin().toNanos() << Math.min(failures, 20),
                    links.limits().retryMax().toNanos());
            failures++;
            retryNanos = links.loop().nowNanos() + pause;
        }
        state = State.IDLE;
        connectTimer.ifPresent(Cancellable::cancel);
        timer.ifPresent(Cancellable::cancel);
        timer = Optional.empty();
        connection.ifPresent(PeerConnection::close);
        connection = Optional.empty();
        bytesSent = 0;
        var failed = List.copyOf(sent.values());
        var unsent = List.copyOf(waiting);
        sent.clear();
        waiting.clear();
        failed.forEach(Pending::fail);
        unsent.forEach(pending -> {
            pending.request.data().release();
            pending.fail();
        });
    }

    /** One timer, for the oldest request; it is looked at again when it fires. */
    private void armTimer() {
        if (timer.isEmpty()) {
            oldest().ifPresent(pending -> {
                long due = pending.startNanos
                        + links.limits().request().toNanos()
                        - links.loop().nowNanos();
                timer = Optional.of(links.loop().after(Duration.ofNanos(Math.max(0, due)), this::giveUpOverdue));
            });
        }
    }

    private Optional<Pending> oldest() {
        var first = sent.values().stream().findFirst();
        return first.isPresent() ? first : Optional.ofNullable(waiting.peek());
    }

    private void giveUpOverdue() {
        timer = Optional.empty();
        long limit = links.loop().nowNanos() - links.limits().request().toNanos();
        boolean silent = false;
        for (Iterator<Pending> i = sent.values().iterator(); i.hasNext(); ) {
            var pending = i.next();
            if (pending.startNanos - limit > 0) {
                break;
            }
            i.remove();
            bytesSent -= pending.bytes;
            silent |= heardNanos - pending.sentNanos <= 0;
            links.loop().execute(pending::fail);
        }
        while (!waiting.isEmpty() && waiting.peek().startNanos - limit <= 0) {
            var pending = waiting.remove();
            pending.request.data().release();
            links.loop().execute(pending::fail);
        }
        if (silent) {
            broken("no answer in time");
        } else {
            sendWaiting();
            armTimer();
        }
    }
}
